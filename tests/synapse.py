"""A real Matrix homeserver for the length of a test run: Synapse on loopback, on a free port, gone afterwards.

A conftest or a test module that needs one imports the fixture `synapse` (no limits) or `strict_synapse` (Synapse's own
limits). A run has at most one of each, and tests keep apart by accounts and rooms of their own: see
`tests.matrix_people`.
"""

import asyncio
import atexit
import base64
import contextlib
import functools
import hashlib
import hmac
import http.client
import itertools
import json
import pathlib
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp
import pytest

SERVER_NAME = "actie.test"
VENV = pathlib.Path(__file__).parent.parent / ".venv-synapse"
START_SECONDS = 60
STOP_SECONDS = 15
_LOG_LINES = 30

# Synapse stops when its standard input closes, as it does when we are gone, killed or not.
_PROGRAM = """
import os, signal, threading
def leave():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=leave, daemon=True).start()
from synapse.app.homeserver import main
main()
"""

_HIGH = {"per_second": 1_000_000, "burst_count": 1_000_000}
# Without these no test could make its accounts.
_ACCOUNT_LIMITS = {
    "rc_registration": _HIGH,
    "rc_login": {"address": _HIGH, "account": _HIGH, "failed_attempts": _HIGH},
}
_LIMITS: Mapping[str, Mapping[str, Any]] = {
    "default": _ACCOUNT_LIMITS,
    "none": {
        **_ACCOUNT_LIMITS,
        "rc_message": _HIGH,
        "rc_joins": {"local": _HIGH, "remote": _HIGH},
        "rc_joins_per_room": _HIGH,
        "rc_invites": {"per_room": _HIGH, "per_user": _HIGH, "per_issuer": _HIGH},
        "rc_room_creation": _HIGH,
        "rc_media_create": _HIGH,
        "rc_user_directory": _HIGH,
        "rc_admin_redaction": _HIGH,
        "rc_reports": _HIGH,
        "rc_key_requests": _HIGH,
    },
}
_SECRETS = ("registration_shared_secret", "macaroon_secret_key", "form_secret")


class Absent(Exception):
    """There is no Synapse here; the text says why."""


class MatrixError(Exception):
    """The homeserver said no.

    Attributes:
        status: Of HTTP.
        code: "M_FORBIDDEN" and the like; empty where it gave none.
        body: What it answered.
    """

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {json.dumps(body)}")
        self.status = status
        self.code = str(body.get("errcode", ""))
        self.body = body


@dataclass(frozen=True, slots=True)
class Account:
    user_id: str
    token: str
    device_id: str
    password: str


class Synapse:
    """A homeserver in a folder: it can be stopped and started again, on the same port, and knows what it knew.

    Attributes:
        url: "http://127.0.0.1:port".
        log: Its own log file, warnings and worse.
    """

    def __init__(
        self, folder: pathlib.Path, *, limits: Literal["none", "default"] = "none", port: int | None = None
    ) -> None:
        """Write its configuration; nothing runs yet.

        Args:
            folder: Ours alone; what is in it already is used again.
            limits: "none", or "default" for Synapse's own, except those on new accounts and logins.
            port: On 127.0.0.1; None: a free one.

        Raises:
            Absent: it is not installed.
        """
        if not (VENV / ".stamp-synapse").exists():
            raise Absent("Synapse is not installed: scripts/setup.sh synapse installs it, or says why it cannot")
        self.folder = folder
        self.port = port or _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "homeserver.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._admin: Account | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._configure(limits)

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    # -- the process --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start and wait until it answers; does nothing when it runs.

        Raises:
            RuntimeError: it does not start; the text is the end of its log.
        """
        await asyncio.to_thread(self.start_now)

    async def stop(self) -> None:
        """Stop in good order; does nothing when it is down."""
        await asyncio.to_thread(self.stop_now)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def kill(self) -> None:
        """Stop at once, in the middle of whatever it does."""
        if self._process:
            self._process.kill()
        self._gone()

    @contextlib.asynccontextmanager
    async def down(self, *, killed: bool = False) -> AsyncIterator[None]:
        """Down for the length of a block, in good order or killed, and up again after it."""
        if killed:
            self.kill()
        await self.stop()
        try:
            yield
        finally:
            await self.start()

    def start_now(self) -> None:
        """`start`, where no event loop runs."""
        if self.running:
            return
        self._gone()
        command = [str(VENV / "bin/python"), "-c", _PROGRAM, "--config-path", str(self.folder / "homeserver.yaml")]
        with (self.folder / "output.log").open("wb") as output:
            # A session of its own: Ctrl-C is for us, who then stop it.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output, stderr=output, cwd=self.folder, start_new_session=True
            )
        self._wait(self._process)

    def stop_now(self) -> None:
        """`stop`, where no event loop runs."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._gone()

    def _gone(self) -> None:
        if self._process:
            self._process.communicate()
            self._process = None

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self._answers():
                return
            if process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"Synapse does not start:\n{self._end_of_log()}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(asking), contextlib.suppress(OSError, http.client.HTTPException):
            asking.request("GET", "/_matrix/client/versions")
            return asking.getresponse().status == http.HTTPStatus.OK
        return False

    def _end_of_log(self) -> str:
        lines: list[str] = []
        for path in (self.log, self.folder / "output.log"):
            if path.exists():
                lines += path.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return "\n".join(lines)

    # -- accounts -----------------------------------------------------------------------------------------

    def unique(self, name: str) -> str:
        """The name with a number behind it, different each time."""
        return f"{name}-{next(self._numbers)}"

    async def register(self, name: str, *, admin: bool = False, password: str | None = None) -> Account:
        """A new account @name:actie.test, logged in.

        Args:
            name: Lower-case letters, digits, "-", "_", ".".
            admin: Of the server.
            password: None: one is made up.

        Raises:
            MatrixError: M_USER_IN_USE and the like.
        """
        password = password or secrets.token_urlsafe(16)
        if not admin:
            body = {"username": name, "password": password, "auth": {"type": "m.login.dummy"}}
            return _account(await self.call("POST", "/_matrix/client/v3/register", body), password)
        path = "/_synapse/admin/v1/register"
        nonce = (await self.call("GET", path))["nonce"]
        words = f"{nonce}\0{name}\0{password}\0admin"
        mac = hmac.new(self._secret("registration_shared_secret").encode(), words.encode(), hashlib.sha1).hexdigest()
        known = {"nonce": nonce, "username": name, "password": password, "admin": True, "mac": mac}
        return _account(await self.call("POST", path, known), password)

    async def login(self, name: str, password: str, *, device_id: str | None = None) -> Account:
        """Log in to an account of ours; with the id of a known device, as that device."""
        body: dict[str, Any] = {"type": "m.login.password", "password": password}
        body["identifier"] = {"type": "m.id.user", "user": name}
        if device_id:
            body["device_id"] = device_id
        return _account(await self.call("POST", "/_matrix/client/v3/login", body), password)

    async def lift_limits(self, user_id: str) -> None:
        """Let this account send as fast as it likes, whatever the limits are."""
        path = f"/_synapse/admin/v1/users/{quoted(user_id)}/override_ratelimit"
        await self.admin("POST", path, {"messages_per_second": 0, "burst_count": 0})

    # -- what it knows ------------------------------------------------------------------------------------

    async def stored(self, room_id: str, kind: str | None = None) -> list[dict[str, Any]]:
        """The server's own record of a room, whoever is in it: all events, oldest first.

        Args:
            room_id: "!…"
            kind: Only events of this type, such as "m.room.message".
        """
        events: list[dict[str, Any]] = []
        query = {"dir": "b", "limit": "1000"}
        while True:
            page = await self.admin("GET", f"/_synapse/admin/v1/rooms/{quoted(room_id)}/messages", query=query)
            events += page["chunk"]
            if "end" not in page:
                return [event for event in reversed(events) if kind in {None, event["type"]}]
            query["from"] = page["end"]

    async def admin(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """A call by the server's own administrator."""
        if self._admin is None:
            self._admin = await self.register(f"admin-{secrets.token_hex(4)}", admin=True)
        return await self.call(method, path, body, query=query, token=self._admin.token)

    async def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *,
        query: Mapping[str, str] | None = None, token: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """One call of its API.

        Raises:
            MatrixError: it said no.
            aiohttp.ClientError: it is down.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, self.url + path, json=body, params=query) as answer,
        ):
            content: dict[str, Any] = await answer.json()
            if answer.status >= 300:
                raise MatrixError(answer.status, content)
            return content

    # -- its folder ---------------------------------------------------------------------------------------

    def _configure(self, limits: str) -> None:
        folder = self.folder
        seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        kept(folder / "signing.key", f"ed25519 a_actie {seed}\n")
        (folder / "log.yaml").write_text(json.dumps(_logging(self.log)))
        listener = {
            "type": "http",
            "port": self.port,
            "bind_addresses": ["127.0.0.1"],
            "resources": [{"names": ["client"]}],
        }
        settings = {
            "server_name": SERVER_NAME,
            "public_baseurl": f"{self.url}/",
            "listeners": [listener],
            "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
            "media_store_path": str(folder / "media"),
            "signing_key_path": str(folder / "signing.key"),
            "log_config": str(folder / "log.yaml"),
            "pid_file": str(folder / "homeserver.pid"),
            "enable_registration": True,
            "enable_registration_without_verification": True,
            "bcrypt_rounds": 4,
            "federation_domain_whitelist": [],
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "report_stats": False,
            "presence": {"enabled": False},
            "url_preview_enabled": False,
            **{name: self._secret(name) for name in _SECRETS},
            **_LIMITS[limits],
        }
        (folder / "homeserver.yaml").write_text(json.dumps(settings, indent=1))  # JSON is YAML

    def _secret(self, name: str) -> str:
        return kept(self.folder / name, secrets.token_urlsafe(32))


def quoted(text: str) -> str:
    """A room, event or account as one part of a path."""
    return urllib.parse.quote(text, safe="")


def kept(path: pathlib.Path, value: str) -> str:
    """What is in the file, that only we may read; the value, put there, when there is no such file."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(value)
    return path.read_text()


def _account(answer: Mapping[str, Any], password: str) -> Account:
    return Account(answer["user_id"], answer["access_token"], answer["device_id"], password)


def _logging(file: pathlib.Path) -> dict[str, Any]:
    return {
        "version": 1,
        "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"file": {"class": "logging.FileHandler", "filename": str(file), "formatter": "plain"}},
        "root": {"level": "WARNING", "handlers": ["file"]},
        "disable_existing_loggers": False,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def synapse() -> Synapse:
    """One homeserver without limits for the whole run; where there is none, tests are skipped with the reason."""
    return _running("none")


@pytest.fixture(scope="session")
def strict_synapse() -> Synapse:
    """The same with Synapse's own limits: an account may send 10 messages, and then one each 5 seconds."""
    return _running("default")


def _running(limits: Literal["none", "default"]) -> Synapse:
    try:
        return _shared(limits)
    except Absent as reason:
        pytest.skip(str(reason))


@functools.cache
def _shared(limits: Literal["none", "default"]) -> Synapse:
    """One for the whole run, also where several modules import the fixture and each has one of its own."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="actiebot-synapse-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = Synapse(folder, limits=limits)
    atexit.register(server.kill)
    server.start_now()
    return server
