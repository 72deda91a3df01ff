"""A PostgreSQL server of our own for the length of a test run: on loopback, on a free port, gone afterwards.

A conftest that needs it imports the fixture `cluster`; `await cluster.migrated()` is the address of a new database
with all our tables.
"""

import contextlib
import itertools
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence

import pytest

from bot.store.database import Database

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
START_SECONDS = 30

# A test run does not have to survive a power cut.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "log_min_messages": "fatal",
}


class Absent(Exception):
    """There is no PostgreSQL here; the text says why."""


class Cluster:
    """A running server. Every database of a test is made by `fresh`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = itertools.count(1)
        self._migrated: str | None = None

    def fresh(self, template: str = "template0") -> str:
        """The address of a new database, empty or a copy of another one of ours."""
        name = f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    async def migrated(self) -> str:
        """The address of a new database of the newest version."""
        if self._migrated is None:
            first = self.fresh()
            async with Database.connect(first):
                self._migrated = first.rpartition("/")[2]
        return self.fresh(self._migrated)

    def url(self, name: str) -> str:
        return f"postgresql://actiebot@127.0.0.1:{self._port}/{name}"

    def execute(self, sql: str) -> str:
        """Run a statement as the server's owner; what psql prints."""
        command = [str(PROGRAMS / "psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", self.url("postgres"), "-c", sql]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One server for the whole run; without one, tests that need it are skipped with the reason."""
    try:
        with running() as server:
            yield server
    except Absent as reason:
        pytest.skip(str(reason))


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """Run a server.

    Raises:
        Absent: the programs are not installed, or nobody may run them: PostgreSQL refuses root.
    """
    if not (PROGRAMS / "initdb").exists():
        raise Absent(f"no PostgreSQL 15 in {PROGRAMS}")
    user = _user()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="actiebot-postgresql-"))
    try:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        with _server(folder, user) as port:
            yield Cluster(port)
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def _server(folder: pathlib.Path, user: pwd.struct_passwd | None) -> Iterator[int]:
    data, port = folder / "data", _free_port()
    initdb = [str(PROGRAMS / "initdb"), "-D", str(data), "-U", "actiebot", "-A", "trust", "-N"]
    initdb += ["-E", "UTF8", "--locale=C"]
    subprocess.run(_as(user, initdb), check=True, capture_output=True, cwd=folder)
    postgres = [str(PROGRAMS / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder)]
    for name, value in _SETTINGS.items():
        postgres += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(_as(user, postgres), stdout=log, stderr=log, cwd=folder)
    try:
        _wait(server, port, folder / "log")
        yield port
    finally:
        server.send_signal(signal.SIGINT)  # disconnects whoever is left, then stops
        try:
            server.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(server: subprocess.Popen[bytes], port: int, log: pathlib.Path) -> None:
    ready = [str(PROGRAMS / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run(ready, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL does not start: {log.read_text()}")
        time.sleep(0.05)


def _user() -> pwd.struct_passwd | None:
    """Whom to run as: ourselves, or somebody without rights when we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Absent("root may not run PostgreSQL, and there is nobody else")


def _as(user: pwd.struct_passwd | None, command: Sequence[str]) -> list[str]:
    """The command as a user; with a parent that dies, killed or not, the program stops as well."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        if user:
            raise Absent("root needs setpriv to run PostgreSQL as somebody else")
        return list(command)
    who = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"] if user else []
    return [setpriv, *who, "--pdeathsig=INT", *command]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
