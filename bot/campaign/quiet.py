"""Quiet hours: when announcements and private messages wait, unless they are urgent."""

import dataclasses
import datetime as dt
import zoneinfo
from typing import Self


@dataclasses.dataclass(frozen=True, slots=True)
class QuietHours:
    """From one local time until another, over midnight when `start` is the later one."""

    start: dt.time
    until: dt.time

    @classmethod
    def parse(cls, start: str, until: str) -> Self:
        """Take `22:00` and `8:00`.

        Raises:
            ValueError: one is no time of day, or they are the same.
        """
        quiet = cls(_time(start), _time(until))
        if quiet.start == quiet.until:
            raise ValueError(start)
        return quiet

    def holds_at(self, moment: dt.datetime, zone: str) -> bool:
        """Whether a moment is quiet; `start` is, `until` is not."""
        local = moment.astimezone(zoneinfo.ZoneInfo(zone)).time()
        if self.start < self.until:
            return self.start <= local < self.until
        return local >= self.start or local < self.until

    def after(self, moment: dt.datetime, zone: str) -> dt.datetime:
        """The moment itself, or the end of the quiet hours that it falls in; UTC."""
        if not self.holds_at(moment, zone):
            return moment
        local = moment.astimezone(zoneinfo.ZoneInfo(zone))
        end = local.replace(
            hour=self.until.hour, minute=self.until.minute, second=0, microsecond=0
        )  # keeps `fold`: an hour that comes twice
        if end <= local:
            end += dt.timedelta(days=1)
        return end.astimezone(dt.UTC)


def _time(text: str) -> dt.time:
    hour, _, minute = text.strip().replace(".", ":").partition(":")
    return dt.time(int(hour), int(minute or 0))
