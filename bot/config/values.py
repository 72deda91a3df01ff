"""How quantities in config.yaml are written: durations, rates, shares and times.

Each reader takes what stands in the file and raises `Wrong` with the key of a sentence for people.
"""

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bot.core.document import suggestion
from bot.engine.budget import Rate

_DAYS = (("MO", "MA"), ("TU", "DI"), ("WE", "WO"), ("TH", "DO"), ("FR", "VR"), ("SA", "ZA"), ("SU", "ZO"))
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PERIODS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600, "uur": 3600, "d": 86400, "day": 86400}
_DURATION = re.compile(r"(?:\d{1,6}[wdhms])+")
_RATE = re.compile(r"(\d{1,6}) ?/ ?([a-z]+)")
_SHARE = re.compile(r"(\d{1,6}(?:[.,]\d{1,4})?) ?%")
_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_AHEAD = re.compile(r"(\d{1,3})d +(\d{1,2}:\d{2})")


class Wrong(ValueError):
    """What is written cannot be used: the key of a sentence and its values, never what was written."""

    def __init__(self, key: str, /, **values: str | int) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class Resolved(str):
    """A text that held references; it may be a secret, so it does not show itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


@dataclass(frozen=True, slots=True)
class WeekTime:
    """A moment of the week, local time; Monday is 0."""

    weekday: int
    at: dt.time


@dataclass(frozen=True, slots=True)
class DayBefore:
    """So many days before, at a local time."""

    days: int
    at: dt.time


def text_of(value: Any, key: str) -> str:
    if not isinstance(value, str):
        raise Wrong(key)
    return str(value).strip()


def duration(value: Any) -> dt.timedelta:
    """`90s`, `5m`, `12h`, `7d`, `2w`, or some of these after each other: `1h30m`."""
    text = text_of(value, "config.duration")
    if not _DURATION.fullmatch(text):
        raise Wrong("config.duration")
    seconds = sum(int(part[:-1]) * _SECONDS[part[-1]] for part in re.findall(r"\d+[a-z]", text))
    if seconds == 0:
        raise Wrong("config.duration")
    return dt.timedelta(seconds=seconds)


def rate(value: Any) -> Rate:
    """`20/min`, `5/h`."""
    found = _RATE.fullmatch(text_of(value, "config.rate").lower())
    if found is None or found[2] not in _PERIODS or int(found[1]) == 0:
        raise Wrong("config.rate")
    return Rate(int(found[1]), dt.timedelta(seconds=_PERIODS[found[2]]))


def share(value: Any) -> Fraction:
    """`20%` is 1/5; exact, because milestones are counted with it."""
    found = _SHARE.fullmatch(text_of(value, "config.share"))
    if found is None or (part := Fraction(found[1].replace(",", ".")) / 100) == 0:
        raise Wrong("config.share")
    return part


def percent(value: Any) -> Fraction:
    """A share of a goal, up to all of it; `90` is taken for `90%`."""
    part = share(f"{value}%" if isinstance(value, int) and not isinstance(value, bool) else value)
    if part > 1:
        raise Wrong("config.share")
    return part


def local_time(value: Any) -> dt.time:
    found = _TIME.fullmatch(text_of(value, "config.time"))
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise Wrong("config.time")
    return dt.time(int(found[1]), int(found[2]))


def week_time(value: Any) -> WeekTime:
    """`MO 09:00`; Dutch days (MA) are taken too."""
    day, _, at = text_of(value, "config.week-time").partition(" ")
    number = next((n for n, names in enumerate(_DAYS) if day.upper() in names), None)
    if number is None or _TIME.fullmatch(at.strip()) is None:
        raise Wrong("config.week-time")
    return WeekTime(number, local_time(at))


def ahead(value: Any) -> dt.timedelta | DayBefore:
    """`2h` before, or `1d 19:00`: the day before at seven in the evening."""
    text = text_of(value, "config.ahead")
    if found := _AHEAD.fullmatch(text):
        return DayBefore(int(found[1]), local_time(found[2]))
    if not _DURATION.fullmatch(text):
        raise Wrong("config.ahead")
    return duration(text)


def zone(value: Any) -> str:
    name = text_of(value, "config.zone")
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        meant = suggestion(name, zoneinfo.available_timezones())
        raise (Wrong("config.zone-like", meant=meant) if meant else Wrong("config.zone")) from None
    return name


def filled(value: str) -> str:
    if not value.strip():
        raise Wrong("config.blank")
    return value
