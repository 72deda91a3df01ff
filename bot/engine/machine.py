"""Machine time for back-off, leases and what platforms remember: never back, never slower than time passes."""

import time
from collections.abc import Callable

from bot.engine.clock import machine_ms


class MachineClock:
    """UTC milliseconds since 1970, as this computer has it.

    When the computer's clock is set back, this one goes on from where it was: otherwise a message would wait an hour
    for its next try, or look an hour younger than it is to a platform that has forgotten it. When the clock is set
    ahead, or the machine slept, this one follows.
    """

    def __init__(self, wall: Callable[[], int] = machine_ms, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._base = wall()
        self._since = steady()

    def __call__(self) -> int:
        at, wall = self._steady(), self._wall()
        passed = self._base + int((at - self._since) * 1000)
        if wall > passed:
            self._base, self._since = wall, at
        return max(wall, passed)
