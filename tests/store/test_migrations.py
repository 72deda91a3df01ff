"""Migrations: in order, each whole or not at all, never over data without a copy."""

import asyncio
import contextlib
import os
import pathlib
import sqlite3
import stat
import time
from collections.abc import Callable

import pytest

from bot.store.database import Database, StoreError
from bot.store.migrate import statements

Folder = Callable[..., pathlib.Path]

ONE = "CREATE TABLE note (id @id, text TEXT NOT NULL);  -- the writer's :text\n"
TWO = "ALTER TABLE note ADD COLUMN done BIGINT NOT NULL DEFAULT 0;\nUPDATE note SET done = 1;\n"
BROKEN = "CREATE TABLE other (id @id);\nINSERT INTO nowhere (id) VALUES (1);\n"


async def write_note(url: str, folder: pathlib.Path) -> None:
    async with Database.connect(url, migrations=folder) as database, database.write() as tx:
        await tx.run("INSERT INTO note (text) VALUES ('x')")


def copies(folder: pathlib.Path) -> list[str]:
    return [file.name for file in folder.iterdir() if "before" in file.name]


async def backup(database: Database, number: int) -> None:
    """Stands for the encrypted backup that the caller makes."""


async def test_the_real_ones(database: Database) -> None:
    """Our own migrations run on both databases."""
    assert {"person", "outbox", "migration"} <= set(await database.tables())


async def test_upgrade(empty_url: str, migrations: Folder) -> None:
    """A second migration keeps and changes what is there; opening again does nothing more."""
    await write_note(empty_url, migrations(ONE))
    folder = migrations(ONE, TWO)
    for _ in range(2):
        async with (
            Database.connect(empty_url, migrations=folder, before_migration=backup) as database,
            database.read() as tx,
        ):
            assert await tx.all("SELECT * FROM note") == [{"id": 1, "text": "x", "done": 1}]


async def test_newer_is_refused(empty_url: str, migrations: Folder) -> None:
    """A database that a newer version has changed is left alone."""
    await write_note(empty_url, migrations(ONE, TWO))
    with pytest.raises(StoreError) as caught:
        await write_note(empty_url, migrations(ONE))
    assert caught.value.reason == "newer"


async def test_broken_migration_is_undone_whole(empty_url: str, migrations: Folder) -> None:
    """A migration that fails halfway leaves the database at the number before."""
    folder = migrations(ONE)
    await write_note(empty_url, folder)
    with pytest.raises(Exception, match="nowhere"):
        async with Database.connect(empty_url, migrations=migrations(ONE, BROKEN), before_migration=backup):
            pass
    async with Database.connect(empty_url, migrations=folder) as database:
        assert sorted(await database.tables()) == ["migration", "note"]


async def test_two_starts_at_once(empty_url: str, migrations: Folder) -> None:
    """Two programs that start on a new database at the same time run each migration once."""
    folder = migrations(ONE, TWO)

    async def start() -> None:
        async with Database.connect(empty_url, migrations=folder):
            pass

    await asyncio.gather(start(), start(), start())
    async with Database.connect(empty_url, migrations=folder) as database, database.read() as tx:
        assert await tx.value("SELECT count(*) FROM migration") == 2


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
async def test_copy_beside_the_file(empty_url: str, migrations: Folder, tmp_path: pathlib.Path) -> None:
    """On SQLite the copy holds what there was, for its owner only, and goes after a week."""
    await write_note(empty_url, migrations(ONE))
    copy = tmp_path / "bot.before-2.db"
    assert not copy.exists()
    folder = migrations(ONE, TWO)
    async with Database.connect(empty_url, migrations=folder):
        with contextlib.closing(sqlite3.connect(copy)) as before:
            assert before.execute("SELECT * FROM note").fetchall() == [(1, "x")]
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    for age, left in ((6.9, True), (7.1, False)):
        os.utime(copy, (time.time(), time.time() - age * 86400))
        async with Database.connect(empty_url, migrations=folder):
            assert copy.exists() is left


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
async def test_no_copy_of_nothing(empty_url: str, migrations: Folder, tmp_path: pathlib.Path) -> None:
    """A database without rows is not copied."""
    async with Database.connect(empty_url, migrations=migrations(ONE)):
        pass
    async with Database.connect(empty_url, migrations=migrations(ONE, TWO)):
        assert copies(tmp_path) == []


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
async def test_backup_by_the_caller(empty_url: str, migrations: Folder) -> None:
    """On PostgreSQL the caller makes a backup before the first migration; without one nothing is touched."""
    await write_note(empty_url, migrations(ONE))
    folder = migrations(ONE, TWO)
    with pytest.raises(StoreError) as caught:
        async with Database.connect(empty_url, migrations=folder):
            pass
    assert caught.value.reason == "no-backup"
    asked: list[tuple[int, int]] = []

    async def count(database: Database, number: int) -> None:
        async with database.read() as tx:
            asked.append((number, len(await tx.all("SELECT * FROM note"))))

    async with Database.connect(empty_url, migrations=folder, before_migration=count):
        assert asked == [(2, 1)]


def test_statements() -> None:
    """A script falls apart at its semicolons, but not at those in strings and comments."""
    script = "A 'x;\ny'; -- it's\nB; -- one; two\n\n-- end\n"
    assert [statement.strip() for statement in statements(script)] == ["A 'x;\ny'; -- it's", "B; -- one; two"]
    with pytest.raises(ValueError, match="semicolon"):
        list(statements("A;\nB\n"))
