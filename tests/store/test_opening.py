"""Opening a database, and the one clear reason when it cannot be."""

import asyncio
import contextlib
import os
import pathlib
import sqlite3
import stat
import struct
import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest

from bot.store.database import Database, StoreError
from bot.store.postgresql import without_password
from tests.postgresql import Cluster

INSERT = "INSERT INTO setting (name, value) VALUES (:name, :value)"


@pytest.fixture
def disk(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def remount(folder: pathlib.Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


async def reason(url: str) -> str:
    """Why a database cannot be opened."""
    with pytest.raises(StoreError) as caught:
        async with Database.connect(url, patience=0.2):
            pass
    assert "\n" not in caught.value.place
    return caught.value.reason


async def make(path: pathlib.Path) -> str:
    url = f"sqlite:///{path}"
    async with Database.connect(url):
        return url


async def test_folder_and_file_are_made_for_the_owner_only(tmp_path: pathlib.Path) -> None:
    """Missing folders are made; nobody else can read the file or its neighbours."""
    path = tmp_path / "a" / "b" / "bot#1?.db"
    async with Database.connect(f"sqlite:///{path}") as database:
        async with database.write() as tx:
            await tx.run(INSERT, name="a", value="1")
        files = list(path.parent.iterdir())
        assert path in files
        assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * len(files)


async def test_relative_path(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slashes are a path from where we are."""
    monkeypatch.chdir(tmp_path)
    async with Database.connect("sqlite:///data/bot.db"):
        assert (tmp_path / "data" / "bot.db").exists()


@pytest.mark.parametrize("url", ["", "bot.db", "sqlite:", "sqlite://bot.db", "sqlite:///", "mysql://host/bot"])
async def test_other_addresses(url: str) -> None:
    """What is no address of a database is told so."""
    assert await reason(url) == "url"


async def test_folder_that_cannot_be_made(tmp_path: pathlib.Path) -> None:
    """A folder inside a file cannot be made."""
    (tmp_path / "file").touch()
    assert await reason(f"sqlite:///{tmp_path}/file/deep/bot.db") == "missing"


async def test_no_database(tmp_path: pathlib.Path) -> None:
    """A file with something else is left as it is."""
    path = tmp_path / "bot.db"
    path.write_bytes(b"Beste mensen, " * 1000)
    assert await reason(f"sqlite:///{path}") == "damaged"
    assert path.read_bytes() == b"Beste mensen, " * 1000


async def test_database_of_another_program(tmp_path: pathlib.Path) -> None:
    """A database with other tables is refused."""
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.db")) as other:
        other.execute("CREATE TABLE olm (a)")
    assert await reason(f"sqlite:///{tmp_path}/bot.db") == "foreign"


async def test_folder_in_place_of_the_file(tmp_path: pathlib.Path) -> None:
    """A folder is no file."""
    assert await reason(f"sqlite:///{tmp_path}") == "unwritable"


async def test_locked_by_another_program(tmp_path: pathlib.Path) -> None:
    """A file that another program holds is told so, at opening and while running; afterwards all is well."""
    url = await make(tmp_path / "bot.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as other:
        async with Database.connect(url, patience=0.2) as database:
            other.execute("BEGIN IMMEDIATE")
            assert await reason(url) == "locked"
            with pytest.raises(StoreError) as caught:
                async with database.write() as tx:
                    await tx.run(INSERT, name="a", value="1")
            assert caught.value.reason == "locked"
            other.execute("ROLLBACK")
            async with database.write() as tx:
                await tx.run(INSERT, name="a", value="1")


async def test_cancelled_while_it_waits_for_another_program(tmp_path: pathlib.Path) -> None:
    """A write that is given up while its BEGIN waits leaves nothing open once the other program is done."""
    url = await make(tmp_path / "bot.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as other:
        async with Database.connect(url) as database:
            other.execute("BEGIN IMMEDIATE")

            async def write() -> None:
                async with database.write() as tx:
                    await tx.run(INSERT, name="a", value="1")

            task = asyncio.create_task(write())
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.sleep(0.05)
            other.execute("ROLLBACK")
            with pytest.raises(asyncio.CancelledError):
                await task
            other.execute("BEGIN IMMEDIATE")  # nobody is in the way
            other.execute("ROLLBACK")
            async with database.read() as tx:
                assert await tx.value("SELECT count(*) FROM setting") == 0


async def test_read_only_file(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> None:
    """A file that we may only read is refused at the start."""
    if os.geteuid():
        url = await make(tmp_path / "bot.db")
        (tmp_path / "bot.db").chmod(0o400)
    else:  # nothing is read-only for root but a disk
        folder: pathlib.Path = request.getfixturevalue("disk")
        url = await make(folder / "bot.db")
        remount(folder, "ro")
        assert await reason(f"sqlite:///{folder}/other.db") == "read-only"
    assert await reason(url) == "read-only"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_unwritable_folder(tmp_path: pathlib.Path) -> None:
    """A folder in which we may not write is told so."""
    await asyncio.to_thread(tmp_path.chmod, 0o500)
    assert await reason(f"sqlite:///{tmp_path}/bot.db") == "unwritable"


async def test_full_disk_at_the_start(disk: pathlib.Path) -> None:
    """A disk without room is told so."""
    (disk / "filler").write_bytes(b"x" * (2 * 1024 * 1024 - 8192))
    assert await reason(f"sqlite:///{disk}/bot.db") == "full"


async def test_full_disk_while_running(disk: pathlib.Path) -> None:
    """A write that finds no room is undone whole; reads go on; with room again, so do writes."""
    async with Database.connect(f"sqlite:///{disk}/bot.db") as database:
        async with database.write() as tx:
            await tx.run(INSERT, name="before", value="1")

        async def fill() -> None:
            for n in range(1000):
                async with database.write() as tx:
                    await tx.run(INSERT, name=f"a{n}", value="x" * 20_000)
                    await tx.run(INSERT, name=f"b{n}", value="x" * 20_000)

        with pytest.raises(StoreError) as caught:
            await fill()
        assert caught.value.reason == "full"
        async with database.read() as tx:
            halves = await tx.first(
                "SELECT sum(CASE WHEN name LIKE 'a%' THEN 1 END) AS a, sum(CASE WHEN name LIKE 'b%' THEN 1 END) AS b"
                " FROM setting WHERE name <> 'before'"
            )
        assert halves is not None
        assert halves["a"] == halves["b"] > 0
        remount(disk, "size=8m")
        async with database.write() as tx:
            await tx.run(INSERT, name="after", value="1")


async def test_server_out_of_reach() -> None:
    """A server that is not there is told so, without its password."""
    url = "postgresql://actiebot:geheim@127.0.0.1:1/actiebot"
    assert await reason(url) == "unreachable"
    assert without_password(url) == "postgresql://actiebot@127.0.0.1:1/actiebot"


async def test_unknown_database_on_the_server(cluster: Cluster) -> None:
    """A database that the server does not have is missing: who hosts makes it."""
    assert await reason(cluster.url("nothing")) == "missing"


@contextlib.asynccontextmanager
async def old_server() -> AsyncIterator[int]:
    """What a server of version 14 says to a client that logs in; its port."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!i", len(body) + 4) + body

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size, code = struct.unpack("!ii", await reader.readexactly(8))
        if code == 80877103:  # a request for TLS
            writer.write(b"N")
            size, _ = struct.unpack("!ii", await reader.readexactly(8))
        await reader.readexactly(size - 8)
        writer.write(message(b"R", struct.pack("!i", 0)))
        for name, value in {"server_version": "14.9", "client_encoding": "UTF8"}.items():
            writer.write(message(b"S", f"{name}\0{value}\0".encode()))
        writer.write(message(b"K", struct.pack("!ii", 1, 1)) + message(b"Z", b"I"))
        await writer.drain()
        await reader.read(1)  # until the client says goodbye
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_old_server() -> None:
    """A PostgreSQL older than 15 is refused."""
    async with old_server() as port:
        assert await reason(f"postgresql://actiebot@127.0.0.1:{port}/actiebot") == "old"


async def test_server_that_goes_away(cluster: Cluster) -> None:
    """A connection that the server cuts undoes its transaction; the next one gets a new connection."""
    async with Database.connect(await cluster.migrated()) as database:

        async def interrupted() -> None:
            async with database.write() as tx:
                await tx.run(INSERT, name="a", value="1")
                pid = await tx.value("SELECT pg_backend_pid()")
                cluster.execute(f"SELECT pg_terminate_backend({pid})")
                await tx.run(INSERT, name="b", value="1")

        with pytest.raises(StoreError) as caught:
            await interrupted()
        assert caught.value.reason == "unreachable"
        async with database.write() as tx:
            assert await tx.value("SELECT count(*) FROM setting") == 0
