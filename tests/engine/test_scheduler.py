"""The scheduler: every moment at its moment, and one job's fault is not the others'."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
from collections.abc import AsyncIterator

import pytest

from bot.engine.clock import PlayedClock
from bot.engine.delivery import Delivery
from bot.engine.scheduler import Job, Scheduler
from bot.store.database import Database, Transaction
from bot.store.outbox import Message
from tests.engine.posting import NOON, ROOM, delivering, message, put, text
from tests.receiver import Receiver

HOUR = dt.timedelta(hours=1)


@dataclasses.dataclass
class Diary:
    """What ran and was said, with its moment."""

    database: Database
    clock: PlayedClock
    lines: list[tuple[str, dt.timedelta]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Repeating:
    """A job that says something at each of its moments."""

    diary: Diary
    name: str
    every: dt.timedelta
    due: dt.datetime = NOON
    faults: int = 0
    seconds: float = 0.0

    async def next_due(self, tx: Transaction, now: dt.datetime) -> dt.datetime | None:
        assert await tx.value("SELECT 1") == 1
        return self.due

    async def run(self, now: dt.datetime) -> None:
        await asyncio.sleep(self.seconds)
        if self.faults:
            self.faults -= 1
            raise ValueError("a fault in a job")
        self.diary.lines.append((self.name, now - NOON))
        cause = f"{self.name} {self.due - NOON}"
        self.due += self.every
        await put(self.diary.database, Message(cause, ROOM, text(cause)), now=now)


class Once:
    """A job that is due at one moment."""

    def __init__(self, due: dt.datetime | None) -> None:
        self.due = due
        self.runs: list[dt.datetime] = []

    async def next_due(self, tx: Transaction, now: dt.datetime) -> dt.datetime | None:
        return self.due

    async def run(self, now: dt.datetime) -> None:
        self.runs.append(now)
        self.due = None


class Blind(Once):
    """A job that cannot say when it is due."""

    async def next_due(self, tx: Transaction, now: dt.datetime) -> dt.datetime | None:
        await tx.value("SELECT nothing FROM nowhere")
        return None


@pytest.fixture
def clock() -> PlayedClock:
    return PlayedClock(NOON)


@pytest.fixture
async def running(database: Database, receiver: Receiver, clock: PlayedClock) -> AsyncIterator[Delivery]:
    async with delivering(database, receiver, clock=clock) as made:
        yield made


@contextlib.asynccontextmanager
async def scheduling(scheduler: Scheduler) -> AsyncIterator[None]:
    task = asyncio.create_task(scheduler.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_steps(database: Database, receiver: Receiver, clock: PlayedClock, running: Delivery) -> None:
    """A played day: jobs and messages each at their own moment, in order, all said before the next."""
    diary = Diary(database, clock)
    jobs = [Repeating(diary, "often", HOUR, NOON + HOUR), Repeating(diary, "seldom", 2 * HOUR, NOON + 1.5 * HOUR)]
    await put(database, message("planned", ROOM, due=NOON + 1.25 * HOUR), message("now", ROOM))
    await put(database, message("after", ROOM, due=NOON + 5 * HOUR))
    await Scheduler(database, clock, running, jobs).advance(clock, NOON + 3.6 * HOUR)
    assert [(name, moment / HOUR) for name, moment in diary.lines] == [
        ("often", 1), ("seldom", 1.5), ("often", 2), ("often", 3), ("seldom", 3.5),
    ]  # fmt: skip
    assert [t.removeprefix("nl: ") for t in await receiver.texts("!room")] == [
        "now", "often 1:00:00", "planned", "seldom 1:30:00", "often 2:00:00", "often 3:00:00", "seldom 3:30:00",
    ]  # fmt: skip
    assert dt.timedelta(0) <= clock.now() - (NOON + 3.6 * HOUR) < dt.timedelta(seconds=1)


async def test_steps_past_a_fault(database: Database, clock: PlayedClock, running: Delivery) -> None:
    """A job that fails does not stop the play; it is tried again at the next moment."""
    diary = Diary(database, clock)
    failing = Repeating(diary, "failing", 24 * HOUR, NOON + HOUR, faults=2)
    jobs: list[Job] = [failing, Repeating(diary, "steady", HOUR, NOON + HOUR), Blind(None)]
    await Scheduler(database, clock, running, jobs).advance(clock, NOON + 4 * HOUR)
    assert [moment / HOUR for name, moment in diary.lines if name == "steady"] == [1, 2, 3, 4]
    assert [moment / HOUR for name, moment in diary.lines if name == "failing"] == [3]


async def test_job_without_end(database: Database, clock: PlayedClock, running: Delivery) -> None:
    """A job that comes due again at the same moment for ever does not hang the play."""
    diary = Diary(database, clock)
    stuck = Repeating(diary, "stuck", dt.timedelta(0), NOON + HOUR)
    async with asyncio.timeout(10):
        await Scheduler(database, clock, running, [stuck]).advance(clock, NOON + 2 * HOUR)
    assert clock.now() >= NOON + 2 * HOUR


async def test_own_moment(database: Database, clock: PlayedClock, running: Delivery) -> None:
    """A running scheduler starts a job when its moment comes, and an earlier one after a wake."""
    later, sooner = Once(NOON + dt.timedelta(seconds=0.6)), Once(None)
    scheduler = Scheduler(database, clock, running, [later, sooner])
    async with scheduling(scheduler):
        await asyncio.sleep(0.2)
        assert later.runs == []
        sooner.due = NOON
        scheduler.wake()
        await asyncio.sleep(0.2)
        assert len(sooner.runs) == 1
        assert later.runs == []
        await asyncio.sleep(0.4)
        assert len(later.runs) == 1


async def test_faults_and_slowness(database: Database, clock: PlayedClock, running: Delivery) -> None:
    """A job that fails backs off, one that is slow or cannot say its moment holds nobody up."""
    diary = Diary(database, clock)
    failing = Repeating(diary, "failing", HOUR, faults=100)
    slow = Repeating(diary, "slow", HOUR, seconds=5)
    steady = Repeating(diary, "steady", dt.timedelta(seconds=0.2))
    async with scheduling(Scheduler(database, clock, running, [failing, slow, Blind(None), steady])):
        await asyncio.sleep(1.5)
    assert failing.faults >= 97
    assert len([name for name, _ in diary.lines if name == "steady"]) >= 4


async def test_play_beside_a_running_scheduler(database: Database, clock: PlayedClock, running: Delivery) -> None:
    """While moments are played the running scheduler runs nothing a second time."""
    diary = Diary(database, clock)
    jobs = [Repeating(diary, "often", HOUR, NOON + HOUR)]
    scheduler = Scheduler(database, clock, running, jobs)
    async with scheduling(scheduler):
        for n in range(1, 4):
            await scheduler.advance(clock, NOON + n * HOUR)
            scheduler.wake()
    assert [moment / HOUR for _, moment in diary.lines] == [1, 2, 3]


async def test_due_in_the_past(database: Database, clock: PlayedClock, running: Delivery) -> None:
    """What came due before the start runs at once."""
    missed = Once(NOON - 48 * HOUR)
    async with scheduling(Scheduler(database, clock, running, [missed])):
        await asyncio.sleep(0.2)
    assert len(missed.runs) == 1
