"""The two bots as processes: ours, which is the real program, and the bare one."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.matrix_people import Server
from bot.platforms.matrix.receipts import EVERY_SECONDS
from tests.synapse import Account, kept

ROOT = Path(__file__).parent.parent
DEVICE = "ACTIEBOT"
PLENTY = "99999/min"
STOP_SECONDS = 20
REST_SECONDS = EVERY_SECONDS + 1.0  # what is put off is done by then: read receipts, and noting how far the bot got
_LOG_CHARACTERS = 3000


@dataclass(slots=True)
class Spent:
    """What a process computed for something, known when it has come to rest."""

    ms: float = 0.0


class Program:
    """A process; it can be stopped and started again."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        """Nothing runs yet; what it prints goes to the end of the log."""
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._resting: asyncio.Task[None] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT)  # noqa: S603 - our own programs

    async def stop(self) -> None:
        """In good order; at once where that takes too long."""
        await self.rested()
        if (process := self._process) is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None

    @contextlib.asynccontextmanager
    async def spending(self) -> AsyncIterator[Spent]:
        """What it computes for a block, with what it puts off; it may come to rest while others are measured."""
        await self.rested()
        spent, start = Spent(), self.cpu_seconds
        yield spent
        self._resting = asyncio.create_task(self._rest(spent, start))

    async def rested(self) -> None:
        """Wait until all that was measured is known."""
        if self._resting is not None:
            await self._resting
            self._resting = None

    async def _rest(self, spent: Spent, start: float) -> None:
        await asyncio.sleep(REST_SECONDS)
        spent.ms = (self.cpu_seconds - start) * 1000

    @property
    def cpu_seconds(self) -> float:
        """What all its threads have computed, in user mode and in the system.

        The process's own clock (clock_getcpuclockid(3)): utime + stime of /proc/<pid>/stat, in nanoseconds rather
        than in ticks of 10 ms.
        """
        return time.clock_gettime((~self._living().pid << 3) | 2)

    @property
    def resident_mb(self) -> float:
        status = Path(f"/proc/{self._living().pid}/status").read_text("ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def log(self) -> str:
        """The end of what it printed."""
        return self._log.read_text(errors="replace")[-_LOG_CHARACTERS:]

    @property
    def lives(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _living(self) -> subprocess.Popen[bytes]:
        if self._process is None or not self.lives:
            raise RuntimeError(f"the bot is not there:\n{self.log()}")
        return self._process


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot.

    Attributes:
        reads: A line that it answers from what it knows, in the room.
        writes: One that it answers when a transaction is committed.
        marks: Its answers carry marks by which each is told from the others.
    """

    name: str
    account: Account
    program: Program
    reads: str
    writes: str
    marks: bool

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator["Bot"]:
        self.program.start()
        try:
            yield self
        finally:
            await self.program.stop()


def ours(server: Server, account: Account, folder: Path, rooms: Iterable[str]) -> Bot:
    """The real program with only Matrix on, and a database of its own.

    Args:
        server: Where it lives.
        account: It logs in by itself, with a device of its own.
        folder: For its configuration, database and keys.
        rooms: Those of the campaign.
    """
    folder.mkdir(parents=True)
    config = folder / "config.yaml"
    config.write_text(json.dumps(_config(server, account, folder, rooms)), "utf-8")  # JSON is YAML
    command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
    return Bot("ours", account, Program(command, folder / "log"), "!hulp mijn taal", "!mijn taal nl", marks=True)


def bare(server: Server, account: Account, folder: Path, *, limit: int, encrypted: bool = False) -> Bot:
    """The one of 30 lines, with a limit for what one sync may bring of a room."""
    folder.mkdir(parents=True)
    login = [server.url, account.user_id, account.device_id, account.token, str(limit)]
    command = [sys.executable, "-m", "bench.bare_bot", *login, *([str(folder)] if encrypted else [])]
    return Bot(f"bare {limit}", account, Program(command, folder / "log"), "!ping", "!ping", marks=False)


def _config(server: Server, account: Account, folder: Path, rooms: Iterable[str]) -> dict[str, Any]:
    """The example's, pointed here."""
    example: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
    example["storage"] = {"url": f"sqlite:///{folder}/bot.db"}
    matrix = {
        "homeserver": server.url, "user_id": account.user_id, "device_id": DEVICE, "store": str(folder / "matrix"),
        "password": _secret(folder / "password", account.password),
        "store_key": _secret(folder / "store_key", os.urandom(16).hex()), "invites_from": ["*:actie.test"],
    }  # fmt: skip
    example["platforms"] = {"matrix": matrix}
    example["roles"] = {"organiser": [], "volunteer": ["member"]}
    example["rooms"] = {"announcements": [f"matrix:{room}" for room in rooms]}
    example["limits"] = dict.fromkeys(("person", "room", "guest"), PLENTY)
    example["content"] = {name: str(ROOT / path) for name, path in example["content"].items()}
    source = example["petition"]["source"]
    source["file"] = str(ROOT / source["file"])
    return example


def _secret(file: Path, value: str) -> str:
    """A secret as a configuration names it."""
    kept(file, value)
    return f"${{file:{file}}}"
