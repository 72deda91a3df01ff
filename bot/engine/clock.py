"""The campaign's clock: real, or played from a moment that somebody chose.

Everything that people see takes `now` from here. Leases, back-off and time-outs use machine time instead.
"""

import datetime as dt
import time
from typing import Protocol

from bot.core.moments import EPOCH


class Clock(Protocol):
    played: bool

    def now(self) -> dt.datetime:
        """This moment of the campaign, UTC; never earlier than it was."""


class RealClock:
    played = False

    def __init__(self) -> None:
        self._last = EPOCH

    def now(self) -> dt.datetime:
        # The machine's clock may be set back; people's order of events may not.
        self._last = max(self._last, dt.datetime.now(dt.UTC))
        return self._last


class PlayedClock:
    """Runs on from a moment at the speed of real time, and jumps ahead when told to."""

    played = True

    def __init__(self, start: dt.datetime) -> None:
        self._start = start.astimezone(dt.UTC)
        self._since = time.monotonic()

    def now(self) -> dt.datetime:
        return self._start + dt.timedelta(seconds=time.monotonic() - self._since)

    def jump(self, to: dt.datetime) -> None:
        """Be at a moment; one that has passed changes nothing."""
        if to > self.now():
            self._start, self._since = to.astimezone(dt.UTC), time.monotonic()


def machine_ms() -> int:
    """Machine time: UTC milliseconds since 1970, as this computer has it."""
    return time.time_ns() // 1_000_000
