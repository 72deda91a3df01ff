"""Backups: what goes in comes out, on either database, and nothing else does."""

import asyncio
import contextlib
import datetime as dt
import gzip
import hashlib
import json
import pathlib
import shutil
import stat
import subprocess
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.moments import to_ms
from bot.core.reply import say
from bot.store import outbox
from bot.store.backup import BackupError, check_backup, read_backup, write_backup
from bot.store.database import MIGRATIONS, Database, StoreError
from bot.store.outbox import Message
from bot.store.sealed import _CHECKSUM, _HEADER, CHUNK, Cost, Sealer, _derive, unsealed
from tests.postgresql import Cluster

NOW = dt.datetime(2019, 1, 27, 12, 0, tzinfo=dt.UTC)
KEY = "een lange sleutel met een € en een ö"
CHEAP = Cost(log_n=4, r=8, p=1)

Data = Mapping[str, list[dict[str, Any]]]

# -- the data of a campaign, however strange ----------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NUMBER = st.integers(-(2**63), 2**63 - 1)
ID = st.integers(1, 2**40)
OURS = sorted(MIGRATIONS.glob("*.sql"))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def campaigns(draw: st.DrawFn) -> Data:
    """Rows of every table that keep to its constraints; announcements may replace later ones."""

    def rows(key: tuple[str, ...], **columns: st.SearchStrategy[Any]) -> list[dict[str, Any]]:
        one = st.fixed_dictionaries(columns)
        return draw(st.lists(one, max_size=5, unique_by=lambda row: tuple(row[name] for name in key)))

    data: dict[str, list[dict[str, Any]]] = {
        "setting": rows(("name",), name=TEXT.filter(lambda name: name != "muted"), value=TEXT),
        "memory": rows(("platform", "name"), platform=TEXT, name=TEXT.map("seed.{}".format), value=TEXT),
        "room": rows(("address",), address=TEXT, people=maybe(NUMBER), refusals=NUMBER, paused_at=maybe(NUMBER)),
        "pressed": rows(("token",), token=TEXT, at=NUMBER),
        "person": rows(("id",), id=ID, language=maybe(TEXT), zone=maybe(TEXT), quiet_off=NUMBER, created_at=NUMBER),
        "handled": rows(
            ("id",), id=TEXT, who=TEXT, place=TEXT, language=TEXT, reply=TEXT, at=NUMBER, said_at=maybe(NUMBER)
        ),
        "outbox": rows(
            ("id",), id=ID, cause=TEXT, destination=TEXT, edits=maybe(TEXT), priority=NUMBER, reply=TEXT,
            due_at=NUMBER, put_at=NUMBER, state=st.sampled_from(["queued", "sending", "sent"]), payload=maybe(TEXT),
            ref=maybe(TEXT), ended_at=maybe(NUMBER),
        ),
    }  # fmt: skip
    data["setting"].append({"name": "muted", "value": str(to_ms(NOW))})  # as a restored one is
    for part, row in enumerate(data["outbox"]):
        row["part"] = part  # keeps them unique
    if people := [row["id"] for row in data["person"]]:
        somebody = st.sampled_from(people)
        data["account"] = rows(("address",), address=TEXT, person=somebody, role=TEXT, seen_at=NUMBER)
        data["audit"] = rows(
            ("id",), id=ID, at=NUMBER, person=maybe(somebody), action=TEXT, subject=TEXT, detail=TEXT
        )  # fmt: skip
        data["announcement"] = rows(
            ("id",), id=ID, author=somebody, text=TEXT, kind=TEXT, rooms=TEXT, created_at=NUMBER
        )  # fmt: skip
        numbers = [row["id"] for row in data["announcement"]]
        for row in data["announcement"]:
            row["replaces"] = draw(maybe(st.sampled_from(numbers)))
    return data


async def fill(database: Database, data: Data) -> None:
    async with database.write() as tx:
        if database.kind == "sqlite":
            await tx.run("PRAGMA defer_foreign_keys = ON")
        for table, rows in data.items():
            for row in rows:
                names = ", ".join(row)
                await tx.run(f"INSERT INTO {table} ({names}) VALUES (:{', :'.join(row)})", **row)


def inside(file: pathlib.Path) -> str:
    """The lines of a backup."""
    with file.open("rb") as stream:
        return gzip.decompress(b"".join(unsealed(stream, KEY, "file"))).decode()


async def backup(database: Database, file: pathlib.Path, **how: Any) -> str:
    await write_backup(database, file, KEY, now=NOW, cost=CHEAP, **how)
    return inside(file)


@contextlib.asynccontextmanager
async def fresh(folder: pathlib.Path, name: str = "other.db", **how: Any) -> Any:
    async with Database.connect(f"sqlite:///{folder}/{name}", **how) as database:
        yield database


def inhabitants(folder: pathlib.Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=campaigns())
def test_there_and_back(cluster: Cluster, data: Data) -> None:
    """From SQLite to PostgreSQL and back to SQLite: not a byte of difference, whatever people wrote."""

    async def travel(folder: pathlib.Path) -> list[str]:
        found = []
        async with fresh(folder, "first.db") as first:
            await fill(first, data)
            found.append(await backup(first, folder / "1"))
        async with Database.connect(await cluster.migrated()) as second:
            await read_backup(folder / "1", KEY, second)
            found.append(await backup(second, folder / "2"))
        async with fresh(folder, "third.db") as third:
            await read_backup(folder / "2", KEY, third)
            found.append(await backup(third, folder / "3"))
        return found

    with tempfile.TemporaryDirectory() as folder:
        first, second, third = asyncio.run(travel(pathlib.Path(folder)))
    assert first == second == third
    rows = json.loads(first.splitlines()[-1])["rows"]
    assert {table: len(kept) for table, kept in data.items()} == {table: rows[table] for table in data}


# -- what it is -----------------------------------------------------------------------------------------------


async def test_only_its_owner_reads_it(database: Database, tmp_path: pathlib.Path) -> None:
    """The file is 0600, nothing else stays beside it, and no text stands in it readable."""
    await fill(database, {"setting": [{"name": "leesbaar", "value": "leesbaar" * 100}]})
    file = tmp_path / "backups" / "een"
    file.parent.mkdir()
    await backup(database, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    assert b"leesbaar" not in file.read_bytes()


async def test_same_data_other_file(database: Database, tmp_path: pathlib.Path) -> None:
    """Two backups of the same data have the same inside and share no encrypted byte sequence."""
    assert await backup(database, tmp_path / "1") == await backup(database, tmp_path / "2")
    assert (tmp_path / "1").read_bytes()[HEAD:] != (tmp_path / "2").read_bytes()[HEAD:]


async def test_what_stays_behind(database: Database, tmp_path: pathlib.Path) -> None:
    """Device ids, tokens and who runs here stay; the cross-signing seeds travel."""
    names = ["device.id", "device.key", "token", "token.sync", "cross_signing.master", "my token"]
    rows = [{"platform": "matrix", "name": name, "value": f"value of {name}"} for name in names]
    me = {"one": 1, "host": "my host", "pid": 1, "started_at": 0, "beat_at": 0}
    await fill(database, {"memory": rows, "instance": [me]})
    text = await backup(database, tmp_path / "file")
    assert [name for name in names if f"value of {name}" in text] == ["cross_signing.master", "my token"]
    assert "my host" not in text


def test_keys_are_taken_as_utf8() -> None:
    """The key of a file can be derived by any other program: scrypt over the UTF-8 of what was typed."""
    secret, proof = _derive(KEY, b"salt" * 4, CHEAP)
    expected = hashlib.scrypt(KEY.encode(), salt=b"salt" * 4, n=16, r=8, p=1, dklen=48)
    assert secret + proof == expected


# -- restoring ------------------------------------------------------------------------------------------------


async def test_restore_drill(database: Database, tmp_path: pathlib.Path) -> None:
    """A lost bot comes back with its people and its outbox, muted, and gives out no number twice."""
    await fill(database, {"person": [{"id": n, "created_at": 0} for n in (1, 2, 3)]})
    async with database.write() as tx:
        if database.kind == "postgresql":  # which does not look at the numbers that rows bring along
            await tx.run("ALTER TABLE person ALTER COLUMN id RESTART WITH 4")
        erased = await tx.value("INSERT INTO person (created_at) VALUES (0) RETURNING id")
        await tx.run("DELETE FROM person WHERE id = :id", id=erased)
        await outbox.put(tx, [Message("reminder:1", "discord:1001", say("hello"))], now=NOW)
    made = await write_backup(database, tmp_path / "file", KEY, now=NOW, cost=CHEAP)
    assert check_backup(tmp_path / "file", KEY) == made
    async with fresh(tmp_path) as restored:
        assert await read_backup(tmp_path / "file", KEY, restored) == made
        assert (made.rows["person"], made.rows["outbox"], made.created, made.schema) == (3, 1, NOW, len(OURS))
        async with restored.write() as tx:
            assert await tx.value("SELECT value FROM setting WHERE name = 'muted'") == str(to_ms(NOW))
            assert await tx.value("SELECT cause FROM outbox WHERE state = 'queued'") == "reminder:1"
            assert await tx.value("INSERT INTO person (created_at) VALUES (0) RETURNING id") == erased + 1


async def test_numbers_go_on(database: Database, cluster: Cluster, tmp_path: pathlib.Path) -> None:
    """After a restore into PostgreSQL too, the next row of every table gets a number of its own."""
    await fill(database, {"person": [{"id": 41, "created_at": 0}]})
    await backup(database, tmp_path / "file")
    async with Database.connect(await cluster.migrated()) as restored:
        await read_backup(tmp_path / "file", KEY, restored)
        async with restored.write() as tx:
            assert await tx.value("INSERT INTO person (created_at) VALUES (0) RETURNING id") == 42


async def test_references_hold_after_a_restore(database: Database, tmp_path: pathlib.Path) -> None:
    """What was put off during the restore is in force again: nobody can refer to a person who is not there."""
    await backup(await _emptied(database), tmp_path / "file")
    await read_backup(tmp_path / "file", KEY, await _emptied(database))
    orphan = {"account": [{"address": "a", "person": 99, "role": "member", "seen_at": 0}]}
    with pytest.raises(StoreError, match="violated"):
        await fill(database, orphan)
    async with database.read() as tx:
        assert await tx.value("SELECT count(*) FROM account") == 0


async def _emptied(database: Database) -> Database:
    async with database.write() as tx:
        await tx.run("DELETE FROM setting")
    return database


async def test_only_into_an_empty_database(database: Database, tmp_path: pathlib.Path) -> None:
    """A database that holds something is refused and stays as it is; a started bot's own row is nothing."""
    await fill(database, {"instance": [{"one": 1, "host": "here", "pid": 1, "started_at": 0, "beat_at": 0}]})
    await backup(database, tmp_path / "file")
    await read_backup(tmp_path / "file", KEY, database)
    before = await backup(database, tmp_path / "before")
    assert await refusal(read_backup(tmp_path / "file", KEY, database)) == "not-empty"
    assert await backup(database, tmp_path / "after") == before


async def test_backup_of_an_older_version(
    empty_url: str, migrations: Callable[..., pathlib.Path], tmp_path: pathlib.Path
) -> None:
    """A backup from before a migration is restored into the tables of its time, and migrated."""
    start = "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
    people = "CREATE TABLE person (id @id, name TEXT);"
    split = "ALTER TABLE person ADD COLUMN first TEXT;\nUPDATE person SET first = substr(name, 1, 1);"
    old, new = migrations(start + "\n" + people), migrations(start + "\n" + people, split)
    async with fresh(tmp_path, "old.db", migrations=old) as database:
        await fill(database, {"person": [{"id": 7, "name": "anna"}]})
        await backup(database, tmp_path / "file")
    assert check_backup(tmp_path / "file", KEY, migrations=new).schema == 1
    async with Database.connect(empty_url, migrations=new) as database:
        await read_backup(tmp_path / "file", KEY, database, migrations=new)
        async with database.write() as tx:
            assert await tx.all("SELECT * FROM person") == [{"id": 7, "name": "anna", "first": "a"}]
            assert await tx.value("SELECT max(number) FROM migration") == 2
            assert await tx.value("INSERT INTO person (name) VALUES ('bram') RETURNING id") == 8


async def test_a_muted_bot_stays_muted_since_its_first_backup(database: Database, tmp_path: pathlib.Path) -> None:
    """Backed up while muted and restored again, it still asks about everything since the first backup."""
    earlier = str(to_ms(NOW - dt.timedelta(days=1)))
    await fill(database, {"setting": [{"name": "muted", "value": earlier}]})
    await backup(database, tmp_path / "file")
    async with fresh(tmp_path) as restored:
        await read_backup(tmp_path / "file", KEY, restored)
        async with restored.read() as tx:
            assert await tx.value("SELECT value FROM setting WHERE name = 'muted'") == earlier


# -- while others write ---------------------------------------------------------------------------------------


async def test_one_moment_while_others_write(database: Database, tmp_path: pathlib.Path) -> None:
    """A transfer between two tables that goes on all the time is never seen half, and never waits long."""
    filler = [{"token": f"{n:05}", "at": 0} for n in range(5000)]
    await fill(database, {"pressed": filler, "setting": [{"name": "count", "value": "0"}]})
    async with database.write() as tx:
        await tx.run("INSERT INTO room (address, people) VALUES ('count', 0)")
    done, count, longest = asyncio.Event(), 0, 0.0

    async def write() -> None:
        nonlocal count, longest
        while not done.is_set():
            count += 1
            begun = asyncio.get_running_loop().time()
            async with database.write() as tx:
                await tx.run("UPDATE room SET people = people + 1")
                await tx.run("UPDATE setting SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT)")
            longest = max(longest, asyncio.get_running_loop().time() - begun)
            await asyncio.sleep(0)

    writer = asyncio.create_task(write())
    seen = []
    for n in range(5):
        lines = [json.loads(line) for line in (await backup(database, tmp_path / str(n))).splitlines()]
        people = next(line[2] for line in lines if isinstance(line, list) and line[0] == "count" and len(line) == 4)
        value = next(line[1] for line in lines if isinstance(line, list) and line[0] == "count" and len(line) == 2)
        seen.append((people, int(value)))
    done.set()
    await writer
    assert all(people == value for people, value in seen)
    assert seen[-1][0] > seen[0][0]
    assert longest < 2


# -- what can go wrong ----------------------------------------------------------------------------------------


async def refusal(work: Any) -> str:
    with pytest.raises(BackupError) as caught:
        await work
    assert "\n" not in caught.value.place
    return caught.value.reason


def check(file: pathlib.Path, key: str = KEY) -> str:
    with pytest.raises(BackupError) as caught:
        check_backup(file, key)
    return caught.value.reason


def noise(count: int) -> list[dict[str, str]]:
    """Settings of half a kilobyte each that nothing can compress."""
    return [{"name": str(n), "value": hashlib.shake_256(b"%d" % n).hexdigest(512)} for n in range(count)]


@pytest.fixture
async def whole(tmp_path: pathlib.Path) -> bytes:
    """A backup of several records."""
    async with fresh(tmp_path, "source.db") as database:
        await fill(database, {"setting": noise(700)})
        await backup(database, tmp_path / "whole")
    return (tmp_path / "whole").read_bytes()


RECORD = 4 + CHUNK + 16
HEAD = _HEADER.size + _CHECKSUM.size


async def test_every_kind_of_damage(whole: bytes, tmp_path: pathlib.Path) -> None:
    """Cut, changed, swapped, repeated, left out, lengthened: each is noticed, and the database stays empty."""
    assert len(whole) > HEAD + 3 * RECORD
    assert int.from_bytes(whole[HEAD : HEAD + 4], "big") == CHUNK  # here the first record begins
    records = [whole[HEAD + n * RECORD : HEAD + (n + 1) * RECORD] for n in range(3)]
    rest = whole[HEAD + 3 * RECORD :]

    def flipped(at: int) -> bytes:
        return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]

    first, second, third = records
    last_of_two = (int.from_bytes(second[:4], "big") | 1 << 31).to_bytes(4, "big") + second[4:]
    cases = {
        "cut": [whole[:-1], whole[: HEAD + RECORD], whole[:HEAD], whole[: HEAD - 1], whole[:20], whole[:10]],
        "damaged": [
            flipped(HEAD + 100), flipped(HEAD + RECORD + 100), flipped(len(whole) - 1), flipped(HEAD - 1), flipped(25),
            whole[:HEAD] + second + first + third + rest, whole[:HEAD] + first + first + third + rest,
            whole[:HEAD] + first + third + rest, whole[:HEAD] + first + last_of_two, whole + b"x",
            whole[:HEAD] + b"\x7f\xff\xff\xff" + whole[HEAD + 4 :],
        ],
        "foreign": [b"", b"Beste mensen", b"\x1f\x8b" + whole, flipped(0)],
        "newer": [whole[:16] + b"\x02" + whole[17:], whole[:16] + b"\x02"],
    }  # fmt: skip
    file = tmp_path / "file"
    async with fresh(tmp_path) as database:
        before = await backup(database, tmp_path / "before")
        for reason, contents in cases.items():
            for number, content in enumerate(contents):
                file.write_bytes(content)
                assert (reason, number, check(file)) == (reason, number, reason)
                assert await refusal(read_backup(file, KEY, database)) == reason
        assert await backup(database, tmp_path / "after") == before


ROOM = '{"table":"room","columns":["address","paused_at","people","refusals"]}\n'


@pytest.mark.parametrize(
    "lines",
    [
        "",
        '{"rows":{}}\n',
        "[]\n",
        ROOM,
        ROOM + '["a",null,1,0]\n',
        ROOM + '["a",null,1,0]\n{"rows":{"room":2}}\n',
        ROOM + '["a",null,1]\n{"rows":{"room":1}}\n',
        ROOM + '["a",null,1,0]\n{"rows":{"room":1}}',
    ],
)
async def test_genuine_but_wrong(lines: str, database: Database, tmp_path: pathlib.Path) -> None:
    """What was sealed with the right key is not trusted to be whole: rows must be as many as the last line says."""
    head = f'{{"actiebot":"backup","created":{to_ms(NOW)},"schema":1}}\n' if lines.startswith(ROOM) else ""
    with (tmp_path / "file").open("wb") as stream:
        sealer = Sealer(stream, KEY, CHEAP)
        sealer.write(gzip.compress((head + lines).encode()))
        sealer.close()
    assert check(tmp_path / "file") == "damaged"
    assert await refusal(read_backup(tmp_path / "file", KEY, database)) == "damaged"
    async with database.read() as tx:
        assert await tx.value("SELECT count(*) FROM room") == 0


@pytest.mark.parametrize(("key", "reason"), [("", "no-key"), ("een andere", "wrong-key"), (KEY + " ", "wrong-key")])
async def test_keys(key: str, reason: str, whole: bytes, tmp_path: pathlib.Path) -> None:
    """No key and another key are told apart."""
    async with fresh(tmp_path) as database:
        assert await refusal(read_backup(tmp_path / "whole", key, database)) == reason
        if not key:
            assert await refusal(write_backup(database, tmp_path / "new", key, now=NOW)) == reason
    assert check(tmp_path / "whole", key) == reason
    assert not (tmp_path / "new").exists()


async def test_backup_of_a_newer_version(
    migrations: Callable[..., pathlib.Path], database: Database, tmp_path: pathlib.Path
) -> None:
    """A backup from a newer bot is refused before anything is changed."""
    ours = (file.read_text() for file in OURS)
    async with fresh(tmp_path, "newer.db", migrations=migrations(*ours, "CREATE TABLE later (id @id);")) as newer:
        await backup(newer, tmp_path / "file")
    assert check(tmp_path / "file") == "newer"
    assert await refusal(read_backup(tmp_path / "file", KEY, database)) == "newer"


async def test_places(database: Database, tmp_path: pathlib.Path) -> None:
    """A file that is there is never replaced; missing folders and files are told so."""
    there = tmp_path / "there"
    there.write_text("mijn oude backup")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert await refusal(write_backup(database, there, KEY, now=NOW)) == "exists"
    assert await refusal(write_backup(database, tmp_path / "dangling", KEY, now=NOW)) == "exists"
    assert await refusal(write_backup(database, tmp_path / "no" / "file", KEY, now=NOW)) == "missing"
    assert await refusal(write_backup(database, there / "file", KEY, now=NOW)) == "missing"
    assert await refusal(read_backup(tmp_path / "none", KEY, database)) == "missing"
    assert await refusal(read_backup(tmp_path, KEY, database)) == "unreadable"
    assert there.read_text() == "mijn oude backup"


async def test_made_meanwhile(database: Database, tmp_path: pathlib.Path) -> None:
    """A file that somebody makes while the backup is being written stays, and the backup is refused."""
    await fill(database, {"pressed": [{"token": f"{n}", "at": 0} for n in range(3000)]})
    file = tmp_path / "folder" / "file"
    file.parent.mkdir()
    work = asyncio.create_task(write_backup(database, file, KEY, now=NOW))
    for _ in range(100_000):
        if inhabitants(file.parent):
            break
        await asyncio.sleep(0)
    file.write_text("van iemand anders")
    assert await refusal(work) == "exists"
    assert (file.read_text(), list(file.parent.iterdir())) == ("van iemand anders", [file])


async def test_cancelled(database: Database, tmp_path: pathlib.Path) -> None:
    """A backup that is given up at any step leaves nothing behind."""
    await fill(database, {"pressed": [{"token": f"{n}", "at": 0} for n in range(3000)]})
    folder = tmp_path / "folder"
    folder.mkdir()
    for steps in range(0, 60, 4):
        work = asyncio.create_task(write_backup(database, folder / "file", KEY, now=NOW, cost=CHEAP))
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        left = list(folder.iterdir())
        assert left in ([], [folder / "file"])
        if left:
            check_backup(folder / "file", KEY)
            left[0].unlink()


@pytest.fixture
def disk(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A disk of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    mounted = subprocess.run(command, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def test_full_disk(database: Database, disk: pathlib.Path) -> None:
    """A backup that does not fit leaves the disk as it was."""
    await fill(database, {"setting": noise(2000)})
    assert await refusal(write_backup(database, disk / "file", KEY, now=NOW, cost=CHEAP)) == "full"
    assert inhabitants(disk) == []
    assert shutil.disk_usage(disk).used == 0


async def test_database_without_room(disk: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A restore that the database has no room for is undone and told as the database's own error."""
    async with fresh(tmp_path) as database:
        await fill(database, {"setting": noise(2000)})
        await backup(database, tmp_path / "whole")
    async with fresh(disk, "small.db") as database:
        with pytest.raises(StoreError) as caught:
            await read_backup(tmp_path / "whole", KEY, database)
        assert caught.value.reason == "full"
        async with database.read() as tx:
            assert await tx.value("SELECT count(*) FROM setting") == 0


async def test_text_that_postgresql_cannot_hold(cluster: Cluster, tmp_path: pathlib.Path) -> None:
    """SQLite keeps a NUL, and restores it; for PostgreSQL it is refused with a reason."""
    async with fresh(tmp_path, "source.db") as database:
        await fill(database, {"setting": [{"name": "nul", "value": "a\0b"}]})
        await backup(database, tmp_path / "file")
    async with fresh(tmp_path) as database:
        await read_backup(tmp_path / "file", KEY, database)
        async with database.read() as tx:
            assert await tx.value("SELECT value FROM setting WHERE name = 'nul'") == "a\0b"
    async with Database.connect(await cluster.migrated()) as database:
        assert await refusal(read_backup(tmp_path / "file", KEY, database)) == "unfit"
        async with database.read() as tx:
            assert await tx.value("SELECT count(*) FROM setting") == 0


# -- size -----------------------------------------------------------------------------------------------------


async def peak(database: Database, folder: pathlib.Path, rows: int) -> int:
    """The most memory, bytes, that a backup, its check and its restore into SQLite take."""
    async with database.write() as tx:
        await tx.run("DELETE FROM handled")
        await tx.run(
            """
            INSERT INTO handled (id, who, place, language, reply, at)
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
            SELECT CAST(i AS TEXT), 'discord:123456789012345678', 'discord:1001', 'nl',
                'een antwoord van een gewone lengte, zoals de bot er veel geeft: ' || CAST(i * 7919 AS TEXT), i
            FROM n""",
            rows=rows,
        )
    tracemalloc.start()
    try:
        made = await write_backup(database, folder / str(rows), KEY, now=NOW, cost=CHEAP)
        assert check_backup(folder / str(rows), KEY) == made
        async with fresh(folder, f"{rows}.db") as restored:
            assert (await read_backup(folder / str(rows), KEY, restored)).rows["handled"] == rows
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_memory_stays_flat(database: Database, tmp_path: pathlib.Path) -> None:
    """Four times as many rows take no more memory."""
    small = await peak(database, tmp_path, 4_000)
    assert await peak(database, tmp_path, 16_000) < 1.1 * small < 12_000_000


@pytest.mark.slow
async def test_memory_stays_flat_with_a_large_campaign(database: Database, tmp_path: pathlib.Path) -> None:
    """200,000 rows are written, checked and restored in a few megabytes."""
    assert await peak(database, tmp_path, 200_000) < 12_000_000
