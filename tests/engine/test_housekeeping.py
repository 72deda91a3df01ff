"""Housekeeping: what ended long enough ago goes, what is open stays, and a disk that fills up is told."""

import asyncio
import contextlib
import datetime as dt
import pathlib
import re
import sqlite3
import zoneinfo
from typing import Any

import pytest
import yaml

from bot.campaign.quiet import QuietHours
from bot.core.texts import Texts
from bot.engine import housekeeping
from bot.engine.clock import PlayedClock
from bot.engine.housekeeping import DiskWatch, Housekeeping, Keep, disk_free
from bot.engine.scheduler import Scheduler
from bot.store.database import Database
from bot.store.tidy import tidy
from tests.engine.posting import NOON, ORGANISERS, ROOM, ROOMS, message, put, run

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
KEEP = Keep(handled=7 * DAY, outbox_text=7 * DAY, outbox=30 * DAY, audit=365 * DAY)
ZONE = "Europe/Amsterdam"
GIGABYTE = 1024**3


def nightly(database: Database, zone: str = ZONE) -> Housekeeping:
    return Housekeeping(database, KEEP, zone=zone)


async def due(database: Database, job: Housekeeping | DiskWatch, now: dt.datetime) -> dt.datetime | None:
    async with database.read() as tx:
        return await job.next_due(tx, now)


async def column(database: Database, sql: str) -> list[Any]:
    async with database.read() as tx:
        return [next(iter(row.values())) for row in await tx.all(sql)]


async def outbox_row(database: Database, cause: str, ended: dt.datetime | None, **more: Any) -> None:
    row = {
        "cause": cause, "destination": ROOM, "priority": 2, "reply": "words", "due_at": NOON, "put_at": NOON,
        "state": "queued" if ended is None else "sent", "ended_at": ended, "payload": "{}", **more,
    }  # fmt: skip
    await run(database, f"INSERT INTO outbox ({', '.join(row)}) VALUES (:{', :'.join(row)})", **row)


# -- when -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "then"),
    [
        ("2019-01-27T12:00", "2019-01-28T03:30"),
        ("2019-01-28T03:29", "2019-01-28T03:30"),
        ("2019-01-28T03:30", "2019-01-29T03:30"),
        ("2019-03-30T03:30", "2019-03-31T03:30"),  # 23 hours
        ("2019-10-26T03:30", "2019-10-27T03:30"),  # 25 hours
    ],
)
async def test_every_night(last: str, then: str, database: Database) -> None:
    """Half past three in the campaign's zone, also when summer time begins or ends."""
    zone = zoneinfo.ZoneInfo(ZONE)
    moment = dt.datetime.fromisoformat(last).replace(tzinfo=zone).astimezone(dt.UTC)
    await nightly(database).run(moment)
    assert await due(database, nightly(database), moment) == dt.datetime.fromisoformat(then).replace(tzinfo=zone)


async def test_an_hour_that_does_not_exist(database: Database) -> None:
    """Where clocks skip half past three, that night's run comes all the same, once."""
    moment = dt.datetime(2019, 3, 30, 2, 0, tzinfo=dt.UTC)
    job = nightly(database, "Europe/Helsinki")  # 31 March 2019: from 3:00 to 4:00
    await job.run(moment)
    runs = []
    for _ in range(3):
        moment = await due(database, job, moment) or moment
        runs.append(moment)
        await job.run(moment)
    assert [run_.day for run_ in runs] == [31, 1, 2]


async def test_missed_nights(database: Database) -> None:
    """A new database is tended at once; after days off, once and not for every night."""
    job = nightly(database)
    assert await due(database, job, NOON) == NOON
    await job.run(NOON)
    later = NOON + 5 * DAY
    moment = await due(database, job, later)
    assert moment is not None
    assert moment < later
    await job.run(later)
    moment = await due(database, job, later)
    assert moment is not None
    assert later < moment < later + DAY


async def test_played(database: Database) -> None:
    """A scheduler that plays three days tends three nights, each at its moment."""
    clock = PlayedClock(NOON)
    await nightly(database).run(NOON)
    scheduler = Scheduler(database, clock, _Silent(), [nightly(database)])
    await scheduler.advance(clock, NOON + 3 * DAY)
    [last] = await column(database, "SELECT value FROM setting WHERE name = 'housekeeping'")
    assert dt.datetime.fromtimestamp(int(last) / 1000, zoneinfo.ZoneInfo(ZONE)).isoformat()[:16] == "2019-01-30T03:30"


class _Silent:
    """There is nothing to say."""

    def wake(self) -> None: ...
    async def drain(self) -> None: ...


# -- what -----------------------------------------------------------------------------------------------


async def test_handled(database: Database) -> None:
    """A reply goes a week after it was said, and one that nobody came back for a week after it was made."""
    sql = """
        INSERT INTO handled (id, who, place, language, reply, at, said_at)
        VALUES (:id, 'discord:1', 'discord:1', 'nl', '', :at, :said)"""
    old = NOON - 30 * DAY
    await run(database, sql, id="open", at=NOON - 6 * DAY, said=None)
    await run(database, sql, id="never said", at=old, said=None)
    await run(database, sql, id="said late", at=old, said=NOON - 7 * DAY)
    await run(database, sql, id="old", at=old, said=NOON - 7 * DAY - dt.timedelta(milliseconds=1))
    await nightly(database).run(NOON)
    assert await column(database, "SELECT id FROM handled ORDER BY id") == ["open", "said late"]


async def test_words_of_messages(database: Database) -> None:
    """After a week a message loses its words and keeps its row; an open one keeps both, however old."""
    await outbox_row(database, "old", NOON - 8 * DAY, ref="m1")
    await outbox_row(database, "new", NOON - 6 * DAY)
    await outbox_row(database, "open", None, due_at=NOON - 90 * DAY, put_at=NOON - 90 * DAY)
    await nightly(database).run(NOON)
    async with database.read() as tx:
        found = {
            row["cause"]: (row["reply"], row["payload"], row["ref"]) for row in await tx.all("SELECT * FROM outbox")
        }
    assert found == {"old": ("", None, "m1"), "new": ("words", "{}", None), "open": ("words", "{}", None)}


async def test_messages(database: Database) -> None:
    """After a month a message goes, unless its post may still be changed or an open change refers to it."""
    await run(database, "INSERT INTO person (id, created_at) VALUES (1, 0)")
    sql = """
        INSERT INTO announcement (id, author, text, kind, rooms, state, created_at, due_at)
        VALUES (:id, 1, '', 'announcements', '[]', :state, :at, :at)"""
    old = NOON - 40 * DAY
    for number, (state, at) in enumerate([("queued", old), ("withdrawn", old), ("queued", NOON - 366 * DAY)], start=1):
        await run(database, sql, id=number, state=state, at=at)
        await outbox_row(database, f"announcement:{number}", old, ref="m")
    await outbox_row(database, "announcement:1:1", old, ref="m", edits="announcement:1")
    await outbox_row(database, "announcement:1", old, destination="discord:1", state="failed")
    await outbox_row(database, "announcement:11", old, ref="m")
    await outbox_row(database, "board:1", old, ref="m")
    await outbox_row(database, "board:1:2", None, edits="board:1")
    await outbox_row(database, "recent", NOON - 29 * DAY)
    await outbox_row(database, "open", None, put_at=old)
    await nightly(database).run(NOON)
    assert await column(database, "SELECT cause FROM outbox ORDER BY cause") == [
        "announcement:1", "board:1", "board:1:2", "open", "recent"
    ]  # fmt: skip


async def test_the_rest(database: Database) -> None:
    """The organisers' log goes after a year, taps and drafts after a day; what others refer to stays."""
    await run(database, "INSERT INTO person (id, created_at) VALUES (1, 0)")
    for name, age in (("old", 366 * DAY), ("new", 364 * DAY)):
        sql = "INSERT INTO audit (at, action, subject, detail) VALUES (:at, :name, '', '')"
        await run(database, sql, at=NOON - age, name=name)
    for name, age in (("old", 25 * HOUR), ("new", 23 * HOUR)):
        await run(database, "INSERT INTO pressed (token, at) VALUES (:name, :at)", name=name, at=NOON - age)
    drafts = [(1, "draft", 25), (2, "draft", 23), (3, "queued", 25), (4, "draft", 25)]
    sql = """
        INSERT INTO announcement (id, author, text, kind, rooms, state, created_at)
        VALUES (:id, 1, '', '', '[]', :state, :at)"""
    for number, state, hours in drafts:
        await run(database, sql, id=number, state=state, at=NOON - hours * HOUR)
    await run(database, "UPDATE announcement SET replaces = 4 WHERE id = 3")
    await nightly(database).run(NOON)
    assert await column(database, "SELECT action FROM audit") == ["new"]
    assert await column(database, "SELECT token FROM pressed") == ["new"]
    assert await column(database, "SELECT id FROM announcement ORDER BY id") == [2, 3, 4]


async def test_many_rows_hold_nobody_up(database: Database) -> None:
    """Twelve thousand rows go in portions: somebody who writes meanwhile never waits for all of them."""
    sql = """
        INSERT INTO pressed (token, at)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
        SELECT CAST(i AS TEXT), i FROM n"""
    await run(database, sql)
    work = asyncio.create_task(nightly(database).run(NOON))
    left: list[int] = []
    while not work.done():
        async with database.write() as tx:
            left.append(await tx.value("SELECT count(*) FROM pressed"))
    await work
    assert await column(database, "SELECT count(*) FROM pressed") == [0]
    assert len({count for count in left if 0 < count < 12000}) >= 5


# -- the file -------------------------------------------------------------------------------------------


async def test_file_shrinks(tmp_path: pathlib.Path) -> None:
    """The log is emptied, and a file that was made for it gives its free pages back, while others are at it."""
    path = tmp_path / "bot.db"
    with contextlib.closing(sqlite3.connect(path)) as link:
        link.execute("PRAGMA auto_vacuum = INCREMENTAL")
        link.execute("VACUUM")
    async with Database.connect(f"sqlite:///{path}") as database:
        async with database.write() as tx:
            await tx.many(
                "INSERT INTO setting (name, value) VALUES (:name, :value)",
                [{"name": str(n), "value": "x" * 2000} for n in range(3000)],
            )
        await tidy(database)
        full = path.stat().st_size
        await run(database, "DELETE FROM setting")
        await tidy(database)
        assert path.stat().st_size < full / 5
        assert path.with_name("bot.db-wal").stat().st_size == 0


async def test_a_reader_is_not_waited_for(tmp_path: pathlib.Path) -> None:
    """With somebody who reads all the time the log is left for another day, without an error."""
    async with Database.connect(f"sqlite:///{tmp_path}/bot.db") as database:
        async with database.read() as reader:
            await reader.all("SELECT * FROM setting")
            await run(database, "INSERT INTO setting (name, value) VALUES ('a', 'b')")
            async with asyncio.timeout(4):
                await nightly(database).run(NOON)
        await run(database, "INSERT INTO setting (name, value) VALUES ('c', 'd')")


# -- the disk -------------------------------------------------------------------------------------------


def watch(database: Database, free: list[int], **how: Any) -> DiskWatch:
    """Watches a disk that has so much left, one number at each look."""
    left = iter(free)
    options: dict[str, Any] = {"organisers": ROOMS.of("organisers"), "zone": ZONE, "quiet": None, **how}
    return DiskWatch(database, lambda: next(left), **options)


async def test_disk_that_fills_up(database: Database) -> None:
    """Organisers hear of it once a day, in every one of their rooms."""
    job = watch(database, [GIGABYTE, 400 * 1024**2, 300 * 1024**2, 200 * 1024**2])
    for moment in (NOON, NOON + HOUR, NOON + 2 * HOUR, NOON + DAY):
        assert await due(database, job, moment) <= moment  # type: ignore[operator]  # never None
        await job.run(moment)
        assert await due(database, job, moment) == moment + HOUR
    async with database.read() as tx:
        rows = await tx.all("SELECT * FROM outbox ORDER BY id")
    assert [(row["cause"], row["destination"]) for row in rows] == [
        ("report:disk:2019-01-27", ORGANISERS), ("report:disk:2019-01-28", ORGANISERS)
    ]  # fmt: skip
    assert '"free":400' in rows[0]["reply"]
    assert '"notice"' in rows[0]["reply"]


async def test_not_at_night(database: Database) -> None:
    """In quiet hours the notice waits for the morning."""
    night = dt.datetime(2019, 1, 28, 2, 30, tzinfo=dt.UTC)
    await watch(database, [0], quiet=QuietHours.parse("22:00", "08:00")).run(night)
    assert await column(database, "SELECT due_at FROM outbox") == [
        int(dt.datetime(2019, 1, 28, 7, 0, tzinfo=dt.UTC).timestamp() * 1000)
    ]


def test_disk_free(tmp_path: pathlib.Path) -> None:
    """A disk is that of the folder that a file is to be made in."""
    assert disk_free(tmp_path / "no" / "such" / "bot.db") > 0


def test_texts() -> None:
    """The texts are there in both languages, and are the ones used."""
    texts = Texts(yaml.safe_load(pathlib.Path(housekeeping.__file__).with_suffix(".yaml").read_text()))
    source = pathlib.Path(housekeeping.__file__).read_text()
    keys = re.findall(r'Phrase\("([a-z_.]+)"', source)
    assert keys
    assert all(key in texts for key in keys)


async def test_put_is_untouched(database: Database) -> None:
    """A message of today is left as it is."""
    await put(database, message("a", ROOM))
    before = await column(database, "SELECT reply FROM outbox")
    await nightly(database).run(NOON)
    assert await column(database, "SELECT reply FROM outbox") == before
