"""A homeserver that misbehaves: a proxy before a real one, that fails as it is told to."""

import asyncio
import collections
import contextlib
import dataclasses
import re
from collections.abc import AsyncIterator

import aiohttp
import yarl
from aiohttp import web

_HOP = {"host", "content-length", "transfer-encoding", "connection", "content-encoding"}


@dataclasses.dataclass
class Fault:
    """What goes wrong with calls whose path matches.

    Attributes:
        what: "500", "502", "429": answered so, nothing done. "500-after": done, and answered so. "cut": hung up,
            nothing done. "cut-after": done, and hung up. "html": done, answered with a page. "stale": the token is.
        times: How often; -1: always.
    """

    path: str
    what: str
    times: int = 1
    method: str = ""


class Unruly:
    """The proxy; `calls` counts what was asked by method and kind of path."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.url = ""
        self.faults: list[Fault] = []
        self.calls: collections.Counter[str] = collections.Counter()
        self.bodies: list[tuple[str, str, bytes]] = []

    def fails(self, path: str, what: str, times: int = 1, *, method: str = "") -> None:
        self.faults.append(Fault(path, what, times, method))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Unruly"]:
        app = web.Application(client_max_size=100 * 1024**2)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = str(site.name)
        try:
            async with aiohttp.ClientSession(auto_decompress=False) as self._session:
                yield self
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.calls[f"{request.method} {_kind(request.path)}"] += 1
        fault = self._fault(request)
        if fault in {"500", "502"}:
            return web.json_response({"errcode": "M_UNKNOWN", "error": "made up"}, status=int(fault))
        if fault == "429":
            limit = {"errcode": "M_LIMIT_EXCEEDED", "error": "made up", "retry_after_ms": 300}
            return web.json_response(limit, status=429)
        if fault == "stale":
            stale = {"errcode": "M_UNKNOWN_TOKEN", "error": "made up", "soft_logout": True}
            return web.json_response(stale, status=401)
        if fault == "cut":
            return _cut(request)
        answer = await self._forward(request, body)
        if fault == "500-after":
            return web.json_response({"errcode": "M_UNKNOWN", "error": "made up"}, status=500)
        if fault == "html":
            return web.Response(text="<h1>Bad gateway</h1>", content_type="text/html")
        return _cut(request) if fault == "cut-after" else answer

    def _fault(self, request: web.Request) -> str | None:
        for fault in self.faults:
            if fault.times and re.search(fault.path, request.path) and fault.method in {"", request.method}:
                fault.times -= 1
                return fault.what
        return None

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        url = self.upstream + request.raw_path
        async with self._session.request(
            request.method, yarl.URL(url, encoded=True), data=body, headers=headers
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            if "Content-Encoding" in answer.headers:
                kept["Content-Encoding"] = answer.headers["Content-Encoding"]
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError


def _kind(path: str) -> str:
    """The path without what stands for a room, an event or a transaction."""
    return re.sub(r"/(?:%21|!|%24|\$|%40|@|[0-9a-f]{40})[^/]*", "/…", path.removeprefix("/_matrix/client/v3"))
