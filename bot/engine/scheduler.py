"""The scheduler: runs each job at its moment, and plays a campaign's moments one after the other."""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from bot.engine.clock import Clock, PlayedClock
from bot.store import outbox
from bot.store.database import Database, Transaction

SLEEP_SECONDS = 60.0  # clocks jump and machines sleep
FIRST_BACK_OFF, MOST_BACK_OFF = 1.0, 300.0
AT_ONE_MOMENT = 100  # so often may a job come due again at one and the same moment

log = structlog.get_logger()


class Job(Protocol):
    """Something to do at moments of the campaign's clock; it may be run late, and twice."""

    async def next_due(self, tx: Transaction, now: dt.datetime) -> dt.datetime | None:
        """The moment of its next run, also when that has passed; None: nothing is planned."""

    async def run(self, now: dt.datetime) -> None:
        """Do what is due at `now`."""


class Outlet(Protocol):
    """Delivery, as far as the scheduler knows it."""

    def wake(self) -> None: ...
    async def drain(self) -> None: ...


class _Planned:
    """A job and how it fared; back-off is in seconds of machine time."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.task: asyncio.Task[None] | None = None
        self.failures = 0
        self.not_before = 0.0
        self.mute_until = 0.0  # it could not say when it is due

    @property
    def name(self) -> str:
        return type(self.job).__name__

    def went(self) -> None:
        self.failures, self.not_before = 0, 0.0

    def failed(self, error: Exception, machine: float) -> None:
        log.error("a job failed", job=self.name, exc_info=error)
        self.not_before = machine + min(FIRST_BACK_OFF * 2.0 ** min(self.failures, 20), MOST_BACK_OFF)
        self.failures += 1


class Scheduler:
    """Runs jobs side by side, each one at a time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        delivery: Outlet,
        jobs: Sequence[Job],
        *,
        machine: Callable[[], float] = time.monotonic,
    ) -> None:
        """Serve some jobs; `machine` counts seconds for back-off."""
        self._database = database
        self._clock = clock
        self._delivery = delivery
        self._planned = [_Planned(job) for job in jobs]
        self._machine = machine
        self._woken = asyncio.Event()
        self._turn = asyncio.Lock()  # held while jobs are looked through, and while moments are played

    def wake(self) -> None:
        """Something may be due earlier than it was: called after a commit."""
        self._woken.set()

    async def run(self) -> None:
        """Run jobs until cancelled; jobs that are running then are cancelled."""
        try:
            while True:
                self._woken.clear()
                async with self._turn:
                    seconds = await self._begin_due()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._woken.wait()
        finally:
            tasks = self._running()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _begin_due(self) -> float:
        """Begin every job that is due; the seconds until the next one is, at most a minute."""
        now, machine = self._clock.now(), self._machine()
        waits = [SLEEP_SECONDS]
        for planned in self._planned:
            if planned.task is not None:
                continue
            if planned.not_before > machine:
                waits.append(planned.not_before - machine)
                continue
            due = await self._due(planned, now)
            if due is not None and due <= now:
                planned.task = asyncio.create_task(self._run_beside(planned, now))
            elif due is not None:
                waits.append((due - self._clock.now()).total_seconds())
        return max(min(waits), 0.001)

    async def _run_beside(self, planned: _Planned, now: dt.datetime) -> None:
        try:
            await self._run_one(planned, now)
            if planned.failures == 0 and (due := await self._due(planned, now)) and due <= now:
                planned.not_before = self._machine() + FIRST_BACK_OFF  # due again at once: not in a tight circle
        finally:
            planned.task = None
            self.wake()

    async def _run_one(self, planned: _Planned, now: dt.datetime) -> None:
        try:
            await planned.job.run(now)
            planned.went()
        except Exception as error:  # noqa: BLE001 - one job's fault is not the others'
            planned.failed(error, self._machine())
        self._delivery.wake()

    async def _due(self, planned: _Planned, now: dt.datetime) -> dt.datetime | None:
        """When a job is due; a job that cannot say so is not asked again at once."""
        if planned.mute_until > self._machine():
            return None
        try:
            async with self._database.read() as tx:
                return await planned.job.next_due(tx, now)
        except Exception as error:  # noqa: BLE001 - as above
            planned.failed(error, self._machine())
            planned.mute_until = planned.not_before
            return None

    def _running(self) -> list[asyncio.Task[None]]:
        return [planned.task for planned in self._planned if planned.task is not None]

    # -- played runs ------------------------------------------------------------------------------------

    async def advance(self, clock: PlayedClock, to: dt.datetime) -> None:
        """Step through every moment until `to`, in order: the jobs of each, then all that is to be said at it.

        A job that fails is tried again at the next moment. Delivery must be running.
        """
        async with self._turn:
            await asyncio.gather(*self._running())
            await self._run_at(clock.now())
            await self._delivery.drain()
            while (moment := await self._next_moment(clock.now())) is not None and moment <= to:
                clock.jump(moment)
                await self._run_at(moment)
                await self._delivery.drain()
            clock.jump(to)
        self.wake()

    async def _next_moment(self, now: dt.datetime) -> dt.datetime | None:
        """The first moment after `now` at which a job or a message is due."""
        async with self._database.read() as tx:
            moments = [await outbox.next_due(tx, now)]
        moments += [await self._due(planned, now) for planned in self._planned]
        return min((moment for moment in moments if moment is not None and moment > now), default=None)

    async def _run_at(self, moment: dt.datetime) -> None:
        """Run what is due at a moment, earliest first, until nothing is."""
        failed: set[int] = set()
        for _ in range(AT_ONE_MOMENT):
            dues = [(await self._due(planned, moment), n) for n, planned in enumerate(self._planned) if n not in failed]
            ready = sorted((due, n) for due, n in dues if due is not None and due <= moment)
            if not ready:
                return
            for _, n in ready:
                await self._run_one(self._planned[n], moment)
                if self._planned[n].failures:
                    failed.add(n)
        log.error("jobs came due again and again", moment=moment.isoformat())
