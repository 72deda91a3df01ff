"""Private talks: an encrypted room of two for each person, made once."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from bot.core.platform import Memory, PlatformRefused, TryAfter, Unknown
from bot.platforms.matrix.homeserver import Homeserver, Rejected, quoted
from bot.platforms.matrix.rooms import Rooms
from bot.platforms.matrix.turns import Rank, Turns

ACCEPT_SECONDS = 60 * 60.0
"""How long a message of the outbox waits for an invitation to be accepted, before it goes elsewhere."""
_KEPT = "directs"
_APPEAR_SECONDS = 20.0
_ASK_AGAIN_SECONDS = 30.0

log = structlog.get_logger()


class Directs:
    """Which room is whose."""

    def __init__(
        self, server: Homeserver, rooms: Rooms, turns: Turns, memory: Memory, me: str, *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._server = server
        self._rooms = rooms
        self._turns = turns
        self._memory = memory
        self._me = me
        self._now = now
        self._kept: dict[str, str] = {}
        self._listed: dict[str, list[str]] = {}
        self._invited: dict[str, float] = {}
        self._making: dict[str, asyncio.Lock] = {}

    async def recall(self) -> None:
        """Read which rooms were made before, here or by the account data."""
        self._kept = json.loads(await self._memory.get(_KEPT) or "{}")
        try:
            listed = await self._server.call("GET", self._account_data)
        except Rejected:
            listed = {}
        self._listed = {user: rooms for user, rooms in listed.items() if isinstance(rooms, list)}

    @property
    def _account_data(self) -> str:
        return f"/_matrix/client/v3/user/{quoted(self._me)}/account_data/m.direct"

    async def for_answer(self, user: str) -> str:
        """The room in which somebody who asks just now gets the answer; they may have to accept the invitation.

        Raises:
            Unknown, TryAfter, PlatformRefused: it could not be made.
        """
        async with self._making.setdefault(user, asyncio.Lock()):
            if found := self._find(user):
                return await self._keep(user, found)
            left = self._kept.get(user, "")
            if left in self._rooms and not self._rooms.members(left) and self._rooms.encrypted(left):
                await self._invite(left, user)
                return left
            return await self._make(user)

    async def for_message(self, user: str) -> str:
        """The room for a message that nobody asks for at this moment.

        Raises:
            PlatformRefused: they left it, or did not accept in time; another account may be better.
            TryAfter: they have not accepted yet.
            Unknown: it could not be made.
        """
        async with self._making.setdefault(user, asyncio.Lock()):
            room = self._find(user)
            if room is None and self._kept.get(user, "") in self._rooms:
                raise PlatformRefused("the private talk was left", closed=True)
            room = await self._keep(user, room) if room else await self._make(user)
        if self._rooms.joined(room, user):
            self._invited.pop(room, None)
            return room
        if self._now() - self._invited.setdefault(room, self._now()) > ACCEPT_SECONDS:
            raise PlatformRefused("the invitation was not accepted", closed=True)
        raise TryAfter(_ASK_AGAIN_SECONDS)

    def of(self, user: str) -> str | None:
        """The room that was kept for somebody; it may have been left since."""
        return self._kept.get(user)

    def _find(self, user: str) -> str | None:
        """The room we keep, one of the account data, or one that was made just before the bot died."""
        wanted = [self._kept.get(user, ""), *self._listed.get(user, ()), *self._rooms]
        return next((room for room in wanted if self._fits(room, user)), None)

    def _fits(self, room: str, user: str) -> bool:
        rooms = self._rooms
        return rooms.is_private(room) and list(rooms.members(room)) == [user] and rooms.encrypted(room)

    async def _keep(self, user: str, room: str) -> str:
        if self._kept.get(user) != room:
            self._kept[user] = room
            await self._memory.put(_KEPT, json.dumps(self._kept))
        if room not in self._listed.get(user, ()):
            self._listed.setdefault(user, []).append(room)
            try:
                await self._server.call("PUT", self._account_data, self._listed)
            except (Unknown, TryAfter, PlatformRefused) as error:  # a nicety for other clients of this account
                log.warning("m.direct was not written", error=repr(error))
        return room

    async def _make(self, user: str) -> str:
        async def create() -> str:
            answer = await self._server.call("POST", "/_matrix/client/v3/createRoom", {
                "preset": "trusted_private_chat",
                "is_direct": True,
                "invite": [user],
                "initial_state": [
                    _state("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}),
                    # What is said before somebody accepts can be read once they do.
                    _state("m.room.history_visibility", {"history_visibility": "invited"}),
                ],
            })  # fmt: skip
            return str(answer["room_id"])

        room = await self._turns.run_apart(f"direct {user}", Rank.ANSWER, create)
        self._invited[room] = self._now()
        await self._appeared(room, user)
        return await self._keep(user, room)

    async def _invite(self, room: str, user: str) -> None:
        async def invite() -> str:
            path = f"/_matrix/client/v3/rooms/{quoted(room)}/invite"
            await self._server.call("POST", path, {"user_id": user})
            return room

        await self._turns.run_apart(f"direct {user}", Rank.ANSWER, invite)
        self._invited[room] = self._now()
        await self._appeared(room, user)

    async def _appeared(self, room: str, user: str) -> None:
        """Wait for the sync to know the room: before that nothing can be encrypted for it."""
        until = self._now() + _APPEAR_SECONDS
        while not self._fits(room, user):
            if self._now() > until:
                raise Unknown("the new room is not in the sync yet")
            await asyncio.sleep(0.05)


def _state(type_: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": type_, "state_key": "", "content": content}
