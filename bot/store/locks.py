"""Locks that the system releases when their holder dies: on a file, or on a connection to a server."""

import abc
import contextlib
import fcntl
import os
import pathlib
from typing import Any

from bot.store.transaction import Transaction

RUN_LOCK = 0x616374696572  # any number of our own: "actier"
ANSWER_SECONDS = 5.0

# A machine that loses its power says nothing: without these its lock would stand for two hours.
_SETTINGS = {
    "application_name": "actiebot run",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


class Lock(abc.ABC):
    """Somebody's, or nobody's."""

    @abc.abstractmethod
    async def take(self) -> bool:
        """Try once; False when somebody else has it.

        Raises:
            StoreError: there is no way to know.
        """

    @abc.abstractmethod
    async def held(self) -> bool:
        """Whether it is still ours."""

    @abc.abstractmethod
    async def release(self) -> None:
        """Give it back, if it is ours."""


class FileLock(Lock):
    """A lock on a file of its own. The file stays: when it were removed, two runs could lock two files."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    async def take(self) -> bool:
        descriptor = _open(self._path)
        if not _try_lock(descriptor):
            os.close(descriptor)
            return False
        await self.release()
        self._descriptor = descriptor
        return True

    async def held(self) -> bool:
        """Whether the file of this name is still the one that we locked."""
        if self._descriptor is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._descriptor), _stat(self._path))
        except FileNotFoundError:
            return False

    async def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def lock_file(place: str) -> pathlib.Path:
    """The file beside a database; the same one by whichever way the database is reached."""
    path = pathlib.Path(place).resolve()
    return path.with_name(f"{path.name}.lock")


def is_locked(path: pathlib.Path) -> bool:
    """Whether a run has the lock; it is touched for less than `Instance.take` waits."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _open(path: pathlib.Path) -> int:
    from bot.store.sqlite_link import translated

    with translated(path):
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _stat(path: pathlib.Path) -> os.stat_result:
    return path.stat()


def _try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class ServerLock(Lock):
    """An advisory lock of PostgreSQL on a connection of its own, for one database of the server."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._link: Any = None

    async def take(self) -> bool:
        import asyncpg  # type: ignore[import-untyped]  # has neither stubs nor py.typed

        from bot.store.postgresql import translated, without_password

        with translated(without_password(self._url), self._link):
            if self._link is None or self._link.is_closed():
                self._link = await asyncpg.connect(
                    self._url, timeout=ANSWER_SECONDS, command_timeout=ANSWER_SECONDS, server_settings=_SETTINGS
                )
            return bool(await self._link.fetchval("SELECT pg_try_advisory_lock($1)", RUN_LOCK))

    async def held(self) -> bool:
        """Whether the connection, and with it the lock, is still there."""
        if self._link is None or self._link.is_closed():
            return False
        import asyncpg

        try:
            return bool(await self._link.fetchval("SELECT 1"))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            self._link.terminate()
            return False

    async def release(self) -> None:
        """Give it back, and hear that the server has it: a cut connection is noticed only some time later."""
        if self._link is None:
            return
        import asyncpg

        link, self._link = self._link, None
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            await link.execute("SELECT pg_advisory_unlock_all()")
        link.terminate()


async def lock_is_held(tx: Transaction) -> bool:
    """Whether a run has the lock of this database."""
    return bool(
        await tx.value(
            """
            SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
            WHERE locktype = 'advisory' AND datname = current_database() AND granted
            AND objsubid = 1 AND classid = CAST(:high AS BIGINT) AND objid = CAST(:low AS BIGINT)""",
            high=RUN_LOCK >> 32,
            low=RUN_LOCK & 0xFFFFFFFF,
        )
    )
