"""The client-server API of a homeserver: JSON in, JSON out, and errors that are ours."""

import asyncio
import datetime as dt
import email.utils
import json
import urllib.parse
from collections.abc import Mapping
from typing import Any, Self

import aiohttp

from bot.core.platform import PlatformRefused, TryAfter, Unknown

SECONDS = 20.0
MOST_BYTES = 50 * 1024 * 1024
_DEFAULT_WAIT_SECONDS = 5.0
_JSON = {"Content-Type": "application/json"}


class Rejected(PlatformRefused):
    """The homeserver said no.

    Attributes:
        code: "M_FORBIDDEN" and the like; empty where it gave none.
        status: Of HTTP.
        body: What it answered.
    """

    def __init__(self, code: str, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("error") or code or status))
        self.code = code
        self.status = status
        self.body = body


class Homeserver:
    """One account's calls; `token` may be set after a login."""

    def __init__(self, address: str, token: str | None = None) -> None:
        """Call a homeserver.

        Args:
            address: http(s)://host[:port], as in the configuration.
            token: The access token.
        """
        self.address = address.rstrip("/")
        self.token = token
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *,
        query: Mapping[str, str] | None = None, seconds: float = SECONDS,
    ) -> dict[str, Any]:  # fmt: skip
        """One call.

        Args:
            method: "GET", "POST", "PUT", "DELETE".
            path: From `/_matrix` on, its parts made with `quoted`.
            body: Sent as JSON; None: no body.
            query: Behind the question mark.
            seconds: For the whole call.

        Raises:
            Unknown: it may have been carried out: a 5xx, a cut connection, a time-out, an answer that is no JSON.
            TryAfter: the homeserver wants us to come back later; nothing was done.
            Rejected: nothing was done and nothing will be.
        """
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        return await self.send(method, path, data, headers=_JSON, query=query, seconds=seconds)

    async def send(
        self, method: str, path: str, data: bytes | None, *, headers: Mapping[str, str],
        query: Mapping[str, str] | None = None, seconds: float = SECONDS,
    ) -> dict[str, Any]:  # fmt: skip
        """The same for bytes of any kind, as uploads are."""
        status, _, raw = await self._exchange(method, path, data, headers=headers, query=query, seconds=seconds)
        return _read(status, raw)

    async def greet(self, *, seconds: float = SECONDS) -> tuple[dict[str, Any], dt.datetime | None]:
        """What it speaks, and what time it has, to the second; None: it does not say.

        Raises:
            Unknown, TryAfter, Rejected: as `call`.
        """
        path = "/_matrix/client/versions"
        status, headers, raw = await self._exchange("GET", path, None, headers={}, query=None, seconds=seconds)
        return _read(status, raw), _moment(headers)

    async def _exchange(
        self, method: str, path: str, data: bytes | None, *, headers: Mapping[str, str],
        query: Mapping[str, str] | None, seconds: float,
    ) -> tuple[int, Mapping[str, str], bytes]:  # fmt: skip
        """The status of HTTP, the headers and the bytes of an answer."""
        url = self.address + path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        own = {**headers, "Authorization": f"Bearer {self.token}"} if self.token else headers
        try:
            async with asyncio.timeout(seconds), self._connected().request(
                method, url, data=data, headers=own, allow_redirects=False
            ) as answer:  # fmt: skip
                return answer.status, answer.headers, await answer.read()
        except TimeoutError:
            raise Unknown("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unknown(type(error).__name__) from error

    def _connected(self) -> aiohttp.ClientSession:
        """Made at the first call: a session belongs to a running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auto_decompress=True, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=None)
            )
        return self._session


def quoted(text: str) -> str:
    """A room, event or account as one part of a path."""
    return urllib.parse.quote(text, safe="")


def _read(status: int, raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        body = None
    if status < 300 and isinstance(body, dict):
        return body
    if status == 429:
        raise TryAfter(_wait(body))
    if status >= 500 or status == 408 or not isinstance(body, dict):
        raise Unknown(f"HTTP {status}")
    raise Rejected(str(body.get("errcode", "")), status, body)


def _moment(headers: Mapping[str, str]) -> dt.datetime | None:
    """When an answer was given; what a cache in between kept of it is that much older."""
    try:
        date = email.utils.parsedate_to_datetime(headers["Date"])
        return date.astimezone(dt.UTC) + dt.timedelta(seconds=int(headers.get("Age", "0")))
    except (KeyError, ValueError, OverflowError):
        return None


def _wait(body: object) -> float:
    wait = body.get("retry_after_ms") if isinstance(body, dict) else None
    return max(wait / 1000, 0.05) if isinstance(wait, int | float) else _DEFAULT_WAIT_SECONDS
