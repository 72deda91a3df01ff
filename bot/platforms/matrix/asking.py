"""Questions to a homeserver that change nothing there, in the few seconds that somebody waits at a command line."""

import time
from collections.abc import Mapping
from typing import Any

from bot.core.platform import Unknown
from bot.platforms.matrix.homeserver import Homeserver, Rejected, quoted

CALL_SECONDS = 4.0
ALL_SECONDS = 12.0
_API = "/_matrix/client/v3"


class Asking:
    """One round of questions.

    All of them raise what `Homeserver.call` raises; after `ALL_SECONDS` an answer comes at once or not at all.
    """

    def __init__(self, server: Homeserver) -> None:
        self.server = server
        self._until = time.monotonic() + ALL_SECONDS

    @property
    def seconds(self) -> float:
        """How long the next question may take."""
        return max(min(CALL_SECONDS, self._until - time.monotonic()), 0.2)

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Ask for something; `path` begins behind the version of the API, or with /_matrix."""
        whole = path if path.startswith("/_matrix") else _API + path
        return await self.server.call("GET", whole, query=query, seconds=self.seconds)

    async def found(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any] | None:
        """The same; None: it is not there, or not for us to see."""
        try:
            return await self.get(path, query)
        except Rejected as error:
            if error.status in {400, 403, 404}:
                return None
            raise

    async def state(self, room: str, kind: str, key: str = "") -> dict[str, Any] | None:
        """A state event of a room, with its sender where the homeserver tells it; None: there is none to see."""
        path = f"/rooms/{quoted(room)}/state/{quoted(kind)}/{quoted(key)}"
        event = await self.found(path, {"format": "event"})
        if event is not None and not isinstance(event.get("content"), dict):
            return {"content": event}  # a homeserver that gives the content alone
        return event

    async def keys_of(self, user_id: str, device_id: str) -> dict[str, Any]:
        """The public keys of an account and of one of its devices."""
        body = {"device_keys": {user_id: [device_id]}}
        return await self.server.call("POST", f"{_API}/keys/query", body, seconds=self.seconds)

    async def keys_left(self) -> int:
        """How many one-time keys of our device the homeserver can still give away."""
        answer = await self.server.call("POST", f"{_API}/keys/upload", {}, seconds=self.seconds)
        counts = answer.get("one_time_key_counts")
        if not isinstance(counts, dict):
            raise Unknown("a strange answer")
        left = counts.get("signed_curve25519")
        return left if isinstance(left, int) else 0


def dig(value: Any, *path: str) -> Any:
    """What stands deep in an answer; None where the answer is not made that way."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def text_in(answer: Mapping[str, Any], name: str) -> str:
    """A text in an answer.

    Raises:
        Unknown: it is not there, so this is no answer to our question.
    """
    found = answer.get(name)
    if not isinstance(found, str):
        raise Unknown("a strange answer")
    return found
