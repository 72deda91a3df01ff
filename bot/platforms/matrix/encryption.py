"""Encrypting for a room: every device in it gets the room's key first, and surely."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from nio import AsyncClient, EncryptionError, ErrorResponse, LocalProtocolError

from bot.core.platform import PlatformRefused, TryAfter, Unknown
from bot.platforms.matrix.homeserver import Homeserver

_AGAIN_SECONDS = 3.0
_TO_DEVICES = "/_matrix/client/v3/sendToDevice/m.room.encrypted"


class Encryption:
    """One device's."""

    def __init__(self, client: AsyncClient, server: Homeserver) -> None:
        self._client = client
        self._server = server
        self._sharing: dict[str, asyncio.Lock] = {}

    async def encrypt(self, room: str, type_: str, content: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """An event as only the devices in a room, and of who is invited to it, can read it.

        Raises:
            TryAfter: a key could not be brought to somebody; nothing has left that anybody could see.
            PlatformRefused: this room is encrypted, and we cannot encrypt.
        """
        if self._client.olm is None:
            raise PlatformRefused("encryption is off")
        try:
            async with self._sharing.setdefault(room, asyncio.Lock()):
                await self._share(room)
                sealed, body = self._client.encrypt(room, type_, dict(content))
        except (EncryptionError, LocalProtocolError, Unknown, TryAfter, KeyError, OSError, TimeoutError) as error:
            raise TryAfter(_AGAIN_SECONDS) from error
        if sealed != "m.room.encrypted":
            raise PlatformRefused("this room is encrypted")
        return sealed, body

    async def _share(self, room: str) -> None:
        """Bring the room's key to every device that does not have it.

        nio's own `share_group_session` takes a key that did not arrive for one that did, and what is said then stays
        unreadable for its reader.
        """
        client, olm = self._client, self._client.olm
        if not client.rooms[room].members_synced:
            _well(await client.joined_members(room))
        if client.should_query_keys:
            _well(await client.keys_query())
        if not olm.should_share_group_session(room):
            return
        if missing := client.get_missing_sessions(room):
            _well(await client.keys_claim(missing))
        users = list(client.rooms[room].users)
        for devices, message in olm.share_group_session_parallel(room, users, ignore_unverified_devices=True):
            await self._server.call("PUT", f"{_TO_DEVICES}/{uuid.uuid4().hex}", message)
            olm.outbound_group_sessions[room].users_shared_with |= devices
        olm.outbound_group_sessions[room].shared = True


def _well(answer: object) -> None:
    """Raise what nio only gives back."""
    if isinstance(answer, ErrorResponse):
        raise TimeoutError(str(answer))
