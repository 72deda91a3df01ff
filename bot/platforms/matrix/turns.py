"""Whose turn it is to send: one budget for the whole account, learnt from the homeserver's "too many requests"."""

import asyncio
import collections
import enum
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.core.platform import TryAfter

AT_ONCE = 8
PATIENCE_SECONDS = 60.0
WELL_AFTER = 3  # messages that went well, one after the other, before one more goes beside them

T = TypeVar("T")


class Rank(enum.IntEnum):
    """What goes first."""

    ANSWER = 0
    OUTBOX = 1  # ordered among themselves by the outbox
    OWN = 2  # reactions under our messages, joins


class Turns:
    """Lets callers through: the lowest rank first, within it the room that was served longest ago.

    After a "too many" nobody goes until the moment that the homeserver named, then one at a time. Who has waited for
    a minute counts as an answer, so that a room that never stops asking keeps nobody silent.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, *, at_once: int = AT_ONCE) -> None:
        self._now = now
        self._most = at_once
        self._at_once = at_once
        self._under_way = 0
        self._well = 0
        self._until = 0.0
        self._waiting: list[_Waiter] = []
        self._served: collections.OrderedDict[str, int] = collections.OrderedDict()
        self._since: dict[str, float] = {}
        self._order = itertools.count(1)
        self._alarm: asyncio.TimerHandle | None = None
        self.limit_seconds = 0.0
        """The last wait that the homeserver asked for; 0 when it never did."""

    async def run(self, room: str, rank: Rank, act: Callable[[], Awaitable[T]]) -> T:
        """Do something that counts for the budget when its turn comes, again after each "too many"."""
        since = self._now()
        while True:
            await self._turn(room, rank, since)
            try:
                result = await act()
            except TryAfter as error:
                self._slowed(error.seconds)
            else:
                self._went_well(room)
                return result
            finally:
                self._end()

    async def run_apart(self, room: str, rank: Rank, act: Callable[[], Awaitable[T]]) -> T:
        """The same for what has limits of its own, such as joins: its "too many" holds up nobody else."""
        while True:
            await self._turn(room, rank, self._now())
            try:
                return await act()
            except TryAfter as error:
                wait = error.seconds
            finally:
                self._end()
            await asyncio.sleep(wait)

    async def run_now(self, room: str, rank: Rank, act: Callable[[], Awaitable[T]]) -> T:
        """The same for callers who come back themselves.

        Raises:
            TryAfter: others go first, or the homeserver said "too many".
        """
        since = self._since.setdefault(room, self._now())
        if (wait := self._wait(rank, since)) > 0:
            raise TryAfter(wait, everywhere=True)
        await self._turn(room, rank, since)
        try:
            result = await act()
        except TryAfter as error:
            self._slowed(error.seconds)
            raise TryAfter(error.seconds, everywhere=True) from error
        finally:
            self._end()
        self._went_well(room)
        return result

    def _wait(self, rank: Rank, since: float) -> float:
        """Seconds until it is worth asking again; 0: now."""
        now = self._now()
        if now < self._until:
            return self._until - now
        first = any(waiter.rank < self._aged(rank, since) for waiter in self._waiting)
        return 1.0 if first else 0.0

    def _aged(self, rank: Rank, since: float) -> Rank:
        return Rank.ANSWER if self._now() - since > PATIENCE_SECONDS else rank

    async def _turn(self, room: str, rank: Rank, since: float) -> None:
        waiter = _Waiter(room, rank, since, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._let_through()
        try:
            await waiter.turn
        except BaseException:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif not waiter.turn.cancelled():
                self._end()
            raise

    def _let_through(self) -> None:
        now = self._now()
        if now < self._until:
            self._ring_at(self._until)
            return
        while self._waiting and self._under_way < self._at_once:
            waiter = min(
                self._waiting, key=lambda w: (self._aged(w.rank, w.since), self._served.get(w.room, 0), w.since)
            )
            self._waiting.remove(waiter)
            if not waiter.turn.done():
                self._under_way += 1
                waiter.turn.set_result(None)

    def _ring_at(self, moment: float) -> None:
        if self._alarm is None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(max(moment - self._now(), 0.001), self._rung)

    def _rung(self) -> None:
        self._alarm = None
        self._let_through()

    def _slowed(self, seconds: float) -> None:
        self._until = max(self._until, self._now() + seconds)
        self._at_once, self._well = 1, 0
        self.limit_seconds = seconds

    def _went_well(self, room: str) -> None:
        self._since.pop(room, None)
        self._served[room] = next(self._order)
        self._served.move_to_end(room)
        while len(self._served) > 10_000:
            self._served.popitem(last=False)
        self._well += 1
        if self._well >= WELL_AFTER:
            self._at_once, self._well = min(self._at_once + 1, self._most), 0

    def _end(self) -> None:
        self._under_way -= 1
        self._let_through()


class _Waiter:
    """Somebody who wants to send."""

    __slots__ = ("rank", "room", "since", "turn")

    def __init__(self, room: str, rank: Rank, since: float, turn: "asyncio.Future[None]") -> None:
        self.room, self.rank, self.since, self.turn = room, rank, since, turn
