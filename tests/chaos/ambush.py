"""A bot's lives as a test has them: begun in forks, ended by a signal at a moment or at a call of the bot's."""

import asyncio
import collections
import contextlib
import dataclasses
import datetime as dt
import json
import os
import pathlib
import signal
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.unruly import Unruly


class Lives:
    """The lives of a bot, one after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._pid = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def possible(cls, bot: str = "tests.chaos.matrix_bot") -> AsyncIterator[Self]:
        """The lives of a bot that is a module to be run."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", bot, stdin=pipe, stdout=pipe)
        try:
            yield cls(process)
        finally:
            assert process.stdin
            process.stdin.close()  # it then ends the life that goes on
            await process.wait()

    async def begin(self, work: Any) -> None:
        self._pid = await self._ask(json.dumps(dataclasses.asdict(work)))

    def strike(self, by: signal.Signals = signal.SIGKILL) -> None:
        """End the life; does nothing when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, by)

    async def end(self, seconds: float) -> int:
        """Wait for the end; the exit code, negative for a signal. Who does not come to an end in time is killed."""
        alarm = asyncio.get_running_loop().call_later(seconds, self.strike)
        try:
            return await self._ask("")
        finally:
            alarm.cancel()

    async def _ask(self, line: str) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{line}\n".encode())
        return int(await self._process.stdout.readline())


@dataclasses.dataclass(slots=True)
class Trap:
    """Springs at a call of the bot's.

    Attributes:
        path: What is in the call's path.
        calls: At how many-th.
        after: When the homeserver has done it, before the bot hears so; else before the homeserver hears of it.
    """

    path: str
    calls: int
    after: bool
    spring: Callable[[], None]
    sprung: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)


class Ambush(Unruly):
    """The proxy, with a trap; `done` counts what went wrong by kind."""

    def __init__(self, upstream: str, journal: pathlib.Path) -> None:
        """Stand before a homeserver, and write every call and what befell it in a journal."""
        super().__init__(upstream)
        self.trap: Trap | None = None
        self.done: collections.Counter[str] = collections.Counter()
        self._listening: set[asyncio.Task[object]] = set()
        self._journal = journal

    def note(self, line: str) -> None:
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write(f"{dt.datetime.now(dt.UTC).time().isoformat('milliseconds')} {line}\n")

    def hang_up(self) -> None:
        """Give up the syncs of a bot that is gone, as its homeserver would."""
        for task in self._listening:
            task.cancel()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task
        if request.path.endswith("/sync"):
            self._listening.add(task)
            task.add_done_callback(self._listening.discard)
        status = "hung up"
        try:
            answer = await super()._handle(request)
            status = str(answer.status)
        finally:
            self.note(f"{request.method} {request.path} -> {status}")
        return answer

    def _fault(self, request: web.Request) -> str | None:
        what = super()._fault(request)
        if what:
            self.done[what] += 1
            self.note(f"{request.path}: {what}")
        return what

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        trap = self.trap if self.trap and self.trap.path in request.path else None
        if trap:
            trap.calls -= 1
            if trap.calls == 0 and not trap.after:
                self._spring(trap)
        try:
            answer = await super()._forward(request, body)
        except aiohttp.ClientError:  # the homeserver is away
            return web.Response(status=502)
        if trap and trap.calls <= 0 and trap.after:
            self._spring(trap)
        return answer

    def _spring(self, trap: Trap) -> None:
        if not trap.sprung.is_set():
            trap.spring()
            self.note(f"killed {'after' if trap.after else 'before'} {trap.path}")
            trap.sprung.set()
