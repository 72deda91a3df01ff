"""Configured rooms and real ones: aliases are resolved once and pinned, and an upgraded room is followed.

The rest of the bot knows a room by what stands in the configuration (`matrix:#actie:example.org`); only here it is
known where that is now.
"""

import json
from collections.abc import Sequence

import structlog

from bot.core.invocation import Address
from bot.core.platform import Memory, TryAfter, Unknown
from bot.platforms.matrix.homeserver import Homeserver, Rejected, quoted

_PINS = "pins"

log = structlog.get_logger()


class Places:
    """Where the configured rooms are."""

    def __init__(self, memory: Memory, configured: Sequence[str]) -> None:
        """Know these rooms: `!id` or `#alias:server`, as configured."""
        self._memory = memory
        self.configured = tuple(dict.fromkeys(configured))
        self._pins: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self.changed: dict[str, str] = {}
        """Aliases that point elsewhere by now, and where: the pin holds until the operator changes the settings."""

    async def recall(self) -> None:
        """Read what was pinned in earlier runs."""
        self._pins = json.loads(await self._memory.get(_PINS) or "{}")
        self._index()

    async def resolve(self, server: Homeserver) -> list[str]:
        """Look up every alias; the new ones are pinned. The answer: those that exist nowhere.

        Raises:
            Unknown, TryAfter: the homeserver could not be asked.
        """
        unknown = []
        for name in self.configured:
            if not name.startswith("#"):
                continue
            found = await _directory(server, name)
            first = self._pins.get(f"alias {name}")
            if found is None:
                unknown += [] if first else [name]
            elif first is None:
                await self._pin(f"alias {name}", found)
                await self._pin(name, found)
            elif found != first and found != self._pins.get(name):
                self.changed[name] = found
                log.warning("an alias points elsewhere; the room of before is kept", alias=name)
        return unknown

    async def move(self, name: str, room: str) -> None:
        """From now on a configured room is there."""
        await self._pin(name, room)

    def room(self, name: str) -> str | None:
        """The room that a configured name or a room's own id stands for; None: an alias not resolved yet."""
        return self._pins.get(name) or (name if name.startswith("!") else None)

    def name(self, room: str) -> str | None:
        """What a room is called in the configuration; None: it is not there."""
        return self._names.get(room)

    def address(self, room: str) -> Address:
        """The address by which the rest of the bot knows a room."""
        return Address("matrix", self._names.get(room, room))

    async def _pin(self, name: str, room: str) -> None:
        self._pins[name] = room
        self._index()
        await self._memory.put(_PINS, json.dumps(self._pins))

    def _index(self) -> None:
        self._names = {room: name for name in self.configured if (room := self.room(name))}


async def _directory(server: Homeserver, alias: str) -> str | None:
    try:
        answer = await server.call("GET", f"/_matrix/client/v3/directory/room/{quoted(alias)}")
    except Rejected as error:
        if error.status == 404:
            return None
        raise Unknown(error.reason) from error
    except TryAfter as error:
        raise Unknown("too many requests") from error
    room = answer.get("room_id")
    return room if isinstance(room, str) else None
