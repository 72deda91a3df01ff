"""The kinds of values: what is read, what is refused, what is offered."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import Invalid, NotFound
from bot.core.parameters import (
    Boolean,
    Choice,
    Duration,
    Integer,
    Moment,
    Money,
    Option,
    Parameter,
    Reference,
    Text,
    clean,
    closest,
)
from bot.core.reply import Money as Amount
from bot.core.reply import Words
from tests.core.small_catalogue import NOW, TASKS, Scope

LANGUAGE = Choice((Option("nl", Words("Nederlands", "Dutch")), Option("en", Words("Engels", "English"))))
HOUR = dt.timedelta(hours=1)


async def _tasks(context: object) -> tuple[Option, ...]:
    return TASKS


TASK = Reference(_tasks, letter="T")


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        *((Integer(), text, 45_500) for text in ("45500", "45.500", "45,500", "45 500", "45\u00a0500", "+45.500")),
        (Integer(least=-5), "-3", -3),
        (Integer(), "1.000.000", 1_000_000),
        (Integer(), "٤٥", 45),
        *((Money(), text, Amount(2550)) for text in ("25,50", "25.50", "€25,50", "€ 25,50", "25,50 euro", "eur 25.50",
                                                     "25,5", "EURO 25,50", "25,50€")),
        *((Money(), text, Amount(284_600)) for text in ("2846", "2.846", "2,846", "€ 2.846,-", "2.846,--", "2 846")),
        (Money(), "€ 2.846,76", Amount(284_676)),
        (Money(), "1.000.000,05", Amount(100_000_005)),
        (Money(), "0", Amount(0)),
        *((Boolean(), text, True) for text in ("ja", "JA", "j", "yes", "aan", "1", " ja ")),
        *((Boolean(), text, False) for text in ("nee", "no", "uit", "Off", "0")),
        *((LANGUAGE, text, "en") for text in ("en", "EN", "engels", "English", " Engels")),
        (Duration(), "2h", 2 * HOUR),
        (Duration(), "2 uur", 2 * HOUR),
        (Duration(), "1d 12h", 36 * HOUR),
        (Duration(), "3 dagen", 72 * HOUR),
        (Duration(), "1 week 2 days", 216 * HOUR),
        (Duration(), "520 weken", dt.timedelta(weeks=520)),
        (Moment(), "28-1-2019 20:00", dt.datetime(2019, 1, 28, 19, tzinfo=dt.UTC)),
        *((TASK, text, "12") for text in ("12", "T12", "t12", "#12", "flyers uitdelen", "HAND OUT FLYERS", " 12 ")),
        (Text(), "  twee woorden ", "twee woorden"),
        (Text(limit=3), "abc", "abc"),
    ],
)  # fmt: skip
async def test_read(kind: Parameter, typed: str, value: Any) -> None:
    """People write a value in many ways; it is one value."""
    assert await kind.parse(typed, Scope()) == value


@pytest.mark.parametrize(
    ("kind", "typed", "key"),
    [
        *((Integer(), text, "value.number") for text in ("", "veel", "4,5", "45.50", "1.0000", "1e3", "--3", "9" * 21)),
        (Integer(), "-1", "value.range"),
        (Integer(most=6), "7", "value.range"),
        *((Money(), text, "value.money") for text in ("", "-5", "25,5055", "veel", "€", "25,50,1", "1.00.000", "9" * 41,
                                                      "euros 5", "25 €€")),
        (Money(), "9" * 20, "value.range"),
        (Boolean(), "misschien", "value.boolean"),
        (LANGUAGE, "frans", "value.choice"),
        *((Duration(), text, "value.duration") for text in ("", "2", "uur", "2 eeuwen", "2h30", "1.5h", "99999999999w",
                                                            "521w 80w", "h2", "1" * 100_000)),
        (Moment(), "morgenavond", "moment.unknown"),
        (Moment(), "27-1-2019 12:00", "moment.past"),
        (Text(limit=3), "abcd", "value.long"),
        (Text(), " \n ", "value.empty"),
    ],
)  # fmt: skip
async def test_refused(kind: Parameter, typed: str, key: str) -> None:
    """What cannot be is refused with the reason, and never taken for something near."""
    with pytest.raises(Invalid) as caught:
        await kind.parse(typed, Scope())
    assert caught.value.key == key


async def test_the_same_letter_is_not_enough() -> None:
    """Two with the same title are not guessed between; the near ones are told."""

    async def twins(context: object) -> tuple[Option, ...]:
        return (Option("1", "Flyers"), Option("2", "Flyers"))

    with pytest.raises(NotFound) as caught:
        await Reference(twins).parse("flyers", Scope())
    assert caught.value.values["near"] == (("Flyers", "1"), ("Flyers", "2"))


@pytest.mark.parametrize(
    ("kind", "words", "last", "count"),
    [
        (Text(), ["a", "b"], True, 2),
        (Text(), ["a", "b"], False, 1),
        (Integer(), ["45", "500"], True, 1),
        (Money(), ["€", "25,50", "x"], False, 2),
        (Money(), ["25", "euro", "x"], False, 2),
        (Money(), ["€25", "x"], False, 1),
        (Money(), ["€"], False, 1),
        (Duration(), ["2", "uur", "x"], False, 2),
        (Duration(), ["2h", "1d"], False, 1),
        (Moment(), ["28-1-2019", "om", "20:00", "uur", "x"], False, 4),
        (Moment(), ["28-1-2019", "20:00", "x"], False, 2),
        (Moment(), ["28-1-2019", "x"], False, 1),
        (Moment(), ["nooit", "x"], False, 1),
        (TASK, ["T12", "x"], True, 1),
        (TASK, ["flyers", "vouwen"], True, 2),
        (TASK, ["flyers", "vouwen"], False, 1),
    ],
)
def test_take(kind: Parameter, words: list[str], last: bool, count: int) -> None:
    """How many words of a line belong to a value."""
    assert kind.take(words, last=last) == count


async def test_suggestions() -> None:
    """What begins like what was typed, in the reader's language; everything when nothing was."""
    assert (await LANGUAGE.suggest("ned", Scope()))[0] == ("Nederlands", "nl")
    assert await LANGUAGE.suggest("", Scope(language="en")) == [("Dutch", "nl"), ("English", "en")]
    assert await Boolean().suggest("", Scope()) == [("ja", "ja"), ("nee", "nee")]
    assert await TASK.suggest("koffie", Scope()) == [("T13 Koffie zetten", "13")]
    assert (await TASK.suggest("T14", Scope(language="en")))[0] == ("T14 Flyers vouwen", "14")


def test_suggestions_are_few() -> None:
    """No more than a menu can hold."""
    many = [Option(str(n), f"taak {n}") for n in range(200)]
    assert len(closest("", many, "nl")) == len(closest("taak", many, "nl")) == 25
    assert closest("x" * 100_000, many, "nl") == []


async def test_moment_in_the_zone_of_the_asker() -> None:
    """A moment without offset is the asker's own local time."""
    moment = await Moment().parse("28-1-2019 20:00", Scope(zone="America/New_York"))
    assert moment == dt.datetime(2019, 1, 29, 1, tzinfo=dt.UTC)
    assert moment > NOW


@given(st.text())
def test_clean(text: str) -> None:
    """Nothing that cannot be seen or written is left, and cleaning twice changes nothing."""
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert cleaned.encode().decode() == cleaned
    assert not set(cleaned) & set("\x00\x1b\r\u2028\u200f\u202e\ufeff\xad")


@given(st.integers(0, 10**11))
async def test_amounts_as_they_are_written(cents: int) -> None:
    """An amount as the Dutch and the English write it is that amount."""
    whole, rest = divmod(cents, 100)
    for written in (f"€ {whole:,}.{rest:02}", f"{whole:,}".replace(",", ".") + f",{rest:02} euro"):
        assert await Money().parse(written, Scope()) == Amount(cents)
