"""Moments: in UTC inside, in a zone and a language for people.

For now a typed moment is ISO 8601 or `28-1-2019 20:00`.
"""

import datetime as dt
import re
import zoneinfo

from bot.core.errors import Invalid

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)
_YEARS = range(1900, 2200)  # near the ends of what Python knows a moment may have no name in another zone
_DUTCH = re.compile(
    r"(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4}|\d{2})"
    r"(?:[ T,]+(?:om )?(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?: ?uur| ?u)?)?"
)


def to_ms(moment: dt.datetime) -> int:
    """UTC milliseconds since 1970 of an aware moment."""
    return (moment - EPOCH) // _MILLISECOND


def from_ms(ms: int) -> dt.datetime:
    """The moment of UTC milliseconds since 1970, in UTC."""
    return EPOCH + ms * _MILLISECOND


def parse(text: str, *, zone: str) -> dt.datetime:
    """A typed moment; one without offset is local time in the zone, a day without time is 09:00.

    Raises:
        Invalid: it is no moment, or a local time that the change to summer time skips.
    """
    text = text.strip()
    local = _local(text)
    if local is None or local.year not in _YEARS:
        raise Invalid("moment.unknown", text=text)
    if local.tzinfo is not None:
        return local.astimezone(dt.UTC)
    moment = local.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    there_and_back = moment.astimezone(dt.UTC).astimezone(moment.tzinfo)
    if there_and_back.replace(tzinfo=None) != local:
        raise Invalid("moment.skipped", text=text)
    return moment.astimezone(dt.UTC)


def _local(text: str) -> dt.datetime | None:
    """The date and time written; naive unless an offset is written."""
    try:
        if found := _DUTCH.fullmatch(text):
            part = {k: int(v) for k, v in found.groupdict(default="-1").items()}
            year = part["year"] + 2000 if len(found["year"]) == 2 else part["year"]
            clock = (part["hour"], part["minute"]) if part["hour"] >= 0 else (9, 0)
            return dt.datetime(year, part["month"], part["day"], *clock)  # noqa: DTZ001 - the zone follows
        written = dt.datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return written.replace(hour=9) if len(text) <= len("2019-01-28") else written
