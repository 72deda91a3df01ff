"""What tables look like, and the few things about them that SQLite and PostgreSQL do each in their own way."""

import abc
import dataclasses
from collections.abc import AsyncIterator, Sequence

from bot.store.database import Database
from bot.store.transaction import Row, Transaction

PAGE = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        columns: By name, in alphabetical order: a migrated table may have them in another one.
        key: The columns of the primary key, in its order.
        texts: Those of the key that hold text.
        counter: The column that the database counts itself.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    texts: frozenset[str]
    counter: str | None

    @property
    def selected(self) -> str:
        return f"SELECT {', '.join(map(quoted, self.columns))} FROM {quoted(self.name)}"

    @property
    def insert(self) -> str:
        """A statement that takes each column as a parameter of that name."""
        values = ", ".join(f":{column}" for column in self.columns)
        return f"INSERT INTO {quoted(self.name)} ({', '.join(map(quoted, self.columns))}) VALUES ({values})"


def quoted(name: str) -> str:
    return f'"{name}"'


def dialect_of(database: Database) -> "Dialect":
    return SQLiteDialect() if database.kind == "sqlite" else PostgreSQLDialect()


class Dialect(abc.ABC):
    """How one kind of database does it."""

    async def table(self, tx: Transaction, name: str) -> Table:
        """Look a table up.

        Raises:
            ValueError: it has no primary key, so its rows have no order.
        """
        columns = await self._columns(tx, name)
        key = sorted((column for column in columns if column["key"]), key=lambda column: int(column["key"]))
        if not key:
            raise ValueError(f"table {name} has no primary key")
        return Table(
            name,
            tuple(sorted(column["name"] for column in columns)),
            tuple(column["name"] for column in key),
            frozenset(column["name"] for column in key if column["type"].lower() == "text"),
            next((column["name"] for column in columns if column["counted"]), None),
        )

    @abc.abstractmethod
    async def _columns(self, tx: Transaction, table: str) -> list[Row]:
        """name, type, place in the primary key from 1, and whether the database counts it."""

    @abc.abstractmethod
    def pages(self, tx: Transaction, table: Table) -> AsyncIterator[list[Row]]:
        """All rows by primary key, text in the order of its UTF-8 bytes, a thousand at a time."""

    @abc.abstractmethod
    async def counted(self, tx: Transaction, table: Table) -> int:
        """The last number that was given out, also when its row is gone; 0 before the first."""

    @abc.abstractmethod
    async def count_from(self, tx: Transaction, table: Table, last: int) -> None:
        """Let the next row get the number after `last`; undone with the transaction."""

    @abc.abstractmethod
    async def defer_references(self, tx: Transaction) -> None:
        """Let rows come in any order; references are checked at `check_references`, or at the end."""

    @abc.abstractmethod
    async def check_references(self, tx: Transaction) -> None:
        """Check them now, and from now on at once."""

    @abc.abstractmethod
    async def drop(self, tx: Transaction, tables: Sequence[str]) -> None:
        """Remove empty tables that refer to each other."""


class SQLiteDialect(Dialect):
    async def _columns(self, tx: Transaction, table: str) -> list[Row]:
        return await tx.all(
            """
            SELECT name, type, pk AS key, pk = 1 AND type = 'INTEGER' AS counted FROM pragma_table_info(:name)""",
            name=table,
        )

    async def pages(self, tx: Transaction, table: Table) -> AsyncIterator[list[Row]]:
        key = ", ".join(map(quoted, table.key))
        after = f" WHERE ({key}) > ({', '.join(f':{column}' for column in table.key)})"
        order = f" ORDER BY {key} LIMIT {PAGE}"
        page = await tx.all(table.selected + order)
        while page:
            yield page
            last = {column: page[-1][column] for column in table.key}
            page = await tx.all(table.selected + after + order, **last) if len(page) == PAGE else []

    async def counted(self, tx: Transaction, table: Table) -> int:
        return int(await tx.value("SELECT seq FROM sqlite_sequence WHERE name = :name", name=table.name) or 0)

    async def count_from(self, tx: Transaction, table: Table, last: int) -> None:
        await tx.run("DELETE FROM sqlite_sequence WHERE name = :name", name=table.name)
        await tx.run("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)", name=table.name, last=last)

    async def defer_references(self, tx: Transaction) -> None:
        await tx.run("PRAGMA defer_foreign_keys = ON")

    async def check_references(self, tx: Transaction) -> None:
        """SQLite does so at the commit."""

    async def drop(self, tx: Transaction, tables: Sequence[str]) -> None:
        for table in tables:
            await tx.run(f"DROP TABLE {quoted(table)}")


class PostgreSQLDialect(Dialect):
    async def _columns(self, tx: Transaction, table: str) -> list[Row]:
        return await tx.all(
            """
            SELECT a.attname AS name, t.typname AS type, a.attidentity <> '' AS counted,
                array_position(CAST(i.indkey AS int2[]), a.attnum) + 1 AS key
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
            WHERE c.relname = :name""",
            name=table,
        )

    async def pages(self, tx: Transaction, table: Table) -> AsyncIterator[list[Row]]:
        # A cursor, for a database whose own order of texts is another one has no index on this one.
        order = ", ".join(quoted(column) + (' COLLATE "C"' if column in table.texts else "") for column in table.key)
        cursor = quoted(f"rows of {table.name}")
        await tx.run(f"DECLARE {cursor} NO SCROLL CURSOR FOR {table.selected} ORDER BY {order}")
        while page := await tx.all(f"FETCH {PAGE} FROM {cursor}"):
            yield page
        await tx.run(f"CLOSE {cursor}")

    async def counted(self, tx: Transaction, table: Table) -> int:
        sequence = await tx.value(
            "SELECT pg_get_serial_sequence(:name, :counter)", name=quoted(table.name), counter=table.counter
        )
        row = await tx.first(f"SELECT last_value, is_called FROM {sequence}")
        if row is None:
            raise AssertionError("a sequence has one row")
        return int(row["last_value"]) - (not row["is_called"])

    async def count_from(self, tx: Transaction, table: Table, last: int) -> None:
        # Not setval: that would stay when the transaction is undone.
        counter = quoted(table.counter or "")
        await tx.run(f"ALTER TABLE {quoted(table.name)} ALTER COLUMN {counter} RESTART WITH {int(last) + 1}")

    async def defer_references(self, tx: Transaction) -> None:
        await self._alter_references(tx, "DEFERRABLE INITIALLY DEFERRED")

    async def check_references(self, tx: Transaction) -> None:
        await tx.run("SET CONSTRAINTS ALL IMMEDIATE")
        await self._alter_references(tx, "NOT DEFERRABLE")

    async def _alter_references(self, tx: Transaction, how: str) -> None:
        references = await tx.all(
            """
            SELECT t.relname AS name, k.conname AS reference FROM pg_constraint k
            JOIN pg_class t ON t.oid = k.conrelid
            JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = current_schema()
            WHERE k.contype = 'f' ORDER BY t.relname, k.conname"""
        )
        for row in references:
            await tx.run(f"ALTER TABLE {quoted(row['name'])} ALTER CONSTRAINT {quoted(row['reference'])} {how}")

    async def drop(self, tx: Transaction, tables: Sequence[str]) -> None:
        if tables:
            await tx.run(f"DROP TABLE {', '.join(map(quoted, tables))} CASCADE")
