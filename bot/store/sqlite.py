"""SQLite: one file, one writer in turns, readers beside it."""

import asyncio
import contextlib
import datetime as dt
import pathlib
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal, Self

from bot.store.database import BeforeMigration, Database
from bot.store.errors import Reason, StoreError
from bot.store.parameters import Plain, Statement, Value, named, pick
from bot.store.sqlite_link import Link, create, prepare, translated
from bot.store.transaction import Row, Transaction

OLDEST = (3, 40)
READERS = 3
COPIES_KEPT = dt.timedelta(days=7)

# synchronous = FULL: a message is sent only after its row is safe on the disk. With NORMAL a power cut takes back
# the last commits, and the next start would say again what was said, or forget what somebody was promised.
# It costs one fsync per commit, about 0.5 ms on the disk that this was measured on.
_WRITER_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_size_limit = 67108864",
)


class SQLiteTransaction(Transaction):
    """A transaction that begins with its first statement."""

    def __init__(self, link: Link, path: pathlib.Path, *, begin: str) -> None:
        super().__init__()
        self._link = link
        self._path = path
        self._begin = begin

    async def _run(self, sql: str, values: Mapping[str, Value]) -> int:
        _, changed = await self._fetch(sql, values)
        return max(changed, 0)

    async def _all(self, sql: str, values: Mapping[str, Value]) -> list[Row]:
        rows, _ = await self._fetch(sql, values)
        return rows

    async def _fetch(self, sql: str, values: Mapping[str, Value]) -> tuple[list[Row], int]:
        plain = _by_name(named(sql), values)
        with translated(self._path):
            return await self._link.fetch(sql, plain, begin=self._beginning())

    async def _many(self, sql: str, rows: Sequence[Mapping[str, Value]]) -> None:
        statement = named(sql)
        plain = [_by_name(statement, values) for values in rows]
        with translated(self._path):
            await self._link.repeat(sql, plain, begin=self._beginning())

    def _beginning(self) -> str:
        begin, self._begin = self._begin, ""
        return begin

    async def commit(self) -> None:
        """Keep what was done. A cancellation during the commit itself comes too late to undo it."""
        self.check()
        self.end()
        with translated(self._path):
            await self._link.commit()

    async def rollback(self) -> None:
        """Undo what is open, if anything is.

        The thread works in order: once asked for, the rollback comes before any later BEGIN, even when the
        task that waits for it here is cancelled again.
        """
        self.end()
        if self._begin:  # nothing was asked, so nothing was begun
            return
        with translated(self._path):
            await self._link.rollback()


def _by_name(statement: Statement, values: Mapping[str, Value]) -> dict[str, Plain]:
    return dict(zip(statement.names, pick(statement, values), strict=True))


class SQLite(Database):
    """A database in a file, for one machine."""

    kind: Literal["sqlite"] = "sqlite"
    identity = "INTEGER PRIMARY KEY AUTOINCREMENT"  # without AUTOINCREMENT the number of an erased person comes back

    def __init__(self, path: pathlib.Path, writer: Link, readers: Sequence[Link]) -> None:
        super().__init__(str(path))
        self._path = path
        self._writer = writer
        self._turn = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None
        self._readers: asyncio.LifoQueue[Link] = asyncio.LifoQueue()
        for reader in readers:
            self._readers.put_nowait(reader)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, path: pathlib.Path, *, patience: float) -> AsyncIterator[Self]:
        """Open a file, made when it is not there; `patience` is how long to wait for others, in seconds."""
        if sqlite3.sqlite_version_info < OLDEST:
            raise StoreError(Reason.OLD, str(path), f"SQLite {sqlite3.sqlite_version}")
        prepare(path)
        async with contextlib.AsyncExitStack() as stack:
            with translated(path):
                writer = await stack.enter_async_context(Link.to(path, patience=patience))
                await _set_up(writer, path, patience)
                readers = [await stack.enter_async_context(Link.to(path, patience=patience)) for _ in range(READERS)]
                for reader in readers:
                    await reader.fetch("PRAGMA query_only = ON")
            yield cls(path, writer, readers)

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        if self._holder is not None and self._holder is asyncio.current_task():
            raise RuntimeError("a write within a write would wait for itself")
        async with self._turn:
            self._holder = asyncio.current_task()
            tx = SQLiteTransaction(self._writer, self._path, begin="BEGIN IMMEDIATE")
            try:
                yield tx
                await tx.commit()
            except BaseException:
                await tx.rollback()
                raise
            finally:
                self._holder = None

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        link = await self._readers.get()
        tx = SQLiteTransaction(link, self._path, begin="BEGIN")
        try:
            yield tx
        finally:
            # Given back first: its thread has the rollback before anybody else can ask it something.
            self._readers.put_nowait(link)
            await tx.rollback()

    async def tables(self) -> list[str]:
        async with self.read() as tx:
            rows = await tx.all(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'"
            )
        return [row["name"] for row in rows]

    async def keep_others_out(self, tx: Transaction) -> None:
        """BEGIN IMMEDIATE has done so."""

    async def copy_before(self, number: int, hook: BeforeMigration | None) -> None:
        """Make `NAME.before-N.db` beside the file, for its owner only; an older one is replaced."""
        target = self._path.with_name(f"{self._path.stem}.before-{number}.db")
        part = target.with_name(f"{target.name}.part")
        with translated(self._path):
            _discard(part)
            create(part)
            try:
                await self._writer.fetch("VACUUM INTO :part", {"part": str(part)})
                _rename(part, target)
            finally:
                _discard(part)

    async def forget_copies(self) -> None:
        await asyncio.to_thread(_forget_copies, self._path)


async def _set_up(writer: Link, path: pathlib.Path, patience: float) -> None:
    await writer.fetch("PRAGMA auto_vacuum = INCREMENTAL")  # counts for a new file only, and before its first page
    await writer.fetch("BEGIN IMMEDIATE")  # a file that cannot be written is refused now, not at the first command
    await writer.rollback()
    mode = await _write_ahead(writer, time.monotonic() + patience)
    if mode != "wal":
        raise StoreError(Reason.UNWRITABLE, str(path), "no write-ahead log on this file system")
    for setting in _WRITER_SETTINGS:
        await writer.fetch(setting)


async def _write_ahead(writer: Link, deadline: float) -> str:
    """Switch to a write-ahead log. SQLite does not wait by itself for another program that does the same."""
    while True:
        try:
            rows, _ = await writer.fetch("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.02)
        else:
            return str(rows[0]["journal_mode"])


def _discard(path: pathlib.Path) -> None:
    path.unlink(missing_ok=True)


def _rename(part: pathlib.Path, target: pathlib.Path) -> None:
    part.replace(target)


def _forget_copies(path: pathlib.Path) -> None:
    oldest = time.time() - COPIES_KEPT.total_seconds()
    for copy in path.parent.glob(f"{path.stem}.before-*.db"):
        if copy.stat().st_mtime < oldest:
            copy.unlink(missing_ok=True)
