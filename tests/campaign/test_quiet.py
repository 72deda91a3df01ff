"""Quiet hours: local times, over midnight, and through the change of the clocks."""

import datetime as dt
import zoneinfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.campaign.quiet import QuietHours

ZONE = "Europe/Amsterdam"
NIGHT = QuietHours.parse("22:00", "8:00")
SIESTA = QuietHours.parse("13.00", "14.30")


def local(text: str, *, fold: int = 0) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(ZONE), fold=fold)
    return moment.astimezone(dt.UTC)


@pytest.mark.parametrize(
    ("hours", "moment", "after"),
    [
        (NIGHT, "2019-01-27T21:59", "2019-01-27T21:59"),
        (NIGHT, "2019-01-27T22:00", "2019-01-28T08:00"),
        (NIGHT, "2019-01-28T00:00", "2019-01-28T08:00"),
        (NIGHT, "2019-01-28T07:59", "2019-01-28T08:00"),
        (NIGHT, "2019-01-28T08:00", "2019-01-28T08:00"),
        (SIESTA, "2019-01-27T12:59", "2019-01-27T12:59"),
        (SIESTA, "2019-01-27T13:00", "2019-01-27T14:30"),
        (SIESTA, "2019-01-27T14:30", "2019-01-27T14:30"),
        (NIGHT, "2019-03-30T23:00", "2019-03-31T08:00"),  # the clocks go ahead that night
        (NIGHT, "2019-10-26T23:00", "2019-10-27T08:00"),  # and back that night
        (QuietHours.parse("22", "2:30"), "2019-03-30T23:00", "2019-03-31T03:30"),  # 02:30 is skipped
    ],
)
def test_after(hours: QuietHours, moment: str, after: str) -> None:
    """What falls in quiet hours waits for their end; the first minute is quiet, the last moment is not."""
    assert hours.after(local(moment), ZONE) == local(after)
    assert hours.holds_at(local(moment), ZONE) == (moment != after)


def test_hour_that_comes_twice() -> None:
    """Within the second of two equal hours the end is in the second too, never in the past."""
    hours = QuietHours.parse("22:00", "2:30")
    assert hours.after(local("2019-10-27T02:10", fold=1), ZONE) == local("2019-10-27T02:30", fold=1)
    assert hours.after(local("2019-10-27T02:10", fold=0), ZONE) == local("2019-10-27T02:30", fold=0)


@given(
    st.times(),
    st.times(),
    st.datetimes(dt.datetime(2019, 1, 1), dt.datetime(2020, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
    st.sampled_from([ZONE, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
)
@example(dt.time(22), dt.time(2, 30), dt.datetime(2019, 10, 27, 1, 10, tzinfo=dt.UTC), ZONE)
def test_never_back_and_never_quiet(start: dt.time, until: dt.time, moment: dt.datetime, zone: str) -> None:
    """The end is not before the moment, not more than a day and an hour later, and not quiet itself."""
    start, until = start.replace(second=0, microsecond=0), until.replace(second=0, microsecond=0)
    assume(start != until)
    hours = QuietHours(start, until)
    after = hours.after(moment, zone)
    assert moment <= after <= moment + dt.timedelta(hours=25)
    assert not hours.holds_at(after, zone)


@pytest.mark.parametrize(
    ("start", "until"), [("22:00", "22:00"), ("24:00", "8:00"), ("", "8"), ("tien", "acht"), ("22:60", "8")]
)
def test_no_times(start: str, until: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever int and time say
        QuietHours.parse(start, until)


@pytest.mark.parametrize(("start", "until"), [("22:00", "8:00"), ("22.00", "08.00"), ("22", "8"), (" 22:00 ", "8 ")])
def test_ways_to_write(start: str, until: str) -> None:
    assert QuietHours.parse(start, until) == NIGHT
