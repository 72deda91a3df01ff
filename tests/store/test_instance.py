"""One run per database."""

import asyncio
import contextlib
import os
import pathlib
import socket
import sys
from collections.abc import AsyncIterator

import pytest

from bot.store.database import Database
from bot.store.instance import AlreadyRunning, Instance, running
from tests.postgresql import Cluster

HOLD = """
import asyncio, sys
from bot.store.database import Database
from bot.store.instance import Instance
async def main():
    async with Database.connect(sys.argv[1]) as database, Instance.take(database, sys.argv[1]):
        print("taken", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def another(url: str) -> AsyncIterator[int]:
    """Another process that has the database until it is killed; its number."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLD, url, stdout=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(20):
            assert process.stdout is not None
            assert await process.stdout.readline() == b"taken\n"
            yield process.pid
    finally:
        process.kill()
        await process.wait()


async def test_second_run_is_refused(database: Database, url: str) -> None:
    """A second run is told who runs and since when; afterwards the database is free."""
    assert await running(database) is None
    async with Instance.take(database, url):
        with pytest.raises(AlreadyRunning) as caught:
            async with Instance.take(database, url, patience=0.1):
                pass
        assert (caught.value.host, caught.value.pid) == (socket.gethostname(), os.getpid())
        seen = await running(database)
        assert seen is not None
        assert seen.since == caught.value.since
    assert await running(database) is None
    async with Instance.take(database, url):
        pass


async def test_heartbeat(database: Database, url: str) -> None:
    """The row shows that the run is alive."""
    async with Instance.take(database, url, beat_seconds=0.05):
        first = await running(database)
        await asyncio.sleep(0.4)
        later = await running(database)
    assert first is not None
    assert later is not None
    assert later.beat > first.beat
    assert later.since == first.since


async def test_killed_run_leaves_no_lock(database: Database, url: str) -> None:
    """When a run is killed, the next one starts at once."""
    async with another(url) as other:
        with pytest.raises(AlreadyRunning) as caught:
            async with Instance.take(database, url, patience=0.1):
                pass
        assert caught.value.pid == other
    async with Instance.take(database, url):
        seen = await running(database)
        assert seen is not None
        assert seen.pid == os.getpid()


async def test_asking_does_not_disturb(database: Database, url: str) -> None:
    """A start succeeds while others ask all the time who runs."""
    asking = True

    async def ask() -> None:
        while asking:
            await running(database)
            await asyncio.sleep(0)

    task = asyncio.create_task(ask())
    for _ in range(5):
        async with Instance.take(database, url):
            pass
    asking = False
    await task


async def test_lock_file_that_was_replaced(tmp_path: pathlib.Path) -> None:
    """When the file of the lock is gone and another run has a new one, this run is told to stop."""
    url = f"sqlite:///{tmp_path}/bot.db"
    async with Database.connect(url) as database, Instance.take(database, url, beat_seconds=2) as first:
        (tmp_path / "bot.db.lock").unlink()
        async with another(url):
            await first.lost.wait()


async def test_linked_database(tmp_path: pathlib.Path) -> None:
    """Two ways to one file are one database."""
    url = f"sqlite:///{tmp_path}/bot.db"
    (tmp_path / "link.db").symlink_to(tmp_path / "bot.db")
    async with (
        Database.connect(url) as database,
        Instance.take(database, url),
        Database.connect(f"sqlite:///{tmp_path}/link.db") as linked,
    ):
        with pytest.raises(AlreadyRunning):
            async with Instance.take(linked, url, patience=0.1):
                pass


async def test_connection_that_is_cut(cluster: Cluster) -> None:
    """When the server cuts the connection that holds the lock, it is taken again."""
    url = await cluster.migrated()
    async with Database.connect(url) as database, Instance.take(database, url, beat_seconds=0.05) as instance:
        cluster.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE application_name = 'actiebot run' AND datname = '{url.rpartition('/')[2]}'"
        )
        await asyncio.sleep(0.5)
        assert not instance.lost.is_set()
        assert await running(database) is not None


async def test_lock_that_somebody_else_took(cluster: Cluster) -> None:
    """A run whose connection was cut and whose lock another run took is told to stop."""
    url = await cluster.migrated()
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE application_name = 'actiebot run' AND datname = '{url.rpartition('/')[2]}'"
    )
    async with Database.connect(url) as database, Instance.take(database, url, beat_seconds=2) as first:
        cluster.execute(cut)
        async with another(url):
            await first.lost.wait()
