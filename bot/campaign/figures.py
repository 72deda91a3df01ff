"""values.yaml: what the placeholders in answers stand for, as dated readings."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.campaign.reading import Node
from bot.core.reply import Money, Words

# Placeholders that a subject provides, also when values.yaml has none of them.
PROVIDED = re.compile(r"petition\.count|donations\.total|event\.[a-z0-9-]+\.when")
_KEY = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*")
_MONEY = re.compile(r"(\d{1,12})(?:\.(\d{2}))? ([A-Z]{3})")
_NUMBER = re.compile(r"(€ ?|EUR |euro )?(\d(?:[\d.,]*\d)?)( euro| EUR| ?€)?", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
LEAST_COUNT = 1_000  # smaller numbers are too common in texts to be taken for a counter
LEAST_PLAIN = 10_000  # without a point a smaller one may be a year

Quantity = int | Money | dt.datetime | Words


@dataclass(frozen=True, slots=True)
class Reading:
    """What a placeholder stood for at a moment.

    Attributes:
        as_of: UTC; of a day, its first moment in the campaign's zone; None: at any time.
        whole_day: Only the day of `as_of` is known.
    """

    value: Quantity
    as_of: dt.datetime | None
    whole_day: bool
    source: str | None


Readings = Mapping[str, tuple[Reading, ...]]


def newest(readings: Readings, key: str, now: dt.datetime) -> Reading | None:
    """The newest reading that is not after a moment."""
    known = [reading for reading in readings.get(key, ()) if reading.as_of is None or reading.as_of <= now]
    return known[-1] if known else None


def read_figures(root: Node) -> Readings:
    """All readings by key, oldest first."""
    readings: dict[str, tuple[Reading, ...]] = {}
    for key, node in root.pairs():
        if _KEY.fullmatch(key) is None:
            node.mistake("content.figure-name")
        nodes = node.items() if isinstance(node.value, list) else [node.required()]
        found = [reading for each in nodes if (reading := _reading(each))]
        if len({type(reading.value) for reading in found}) > 1:
            node.mistake("content.mixed")
        if len({reading.as_of for reading in found}) < len(found):
            node.mistake("content.same-moment")
        readings[key] = tuple(sorted(found, key=lambda reading: (reading.as_of is not None, reading.as_of)))
    return readings


def _reading(node: Node) -> Reading | None:
    if not node.known(("value", "as_of", "source")):
        return None
    value, as_of = _quantity(node["value"].required()), node["as_of"]
    if isinstance(value, int | Money):
        as_of.required()
    if value is None:
        return None
    return Reading(value, as_of.start(), as_of.is_day(), node["source"].text() or None)


def _quantity(node: Node) -> Quantity | None:
    if isinstance(node.value, dict):
        return Words(**node.both())
    if isinstance(node.value, int) and not isinstance(node.value, bool) and node.value >= 0:
        return node.value
    if isinstance(node.value, str) and (money := _MONEY.fullmatch(node.value)):
        return Money(int(money[1]) * 100 + int(money[2] or 0), money[3])
    if isinstance(node.value, str) and "T" in node.value:
        return node.start()
    if node.value is not None:
        node.mistake("content.quantity")
    return None


def spellings(readings: Readings) -> dict[str, str]:
    """How the numbers of values.yaml are written in texts, Dutch and English, with the key of each.

    A sum of money begins with €; one with cents stands there without it too.
    """
    return {
        spelling: key
        for key, series in readings.items()
        for reading in series
        if isinstance(reading.value, int | Money)
        for spelling in _spelled(reading.value)
    }


def by_hand(text: str, spelled: Mapping[str, str]) -> list[tuple[str, str]]:
    """Numbers that a placeholder should say, with its key; in a paragraph or item with a year a number is history."""
    return [
        (number, spelled[spelling])
        for line in text.splitlines()
        if _YEAR.search(line) is None
        for before, number, after in _NUMBER.findall(line)
        if (spelling := f"€{number}" if before or after else number) in spelled
    ]


def _spelled(value: int | Money) -> list[str]:
    if isinstance(value, int):
        return _grouped(value) if value >= LEAST_COUNT else []
    whole, cents = divmod(value.cents, 100)
    if not cents:
        return [f"€{number}" for number in (*_grouped(whole), str(whole))]
    numbers = [f"{number}{mark}{cents:02}" for number in (*_grouped(whole), str(whole)) for mark in ".,"]
    return [*numbers, *(f"€{number}" for number in numbers)]


def _grouped(number: int) -> list[str]:
    """45.500 and 45,500; without a mark only what is no year."""
    marked = f"{number:,}"
    return [marked.replace(",", "."), marked, *([str(number)] if number >= LEAST_PLAIN else [])]
