"""Moments: typed in a zone, kept in UTC."""

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import moments
from bot.core.errors import Invalid

AMSTERDAM = "Europe/Amsterdam"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2019-01-28T20:00", "2019-01-28T19:00"),
        ("2019-01-28 20:00", "2019-01-28T19:00"),
        ("2019-01-28T20:00+01:00", "2019-01-28T19:00"),
        ("2019-01-28t20:00z", "2019-01-28T20:00"),
        ("2019-07-28 20:00", "2019-07-28T18:00"),
        ("2019-01-28", "2019-01-28T08:00"),
        ("28-1-2019 20:00", "2019-01-28T19:00"),
        ("28/01/2019 20:00", "2019-01-28T19:00"),
        ("28.1.19 om 20.00 uur", "2019-01-28T19:00"),
        ("28-1-2019, 20:00u", "2019-01-28T19:00"),
        ("28-1-2019", "2019-01-28T08:00"),
        (" 28-1-2019 ", "2019-01-28T08:00"),
        ("29-2-2020 8:05", "2020-02-29T07:05"),
    ],
)
def test_read(text: str, utc: str) -> None:
    """A typed moment is local time in the zone, a day is its morning at nine."""
    assert moments.parse(text, zone=AMSTERDAM) == dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        "", "morgen", "29-2-2019", "31-4-2019 20:00", "28-13-2019", "28-1-2019 25:00", "28-1-2019 20:60", "28-1",
        "0001-01-01T00:00+14:00", "9999-12-31T23:59", "1-1-0000", "20:00", "1" * 10_000, "\x00", "28-1-2019 20:00 x",
    ],
)  # fmt: skip
def test_no_moment(text: str) -> None:
    with pytest.raises(Invalid, match=r"moment\.unknown"):
        moments.parse(text, zone=AMSTERDAM)


def test_skipped_hour() -> None:
    """A local time that the change to summer time skips is refused, not moved."""
    with pytest.raises(Invalid, match=r"moment\.skipped"):
        moments.parse("31-3-2019 02:30", zone=AMSTERDAM)
    assert moments.parse("31-3-2019 03:00", zone=AMSTERDAM) == dt.datetime(2019, 3, 31, 1, tzinfo=dt.UTC)


@given(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2199, 1, 1), timezones=st.just(dt.UTC)))  # noqa: DTZ001 - the zone is beside it
def test_milliseconds_round_trip(moment: dt.datetime) -> None:
    """To milliseconds and back loses less than one of them, and never goes ahead."""
    back = moments.from_ms(moments.to_ms(moment))
    assert dt.timedelta(0) <= moment - back < dt.timedelta(milliseconds=1)
    assert moments.to_ms(back) == moments.to_ms(moment)


@given(st.text())
def test_never_another_error(text: str) -> None:
    with contextlib.suppress(Invalid):
        moments.parse(text, zone=AMSTERDAM)
