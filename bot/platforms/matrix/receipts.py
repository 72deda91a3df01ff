"""Read receipts: at most one for a room in a few seconds, so that they cost nearly nothing."""

import asyncio
import contextlib

from bot.core.platform import PlatformRefused, TryAfter, Unknown
from bot.platforms.matrix.homeserver import Homeserver, quoted

EVERY_SECONDS = 10.0


class Receipts:
    """Tells rooms how far the bot has read."""

    def __init__(self, server: Homeserver) -> None:
        self._server = server
        self._read: dict[str, str] = {}
        self._changed = asyncio.Event()

    def read(self, room: str, event: str) -> None:
        self._read[room] = event
        self._changed.set()

    async def keep_telling(self) -> None:
        """Until cancelled."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(EVERY_SECONDS)
            self._changed.clear()
            read, self._read = self._read, {}
            for room, event in read.items():
                path = f"/_matrix/client/v3/rooms/{quoted(room)}/receipt/m.read/{quoted(event)}"
                with contextlib.suppress(Unknown, TryAfter, PlatformRefused):
                    await self._server.call("POST", path, {})
