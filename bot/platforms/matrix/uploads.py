"""Pictures and files: brought to the homeserver, encrypted for encrypted rooms."""

import asyncio
import mimetypes
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.core.platform import PlatformRefused, TryAfter
from bot.platforms.matrix.homeserver import Homeserver

_PNG = b"\x89PNG\r\n\x1a\n"
_UPLOAD_SECONDS = 25.0  # within what one attempt of delivery may take
_NO_SIZE_MARKERS = {0xC4, 0xC8, 0xCC}  # of JPEG: tables and extensions that look like frames


class Uploads:
    """Brings files to one homeserver."""

    def __init__(self, server: Homeserver) -> None:
        self._server = server

    async def bring(self, upload: Mapping[str, str], *, encrypted: bool) -> Mapping[str, Any]:
        """Upload a file of ours.

        Args:
            upload: `path`, `name`, `alt`, `kind` ("picture" or "file").
            encrypted: For an encrypted room.

        Returns:
            `url` or `file`, and `info` with size, kind and, of a picture, its measures in pixels.

        Raises:
            PlatformRefused: the file cannot be read, or the homeserver will not have it.
        """
        path = Path(upload["path"])
        try:
            data = await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise PlatformRefused(f"{path.name}: {error.strerror}") from error
        type_ = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        info: dict[str, Any] = {"mimetype": type_, "size": len(data)}
        if upload["kind"] == "picture" and (size := measures(data)):
            info |= {"w": size[0], "h": size[1]}
        if not encrypted:
            return {"url": await self._send(data, type_), "info": info}
        from nio.crypto.attachments import encrypt_attachment

        sealed, keys = await asyncio.to_thread(encrypt_attachment, data)
        return {"file": {**keys, "url": await self._send(sealed, "application/octet-stream")}, "info": info}

    async def _send(self, data: bytes, type_: str) -> str:
        try:
            answer = await self._server.send(
                "POST", "/_matrix/media/v3/upload", data, headers={"Content-Type": type_}, seconds=_UPLOAD_SECONDS
            )
        except TryAfter as error:  # uploads have a budget of their own
            raise TryAfter(error.seconds) from error
        return str(answer["content_uri"])


def measures(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or JPEG picture, in pixels."""
    if data.startswith(_PNG) and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return int(width), int(height)
    return _jpeg(data) if data.startswith(b"\xff\xd8") else None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """From the frame header (ITU T.81, B.2.2): segments are 0xFF, a marker, a length."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE_MARKERS:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + length
    return None
