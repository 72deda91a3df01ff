"""One connection to an SQLite file, and what can go wrong with it."""

import asyncio
import contextlib
import errno
import os
import pathlib
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Self, TypeVar

import aiosqlite

from bot.store.errors import Reason, StoreError, store_error
from bot.store.parameters import Plain
from bot.store.transaction import Row

ALMOST_FULL_BYTES = 256 * 1024

T = TypeVar("T")

# The names that SQLite gives its errors; extended codes such as SQLITE_READONLY_DIRECTORY begin with these.
_REASONS = {
    "SQLITE_BUSY": Reason.LOCKED,
    "SQLITE_LOCKED": Reason.LOCKED,
    "SQLITE_READONLY": Reason.READ_ONLY,
    "SQLITE_FULL": Reason.FULL,
    "SQLITE_NOTADB": Reason.DAMAGED,
    "SQLITE_CORRUPT": Reason.DAMAGED,
    "SQLITE_CANTOPEN": Reason.UNWRITABLE,
    "SQLITE_PERM": Reason.UNWRITABLE,
    "SQLITE_CONSTRAINT": Reason.VIOLATED,
    "SQLITE_IOERR": Reason.FAILED,
}
_ERRNOS = {
    errno.EROFS: Reason.READ_ONLY,
    errno.ENOSPC: Reason.FULL,
    errno.EDQUOT: Reason.FULL,
    errno.EACCES: Reason.UNWRITABLE,
    errno.EPERM: Reason.UNWRITABLE,
}


class Link(aiosqlite.Connection):
    """A connection and its thread.

    A thread hop costs more than most statements, so a statement, its rows and the BEGIN before it are one hop;
    with aiosqlite's own cursors they would be three.
    """

    @classmethod
    def to(cls, path: pathlib.Path, *, patience: float) -> Self:
        """A link to an existing file, to be entered; `patience` is how long to wait for others, in seconds."""

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=patience,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=512,
            )

        return cls(connect, iter_chunk_size=64)

    async def __aenter__(self) -> Self:
        try:
            await super().__aenter__()
        except BaseException:
            # aiosqlite does not wait for the thread of a connection that failed, which then reports to a closed loop.
            await asyncio.to_thread(self._thread.join)
            raise
        return self

    async def fetch(
        self, sql: str, values: Mapping[str, Plain] | None = None, *, begin: str = ""
    ) -> tuple[list[Row], int]:
        """Run one statement; its rows, and how many it changed."""

        def work() -> tuple[list[Row], int]:
            cursor = self._begun(begin).execute(sql, values or {})
            if cursor.description is None:
                return [], cursor.rowcount
            names = [column[0] for column in cursor.description]
            rows: list[Row] = [dict(zip(names, row, strict=True)) for row in cursor]
            return rows, cursor.rowcount

        return await self._hop(work)

    async def repeat(self, sql: str, rows: Sequence[Mapping[str, Plain]], *, begin: str = "") -> None:
        """Run one statement for each row of values."""
        await self._hop(lambda: self._begun(begin).executemany(sql, rows))

    def _begun(self, begin: str) -> sqlite3.Connection:
        if begin:
            self._conn.execute(begin)
        return self._conn

    async def _hop(self, work: Callable[[], T]) -> T:
        hop: Callable[[Callable[[], T]], Awaitable[T]] = self._execute
        return await hop(work)


@contextlib.contextmanager
def translated(path: pathlib.Path) -> Iterator[None]:
    """Turn what the disk and SQLite say into a StoreError; a mistake in SQL stays what it is."""
    try:
        yield
    except sqlite3.Error as error:
        reason = _reason(getattr(error, "sqlite_errorname", ""), path)
        if reason is None:
            raise
        raise store_error(reason, str(path), error) from error
    except OSError as error:
        raise store_error(_ERRNOS.get(error.errno or 0, Reason.MISSING), str(path), error) from error


def _reason(name: str, path: pathlib.Path) -> Reason | None:
    reason = next((reason for prefix, reason in _REASONS.items() if name.startswith(prefix)), None)
    # A write-ahead log or its index that cannot grow is reported as an I/O error, not as a full disk.
    if reason is Reason.FAILED and shutil.disk_usage(path.parent).free < ALMOST_FULL_BYTES:
        return Reason.FULL
    return reason


def prepare(path: pathlib.Path) -> None:
    """Make the folder and an empty file, for its owner only, where they are not there yet.

    Raises:
        StoreError: they cannot be made, or the file that is there cannot be written.
    """
    with translated(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            create(path)
    # Asked, not tried: closing a file of our own would take away the locks that SQLite has on it in this process.
    if path.is_file() and not os.access(path, os.W_OK):
        raise StoreError(Reason.READ_ONLY if os.access(path, os.R_OK) else Reason.UNWRITABLE, str(path))


def create(path: pathlib.Path) -> None:
    """Make an empty file that only its owner can read; SQLite gives its neighbours the same permissions.

    Raises:
        FileExistsError: it is there.
    """
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
