"""A bot on Matrix that is killed again and again, at a homeserver that fails: everything is said, and said once.

ACTIEBOT_CHAOS_SEED runs the same rounds once more, as far as time and chance in two servers allow;
ACTIEBOT_CHAOS_ROUNDS sets how many.
"""

import asyncio
import collections
import contextlib
import dataclasses
import os
import pathlib
import random
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from typing import Self

import pytest

from tests.chaos.ambush import Ambush, Lives, Trap
from tests.chaos.crowd import Crowd, Verdict
from tests.chaos.matrix_bot import Work
from tests.matrix_people import wait
from tests.synapse import Absent, Synapse

ROUNDS = int(os.environ.get("ACTIEBOT_CHAOS_ROUNDS", "200"))
SEED = os.environ.get("ACTIEBOT_CHAOS_SEED") or secrets.token_hex(4)
CHECK_EVERY = 25
OUTAGE_EVERY = 20
SETTLE_SECONDS = 180.0
FAULTS = ("500", "502", "429", "500-after", "cut", "cut-after", "html")
FAULTY = ("/sync", "/sync", "/send/", "/send/", "/send/", "/sendToDevice/", "/messages", "/rooms/", "/keys/", "/")
TRAPPED = ("/send/", "/send/", "/send/", "/sendToDevice/", "/messages", "/keys/", "/sync", "/rooms/", "/")
LOG_CHARACTERS = 3000


@dataclasses.dataclass(slots=True)
class Tally:
    """What was done to the bot and the homeserver."""

    rounds: int = 0
    kills: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    restarts: int = 0
    crashes: int = 0
    dead: list[str] = dataclasses.field(default_factory=list)
    """Lives that came to an end of themselves: the round and the end of the log."""


class Chaos:
    """One bot, its people, and what befalls them."""

    def __init__(self, synapse: Synapse, folder: pathlib.Path, crowd: Crowd, proxy: Ambush, lives: Lives) -> None:
        self.crowd = crowd
        self.tally = Tally()
        self.proxy = proxy
        self._synapse = synapse
        self._folder = folder
        self._lives = lives

    @classmethod
    @contextlib.asynccontextmanager
    async def prepared(cls, synapse: Synapse, folder: pathlib.Path) -> AsyncIterator[Self]:
        async with (
            Crowd.gathered(synapse, folder, talks=2, halls=2) as crowd,
            Ambush(synapse.url, folder / "calls.log").running() as proxy,
            Lives.possible() as lives,
        ):
            assert isinstance(proxy, Ambush)
            yield cls(synapse, folder, crowd, proxy, lives)

    def _work(self, name: str, **settings: float | None) -> Work:
        home = self.crowd.home
        log = str(self._folder / f"{name}.log")
        return Work(str(home.folder), home.user_id, self.proxy.url, self.crowd.news, log, **settings)  # type: ignore[arg-type]

    # -- rounds -------------------------------------------------------------------------------------------

    async def round(self, number: int) -> None:
        """One life that comes to a bad end, while people ask things before, during and after it."""
        rng = random.Random(f"{SEED} {number}")
        self.crowd.when = number
        self.proxy.note(f"round {number}")
        self._spoil(rng)
        if rng.random() < 0.3:
            await self._talk(random.Random(rng.random()), rng.randint(1, 4), 0.0)
        remembers, page = rng.choice([None, None, 0.0]), rng.choice([None, None, 3])
        await self._lives.begin(self._work(f"round-{number}", remembers=remembers, page=page))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._talk(random.Random(rng.random()), rng.randint(2, 5), 0.7))
            if number % OUTAGE_EVERY == OUTAGE_EVERY // 2:
                group.create_task(self._outage(random.Random(rng.random())))
                group.create_task(self._doom(rng, 9.0))
            else:
                group.create_task(self._doom(rng, 3.0))
        self.tally.rounds += 1

    def _spoil(self, rng: random.Random) -> None:
        self.proxy.faults.clear()
        for _ in range(rng.randint(0, 4)):
            self.proxy.fails(rng.choice(FAULTY), rng.choice(FAULTS), rng.randint(1, 2))

    async def _talk(self, rng: random.Random, times: int, longest_pause: float) -> None:
        """People ask; now and then for an announcement."""
        for _ in range(times):
            await asyncio.sleep(rng.uniform(0, longest_pause))
            what = rng.choices(["count", "help", "spread"], [5, 3, 2])[0]
            await self.crowd.ask(rng.choice(self.crowd.places), what)

    async def _outage(self, rng: random.Random) -> None:
        """The homeserver stops, in good order or not, and comes back."""
        killed = rng.random() < 0.5
        await asyncio.sleep(rng.uniform(0.3, 2.0))
        async with self.crowd.quiet(), self._synapse.down(killed=killed):
            await asyncio.sleep(rng.uniform(0.0, 1.0))
        self.tally.crashes += killed
        self.tally.restarts += not killed

    async def _doom(self, rng: random.Random, longest: float) -> None:
        """End the life at some moment, or at some call; mostly without a warning."""
        kind = rng.choices(["moment", "call", "stop"], [9, 10, 1])[0]
        if kind == "call":
            path, calls = rng.choice(TRAPPED), rng.choice([1, 1, 2, 3, 5])
            trap = self.proxy.trap = Trap(path, calls, rng.random() < 0.7, self._lives.strike)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(trap.sprung.wait(), longest + 1.0)
            kind = "call" if trap.sprung.is_set() else "moment"
        else:
            await asyncio.sleep(rng.uniform(0.1, longest))
        if kind == "stop":
            self._lives.strike(signal.SIGTERM)
            await asyncio.sleep(rng.uniform(0.0, 2.0))
        self._lives.strike()
        self.tally.kills[kind] += 1
        await self._see_end({-signal.SIGKILL, 0} if kind == "stop" else {-signal.SIGKILL})

    async def _see_end(self, expected: set[int]) -> None:
        self.proxy.trap = None
        code = await self._lives.end(seconds=30)
        self.proxy.hang_up()
        if code not in expected:
            log = (self._folder / f"round-{self.crowd.when}.log").read_text(errors="replace")
            self.tally.dead.append(f"round {self.crowd.when} ended with {code}:\n{log[-LOG_CHARACTERS:]}")

    # -- checks -------------------------------------------------------------------------------------------

    async def check(self) -> Verdict:
        """Let a life finish everything, in spite of a fault of each call; then look at what the homeserver has.

        What a fault leaves behind in the bot must heal without a new start: this life has to answer as well.
        """
        self.proxy.note(f"check {self.crowd.when}")
        self.proxy.faults.clear()
        rng = random.Random(f"{SEED} check {self.crowd.when}")
        for path in dict.fromkeys(FAULTY):
            self.proxy.fails(path, rng.choice(FAULTS))
        await self._lives.begin(self._work(f"check-{self.crowd.when}"))
        with contextlib.suppress(AssertionError):  # what is missing is told by name, below
            await wait(self.crowd.joined, SETTLE_SECONDS)
            for place in self.crowd.places:
                await self.crowd.ask(place, "count")
            await wait(self.crowd.settled, SETTLE_SECONDS)
        await asyncio.sleep(1.0)  # for what is said twice
        self._lives.strike(signal.SIGTERM)
        await self._see_end({0})
        return await self.crowd.judge()

    def summary(self, verdict: Verdict, seconds: float) -> str:
        tally, asked = self.tally, collections.Counter(asked.what for asked in self.crowd.asked)
        return (
            f"seed {SEED}: {tally.rounds} rounds in {seconds:.0f} s, kills {dict(tally.kills)}, "
            f"faults {dict(self.proxy.done)}, homeserver restarted {tally.restarts} and killed {tally.crashes} times, "
            f"commands {dict(asked)}, announcements {self.crowd.announced}, lost {len(verdict.lost)}, "
            f"doubled {len(verdict.doubled)}, unreadable {len(verdict.unreadable)}"
        )


@pytest.fixture
def folder() -> pathlib.Path:
    """Kept where something was wrong, for its logs."""
    return pathlib.Path(tempfile.mkdtemp(prefix="actiebot-chaos-"))


@pytest.mark.slow
async def test_chaos(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed 200 times, with restarts, cuts and errors: all is done once and said once, encrypted or not."""
    try:
        synapse = Synapse(folder / "synapse")
    except Absent as reason:
        pytest.skip(str(reason))
    begun, verdict = time.monotonic(), Verdict()
    await synapse.start()
    try:
        async with Chaos.prepared(synapse, folder) as chaos:
            for number in range(ROUNDS + 1):
                if number % CHECK_EVERY == 0 or number == ROUNDS:
                    verdict = await chaos.check()
                    assert not verdict, f"seed {SEED}, logs in {folder}\n{verdict}"
                    assert not chaos.tally.dead, "\n".join(chaos.tally.dead)
                if number < ROUNDS:
                    await chaos.round(number + 1)
            with capsys.disabled():
                print("\n" + chaos.summary(verdict, time.monotonic() - begun))  # noqa: T201 - what was reached
            assert sum(chaos.tally.kills.values()) == ROUNDS
    finally:
        await synapse.stop()
    shutil.rmtree(folder)
