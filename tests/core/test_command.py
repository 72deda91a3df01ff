"""Declaring commands: what no platform could show is refused at import."""

import copy
import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

import pytest

from bot.core.command import Catalogue, Command, Declared, Role, Seen, command
from bot.core.errors import Misdeclared
from bot.core.parameters import Boolean, Choice, Duration, Integer, Moment, Money, Option, Parameter, Text
from bot.core.reply import Money as Amount
from bot.core.reply import Reply, say
from bot.core.texts import LANGUAGES
from tests.core.small_catalogue import CATALOGUE, COMMANDS, WORDS, words


def make(id_: str, run: Callable[..., Any] | None = None, **rest: Any) -> Command:
    async def nothing(context: object) -> Reply:
        return say("t.done")

    return command(id_, allow=Role.GUEST, **rest)(run or nothing)


def test_declared_from_the_signature() -> None:
    """Type, default and name of each argument say what a command takes."""

    async def run(
        context: object,
        a: str,
        b: Annotated[int, Integer(least=3)],
        from_: Amount | None = None,
        c: bool = False,
        d: dt.datetime | None = None,
        e: Annotated[dt.timedelta | None, "half a day or so"] = None,
    ) -> Reply:
        return say("t.done")

    made = make("x", run, seen_by=Seen.ASKER)
    assert [(p.name, p.argument, p.required) for p in made.parameters] == [
        ("a", "a", True), ("b", "b", True), ("from", "from_", False), ("c", "c", False), ("d", "d", False),
        ("e", "e", False),
    ]  # fmt: skip
    kinds = [p.kind for p in made.parameters]
    assert kinds == [Text(), Integer(least=3), Money(), Boolean(), Moment(), Duration()]
    assert (made.seen_by, made.writes) == (Seen.ASKER, False)


def test_what_cannot_be_declared() -> None:
    async def no_kind(context: object, a: bytes) -> Reply:
        return say("t.done")

    async def two_kinds(context: object, a: int | str) -> Reply:
        return say("t.done")

    async def required_last(context: object, a: str = "", *, b: str) -> Reply:
        return say("t.done")

    for run in (no_kind, two_kinds, required_last):
        with pytest.raises(Misdeclared, match="x: "):
            make("x", run)


def change(id_: str, lang: str, what: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(dict(WORDS))
    changed[id_][lang][what] = value
    return changed


TITLE = {"title": ["titel", "Welke"], "due": ["uiterlijk", "Welke"], "seats": ["plekken", "Welke"]}


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({}, "words are wanted"),
        ({**WORDS, "faq": {"nl": WORDS["faq"]["nl"]}}, "words are wanted"),
        (change("faq", "nl", "parameters", {}), "words for other parameters"),
        (change("faq", "nl", "name", "Vraag"), "a name: "),
        (change("faq", "nl", "name", "vraag!"), "a name: "),
        (change("faq", "nl", "name", "v" * 33), "a name: "),
        (change("faq", "nl", "name", "een vraag stellen"), "more than two words"),
        (change("faq", "nl", "synonyms", ["Vraag"]), "a name: "),
        (change("faq", "nl", "synonyms", ["a b c"]), "more than two words"),
        (change("faq", "nl", "help", ""), "a description"),
        (change("faq", "nl", "help", "x" * 101), "a description"),
        (change("faq", "en", "parameters", {"question": ["question", ""]}), "a description"),
        (change("faq", "en", "parameters", {"question": ["q-1", "Q"]}), "cannot be typed"),
        (change("task.add", "nl", "parameters", {**TITLE, "place": ["titel", "Waar"]}), "a label of two"),
        (change("task.add", "nl", "parameters", {**TITLE, "place": ["title", "Waar"]}), "a label of two"),
        (change("faq", "nl", "name", "herinner"), "herinner: both"),
        (change("faq", "nl", "name", "remind"), "remind: both"),
        (change("faq", "nl", "synonyms", ["taak lijst"]), "taak lijst: both"),
        (change("faq", "nl", "name", "taak"), "a command and a group"),
        (change("faq", "en", "name", "taak"), "a command and a group"),
        (change("faq", "en", "synonyms", ["teller"]), "a command and a group"),
    ],
)
def test_words_that_no_platform_takes(changed: dict[str, Any], what: str) -> None:
    """Names that shadow each other, in any language, and words over a limit are found at import."""
    with pytest.raises(Misdeclared, match=what):
        Catalogue(COMMANDS, changed)


def _choice(count: int, length: int = 1, parameters: int = 1) -> Command:
    kind = Choice(tuple(Option(str(n), f"{n}".ljust(length, "x")) for n in range(count)))
    return _with(tuple(Declared(f"p{n}", kind, required=False) for n in range(parameters)))


def _with(parameters: tuple[Declared, ...]) -> Command:
    return dataclasses.replace(make("x"), parameters=parameters)


@pytest.mark.parametrize(
    ("made", "what"),
    [
        (_choice(26), "too many"),
        (_choice(1, 101), "a choice"),
        (_choice(25, 100, 2), "too long in all"),
        (_with(tuple(Declared(f"p{n}", Parameter(), required=False) for n in range(26))), "too many"),
    ],
)
def test_more_than_a_menu_holds(made: Command, what: str) -> None:
    """25 values of 25 choices, 100 characters each, and 4000 characters in all."""
    parameters = {p.name: [p.name, "Welke"] for p in made.parameters}
    with pytest.raises(Misdeclared, match=what):
        Catalogue([made], {"x": {lang: {"name": "x", "help": "y", "parameters": parameters} for lang in LANGUAGES}})


def test_too_many_commands() -> None:
    """25 commands in a group, and 100 words at the top."""
    group = [make(f"g.a{n}") for n in range(26)]
    names = {c.id: words(f"g {c.id[2:]}", f"g {c.id[2:]}") for c in group}
    assert len(Catalogue(group[:25], names).commands) == 25
    with pytest.raises(Misdeclared, match="too many commands"):
        Catalogue(group, names)
    top = [make(f"a{n}") for n in range(101)]
    names = {c.id: words(c.id, c.id) for c in top}
    assert len(Catalogue(top[:100], names).commands) == 100
    with pytest.raises(Misdeclared, match="too many commands"):
        Catalogue(top, names)


def test_found_by_name() -> None:
    """A command is found by each of its names, a group by its word in each language."""
    for name in ("taak pak", "taak oppakken", "task claim"):
        found = CATALOGUE.named(name)
        assert found
        assert found.id == "task.claim"
    assert CATALOGUE.named("taak") is None
    assert [c.id for c in CATALOGUE.group("task")] == ["task.add", "task.list", "task.claim", "task.thank"]
    assert [c.id for c in CATALOGUE.group("teller")] == ["counter.set"]
    assert CATALOGUE.group("vraag") == []


def test_nearest_by_name() -> None:
    """One slip finds the command, whatever is meant by chance does not; what one may not is left out."""
    assert CATALOGUE.like("taak oppaken")[0].id == "task.claim"
    assert [c.id for c in CATALOGUE.like("herriner")] == ["remind"]
    assert CATALOGUE.like("xyzzy") == []
    assert CATALOGUE.like("herriner", allowed=Role.GUEST) == []
