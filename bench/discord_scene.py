"""A bot on a Discord of its own: people give it commands, and the time and the processor that it takes are counted."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.matrix_bots import PLENTY, ROOT, Program
from bench.measure import p50, p99
from tests.synapse import kept

READS: tuple[str, Mapping[str, str]] = ("hulp", {"opdracht": "mijn taal"})
WRITES: tuple[str, Mapping[str, str]] = ("mijn taal", {"taal": "nl"})
READY_SECONDS = 30.0
REST_SECONDS = 0.5  # what a bot does after its answer stands there
_LONGEST_LINE = 1 << 24


@dataclass(frozen=True, slots=True)
class Run:
    """What a number of commands came to; milliseconds.

    Attributes:
        firsts: Until Discord knew that an answer comes, or has it.
        answers: Until the answer stood there.
        cpu: Of the bot, for each command that was answered.
    """

    firsts: Sequence[float]
    answers: Sequence[float]
    cpu: float
    seconds: float
    lost: int

    @property
    def p50_ms(self) -> float:
        return p50(list(self.answers))

    @property
    def p99_ms(self) -> float:
        return p99(list(self.answers))

    @property
    def first_p99_ms(self) -> float:
        return p99(list(self.firsts))

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.answers) / self.seconds


class Stand:
    """A stand-in in a process of its own; `where` is what a bot needs to know of it."""

    def __init__(self, process: asyncio.subprocess.Process, where: Mapping[str, str]) -> None:
        self._process = process
        self.where = where

    @classmethod
    @contextlib.asynccontextmanager
    async def at_work(cls) -> AsyncIterator["Stand"]:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.discord_server", stdin=pipe, stdout=pipe, cwd=ROOT, limit=_LONGEST_LINE
        )
        try:
            yield cls(process, await _line(process))
        finally:
            if process.stdin:
                process.stdin.close()
            await process.wait()

    async def do(self, what: str, **how: Any) -> dict[str, Any]:
        """Let people do something; what came of it.

        Raises:
            RuntimeError: the stand-in broke down, or Discord would not have taken what the bot sent.
        """
        if self._process.stdin is None:
            raise RuntimeError("no way to tell the stand-in")
        self._process.stdin.write((json.dumps({"do": what} | how) + "\n").encode())
        found = await _line(self._process)
        if wrong := found.get("wrong"):
            raise RuntimeError("\n".join(wrong))
        return found


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    if process.stdout is None or not (line := await process.stdout.readline()):
        raise RuntimeError("the stand-in is gone")
    found: dict[str, Any] = json.loads(line)
    return found


@dataclass(frozen=True, slots=True)
class Scene:
    """A bot at work on its stand-in."""

    stand: Stand
    program: Program

    @classmethod
    @contextlib.asynccontextmanager
    async def ours(cls, folder: Path) -> AsyncIterator["Scene"]:
        """The real program, with only Discord on."""
        async with Stand.at_work() as stand:
            yield cls(stand, ours(stand, folder))

    @classmethod
    @contextlib.asynccontextmanager
    async def bare(cls, folder: Path) -> AsyncIterator["Scene"]:
        async with Stand.at_work() as stand:
            yield cls(stand, bare(stand, folder))

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator["Scene"]:
        """With the bot there, and its code warm."""
        self.program.start()
        try:
            await self.ready()
            for line in (READS, WRITES):
                await self.stand.do("burst", line=line[0], values=line[1], count=60, at_once=10)
            yield self
        finally:
            await self.program.stop()

    async def ready(self) -> None:
        """Wait for the bot's first answer.

        Raises:
            RuntimeError: it does not come.
        """
        line, values = READS
        found = await self.stand.do("ready", line=line, values=values, seconds=READY_SECONDS)
        if found["trips"] == [None]:
            raise RuntimeError(f"the bot does not answer:\n{self.program.log()}")

    async def stopped(self) -> None:
        await self.program.stop()
        await self.stand.do("gone", seconds=READY_SECONDS)

    async def steady(self, line: tuple[str, Mapping[str, str]], rate: float, count: int) -> Run:
        return await self._run("steady", line=line[0], values=line[1], rate=rate, count=count)

    async def burst(self, line: tuple[str, Mapping[str, str]], count: int, at_once: int) -> Run:
        return await self._run("burst", line=line[0], values=line[1], count=count, at_once=at_once)

    async def _run(self, what: str, **how: Any) -> Run:
        start = self.program.cpu_seconds
        found = await self.stand.do(what, **how)
        await asyncio.sleep(REST_SECONDS)
        spent = (self.program.cpu_seconds - start) * 1000
        trips = found["trips"]
        if not trips:
            raise RuntimeError(f"nothing was answered:\n{self.program.log()}")
        firsts, answers = zip(*trips, strict=True)
        return Run(firsts, answers, spent / len(trips), found["seconds"], found["lost"])


def ours(stand: Stand, folder: Path) -> Program:
    """The real program with only Discord on, and a database of its own."""
    folder.mkdir(parents=True)
    example: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
    example["storage"] = {"url": f"sqlite:///{folder}/bot.db"}
    example["platforms"] = {"discord": platform(stand, folder)}
    example["roles"] = {"organiser": [], "volunteer": ["member"]}
    example["rooms"] = {"announcements": [room(stand)]}
    example["limits"] = dict.fromkeys(("person", "room", "guest"), PLENTY)
    example["content"] = {name: str(ROOT / path) for name, path in example["content"].items()}
    source = example["petition"]["source"]
    source["file"] = str(ROOT / source["file"])
    return program(folder, example)


def program(folder: Path, config: Mapping[str, Any]) -> Program:
    """The real program, with a configuration."""
    file = folder / "config.yaml"
    file.write_text(json.dumps(config), "utf-8")  # JSON is YAML
    return Program([sys.executable, "-m", "bot", "run", "--config", str(file)], folder / "log")


def platform(stand: Stand, folder: Path) -> dict[str, Any]:
    """A configuration's `platforms: discord:`."""
    token = folder / "token"
    kept(token, stand.where["token"])
    return {
        "token": f"${{file:{token}}}", "guilds": [int(stand.where["guild"])],
        "api_url": stand.where["api_url"], "gateway_url": stand.where["gateway_url"],
    }  # fmt: skip


def room(stand: Stand) -> str:
    return f"discord:{stand.where['room']}"


def bare(stand: Stand, folder: Path) -> Program:
    """The one of 30 lines."""
    folder.mkdir(parents=True)
    where = [stand.where[name] for name in ("api_url", "gateway_url", "token")]
    return Program([sys.executable, "-m", "bench.discord_bare_bot", *where], folder / "log")
