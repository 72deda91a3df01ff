"""Giving the disk back what was deleted; to be called daily."""

import asyncio
import contextlib
import sqlite3

from bot.store.database import Database

_PAGES = 500  # at a time, so that writers wait a few milliseconds only
_PATIENCE_SECONDS = 1.0
_INCREMENTAL = 2


async def tidy(database: Database) -> None:
    """Empty SQLite's write-ahead log and shrink its file; PostgreSQL sees to itself.

    Where a long reader is in the way the log is emptied another day.
    """
    if database.kind == "sqlite":
        await asyncio.to_thread(_tidy, database.place)
    await database.forget_copies()


def _tidy(path: str) -> None:
    # A connection of its own: neither can be done within a transaction, and others write meanwhile.
    with contextlib.closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)) as link:
        try:
            while _shrinkable(link):
                link.execute(f"PRAGMA incremental_vacuum({_PAGES})").fetchall()  # each row fetched frees one page
            link.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY":
                raise


def _shrinkable(link: sqlite3.Connection) -> bool:
    """Whether there are pages to give back, and the file was made to do so."""
    (mode,) = link.execute("PRAGMA auto_vacuum").fetchone()
    (free,) = link.execute("PRAGMA freelist_count").fetchone()
    return bool(mode == _INCREMENTAL and free > 0)
