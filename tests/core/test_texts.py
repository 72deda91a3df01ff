"""Sentences: the right words in the right language, and nothing of people's in them that can do harm."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import Misdeclared
from bot.core.invocation import Address
from bot.core.reply import Listing, Money, Phrase, Said, Typed, Value, Words
from bot.core.texts import Texts, Verbatim, slots, write_value

ZONE = "Europe/Amsterdam"
MOMENT = dt.datetime(2019, 1, 28, 19, tzinfo=dt.UTC)
TEXTS = Texts(
    {
        "one": {"nl": "Een {value} hier.", "en": "One {value} here."},
        "day": {"nl": "{value:day} {value:time}", "en": "{value:day} {value:time}"},
        "seats": {
            "nl": {"one": "{count} plek", "other": "{count} plekken"},
            "en": {"one": "{count} seat", "other": "{count} seats"},
        },
        "left": {
            "nl": {"by": "left", "one": "{name}: nog een", "other": "{name}: nog {left}"},
            "en": {"by": "left", "one": "{name}: one left", "other": "{name}: {left} left"},
        },
        "see": {
            "nl": "Zie [task.list] of [help] en [dit](https://x).",
            "en": "See [task.list], [help] [it](https://x).",
        },
        "outer": {"nl": "Buiten: {value}", "en": "Outside: {value}"},
    }
)


class Hostile:
    """Quotes in braces, references and format signs: what must not be looked at again."""

    def quote(self, text: str) -> str:
        return f"{{value}}[help]{{0}}%s\\1{text}\\g<0>{{"

    def typed(self, command: str, values: Mapping[str, str], language: str) -> str:
        return f"/{command}{{value}}[task.list]"

    def place(self, address: Address) -> str:
        return address.short

    def moment(self, moment: dt.datetime, form: str, words: str) -> str:
        return words


def said(key: str, language: str = "nl", *, style: Any = Verbatim(), **values: Value) -> str:  # noqa: B008 - has no state
    return TEXTS.render(Phrase(key, values), language=language, zone=ZONE, style=style)


@pytest.mark.parametrize(
    ("value", "nl", "en"),
    [
        ("woord", "woord", "woord"),
        (45_500, "45.500", "45,500"),
        (-3, "-3", "-3"),
        (Money(284_676), "€ 2.846,76", "€2,846.76"),
        (Money(5), "€ 0,05", "€0.05"),
        (MOMENT, "maandag 28 januari 2019 20:00", "Monday 28 January 2019 20:00"),
        (dt.date(2019, 1, 28), "28 januari 2019", "28 January 2019"),
        (dt.timedelta(hours=2), "2 uur", "2 hours"),
        (Words("ja", "yes"), "ja", "yes"),
        (Words("", "yes"), "yes", "yes"),
        (Said("ja"), "ja", "ja"),
        (Typed("task.list"), "task.list", "task.list"),
        (Phrase("seats", {"count": 2}), "2 plekken", "2 seats"),
        (("a", "b", "c"), "a, b en c", "a, b and c"),
        ((), "", ""),
        (None, "", ""),
    ],
)
def test_written_as_the_language_writes_it(value: Value, nl: str, en: str) -> None:
    assert said("one", value=value) == f"Een {nl} hier."
    assert said("one", "en", value=value) == f"One {en} here."


def test_moments_in_the_readers_zone() -> None:
    assert said("day", value=MOMENT) == "maandag 28 januari 2019 20:00"
    assert write_value(MOMENT, language="en", zone="America/New_York", form="time") == "14:00"


def test_plurals() -> None:
    """The number decides the form, also where it stands under another name."""
    assert [said("seats", count=n) for n in (0, 1, 2, 1000)] == ["0 plekken", "1 plek", "2 plekken", "1.000 plekken"]
    assert [said("left", "en", name="x", left=n) for n in (1, 2)] == ["x: one left", "x: 2 left"]
    assert said("seats", count="veel") == "veel plekken"


def test_references() -> None:
    """`[command.id]` is written as the platform types it; a link stays one."""
    assert said("see") == "Zie task.list of help en [dit](https://x)."
    assert TEXTS.references() == {"task.list", "help"}


def test_language_within_a_sentence() -> None:
    """A sentence within a sentence is in the same language."""
    assert said("outer", "en", value=Phrase("one", {"value": Words("ja", "yes")})) == "Outside: One yes here."


@given(st.text(), st.sampled_from(["nl", "en"]))
def test_quoted_text_is_not_read_again(text: str, language: str) -> None:
    """Whatever a platform makes of people's text comes out as it is, wherever it stands."""
    quoted = Hostile().quote(text)
    here = {"nl": f"Een {quoted} hier.", "en": f"One {quoted} here."}[language]
    assert said("one", language, style=Hostile(), value=text) == here
    assert said("one", language, style=Hostile(), value=Said(text, text)) == here
    assert said("outer", language, style=Hostile(), value=Phrase("one", {"value": text})).endswith(here)
    assert said("outer", language, style=Hostile(), value=(text, text)).count(quoted) >= 2
    assert said("outer", language, style=Hostile(), value=Typed("x")).endswith("/x{value}[task.list]")


@given(st.text())
def test_words_of_files_are_trusted(text: str) -> None:
    """What organisers wrote in files is CommonMark and stays so; its braces are not slots."""
    assert said("one", style=Hostile(), value=Words(text, text)) == f"Een {text} hier."


def test_listing() -> None:
    """Sentences under one another, each in the reader's language."""
    items = Listing((Phrase("seats", {"count": 1}), Phrase("seats", {"count": 2})))
    assert said("outer", "en", value=items) == "Outside: \n- 1 seat\n- 2 seats"


def test_what_is_missing() -> None:
    """A key or value that is missing is a mistake of ours, not an empty place."""
    for key in ("none", "one", "seats"):
        with pytest.raises(KeyError):
            said(key)


@pytest.mark.parametrize(
    "texts",
    [
        {"nl": "a"},
        {"nl": "a", "en": "a", "de": "a"},
        {"nl": "{a}", "en": "{b}"},
        {"nl": "{a}", "en": {"one": "{a}", "other": "{a}"}},
        {"nl": {"one": "een"}, "en": {"one": "one"}},
        {"nl": "{a:week}", "en": "{a:week}"},
    ],
)
def test_misdeclared(texts: dict[str, Any]) -> None:
    """A gap between the languages, or a form that there is not, is found when the texts are read."""
    with pytest.raises(Misdeclared):
        Texts({"key": texts})


def test_slots() -> None:
    assert slots("{a} {b:day} [help]") == {"a", "b"}
    assert slots({"by": "n", "one": "{a}", "other": "{b}"}) == {"n", "a", "b"}
