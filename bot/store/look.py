"""A look into a database that another program may be using."""

import contextlib
import pathlib
from collections.abc import AsyncIterator

from bot.store.database import MIGRATIONS, Database, Reason, StoreError
from bot.store.migrate import reached, steps_in

PATIENCE_SECONDS = 3.0


@contextlib.asynccontextmanager
async def look(url: str) -> AsyncIterator[Database | None]:
    """A database as it is: not made, not brought up to date, and only read; None: SQLite's file is not there yet.

    Args:
        url: As for `Database.connect`.

    Raises:
        StoreError: it cannot be opened.
    """
    if url.startswith("sqlite:///"):
        path = pathlib.Path(url.removeprefix("sqlite:///"))
        if not _is_there(path):
            yield None
            return
        async with _file(path) as database:
            yield database
        return
    from bot.store.postgresql import PostgreSQL

    async with PostgreSQL.open(url, patience=PATIENCE_SECONDS) as database:
        yield database


def _is_there(path: pathlib.Path) -> bool:
    return path.exists()


@contextlib.asynccontextmanager
async def _file(path: pathlib.Path) -> AsyncIterator[Database]:
    from bot.store.sqlite import SQLite
    from bot.store.sqlite_link import Link, prepare, translated

    prepare(path)
    async with contextlib.AsyncExitStack() as stack:
        with translated(path):
            link = await stack.enter_async_context(Link.to(path, patience=PATIENCE_SECONDS))
            await link.fetch("PRAGMA query_only = ON")
        yield SQLite(path, link, [link])


async def behind(database: Database) -> bool | None:
    """Whether the next start has to bring its tables up to date; None: there are no tables yet.

    Raises:
        StoreError: it is another program's, or newer than we are.
    """
    tables = await database.tables()
    if not tables:
        return None
    if "migration" not in tables:
        raise StoreError(Reason.FOREIGN, database.place)
    async with database.read() as tx:
        done = await reached(tx)
    newest = steps_in(MIGRATIONS)[-1].number
    if done > newest:
        raise StoreError(Reason.NEWER, database.place, f"{done} > {newest}")
    return done < newest
