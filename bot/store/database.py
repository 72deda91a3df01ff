"""The database: one small face over SQLite and PostgreSQL.

async with Database.connect("sqlite:///data/actiebot.db") as database:
    async with database.write() as tx:
        await tx.run("UPDATE task SET title = :title WHERE id = :id", title="Flyers", id=7)
    async with database.read() as tx:
        rows = await tx.all("SELECT * FROM task")
"""

import abc
import contextlib
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import ClassVar, Literal

from bot.store.errors import Conflict, Reason, StoreError, Violated
from bot.store.migrate import LEDGER, Step, hold_data, reached, steps_in
from bot.store.transaction import Row, Transaction

__all__ = ["BeforeMigration", "Conflict", "Database", "Reason", "Row", "StoreError", "Transaction", "Violated"]

MIGRATIONS = pathlib.Path(__file__).parent / "migrations"

BeforeMigration = Callable[["Database", int], Awaitable[None]]
"""Makes a backup before the migration with this number changes a database that holds data."""


class Database(abc.ABC):
    """One database, open.

    Attributes:
        kind: For the few statements that differ.
        identity: What `@id` in a migration means here.
        place: The file, or the address of the server without its password.
    """

    kind: Literal["sqlite", "postgresql"]
    identity: ClassVar[str]

    def __init__(self, place: str) -> None:
        self.place = place

    @staticmethod
    @contextlib.asynccontextmanager
    async def connect(
        url: str,
        *,
        before_migration: BeforeMigration | None = None,
        migrations: pathlib.Path = MIGRATIONS,
        patience: float = 5.0,
    ) -> "AsyncIterator[Database]":
        """Open a database, made when SQLite's file is not there, and bring its tables up to date.

        Args:
            url: `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user@host/name`.
            before_migration: Makes a backup; needed for PostgreSQL only. On SQLite a copy is made beside the file.
            migrations: The folder with the numbered steps.
            patience: How many seconds to wait for another program that holds the file, and for a server.

        Raises:
            StoreError: it cannot be opened or brought up to date; `reason` says why.
        """
        async with _open(url, patience) as database:
            await database.migrate(migrations, before_migration)
            await database.forget_copies()
            yield database

    @abc.abstractmethod
    def write(self) -> contextlib.AbstractAsyncContextManager[Transaction]:
        """A transaction that changes things: kept at the end, undone by any exception and by cancellation.

        SQLite lets one write in at a time. PostgreSQL runs them side by side at READ COMMITTED, and may raise
        Conflict, upon which the caller may do the same again.
        """

    @abc.abstractmethod
    def read(self) -> contextlib.AbstractAsyncContextManager[Transaction]:
        """A transaction that only looks: everything in it sees one moment, whatever is written meanwhile."""

    async def migrate(self, folder: pathlib.Path, before: BeforeMigration | None = None) -> None:
        """Run the migrations that are new to this database, after a copy where it holds data.

        Raises:
            StoreError: it is newer than the folder, of another program, or no copy can be made.
        """
        steps = steps_in(folder)
        tables = await self.tables()
        done = await self._reached(tables)
        if done > steps[-1].number:
            raise StoreError(Reason.NEWER, self.place, f"{done} > {steps[-1].number}")
        todo = [step for step in steps if step.number > done]
        if todo and await self._holds_data(tables):
            await self.copy_before(todo[0].number, before)
        for step in todo:
            await self._take(step)

    async def _reached(self, tables: list[str]) -> int:
        if "migration" in tables:
            async with self.read() as tx:
                return await reached(tx)
        if tables:
            raise StoreError(Reason.FOREIGN, self.place)
        return 0

    async def _holds_data(self, tables: list[str]) -> bool:
        async with self.read() as tx:
            return await hold_data(tx, tables)

    async def _take(self, step: Step) -> None:
        async with self.write() as tx:
            await self.keep_others_out(tx)
            await tx.run(LEDGER)
            if await reached(tx) < step.number:
                await step.run(tx, identity=self.identity)

    @abc.abstractmethod
    async def tables(self) -> list[str]:
        """The names of the tables, of whomever."""

    @abc.abstractmethod
    async def keep_others_out(self, tx: Transaction) -> None:
        """Let other programs wait with their migrations until this transaction ends."""

    @abc.abstractmethod
    async def copy_before(self, number: int, hook: BeforeMigration | None) -> None:
        """Keep what the database holds before migration `number`.

        Raises:
            StoreError: there is no way to.
        """

    @abc.abstractmethod
    async def forget_copies(self) -> None:
        """Remove the copies that migrations made when they are a week old; to be called daily."""


def _open(url: str, patience: float) -> contextlib.AbstractAsyncContextManager[Database]:
    scheme, separator, rest = url.partition("://")
    if separator and scheme in {"postgresql", "postgres"}:
        from bot.store.postgresql import PostgreSQL

        return PostgreSQL.open(url, patience=patience)
    path = rest.removeprefix("/")
    if scheme == "sqlite" and rest.startswith("/") and path:
        from bot.store.sqlite import SQLite

        return SQLite.open(pathlib.Path(path), patience=patience)
    raise StoreError(Reason.URL, scheme)
