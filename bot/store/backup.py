"""Backups: the whole database in one encrypted file, and back, also into the other kind of database.

A backup is of one moment, also while the bot runs. A restored bot is muted: until `resume` has looked at what came
due since the backup, it may not say again what the lost one said already.
"""

import contextlib
import datetime as dt
import pathlib
from collections.abc import Iterator

from bot.core.moments import to_ms
from bot.store import settings
from bot.store.backup_error import BackupError, BackupReason, translated
from bot.store.backup_file import in_thread, new_file
from bot.store.backup_form import Head, Packer, Part, Rows, Summary, TableHead, parts
from bot.store.database import MIGRATIONS, Database, Row, Transaction
from bot.store.migrate import LEDGER, Step, hold_data, reached, steps_in
from bot.store.sealed import STRONG, Cost, Sealer
from bot.store.shape import Dialect, Table, dialect_of, quoted

__all__ = ["MUTED", "BackupError", "BackupReason", "Summary", "check_backup", "read_backup", "write_backup"]

MUTED = "muted"
"""The setting that keeps a restored bot silent: the moment of its backup, UTC milliseconds."""

_LEFT_OUT = frozenset({"instance", "migration"})  # who runs here, and what the first line says
_SECRETS = ("device.", "token")  # memory that belongs to this machine: a restored bot is a new device


async def write_backup(
    database: Database, file: pathlib.Path, key: str, *, now: dt.datetime, cost: Cost = STRONG
) -> Summary:
    """Write a backup, whole or not at all; only its owner can read the file.

    Args:
        database: May be in use meanwhile.
        file: Must not exist.
        key: Whoever has it can read everything; without it nobody can.
        now: The campaign's clock.
        cost: Of deriving the file's own key.

    Raises:
        BackupError: the file cannot be made; `reason` says why.
        StoreError: the database cannot be read.
    """
    if not key:
        raise BackupError(BackupReason.NO_KEY, str(file))
    async with new_file(file) as stream:
        with translated(file, BackupReason.UNWRITABLE):
            sealer = await in_thread(Sealer, stream, key, cost)
            tables = sorted(set(await database.tables()) - _LEFT_OUT)
            async with database.read() as tx:
                packer = Packer(sealer, Head(now, await reached(tx)))
                for name in tables:
                    await _pack(packer, tx, dialect_of(database), name)
            return await in_thread(packer.close)


async def _pack(packer: Packer, tx: Transaction, dialect: Dialect, name: str) -> None:
    table = await dialect.table(tx, name)
    packer.table(table, await dialect.counted(tx, table) if table.counter else None)
    async for page in dialect.pages(tx, table):
        await in_thread(_pack_rows, packer, table, page)


def _pack_rows(packer: Packer, table: Table, page: list[Row]) -> None:
    packer.rows(table, [list(row.values()) for row in page if not _is_secret(table.name, row)])


def _is_secret(table: str, row: Row) -> bool:
    return table == "memory" and str(row["name"]).startswith(_SECRETS)


def check_backup(file: pathlib.Path, key: str, *, migrations: pathlib.Path = MIGRATIONS) -> Summary:
    """Read a whole backup and put it nowhere.

    Raises:
        BackupError: it could not be restored; `reason` says why.
    """
    *_, last = (part for part in parts(file, key, newest=steps_in(migrations)[-1].number) if not isinstance(part, list))
    if not isinstance(last, Summary):
        raise TypeError("a backup ends with its summary")
    return last


async def read_backup(
    file: pathlib.Path, key: str, database: Database, *, migrations: pathlib.Path = MIGRATIONS
) -> Summary:
    """Put a backup into an empty database, all or nothing, and mute it.

    One of an older version is put into the tables of its time, and migrated from there.

    Raises:
        BackupError: the backup cannot be read, or the database holds something; `reason` says why.
        StoreError: the database cannot be written.
    """
    steps = steps_in(migrations)
    with contextlib.closing(parts(file, key, newest=steps[-1].number)) as source:
        head = await in_thread(next, source)
        if not isinstance(head, Head):
            raise TypeError("a backup begins with its head")
        tables = await database.tables()
        async with database.write() as tx:
            await database.keep_others_out(tx)
            if await hold_data(tx, sorted(set(tables) - _LEFT_OUT)):
                raise BackupError(BackupReason.NOT_EMPTY, database.place)
            if head.schema < await reached(tx):
                await dialect_of(database).drop(tx, tables)
                await tx.run(LEDGER)
                await _take([step for step in steps if step.number <= head.schema], tx, database)
            summary = await _load(source, tx, database, file)
            await _take([step for step in steps if step.number > head.schema], tx, database)
            await _mute(tx, head.created)
    return summary


async def _take(steps: list[Step], tx: Transaction, database: Database) -> None:
    for step in steps:
        await step.run(tx, identity=database.identity)


async def _load(source: Iterator[Part], tx: Transaction, database: Database, file: pathlib.Path) -> Summary:
    dialect = dialect_of(database)
    await dialect.defer_references(tx)
    tables: list[tuple[Table, TableHead]] = []
    while not isinstance(part := await in_thread(next, source), Summary):
        if isinstance(part, TableHead):
            tables.append((await _known(part, tx, dialect, file), part))
        elif isinstance(part, list):
            await _insert(tx, tables[-1][0], part, database, file)
    await dialect.check_references(tx)
    for table, head in tables:
        if table.counter:
            highest = await tx.value(f"SELECT coalesce(max({quoted(table.counter)}), 0) FROM {quoted(table.name)}")
            await dialect.count_from(tx, table, max(highest, head.counted or 0))
    return part


async def _known(head: TableHead, tx: Transaction, dialect: Dialect, file: pathlib.Path) -> Table:
    """The table of ours that a backup goes on with."""
    try:
        table = await dialect.table(tx, head.name)
    except ValueError as error:
        raise BackupError(BackupReason.DAMAGED, str(file), str(error)) from error
    if table.columns != head.columns or head.name in _LEFT_OUT:
        raise BackupError(BackupReason.DAMAGED, str(file), f"table {head.name} has other columns")
    return table


async def _insert(tx: Transaction, table: Table, rows: Rows, database: Database, file: pathlib.Path) -> None:
    if database.kind == "postgresql" and any("\0" in value for row in rows for value in row if isinstance(value, str)):
        raise BackupError(BackupReason.UNFIT, str(file), f"table {table.name}")
    await tx.many(table.insert, [dict(zip(table.columns, row, strict=True)) for row in rows])


async def _mute(tx: Transaction, created: dt.datetime) -> None:
    """Since the backup; one that was muted when it was backed up stays so since its own."""
    muted = await settings.get(tx, MUTED)
    await settings.put(tx, MUTED, str(min(to_ms(created), int(muted or to_ms(created)))))
