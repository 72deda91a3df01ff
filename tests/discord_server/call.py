"""A request as the endpoints see it, and what they answer."""

import dataclasses
import json
from typing import Any

from aiohttp import BodyPartReader, web

JSON = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Upload:
    """A file in a request."""

    name: str
    data: bytes
    content_type: str


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        template: The path as Discord's description writes it: /channels/{channel_id}/messages.
        ids: What stood in its places.
        body: The JSON, of `payload_json` too; None: there was none.
        files: What was uploaded, by its number.
        authorized: It carried the bot's token.
    """

    method: str
    template: str
    path: str
    ids: dict[str, str]
    query: dict[str, str]
    body: Any
    files: dict[int, Upload]
    multipart: bool
    authorized: bool

    @property
    def fields(self) -> JSON:
        """The body of a request that has an object there."""
        return self.body if isinstance(self.body, dict) else {}

    def flag(self, name: str) -> bool:
        """A yes or no in the query."""
        return self.query.get(name, "false").lower() in {"1", "true"}


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any = None


class Refusal(Exception):
    """An error of Discord's: an HTTP status and its own code.

    Source: Discord's documentation, topics/opcodes-and-status-codes, "JSON error codes".
    """

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def answer(self) -> Answer:
        return Answer(self.status, {"message": self.message, "code": self.code})


class Malformed(Refusal):
    """A body that Discord does not take, with each reason."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(400, 50035, "Invalid Form Body: " + "; ".join(reasons))
        self.reasons = reasons


def not_found(what: str) -> Refusal:
    """Unknown Channel, Unknown Message and so on."""
    codes = {
        "Channel": 10003, "Guild": 10004, "Member": 10007, "Message": 10008, "Role": 10011, "User": 10013,
        "Webhook": 10015, "Interaction": 10062, "Application Command": 10063,
        "Application Command Permissions": 10066,
    }  # fmt: skip
    return Refusal(404, codes[what], f"Unknown {what}")


async def read(request: web.Request, template: str, token: str) -> Call:
    """The call that a request is."""
    multipart = request.content_type == "multipart/form-data"
    body, files = await _parts(request) if multipart else (await _json(request), {})
    return Call(
        method=request.method,
        template=template,
        path=request.path,
        ids=dict(request.match_info),
        query=dict(request.query),
        body=body,
        files=files,
        multipart=multipart,
        authorized=request.headers.get("Authorization") == f"Bot {token}",
    )


async def _json(request: web.Request) -> Any:
    raw = await request.read()
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        raise Refusal(400, 50109, "The request body contains invalid JSON.") from None


async def _parts(request: web.Request) -> tuple[Any, dict[int, Upload]]:
    body: Any = None
    files: dict[int, Upload] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise Malformed("a multipart within a multipart")
        name = part.name or ""
        data = bytes(await part.read(decode=True))
        if name == "payload_json":
            body = json.loads(data)
        elif name.startswith("files["):
            kind = part.headers.get("Content-Type", "application/octet-stream")
            files[int(name[6:-1])] = Upload(part.filename or "unknown", data, kind)
        else:
            raise Malformed(f"a part named {name!r}")
    return body, files
