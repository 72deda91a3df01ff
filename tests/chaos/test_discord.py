"""A bot on Discord that is killed again and again, on a Discord that fails: all is said once, and taken once.

ACTIEBOT_CHAOS_SEED runs the same rounds once more, as far as time and chance allow; ACTIEBOT_CHAOS_ROUNDS sets how
many.
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

from tests.chaos.ambush import Lives, Trap
from tests.chaos.discord_bot import Work
from tests.chaos.discord_crowd import Crowd, Verdict
from tests.discord_server import DiscordServer
from tests.discord_server.faults import Fault, Faults, banned, cut, delay, error, limited
from tests.matrix_people import wait

ROUNDS = int(os.environ.get("ACTIEBOT_CHAOS_ROUNDS", "200"))
SEED = os.environ.get("ACTIEBOT_CHAOS_SEED") or secrets.token_hex(4)
CHECK_EVERY = 25
OUTAGE_EVERY = 20
SETTLE_SECONDS = 120.0
HOUR_MS = 3_600_000
TOO_LATE = delay(3.2)
"""Discord waits three seconds for the first word."""
FAULTS = (
    error(500), error(502), error(503), error(500, stored=True), error(503, stored=True), cut(), cut(stored=True),
    limited(0.2), limited(0.5, everywhere=True), banned(), delay(0.3), TOO_LATE,
)  # fmt: skip
MESSAGES, CALLBACK, HOOK, TALKS = r"/channels/\d+/messages", "/callback$", "/webhooks/", "/users/@me/channels"
FAULTY = (MESSAGES, MESSAGES, MESSAGES, CALLBACK, CALLBACK, HOOK, HOOK, TALKS, "/")
TRAPPED = (MESSAGES, MESSAGES, MESSAGES, CALLBACK, CALLBACK, HOOK, HOOK, TALKS, "/")
LOG_CHARACTERS = 3000


class Ambush(Faults):
    """Faults, with a trap, and a journal of every call and what befell it.

    Attributes:
        looked: How often the bot looked what stands in a channel.
    """

    def __init__(self, journal: pathlib.Path) -> None:
        super().__init__()
        self.trap: Trap | None = None
        self.looked = 0
        self._journal = journal

    def note(self, line: str) -> None:
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write(f"{time.time():.3f} {line}\n")

    def strikes(self, method: str, path: str) -> Fault | None:
        fault = super().strikes(method, path)
        self.note(f"{method} {path}: {_name(fault) if fault else 'well'}")
        self.looked += method == "GET" and path.endswith("/messages")
        trap = self.trap
        if trap is None or trap.path not in path or trap.sprung.is_set():
            return fault
        trap.calls -= 1
        if trap.calls:
            return fault
        trap.spring()  # the bot is gone before any answer; `after`: Discord has done it all the same
        trap.sprung.set()
        self.note(f"killed {'after' if trap.after else 'before'} it")
        return cut(stored=trap.after)


@dataclasses.dataclass(slots=True)
class Tally:
    """What was done to the bot and to Discord."""

    rounds: int = 0
    kills: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    gateway: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    dead: list[str] = dataclasses.field(default_factory=list)
    """Lives that came to an end of themselves: the round and the end of the log."""


class Chaos:
    """One bot, its people, and what befalls them."""

    def __init__(self, server: DiscordServer, folder: pathlib.Path, lives: Lives) -> None:
        self.server = server
        self.crowd = Crowd(server, folder)
        self.tally = Tally()
        self._faults = Ambush(folder / "calls.log")
        self._folder = folder
        self._lives = lives
        self._passed = 0.0
        server.rest.faults = self._faults

    @classmethod
    @contextlib.asynccontextmanager
    async def prepared(cls, folder: pathlib.Path) -> AsyncIterator[Self]:
        async with await DiscordServer.start() as server, Lives.possible("tests.chaos.discord_bot") as lives:
            yield cls(server, folder, lives)

    def _work(self, name: str, *, wrong: int = 0) -> Work:
        server, crowd = self.server, self.crowd
        return Work(
            str(self._folder), server.token, server.api_url, server.gateway_url, crowd.home.id,
            [channel.id for channel in crowd.news], str(self._folder / f"{name}.log"),
            int(self._passed * 1000) + wrong,
        )  # fmt: skip

    # -- rounds -----------------------------------------------------------------------------------------

    async def round(self, number: int) -> None:
        """One life that comes to a bad end, while people do things before, during and after it."""
        rng = random.Random(f"{SEED} {number}")
        self.crowd.when = number
        self._faults.note(f"round {number}")
        self._pass_time(rng)
        self._spoil(rng)
        if rng.random() < 0.2:
            await self.crowd.act(rng)
        await self._lives.begin(self._work(f"round-{number}", wrong=rng.choice([0] * 6 + [-HOUR_MS, HOUR_MS])))
        with contextlib.suppress(TimeoutError):
            await self.server.gateway.ready(rng.choice([0.5, 3.0, 6.0]))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._act(random.Random(rng.random()), rng.randint(2, 8), 0.3))
            group.create_task(self._disturb(random.Random(rng.random()), number))
            group.create_task(self._doom(random.Random(rng.random()), 3.0))
        self.tally.rounds += 1

    def _pass_time(self, rng: random.Random) -> None:
        """Now and then it is long since the last life: Discord has forgotten what it was sent."""
        if rng.random() < 0.3:
            seconds = self.server.nonce_seconds * 1.25
            self.server.clock.advance(seconds)
            self._passed += seconds

    def _spoil(self, rng: random.Random) -> None:
        self._faults.clear()
        for _ in range(rng.randint(0, 5)):
            self._faults.plan(rng.choice(FAULTS), path=rng.choice(FAULTY), times=rng.randint(1, 2))
        if rng.random() < 0.3:
            self._faults.at_random(0.2, FAULTS[:-1], seed=rng.randrange(1 << 30), path=rng.choice(FAULTY))

    async def _act(self, rng: random.Random, times: int, longest_pause: float) -> None:
        for _ in range(times):
            await self.crowd.act(rng)
            await asyncio.sleep(rng.uniform(0, longest_pause))

    async def _disturb(self, rng: random.Random, number: int) -> None:
        """The gateway closes, to be picked up again or not; or all of Discord is away for a moment."""
        gateway = self.server.gateway
        what = rng.choice(["none", "none", "drop", "reconnect", "invalidate"])
        if number % OUTAGE_EVERY == OUTAGE_EVERY // 2:
            what = "outage"
        await asyncio.sleep(rng.uniform(0.0, 1.5))
        self._faults.note(f"gateway: {what}")
        self.tally.gateway[what] += 1
        match what:
            case "drop":
                await gateway.drop()
            case "reconnect":
                await gateway.reconnect()
            case "invalidate":
                await gateway.invalidate()
            case "outage":
                await self.server.stop()
                await asyncio.sleep(rng.uniform(0.2, 1.0))
                await self.server.listen(self.server.port)

    async def _doom(self, rng: random.Random, longest: float) -> None:
        """End the life at some moment, or at some call; mostly without a warning."""
        kind = rng.choices(["moment", "call", "stop"], [8, 10, 2])[0]
        if kind == "call":
            path, calls = rng.choice(TRAPPED), rng.choice([1, 1, 2, 3, 5, 8])
            path = path.removesuffix("$").rpartition(r"\d+")[2]
            trap = self._faults.trap = Trap(path, calls, rng.random() < 0.7, self._lives.strike)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(trap.sprung.wait(), longest + 1.0)
            kind = f"call {path}" if trap.sprung.is_set() else "moment"
        else:
            await asyncio.sleep(rng.uniform(0.1, longest))
        if kind == "stop":
            self._lives.strike(signal.SIGTERM)
            await asyncio.sleep(rng.uniform(0.0, 2.0))
        self._lives.strike()
        self.tally.kills[kind] += 1
        await self._see_end({-signal.SIGKILL, 0} if kind == "stop" else {-signal.SIGKILL}, f"round-{self.crowd.when}")

    async def _see_end(self, expected: set[int], name: str) -> None:
        self._faults.trap = None
        code = await self._lives.end(seconds=30)
        if code not in expected:
            log = (self._folder / f"{name}.log").read_text(errors="replace")
            self.tally.dead.append(f"{name} ended with {code}:\n{log[-LOG_CHARACTERS:]}")

    # -- checks -----------------------------------------------------------------------------------------

    async def check(self) -> Verdict:
        """Let a life finish everything, in spite of a fault of each call; then look at what Discord has.

        What a fault leaves behind in the bot must heal without a new start: this life has to answer as well.
        """
        self._faults.note(f"check {self.crowd.when}")
        self._faults.clear()
        rng = random.Random(f"{SEED} check {self.crowd.when}")
        for path in dict.fromkeys(FAULTY):
            self._faults.plan(rng.choice(FAULTS), path=path)
        name = f"check-{self.crowd.when}"
        await self._lives.begin(self._work(name))
        silent = await self._asked_on(rng)
        with contextlib.suppress(AssertionError):  # what is missing is told by name, below
            await wait(lambda: not self.crowd.waiting(), SETTLE_SECONDS)
        await asyncio.sleep(1.0)  # for what is said twice
        self._lives.strike(signal.SIGTERM)
        await self._see_end({0}, name)
        verdict = self.crowd.judge()
        verdict.silent += silent
        return verdict

    async def _asked_on(self, rng: random.Random) -> list[str]:
        """People go on until each of them is answered; who is not."""
        await self.server.until(lambda: bool(self.server.commands()), timeout=30)
        with contextlib.suppress(TimeoutError):
            await self.server.gateway.ready(30)
        silent = []
        for person in self.crowd.people:
            for _ in range(4):
                asked = await self.crowd.spread(person, rng.choice([*self.crowd.news, None]))
                if await self.crowd.answered(asked):
                    break
                await asyncio.sleep(1.0)
            else:
                silent.append(str(asked))
        return silent

    def summary(self, verdict: Verdict, seconds: float) -> str:
        tally, asked = self.tally, collections.Counter(asked.what for asked in self.crowd.asked)
        answered = sum(asked.given.settled for asked in self.crowd.asked)
        faults = collections.Counter(_name(fault) for _, _, fault in self._faults.happened)
        return (
            f"seed {SEED}: {tally.rounds} rounds in {seconds:.0f} s, kills {dict(tally.kills)}, faults {dict(faults)}, "
            f"looked in a channel {self._faults.looked} times, gateway {dict(tally.gateway)}, "
            f"asked {dict(asked)} of which {answered} answered, "
            f"{self.crowd.summary()}, lost {len(verdict.lost)}, doubled {len(verdict.doubled)}"
        )


def _name(fault: Fault) -> str:
    if fault.cut:
        return "cut after" if fault.stored else "cut"
    if fault.status is None:
        return f"{fault.delay_seconds:g} s"
    return f"{fault.status}{' after' * fault.stored}{'' if fault.via else ' without Via'}"


@pytest.fixture
def folder() -> pathlib.Path:
    """Kept where something was wrong, for its logs."""
    return pathlib.Path(tempfile.mkdtemp(prefix="actiebot-chaos-"))


@pytest.mark.slow
async def test_chaos(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed 200 times, with cuts, errors and closed gateways: all is announced once, and taken once."""
    begun, verdict = time.monotonic(), Verdict()
    async with Chaos.prepared(folder) as chaos:
        for number in range(ROUNDS + 1):
            if number % CHECK_EVERY == 0 or number == ROUNDS:
                verdict = await chaos.check()
                assert not verdict, f"seed {SEED}, logs in {folder}\n{verdict}"
                assert not chaos.tally.dead, "\n".join(chaos.tally.dead)
                assert chaos.server.violations == [], f"seed {SEED}, logs in {folder}"
            if number < ROUNDS:
                await chaos.round(number + 1)
        with capsys.disabled():
            print("\n" + chaos.summary(verdict, time.monotonic() - begun))  # noqa: T201 - what was reached
        assert sum(chaos.tally.kills.values()) == ROUNDS
    shutil.rmtree(folder)
