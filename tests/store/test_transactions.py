"""Transactions: all or nothing, in turns, whatever is cancelled."""

import asyncio
import contextlib
import datetime as dt
import enum

import pytest

from bot.store.database import Database, StoreError, Transaction, Violated

INSERT = "INSERT INTO setting (name, value) VALUES (:name, :value)"


async def names(database: Database) -> list[str]:
    async with database.read() as tx:
        return [row["name"] for row in await tx.all("SELECT name FROM setting ORDER BY name")]


async def store(database: Database, name: str, value: str = "1") -> None:
    async with database.write() as tx:
        await tx.run(INSERT, name=name, value=value)


async def add_one(tx: Transaction) -> None:
    await tx.value("SELECT value FROM setting")  # looks first, as commands do
    await tx.run("UPDATE setting SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = 'count'")


async def test_kept_at_the_end(database: Database) -> None:
    """What a transaction wrote is seen after it."""
    await store(database, "a")
    assert await names(database) == ["a"]


async def test_undone_by_an_exception(database: Database) -> None:
    """An exception undoes everything, and goes on to the caller."""

    async def stumble() -> None:
        async with database.write() as tx:
            await tx.run(INSERT, name="a", value="1")
            raise LookupError

    with pytest.raises(LookupError):
        await stumble()
    assert await names(database) == []


async def test_constraint_is_the_same_error_everywhere(database: Database) -> None:
    """A constraint that says no is Violated, and the transaction is lost."""
    await store(database, "a")

    async def twice() -> None:
        async with database.write() as tx:
            await tx.run(INSERT, name="b", value="1")
            await tx.run(INSERT, name="a", value="1")

    with pytest.raises(Violated):
        await twice()
    assert await names(database) == ["a"]


async def test_foreign_keys_are_kept(database: Database) -> None:
    """A row cannot name a person who is not there."""
    with pytest.raises(Violated):
        async with database.write() as tx:
            await tx.run("INSERT INTO account (address, person, role, seen_at) VALUES ('a:b', 99, 'member', 0)")


async def test_failed_statement_ends_the_transaction(database: Database) -> None:
    """Who catches the error of a statement and goes on is told that nothing is kept."""
    await store(database, "a")

    async def ignore() -> None:
        async with database.write() as tx:
            await tx.run(INSERT, name="b", value="1")
            with contextlib.suppress(Violated):
                await tx.run(INSERT, name="a", value="1")

    with pytest.raises(RuntimeError, match="over"):
        await ignore()
    assert await names(database) == ["a"]


async def test_transaction_is_not_used_after_its_end(database: Database) -> None:
    """A transaction that somebody kept takes no more statements."""
    async with database.write() as tx:
        pass
    with pytest.raises(RuntimeError, match="over"):
        await tx.run(INSERT, name="a", value="1")


@pytest.mark.parametrize("hops", range(7))
async def test_cancelled_anywhere_leaves_nothing_open(database: Database, hops: int) -> None:
    """A write that is cancelled at any step is undone or whole, and the next one goes on at once."""

    async def two() -> None:
        async with database.write() as tx:
            await tx.run(INSERT, name="a", value="1")
            await asyncio.sleep(0)
            await tx.run(INSERT, name="b", value="1")

    task = asyncio.create_task(two())
    for _ in range(hops):
        await asyncio.sleep(0.0003)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await names(database) in ([], ["a", "b"])
    async with asyncio.timeout(2):
        await store(database, "c")
    assert "c" in await names(database)


async def test_cancelled_in_the_middle_is_undone(database: Database) -> None:
    """A write that is cancelled between two statements leaves nothing behind, even when cancelled twice."""
    between = asyncio.Event()

    async def half() -> None:
        async with database.write() as tx:
            await tx.run(INSERT, name="a", value="1")
            between.set()
            await asyncio.sleep(60)

    for wait in (False, True):
        between.clear()
        task = asyncio.create_task(half())
        await between.wait()
        task.cancel()
        if wait:
            await asyncio.sleep(0)
            task.cancel()  # while it rolls back
        with pytest.raises(asyncio.CancelledError):
            await task
        await store(database, f"b{wait}")
    assert await names(database) == ["bFalse", "bTrue"]
    assert await idle_in_transaction(database) == 0


async def idle_in_transaction(database: Database) -> int:
    if database.kind == "sqlite":
        return 0
    async with database.read() as tx:
        return int(
            await tx.value(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
            )
        )


async def test_two_hundred_increments(url: str) -> None:
    """200 writes by 8 connections at once are 200 changes, none lost."""
    async with Database.connect(url) as one, Database.connect(url) as two:
        await store(one, "count", "0")

        async def work(database: Database) -> None:
            for _ in range(25):
                async with database.write() as tx:
                    await add_one(tx)

        await asyncio.gather(*(work(database) for database in (one, two) for _ in range(4)))
        async with two.read() as tx:
            assert await tx.value("SELECT value FROM setting") == "200"


async def test_two_hundred_at_once(database: Database) -> None:
    """200 tasks that write at the same time all get their turn."""

    async def work() -> None:
        async with database.write() as tx:
            await add_one(tx)

    await store(database, "count", "0")
    await asyncio.gather(*(work() for _ in range(200)))
    async with database.read() as tx:
        assert await tx.value("SELECT value FROM setting") == "200"


async def test_one_of_many_wins(database: Database) -> None:
    """Of 50 who store the same name at once exactly one succeeds."""

    async def work() -> int:
        async with database.write() as tx:
            return await tx.run(INSERT + " ON CONFLICT (name) DO NOTHING", name="seat", value="1")

    assert sum(await asyncio.gather(*(work() for _ in range(50)))) == 1


async def test_read_is_one_moment(database: Database) -> None:
    """A read sees the same before and after a write that comes between."""
    await store(database, "a")
    async with database.read() as tx:
        before = await tx.all("SELECT name FROM setting")
        await store(database, "b")
        assert await tx.all("SELECT name FROM setting") == before
    assert await names(database) == ["a", "b"]


async def test_reads_do_not_wait_for_a_write(database: Database) -> None:
    """Ten reads go on while a write is open, and see nothing of it."""
    async with database.write() as tx:
        await tx.run(INSERT, name="a", value="1")
        async with asyncio.timeout(5):
            assert await asyncio.gather(*(names(database) for _ in range(10))) == [[]] * 10


async def test_read_cannot_write(database: Database) -> None:
    """A read that tries to write is refused."""
    with pytest.raises(StoreError) as caught:
        async with database.read() as tx:
            await tx.run(INSERT, name="a", value="1")
    assert caught.value.reason == "read-only"
    await store(database, "a")


async def test_cancelled_read_gives_its_connection_back(database: Database) -> None:
    """Twenty reads that are given up do not use up the connections."""

    async def dawdle() -> None:
        async with asyncio.timeout(0.001), database.read() as tx:
            await tx.value("SELECT 1")
            await asyncio.sleep(1)

    for _ in range(20):
        with pytest.raises(TimeoutError):
            await dawdle()
    async with asyncio.timeout(2):
        assert await names(database) == []


async def test_write_within_a_write(tmp_path: object) -> None:
    """On SQLite a task that would wait for itself is told so at once."""
    async with Database.connect(f"sqlite:///{tmp_path}/bot.db") as database, database.write():
        with pytest.raises(RuntimeError, match="itself"):
            async with database.write():
                pass


class Colour(enum.StrEnum):
    RED = "red"


async def test_values_come_back_the_same(database: Database) -> None:
    """Text, numbers, truth, moments, enums and nothing are stored alike on both."""
    moment = dt.datetime(2019, 1, 27, 13, 0, 0, 5000, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    async with database.write() as tx:
        await tx.run(
            "INSERT INTO person (language, zone, quiet_off, created_at) VALUES (:language, :zone, :off, :created)",
            language=Colour.RED,
            zone=None,
            off=True,
            created=moment,
        )
        row = await tx.first("SELECT * FROM person")
        total = await tx.value("SELECT sum(created_at) FROM person")
    assert row is not None
    assert (row["id"], row["language"], row["zone"], row["quiet_off"]) == (1, "red", None, 1)
    assert row["created_at"] == total == 1_548_590_400_005
    assert type(total) is int


async def test_naive_moment_is_refused(database: Database) -> None:
    """A moment without a zone is a mistake."""
    with pytest.raises(ValueError, match="without a zone"):
        async with database.write() as tx:
            await tx.run(INSERT, name="a", value=dt.datetime(2019, 1, 27))  # noqa: DTZ001


async def test_forgotten_value_is_refused(database: Database) -> None:
    """A name in the statement without a value is a mistake on both."""
    with pytest.raises(TypeError, match=":value"):
        async with database.write() as tx:
            await tx.run(INSERT, name="a")


async def test_counts_of_changed_rows(database: Database) -> None:
    """`run` tells how many rows changed, `many` runs once for each row."""
    async with database.write() as tx:
        await tx.many(INSERT, [{"name": f"n{n}", "value": str(n % 2)} for n in range(10)])
        await tx.many(INSERT, [])
        assert await tx.run("UPDATE setting SET value = '2' WHERE value = '1'") == 5
        assert await tx.run("DELETE FROM setting WHERE value = 'x'") == 0
        assert len(await tx.all("UPDATE setting SET value = '3' RETURNING name")) == 10
        assert await tx.first("SELECT name FROM setting WHERE name = 'x'") is None
        assert await tx.value("SELECT count(*) FROM setting WHERE name = 'x'") == 0
