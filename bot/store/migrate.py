"""Migrations: numbered files of SQL, each run with its number in one transaction."""

import dataclasses
import pathlib
import sqlite3
from collections.abc import Iterator
from typing import Self

from bot.store.transaction import Transaction

LEDGER = "CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY KEY)"


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One migration.

    Attributes:
        sql: Statements; `@id` in them is the key that the database counts itself.
    """

    number: int
    sql: str

    @classmethod
    def of(cls, file: pathlib.Path) -> Self:
        """Read `0001_start.sql`."""
        return cls(int(file.name.partition("_")[0]), file.read_text(encoding="utf-8"))

    async def run(self, tx: Transaction, *, identity: str) -> None:
        """Do it, and write down that it was done."""
        for statement in statements(self.sql.replace("@id", identity)):
            await tx.run(statement)
        await tx.run("INSERT INTO migration (number) VALUES (:number)", number=self.number)


def steps_in(folder: pathlib.Path) -> list[Step]:
    """The migrations of a folder, in order."""
    return sorted((Step.of(file) for file in folder.glob("[0-9]*_*.sql")), key=lambda step: step.number)


def statements(sql: str) -> Iterator[str]:
    """The statements of a script, one by one; a statement ends at the end of a line."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if any(line.strip() and not line.lstrip().startswith("--") for line in pending.splitlines()):
        raise ValueError(f"a statement without its semicolon: {pending.strip()}")


async def reached(tx: Transaction) -> int:
    """The number of the last migration that was run; 0 before the first."""
    return int(await tx.value("SELECT coalesce(max(number), 0) FROM migration"))


async def hold_data(tx: Transaction, tables: list[str]) -> bool:
    """Whether any of the tables has a row, that of the migrations left out."""
    return any([await tx.value(f'SELECT 1 FROM "{table}" LIMIT 1') for table in tables if table != "migration"])
