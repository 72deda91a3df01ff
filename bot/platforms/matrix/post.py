"""Sending events: when it is their turn, encrypted where the room is, with a key by which they are found again."""

import asyncio
import datetime as dt
import hashlib
import itertools
from collections.abc import Mapping
from typing import Any

from nio import AsyncClient

from bot.core.platform import PlatformRefused, TryAfter, Unknown
from bot.platforms.matrix.encryption import Encryption
from bot.platforms.matrix.homeserver import Homeserver, Rejected, quoted
from bot.platforms.matrix.rooms import Rooms
from bot.platforms.matrix.turns import Rank, Turns
from bot.platforms.matrix.uploads import Uploads

KEY = "org.actiebot.key"
_PAGE = 100
_SYNC_SECONDS = 2.0
_AGAIN_SECONDS = 3.0
_NOT_US = {"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"}  # the sync sees to it; the message may go later

Content = Mapping[str, Any]


def mark(key: str) -> str:
    """A key of ours as transaction id and as mark in the message; it tells nothing about what it is for."""
    return hashlib.blake2s(key.encode(), digest_size=20).hexdigest()


def ref_of(room: str, event: str) -> str:
    """A message of ours, wherever its room is configured to be by then."""
    return f"{room} {event}"


def read_ref(ref: str) -> tuple[str, str]:
    room, _, event = ref.rpartition(" ")
    return room, event


class Post:
    """One account's messages."""

    def __init__(self, client: AsyncClient, server: Homeserver, rooms: Rooms, turns: Turns) -> None:
        self._client = client
        self._server = server
        self._rooms = rooms
        self._turns = turns
        self._uploads = Uploads(server)
        self._encryption = Encryption(client, server)
        self.ready = asyncio.Event()
        """Set when the first sync of this process is done: the rooms and their keys are known."""

    async def send(
        self, room: str, type_: str, content: Content, *, key: str, rank: Rank, now: bool = False
    ) -> str:  # fmt: skip
        """Send an event; its id.

        Args:
            room: Its id.
            type_: Of the event.
            content: In the clear.
            key: The same for every attempt at the same event.
            rank: What goes first.
            now: Raise rather than wait for others.

        Raises:
            Unknown, PlatformRefused, TryAfter: as `bot.core.platform.Platform.send` says.
        """
        self._check(room)
        sealed = type_, content
        if self._rooms.encrypted(room) and type_ != "m.reaction":  # reactions have no encrypted form
            sealed = await self._encryption.encrypt(room, type_, content)
        txn = mark(key)
        body = {**sealed[1], KEY: txn} if type_ != "m.reaction" else sealed[1]
        path = f"/_matrix/client/v3/rooms/{quoted(room)}/send/{sealed[0]}/{txn}"

        async def put() -> str:
            return str((await self._server.call("PUT", path, body))["event_id"])

        return await self._run(room, rank, put, now=now)

    async def redact(self, room: str, event: str, *, key: str, rank: Rank) -> None:
        """Take a message away; PlatformRefused where we may not."""
        path = f"/_matrix/client/v3/rooms/{quoted(room)}/redact/{quoted(event)}/{mark(key)}"

        async def put() -> str:
            return str((await self._server.call("PUT", path, {})).get("event_id"))

        await self._run(room, rank, put)

    async def upload(self, room: str, upload: Mapping[str, str]) -> Content:
        """Bring a picture or a file to the homeserver; the part of the content that says where it is."""
        self._check(room)
        return await self._uploads.bring(upload, encrypted=self._rooms.encrypted(room))

    async def find(self, room: str, key: str, *, since: dt.datetime) -> str | None:
        """The id of our event with this key, looked up in the room; `since` is machine time."""
        txn, earliest = mark(key), int(since.timestamp() * 1000)
        path = f"/_matrix/client/v3/rooms/{quoted(room)}/messages"
        query = {"dir": "b", "limit": str(_PAGE), "filter": f'{{"senders":["{self._client.user_id}"]}}'}
        while True:
            page = await self._server.call("GET", path, query=query)
            for event in page.get("chunk", ()):
                if event.get("origin_server_ts", 0) < earliest:
                    return None
                if txn in {event.get("content", {}).get(KEY), event.get("unsigned", {}).get("transaction_id")}:
                    return str(event["event_id"])
            if not page.get("end"):
                return None
            query["from"] = page["end"]

    async def event(self, room: str, event: str) -> Content | None:
        """One event of a room in the clear, as its JSON; None: there is none, or it cannot be read."""
        try:
            found = await self._server.call("GET", f"/_matrix/client/v3/rooms/{quoted(room)}/event/{quoted(event)}")
        except Rejected:
            return None
        return self.clear(room, found)

    def clear(self, room: str, found: dict[str, Any]) -> Content | None:
        """An event as its JSON, decrypted."""
        if found.get("type") != "m.room.encrypted":
            return found
        from nio import Event, MegolmEvent

        sealed = Event.parse_encrypted_event({**found, "room_id": room})
        if not isinstance(sealed, MegolmEvent):
            return None
        try:
            return dict(self._client.decrypt_event(sealed).source)
        except Exception:  # noqa: BLE001 - whatever is in it was written by others
            return None

    async def latest(self, room: str) -> Content | None:
        """Our latest message in a room, in the clear."""
        path = f"/_matrix/client/v3/rooms/{quoted(room)}/messages"
        types = '["m.room.message","m.room.encrypted"]'
        filter_ = f'{{"senders":["{self._client.user_id}"],"types":{types}}}'
        page = await self._server.call("GET", path, query={"dir": "b", "limit": "1", "filter": filter_})
        return next((self.clear(room, event) for event in page.get("chunk", ())), None)

    async def before(self, room: str, event: str, *, limit: int, age: dt.timedelta) -> list[Content]:
        """What was said in a room before an event, in the clear, the newest first.

        Args:
            room: Its id.
            event: Of somebody else's, among the latest.
            limit: So many events at most.
            age: Nothing that is older than the event by more than this.
        """
        path = f"/_matrix/client/v3/rooms/{quoted(room)}/messages"
        filter_ = '{"types":["m.room.message","m.room.encrypted","m.reaction"]}'
        page = await self._server.call("GET", path, query={"dir": "b", "limit": str(limit), "filter": filter_})
        found = itertools.dropwhile(lambda one: one.get("event_id") != event, page.get("chunk", ()))
        last = next(found, None)
        earliest = (last["origin_server_ts"] if last else 0) - age / dt.timedelta(milliseconds=1)
        young = (one for one in found if one.get("origin_server_ts", 0) >= earliest)
        return [clear for one in young if (clear := self.clear(room, one))]

    def _check(self, room: str) -> None:
        if not self.ready.is_set():
            raise TryAfter(_SYNC_SECONDS, everywhere=True)
        if room not in self._rooms:
            raise PlatformRefused("not in this room")

    async def _run(self, room: str, rank: Rank, put: Any, *, now: bool = False) -> str:
        run = self._turns.run_now if now else self._turns.run
        try:
            return str(await run(room, rank, put))
        except Rejected as error:
            if error.code in _NOT_US:
                raise TryAfter(_AGAIN_SECONDS, everywhere=True) from error
            raise


__all__ = ["KEY", "Content", "Post", "Unknown", "mark", "read_ref", "ref_of"]
