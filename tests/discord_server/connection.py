"""One websocket to a bot."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import WSMsgType, web

JSON = dict[str, Any]

GOODBYES = {1000, 1001}


class Connection:
    """A connection that speaks JSON.

    Attributes:
        goodbye: The bot itself ended it for good; not when it broke or was closed from our side.
    """

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self.goodbye = False

    async def send(self, payload: JSON) -> None:
        await self.send_text(json.dumps(payload))

    async def send_text(self, text: str) -> None:
        """Send; into nothing when nobody is there any more."""
        with contextlib.suppress(ConnectionError):
            await self._socket.send_str(text)

    async def received(self) -> AsyncIterator[JSON]:
        """What the bot says, until the end."""
        while True:
            frame = await self._socket.receive()
            if frame.type is not WSMsgType.TEXT:
                # Only a frame tells who ended it: aiohttp's own close_code is 1000 for a broken connection too.
                self.goodbye = frame.type is WSMsgType.CLOSE and frame.data in GOODBYES
                return
            yield json.loads(frame.data)

    async def close(self, code: int) -> None:
        await self._socket.close(code=code)
