"""The bot is killed at every step of sending and started again: nothing is lost and nothing is doubled."""

import dataclasses
import json
import pathlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

import pytest

from bot.core.reply import Phrase, Reply
from bot.store import outbox
from bot.store.database import Database
from bot.store.outbox import Message, Priority
from tests.chaos.bot import NOON, Work
from tests.receiver import Receiver, receiving

__all__ = ["receiving"]

HOUR_MS = 3_600_000
DAY = 24 * 3600.0


@dataclasses.dataclass(frozen=True)
class Profile:
    """A kind of platform.

    Attributes:
        window: Seconds that the server recognises a key.
        remembers: Seconds that the bot counts on.
    """

    name: str
    window: float
    remembers: float
    replayed: bool


# Matrix's transaction ids live a day; the bot counts on half of it, because clocks may be wrong.
MATRIX = Profile("matrix", DAY, DAY / 2, replayed=True)
DISCORD = Profile("discord", 120, 120, replayed=False)


@dataclasses.dataclass(frozen=True)
class Pause:
    """What happens between a kill and the next start.

    Attributes:
        passed: How much time really passes, in windows of the platform.
        wrong: How many milliseconds the machine's clock is wrong afterwards.
        again: Killed once more, after so large a part of the lines.
    """

    passed: float = 0.0
    wrong: int = 0
    again: float = 0.0


PAUSES = (
    Pause(),
    Pause(passed=1.5),
    Pause(wrong=-HOUR_MS),
    Pause(wrong=HOUR_MS),
    Pause(passed=1.5, wrong=-HOUR_MS),
    Pause(again=0.4),
    Pause(passed=1.5, again=0.7),
)


class Lives:
    """Starts the bot, and says how it ended."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def live(self, work: Work) -> tuple[int, int]:
        """One life: its exit code (negative: the signal), and how many lines it has seen when it was not killed."""
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("pipes were asked for")
        self._process.stdin.write(json.dumps(dataclasses.asdict(work)) + "\n")
        self._process.stdin.flush()
        ended = json.loads(self._process.stdout.readline())
        return ended["code"], ended["lines"]


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.bot"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Lives(process)
        finally:
            if process.stdin:
                process.stdin.close()


@dataclasses.dataclass(frozen=True)
class Chaos:
    """One profile, with a database to begin from; `work` is a life without a kill."""

    lives: Lives
    receiver: Receiver
    profile: Profile
    template: pathlib.Path
    work: Work

    async def begin(self) -> None:
        """A fresh database, and a server that holds nothing and stumbles a few times."""
        for path in self.template.parent.glob("bot.db*"):
            path.unlink()
        shutil.copy(self.template, self.work.database)
        await self.receiver.forget(window=self.profile.window, remembers_changes=self.profile.replayed)
        await self.receiver.fault("refused", room="@anna", always=True)
        await self.receiver.fault("5xx-after", "try-after", room="one")
        await self.receiver.fault("cut-before", "cut-after", room="two")

    async def pass_time(self, pause: Pause) -> int:
        """Let time pass on the server; how far the machine's clock is then ahead of what it was."""
        seconds = pause.passed * self.profile.window
        await self.receiver.set(clock=seconds)
        return int(seconds * 1000) + pause.wrong

    async def kill_and_restart(self, kill_at: int, pause: Pause, lines: int) -> bool:
        """Be killed at a line, perhaps once more, and then live to the end; whether the line was reached."""
        killed, _ = self.lives.live(dataclasses.replace(self.work, kill_at=kill_at))
        assert killed in {-signal.SIGKILL, 0}
        ahead = await self.pass_time(pause)
        later = dataclasses.replace(self.work, ahead=ahead, said=self.work.said if self.profile.replayed else None)
        if pause.again:
            self.lives.live(dataclasses.replace(later, kill_at=max(1, int(pause.again * lines))))
        code, _ = self.lives.live(later)
        assert code == 0
        return killed != 0


def text(*words: str) -> Reply:
    return Reply(Phrase(words[0]), tuple(Phrase(word) for word in words[1:]))


def queue(platform: str) -> Sequence[Message]:
    """Messages in parts, changes of them, and one for a person whose first account refuses it."""
    one, two = f"{platform}:one", f"{platform}:two"
    return (
        Message("m0", one, text("m0", "m0b")),
        Message("m1", one, text("m1")),
        Message("m0", two, text("m0", "m0b")),
        Message("m0:1", one, text("m0 changed", "m0b changed"), edits="m0"),
        Message("m2", one, text("m2")),
        Message("m2", two, text("m2")),
        Message("m2:1", two, text("m2 changed"), edits="m2"),
        Message("p", "person:1", text("p"), priority=Priority.PRIVATE),
    )


EXPECTED = {
    "one": [["m0", "m0 changed"], ["m0b", "m0b changed"], ["m1"], ["m2"]],
    "two": [["m0"], ["m0b"], ["m2", "m2 changed"]],
    "@bram": [["p"]],
}


def once(texts: Sequence[str]) -> list[str]:
    """What people saw of one message: the same change twice is one change."""
    words = [t.partition(": ")[2] for t in texts]
    return [t for n, t in enumerate(words) if n == 0 or words[n - 1] != t]


async def visible(receiver: Receiver) -> dict[str, list[list[str]]]:
    rooms: dict[str, list[list[str]]] = {}
    for message in await receiver.held():
        rooms.setdefault(message.room, []).append(once(message.texts))
    return rooms


async def make(path: pathlib.Path, platform: str) -> None:
    """A database with the queue in it, as one file."""
    async with Database.connect(f"sqlite:///{path}") as database, database.write() as tx:
        await tx.run("INSERT INTO person (id, created_at) VALUES (1, 0)")
        for seen, account in enumerate(("@bram", "@anna")):
            await tx.run(
                "INSERT INTO account (address, person, role, seen_at) VALUES (:account, 1, 'member', :seen)",
                account=f"{platform}:{account}",
                seen=seen,
            )
        await outbox.put(tx, queue(platform), now=NOON)


@pytest.fixture
def chaos(lives: Lives, receiving: Receiver, tmp_path: pathlib.Path) -> Callable[[Profile], Chaos]:
    def make_chaos(profile: Profile) -> Chaos:
        work = Work(
            str(tmp_path / "bot.db"), receiving.port, profile.name, profile.remembers, replayed=profile.replayed
        )
        return Chaos(lives, receiving, profile, tmp_path / "start.db", work)

    return make_chaos


async def kill_delivery(chaos: Chaos, kills: int) -> dict[str, int]:
    """Kill at so many lines, spread evenly; how many lines there are, and how many kills came off.

    The last lines are not always reached: how often the loop turns depends on what is quicker.
    """
    await make(chaos.template, chaos.profile.name)
    await chaos.begin()
    code, lines = chaos.lives.live(chaos.work)
    assert code == 0
    assert await visible(chaos.receiver) == EXPECTED
    killed = 0
    for n in range(kills):
        kill_at = 1 + n * lines // kills
        pause = PAUSES[n % len(PAUSES)]
        await chaos.begin()
        killed += await chaos.kill_and_restart(kill_at, pause, lines)
        assert await visible(chaos.receiver) == EXPECTED, f"killed at line {kill_at} of {lines}, {pause}"
    return {"lines": lines, "killed": killed}


async def kill_command(chaos: Chaos, kills: int) -> dict[str, int]:
    """Kill a writing command at so many lines; how many lines and kills there were, and replies heard twice."""
    async with Database.connect(f"sqlite:///{chaos.template}"):
        pass
    work = dataclasses.replace(chaos.work, said="event-1")
    chaos = dataclasses.replace(chaos, work=work)
    await chaos.begin()
    code, lines = chaos.lives.live(work)
    assert code == 0
    assert await effect(work) == "1"
    twice = killed = 0
    for n in range(kills):
        kill_at = 1 + n * lines // kills
        pause = PAUSES[n % 4 % 3]
        await chaos.begin()
        killed += await chaos.kill_and_restart(kill_at, dataclasses.replace(pause, passed=0.0), lines)
        if not chaos.profile.replayed and await effect(work) is None:
            assert await chaos.receiver.held() == []
            assert chaos.lives.live(dataclasses.replace(work, said="event-2"))[0] == 0  # the person tries again
        where = f"killed at line {kill_at} of {lines}, {pause}"
        assert await effect(work) == "1", where
        heard = [m.texts[-1].rpartition(" ")[2] for m in await chaos.receiver.held()]
        assert set(heard) == {"tally.added"}, where
        twice += len(heard) > 1
    return {"lines": lines, "killed": killed, "twice": twice}


async def effect(work: Work) -> str | None:
    """What the command did: a stroke for each time."""
    async with Database.connect(f"sqlite:///{work.database}") as database, database.read() as tx:
        tally: str | None = await tx.value("SELECT value FROM setting WHERE name = 'tally'")
        return tally


@pytest.mark.parametrize("profile", [MATRIX, DISCORD], ids=lambda p: p.name)
async def test_killed_while_sending(chaos: Callable[[Profile], Chaos], profile: Profile) -> None:
    """Killed at a few lines of sending, every message and change is there once, in order."""
    await kill_delivery(chaos(profile), 4)


@pytest.mark.parametrize("profile", [MATRIX, DISCORD], ids=lambda p: p.name)
async def test_killed_while_answering(chaos: Callable[[Profile], Chaos], profile: Profile) -> None:
    """Killed at a few lines of a writing command, its effect is there once and its reply is heard."""
    await kill_command(chaos(profile), 3)


@pytest.mark.slow
@pytest.mark.parametrize("profile", [MATRIX, DISCORD], ids=lambda p: p.name)
async def test_killed_at_every_step_of_sending(chaos: Callable[[Profile], Chaos], profile: Profile) -> None:
    """The same at 350 lines, with restarts after the window, wrong clocks and second kills."""
    counts = await kill_delivery(chaos(profile), 350)
    print(profile.name, counts)  # noqa: T201 - for whoever asks with -s
    assert counts["lines"] >= 350
    assert counts["killed"] >= 300


@pytest.mark.slow
@pytest.mark.parametrize("profile", [MATRIX, DISCORD], ids=lambda p: p.name)
async def test_killed_at_every_step_of_answering(chaos: Callable[[Profile], Chaos], profile: Profile) -> None:
    """The same for a writing command at 150 lines; where the platform knows the answer's key it is heard once."""
    counts = await kill_command(chaos(profile), 150)
    print(profile.name, counts)  # noqa: T201 - as above
    assert counts["lines"] >= 150
    assert counts["killed"] >= 120
    assert not (profile.replayed and counts["twice"])
