"""The REST interface: one way in for every request, one way out for every answer."""

import asyncio
import json
import mimetypes
import traceback
from collections import deque
from collections.abc import Callable

from aiohttp import web

from tests.discord_server import commands_api, events_api, interactions_api, messages_api, places_api
from tests.discord_server.call import Answer, Call, Malformed, Refusal, read
from tests.discord_server.description import Description
from tests.discord_server.faults import Fault, Faults
from tests.discord_server.rules import broken
from tests.discord_server.world import World

Endpoint = Callable[[World, Call], Answer]

BASE = "/api/v10"

# What holds a secret in its path needs no token in a header.
OPEN = ("/webhooks/", "/interactions/")

ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    **places_api.ENDPOINTS,
    **messages_api.ENDPOINTS,
    **interactions_api.ENDPOINTS,
    **commands_api.ENDPOINTS,
    **events_api.ENDPOINTS,
}


class Rest:
    """All endpoints.

    Attributes:
        violations: What the bot asked that Discord does not take, and what we answered that Discord would not.
        calls: Method and path of the latest requests that were let in, oldest first.
    """

    def __init__(self, world: World, token: str, description: Description) -> None:
        self.world = world
        self.token = token
        self.description = description
        self.faults = Faults()
        self.violations: list[str] = []
        self.calls: deque[tuple[str, str]] = deque(maxlen=10_000)

    def register(self, app: web.Application) -> None:
        for method, template in ENDPOINTS:
            app.router.add_route(method, BASE + template, self.serve)
        app.router.add_get("/attachments/{channel_id}/{file_id}/{name}", self.serve_file)
        app.router.add_route("*", "/{rest:.*}", self.serve_unknown)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One request: perhaps a fault, then the rules, then the endpoint."""
        resource = request.match_info.route.resource
        template = resource.canonical.removeprefix(BASE) if resource else request.path
        try:
            call = await read(request, template, self.token)
        except Refusal as refusal:
            return self._refused(f"{request.method} {request.path}", refusal)
        fault = self.faults.strikes(call.method, call.path)
        if fault is not None:
            return await self._strike(fault, request, call)
        return _response(self._answer(call))

    async def _strike(self, fault: Fault, request: web.Request, call: Call) -> web.StreamResponse:
        await asyncio.sleep(fault.delay_seconds)
        answer = self._answer(call) if fault.stored else None
        if fault.cut:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if fault.status is None and answer is not None:
            return _response(answer)
        return _response(fault.answer(), via=fault.via)

    def _answer(self, call: Call) -> Answer:
        self.calls.append((call.method, call.path))
        try:
            answer = self._checked(call)
        except Refusal as refusal:
            if isinstance(refusal, Malformed):
                self.violations.append(f"{call.method} {call.path}: {refusal.message}")
            answer = refusal.answer()
        except Exception:  # noqa: BLE001 - a fault of our own: a bot would try again, and a test would not see it
            self.violations.append(f"we broke on {call.method} {call.path}:\n{traceback.format_exc()}")
            answer = Answer(500, {"message": "500: Internal Server Error", "code": 0})
        wrong = self.description.answer_faults(call.method, call.template, answer.status, answer.body)
        self.violations += [f"our own answer to {call.method} {call.path}: {one}" for one in wrong]
        return answer

    def _checked(self, call: Call) -> Answer:
        if not call.authorized and not call.template.startswith(OPEN):
            raise Refusal(401, 0, "401: Unauthorized")
        wrong = [*self.description.request_faults(call), *broken(call)]
        if wrong:
            raise Malformed(*wrong)
        return ENDPOINTS[call.method, call.template](self.world, call)

    def _refused(self, what: str, refusal: Refusal) -> web.Response:
        self.violations.append(f"{what}: {refusal.message}")
        return _response(refusal.answer())

    async def serve_unknown(self, request: web.Request) -> web.StreamResponse:
        """A path that Discord does not have, or that this stand-in does not know."""
        return self._refused(f"{request.method} {request.path}", Refusal(404, 0, "404: Not Found"))

    async def serve_file(self, request: web.Request) -> web.StreamResponse:
        """What was uploaded."""
        name = request.match_info["name"]
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        data = self.world.uploads.get(request.match_info["file_id"])
        return web.Response(status=404) if data is None else web.Response(body=data, content_type=kind)


def _response(answer: Answer, *, via: bool = True) -> web.Response:
    headers = {"Via": "1.1 google"} if via else {}
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    # discord.py reads JSON only when the type is exactly this, without a charset.
    headers["Content-Type"] = "application/json"
    return web.Response(status=answer.status, body=json.dumps(answer.body).encode(), headers=headers)
