"""Budgets: how often a person, a room and a guest may ask."""

import collections
import dataclasses
import datetime as dt
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True, slots=True)
class Rate:
    """So many calls in a span of time."""

    count: int
    span: dt.timedelta


class Budgets:
    """A sliding window for each who or where.

    Kept in memory and in machine time: after a restart everybody starts afresh.
    """

    def __init__(self) -> None:
        self._calls: dict[str, collections.deque[float]] = {}
        self._longest = 0.0
        self._told: dict[str, float] = {}

    def told(self, key: str, wait: float, now: float) -> bool:
        """Whether somebody was told to wait until a moment that has not come yet; from now on they were."""
        self._told = {k: until for k, until in self._told.items() if until > now}
        before = key in self._told
        self._told.setdefault(key, now + wait)
        return before

    def take(self, keys: Iterable[tuple[str, Rate]], now: float) -> float:
        """Count one call against each key; 0, or the seconds until it may go on (then nothing is counted)."""
        rates = list(keys)
        wait = max((self._wait(key, rate, now) for key, rate in rates), default=0.0)
        if wait <= 0:
            for key, rate in rates:
                self._calls[key].append(now)
                self._longest = max(self._longest, rate.span.total_seconds())
        self._forget(now)
        return max(wait, 0.0)

    def _wait(self, key: str, rate: Rate, now: float) -> float:
        calls = self._calls.setdefault(key, collections.deque())
        span = rate.span.total_seconds()
        while calls and calls[0] <= now - span:
            calls.popleft()
        return calls[-rate.count] + span - now if len(calls) >= rate.count else 0.0

    def _forget(self, now: float) -> None:
        if len(self._calls) > 10_000:  # many guests of one visit each
            self._calls = {k: c for k, c in self._calls.items() if c and c[-1] > now - self._longest}
