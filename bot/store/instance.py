"""One run per database: a lock that the system releases when its holder dies, and a row that says who holds it."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import os
import socket
import time
from collections.abc import AsyncIterator
from typing import Self

import structlog

from bot.core.moments import EPOCH, from_ms
from bot.store.database import Database, Row, StoreError
from bot.store.locks import FileLock, Lock, ServerLock, is_locked, lock_file, lock_is_held

BEAT_SECONDS = 5.0
PATIENCE_SECONDS = 1.0  # for somebody who only looked, or is about to end

log = structlog.get_logger()


@dataclasses.dataclass(frozen=True, slots=True)
class Running:
    """Who runs; `since` and `beat` are machine time of that host."""

    host: str
    pid: int
    since: dt.datetime
    beat: dt.datetime

    @classmethod
    def of(cls, row: Row | None) -> Self:
        if row is None:  # it has the lock and is about to say who it is
            return cls("?", 0, EPOCH, EPOCH)
        return cls(row["host"], row["pid"], from_ms(row["started_at"]), from_ms(row["beat_at"]))


class AlreadyRunning(Exception):
    """Another run has this database."""

    def __init__(self, host: str, pid: int, since: dt.datetime) -> None:
        super().__init__(f"process {pid} on {host} since {since.isoformat()}")
        self.host = host
        self.pid = pid
        self.since = since


class Instance:
    """This run.

    Attributes:
        lost: Set when another run may have the database: stop at once.
    """

    def __init__(self, database: Database, lock: Lock) -> None:
        self._database = database
        self._lock = lock
        self._host = socket.gethostname()
        self._pid = os.getpid()
        self.lost = asyncio.Event()

    @classmethod
    @contextlib.asynccontextmanager
    async def take(
        cls, database: Database, url: str, *, beat_seconds: float = BEAT_SECONDS, patience: float = PATIENCE_SECONDS
    ) -> AsyncIterator[Self]:
        """Be the only run of a database, whose address is `url`, until the block ends or the process dies.

        Raises:
            AlreadyRunning: another run has it.
            StoreError: the lock cannot be made.
        """
        lock: Lock = FileLock(lock_file(database.place)) if database.kind == "sqlite" else ServerLock(url)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(lock.release)
            deadline = time.monotonic() + patience
            while not await lock.take():
                if time.monotonic() >= deadline:
                    other = await _written(database)
                    raise AlreadyRunning(other.host, other.pid, other.since)
                await asyncio.sleep(0.05)
            instance = cls(database, lock)
            await instance._sign_in()
            stack.push_async_callback(instance._sign_out)
            beats = asyncio.create_task(instance._beats(beat_seconds))
            stack.push_async_callback(_stop, beats)
            yield instance

    async def _sign_in(self) -> None:
        now = _machine_ms()
        async with self._database.write() as tx:
            await tx.run("DELETE FROM instance")
            await tx.run(
                """
                INSERT INTO instance (one, host, pid, started_at, beat_at)
                VALUES (1, :host, :pid, :now, :now)""",
                host=self._host,
                pid=self._pid,
                now=now,
            )

    async def _sign_out(self) -> None:
        async with self._database.write() as tx:
            await tx.run("DELETE FROM instance WHERE host = :host AND pid = :pid", host=self._host, pid=self._pid)

    async def _beats(self, seconds: float) -> None:
        while not self.lost.is_set():
            await asyncio.sleep(seconds)
            try:
                if not await self._beat():
                    log.error("another run took this database")
                    self.lost.set()
            except StoreError as error:
                log.warning("no heartbeat", reason=error.reason.value, place=error.place)

    async def _beat(self) -> bool:
        """Show that we are alive; False when the lock was lost and somebody else has it."""
        if not await self._lock.held() and not await self._lock.take():
            other = await _written(self._database)
            return (other.host, other.pid) == (self._host, self._pid)  # the server has yet to notice that we were cut
        async with self._database.write() as tx:
            return bool(
                await tx.run(
                    "UPDATE instance SET beat_at = :now WHERE host = :host AND pid = :pid",
                    now=_machine_ms(),
                    host=self._host,
                    pid=self._pid,
                )
            )


async def running(database: Database) -> Running | None:
    """Who runs on a database at this moment; asking does not disturb it."""
    if database.kind == "sqlite":
        held = is_locked(lock_file(database.place))
    else:
        async with database.read() as tx:
            held = await lock_is_held(tx)
    return await _written(database) if held else None


async def _written(database: Database) -> Running:
    async with database.read() as tx:
        return Running.of(await tx.first("SELECT * FROM instance"))


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _machine_ms() -> int:
    return time.time_ns() // 1_000_000
