"""Typed lines: what people type is what the command gets, or one clear question back."""

import contextlib
import time
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.core import parsing
from bot.core.command import Role
from bot.core.errors import Invalid, UserError
from bot.core.parsing import BadValue, UnknownCommand
from bot.core.reply import Money
from tests.core.small_catalogue import CATALOGUE, Scope


def read(line: str) -> dict[str, str]:
    return parsing.read(line, CATALOGUE)[1]


def error(line: str) -> UserError:
    with pytest.raises(UserError) as caught:
        parsing.read(line, CATALOGUE)
    return caught.value


async def bound(line: str) -> dict[str, Any]:
    command, raw = parsing.read(line, CATALOGUE)
    return await parsing.bind(command, raw, Scope())


async def bad(line: str, language: str = "nl") -> BadValue:
    command, raw = parsing.read(line, CATALOGUE)
    with pytest.raises(BadValue) as caught:
        await parsing.bind(command, raw, Scope(language=language))
    return caught.value


# -- which command ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "taak lijst", "task list", " taak lijst", "Taak  Lijst", "TAAK LIJST.", "taak\tlijst",
        "taak\nlijst", "taak lijst!", "\u200ftaak lijst\u200e", "taak\u00a0lijst",
    ],
)  # fmt: skip
def test_case_space_and_full_stop(line: str) -> None:
    """Case, spaces, a final full stop and marks that nobody sees do not matter; both languages do."""
    command, raw = parsing.read(line, CATALOGUE)
    assert (command.id, raw) == ("task.list", {})


@pytest.mark.parametrize(("line", "id_"), [("taak pak 12", "task.claim"), ("Vraag. Kan ik blijven?", "faq")])
def test_synonyms_and_one_word(line: str, id_: str) -> None:
    assert parsing.read(line, CATALOGUE)[0].id == id_


@pytest.mark.parametrize(
    ("line", "role", "like"),
    [
        ("taak lijts", Role.GUEST, []),
        ("taak lijts", Role.MEMBER, ["task.list"]),
        ("taak oppakke 12", Role.VOLUNTEER, ["task.claim"]),
        ("task ad", Role.ORGANISER, ["task.add"]),
        ("taak", Role.VOLUNTEER, ["task.list", "task.claim"]),
        ("taak.", Role.VOLUNTEER, ["task.list", "task.claim"]),
        ("xyz", Role.ORGANISER, []),
        ("", Role.ORGANISER, []),
        (" . ", Role.ORGANISER, []),
    ],
)
def test_nearest_commands(line: str, role: Role, like: list[str]) -> None:
    """An unknown command names the nearest ones that the role may use, a group its own."""
    with pytest.raises(UnknownCommand) as caught:
        parsing.read(line, CATALOGUE, role=role)
    assert [c.id for c in caught.value.like] == like
    assert caught.value.key == ("command.unknown" if like else "command.nothing_like")


# -- which value ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "raw"),
    [
        # the contract's example
        (
            'taak nieuw Flyers uitdelen bij Waag plekken:2 uiterlijk:"morgen 20:00"',
            {"title": "Flyers uitdelen bij Waag", "seats": "2", "due": "morgen 20:00"},
        ),
        # required ones in order or by name, in either language
        ("taak bedanken 12 fijn Heel erg bedankt", {"task": "12", "reason": "fijn", "text": "Heel erg bedankt"}),
        ('taak bedanken 12 "heel fijn" Dank', {"task": "12", "reason": "heel fijn", "text": "Dank"}),
        ("taak bedanken 12 heel fijn tekst:Dank je", {"task": "12", "reason": "heel fijn", "text": "Dank je"}),
        ("taak bedanken 12 heel fijn text:Dank je", {"task": "12", "reason": "heel fijn", "text": "Dank je"}),
        ("taak bedanken reden:a Dank taak:12", {"reason": "a Dank", "task": "12"}),
        ("task thank TASK:12 Reden:x TEKST:y", {"task": "12", "reason": "x", "text": "y"}),
        # an unquoted named value runs to the next known name
        ("taak nieuw plekken:2 titel:Flyers bij de Waag waar:Nieuwmarkt 4",
         {"seats": "2", "title": "Flyers bij de Waag", "place": "Nieuwmarkt 4"}),
        ('taak nieuw waar:"Waag" Flyers uitdelen', {"place": "Waag", "title": "Flyers uitdelen"}),
        ('taak nieuw waar:de "Waag" titel:x', {"place": 'de "Waag"', "title": "x"}),
        # only the command's own names, without a space around the colon
        ("taak nieuw Let op:dit is belangrijk", {"title": "Let op:dit is belangrijk"}),
        ("taak nieuw Kom om: 20:00", {"title": "Kom om: 20:00"}),
        ("taak nieuw plekken :2", {"title": "plekken :2"}),
        ("taak nieuw plekken: 2", {"title": "plekken: 2"}),
        ("taak nieuw Zie https://waag.org/plekken:2", {"title": "Zie https://waag.org/plekken:2"}),
        ('taak nieuw Naar zaal:"De Waag"', {"title": 'Naar zaal:"De Waag"'}),
        ('vraag zaal:"De Waag"', {"question": 'zaal:"De Waag"'}),
        # after ` -- ` nothing is a name
        ("taak nieuw plekken:2 -- Er zijn plekken:3 -- echt", {"seats": "2", "title": "Er zijn plekken:3 -- echt"}),
        ("taak bedanken 12 -- reden:a tekst:b", {"task": "12", "reason": "reden:a", "text": "tekst:b"}),
        ('taak nieuw "--" plekken:2', {"title": "--", "seats": "2"}),
        # all kinds of quotes are equal
        *((f"taak nieuw {o}plekken:2 en zo{c} plekken:3", {"title": "plekken:2 en zo", "seats": "3"})
          for o, c in ('""', "''", "“”", "„”", "„“", "””", "‘’", "‚’", "’’", "«»", "»«", '“"')),
        # a text keeps its own full stop, line breaks and inner quotes
        ("taak nieuw Kom. Nu.", {"title": "Kom. Nu."}),
        ("taak nieuw Een\n\n- twee\n- drie", {"title": "Een\n\n- twee\n- drie"}),
        ("taak nieuw\nEen\ntwee plekken:2", {"title": "Een\ntwee", "seats": "2"}),
        ('taak nieuw "Een\ntwee" plekken:2', {"title": "Een\ntwee", "seats": "2"}),
        ('taak nieuw Hij zei "hallo" en ging', {"title": 'Hij zei "hallo" en ging'}),
        ("taak nieuw \"Hij zei 'hallo' en ging\"", {"title": "Hij zei 'hallo' en ging"}),
        ('vraag "Kan ik" blijven?', {"question": '"Kan ik" blijven?'}),
        ('vraag "Kan ik blijven?"', {"question": "Kan ik blijven?"}),
        ('vraag "Kan ik blijven".', {"question": "Kan ik blijven"}),
        ('vraag "Kan ik". En dan?', {"question": '"Kan ik". En dan?'}),
        # quotes that are never closed are ordinary
        ("taak nieuw 's avonds koffie in 't café", {"title": "'s avonds koffie in 't café"}),
        ('taak nieuw "open plekken:2', {"title": '"open', "seats": "2"}),
        ('taak nieuw 27" scherm waar:"Waag', {"title": '27" scherm', "place": '"Waag'}),
        # optional ones in their order, when nothing can be meant otherwise
        ('taak nieuw "Flyers" 28-1-2019 20:00 2 "de Waag"',
         {"title": "Flyers", "due": "28-1-2019 20:00", "seats": "2", "place": "de Waag"}),
        ("taak oppakken 12 ja", {"task": "12", "wait": "ja"}),
        ("herinner 28-1-2019 om 20:00 uur naar de Waag", {"when": "28-1-2019 om 20:00 uur", "text": "naar de Waag"}),
        ("herinner 28-1-2019 naar de Waag", {"when": "28-1-2019", "text": "naar de Waag"}),
        ("teller zetten petitie 45.500 € 25,50 2 uur",
         {"counter": "petitie", "value": "45.500", "amount": "€ 25,50", "before": "2 uur"}),
        # emoji, marks of direction, control characters
        ("taak nieuw 👩‍👩‍👧 🏳️‍🌈 🩷 naar Waag", {"title": "👩‍👩‍👧 🏳️‍🌈 🩷 naar Waag"}),
        ("taak nieuw a\u202eb\x00\x1b[31mc\x07", {"title": "ab[31mc"}),
        ("taak nieuw 10\u00a0uur\u2028Waag", {"title": "10\u00a0uur\nWaag"}),
        ("taak nieuw \ud800half", {"title": "half"}),
    ],
)  # fmt: skip
def test_values(line: str, raw: dict[str, str]) -> None:
    """Each value goes where it was meant."""
    assert read(line) == raw


@pytest.mark.parametrize(
    ("line", "key", "values"),
    [
        ("taak nieuw Flyers plekkem:2", "parameter.unknown", {"name": "plekkem", "nearest": "plekken"}),
        ("taak nieuw Flyers Uiterlijks:morgen", "parameter.unknown", {"name": "Uiterlijks", "nearest": "uiterlijk"}),
        ("taak nieuw Flyers plekken:2 seats:3", "parameter.twice", {"name": "seats"}),
        ("taak oppakken 12 ja graag", "line.leftover", {"text": "graag"}),
    ],
)
def test_one_question_back(line: str, key: str, values: dict[str, str]) -> None:
    """A misspelt name, a name twice and words too many are asked about, never guessed."""
    found = error(line)
    assert found.key == key
    assert values.items() <= found.values.items()


async def test_rest_of_a_quoted_text() -> None:
    """What follows a text of one quoted word is not taken for another text."""
    with pytest.raises(BadValue, match=r"moment\.unknown"):
        await bound('taak nieuw "Waag" is vol')
    assert error('taak nieuw "Waag" 28-1-2019 2 is vol').key == "line.leftover"


def test_too_long() -> None:
    """A line of more than ten thousand characters is one clear error; one of ten thousand is read."""
    found = error("taak nieuw " + "x" * 10_000)
    assert (found.key, found.values) == ("line.long", {"length": 10_011, "limit": 10_000})
    assert len(read("taak nieuw " + "x" * 9_989)["title"]) == 9_989


@pytest.mark.parametrize("word", ["'a ", '"', "“a ", "a:b ", "plekken ", "-- ", "1 ", "\u202e", "a:'b ", ". "])
def test_long_lines_are_read_quickly(word: str) -> None:
    """No line of ten thousand characters holds the bot up: reading costs what its length costs."""
    line = ("taak nieuw " + word * 10_000)[:10_000]
    started = time.perf_counter()
    with contextlib.suppress(UserError):
        read(line)
    assert time.perf_counter() - started < 1.0


# -- what it is -------------------------------------------------------------------------------------------


async def test_bound() -> None:
    """Raw values become what the command's signature says."""
    assert await bound("teller zetten petitie 45.500 bedrag:25,50.") == {
        "counter": "petition", "value": 45_500, "amount": Money(2550),
    }  # fmt: skip
    assert await bound("taak lijst mijn") == {"filter_": "mijn"}
    assert (await bound("taak oppakken T12."))["task"] == "12"


@pytest.mark.parametrize(
    ("line", "key", "parameter", "offers"),
    [
        ("taak nieuw", "value.missing", "title", []),
        ("teller zetten", "value.missing", "counter", ["petition", "gifts"]),
        ("teller zetten petities 3", "value.choice", "counter", ["petition", "gifts"]),
        ("teller zetten petitie veel", "value.number", "value", []),
        ("taak oppakken flyers", "value.reference", "task", ["12", "14"]),
        ("taak oppakken 99", "value.reference", "task", ["12", "13", "14"]),
        ("taak nieuw Flyers plekken:0", "value.range", "seats", []),
        ('taak nieuw ""', "value.missing", "title", []),
        ('taak nieuw "\u202e"', "value.missing", "title", []),
        ('taak nieuw " "', "value.empty", "title", []),
        ("taak bedanken 12 a b wie:niemand", "t.nobody", "member", []),
    ],
)
async def test_bad_values(line: str, key: str, parameter: str, offers: list[str]) -> None:
    """A value that is missing or wrong says which one, and offers what may be picked."""
    found = await bad(line)
    assert (found.key, found.parameter.name) == (key, parameter)
    assert [value for _, value in found.offers] == offers
    assert "near" not in found.values


async def test_corrected_value() -> None:
    """The other values are kept beside an offer, so that one tap mends the line."""
    found = await bad("taak oppakken flyers wachten:ja")
    assert found.raw == {"task": "flyers", "wait": "ja"}


# -- properties -------------------------------------------------------------------------------------------

NAMES = ["taak nieuw", "task thank", "herinner", "teller zetten", "vraag", "taak", "taak lijst"]
PIECES = st.sampled_from([
    *NAMES, " ", "  ", "\n", "plekken:", "titel:", "tekst:", "waar:", "uiterlijk:", "om:", ":", '"', "'", "“", "”",
    "„", "«", "»", "--", " -- ", ".", "2", "45.500", "€", "28-1-2019", "20:00", "morgen", "T12", "\u202e", "\x00", "🩷",
    "plekke:", "9" * 30, "99999999999w", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "²", "٤٥", "\ud800",
])  # fmt: skip
LINES = st.one_of(
    st.text(max_size=80),
    st.builds("".join, st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=16)),
    st.builds(lambda name, rest: f"{name} {''.join(rest)}", st.sampled_from(NAMES), st.lists(PIECES, max_size=12)),
)


@given(LINES)
@example("herinner 0001-01-01T00:00+14:00 x")
@example("teller zetten petitie 1 vooraf:99999999999w")
async def test_never_another_error(line: str) -> None:
    """Whatever is typed is read, or is an error that a person can act on."""
    with contextlib.suppress(UserError):
        command, raw = parsing.read(line, CATALOGUE)
        await parsing.bind(command, raw, Scope())


SEEN = st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])
TEXTS = st.text(SEEN, min_size=1).map(str.strip).filter(bool)
PAIRS = ['""', "''", "“”", "„”", "‘’", "‚’", "«»", "»«"]
CLOSERS = {"“": '”“"', "„": '”“"', "‘": "’‘'", "‚": "’‘'"}


def quoted(text: str, pair: str) -> str:
    """A text between quotes that do not stand in it themselves."""
    assume(text and not set(CLOSERS.get(pair[0], pair[1])) & set(text))
    return f"{pair[0]}{text}{pair[1]}"


@given(TEXTS, st.sampled_from(PAIRS), st.sampled_from(["", " ", ".", " plekken:2", " -- "]))
@example("plekken:2 -- 's avonds", '""', " plekken:2")
@example("Naam: x. ", "“”", ".")
def test_quoted_text_comes_back(text: str, pair: str, after: str) -> None:
    """Any text between quotes is the value, exactly."""
    assert read(f"taak nieuw {quoted(text, pair)}{after}")["title"] == text


@given(st.dictionaries(st.sampled_from(["title", "seats", "place", "due"]), TEXTS, min_size=1), st.data())
def test_named_values_round_trip(values: dict[str, str], data: st.DataObject) -> None:
    """Values printed by name, in either language and any order, are read back as they were."""
    command = CATALOGUE["task.add"]
    labels = {p.name: p.labels[data.draw(st.sampled_from(["nl", "en"]))] for p in command.parameters}
    order = data.draw(st.permutations(list(values)))
    printed = " ".join(f"{labels[name]}:{quoted(values[name], data.draw(st.sampled_from(PAIRS)))}" for name in order)
    assert read(f"taak nieuw {printed}") == values


@given(TEXTS)
def test_after_two_dashes(text: str) -> None:
    """After ` -- ` a text needs no quotes, unless it begins with one."""
    assume(text[0] not in "\"'“”„‘’‚«»")
    assert read(f"taak nieuw plekken:2 -- {text}") == {"seats": "2", "title": text}


def test_invalid_is_for_people() -> None:
    """A wrong line is an error to people, of the kind that cannot be read."""
    assert isinstance(error("taak lijst een twee drie" + " x" * 6000), Invalid)
