"""Every test of the store that asks for `database` runs on SQLite and on PostgreSQL."""

import pathlib
from collections.abc import AsyncIterator, Callable

import pytest

from bot.store.database import Database
from tests.postgresql import Cluster, cluster

__all__ = ["cluster"]

BOTH = ["sqlite", "postgresql"]


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    """The address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bot.db"
    server: Cluster = request.getfixturevalue("cluster")
    return server.fresh()


@pytest.fixture(params=BOTH)
async def url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    """The address of a database of the newest version."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bot.db"
    server: Cluster = request.getfixturevalue("cluster")
    return await server.migrated()


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with Database.connect(url) as opened:
        yield opened


@pytest.fixture
def migrations(tmp_path: pathlib.Path) -> Callable[..., pathlib.Path]:
    """Makes a folder with the given migrations, numbered from 1."""

    def make(*steps: str) -> pathlib.Path:
        folder = tmp_path / f"migrations{len(steps)}"
        folder.mkdir()
        for number, sql in enumerate(steps, start=1):
            (folder / f"{number:04}_step.sql").write_text(sql)
        return folder

    return make
