"""The time of the stand-in, which tests can move, and the ids that are made of it."""

import datetime as dt
import time

# Discord counts its time from the first second of 2015.
EPOCH_MS = 1_420_070_400_000


class Clock:
    """Real time and what a test put ahead of it."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0
        self._last = 0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.ahead_seconds

    def advance(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self.ahead_seconds += seconds

    def stamp(self) -> str:
        """This moment as Discord writes it."""
        return dt.datetime.fromtimestamp(self.now(), dt.UTC).isoformat()

    def snowflake(self) -> str:
        """An id that holds this moment, greater than every one before it."""
        self._last = max(self._last + 1, int(self.now() * 1000) - EPOCH_MS << 22)
        return str(self._last)
