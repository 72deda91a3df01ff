"""Lines from a pipe, a file or a terminal without a prompt."""

import functools
import os
import select

from bot.platforms.terminal.aside import aside

MAX_LINE_BYTES = 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_END = b"\n"


class Keyboard:
    """Standard input, line by line."""

    def __init__(self, descriptor: int | None) -> None:
        """Read a file descriptor; None is an input that was closed before the start."""
        self._descriptor = descriptor
        self._buffer = bytearray()
        self._ended = descriptor is None

    async def line(self) -> str | None:
        """The next line without its end, None when there are no more.

        Bytes that are no UTF-8 are replaced; of a line over 1 MB only the beginning is kept.
        """
        searched = 0
        while (at := self._buffer.find(_END, searched)) < 0 and not self._ended:
            searched = len(self._buffer)
            self._append(await self._chunk())
        if at < 0 and not self._buffer:
            return None
        end = at if at >= 0 else len(self._buffer)
        line = self._buffer[:end].decode("utf-8", errors="replace")
        del self._buffer[: end + 1]
        return line.removeprefix("\ufeff").rstrip("\r")

    def _append(self, chunk: bytes) -> None:
        if len(self._buffer) >= MAX_LINE_BYTES:
            at = chunk.find(_END)
            chunk = chunk[at:] if at >= 0 else b""
        self._buffer += chunk

    async def _chunk(self) -> bytes:
        """Some bytes; none at the end of input, or when it has gone (a terminal that hung up)."""
        if self._descriptor is None:
            return b""
        try:
            chunk = await aside(functools.partial(_read, self._descriptor))
        except OSError:
            chunk = b""
        self._ended = not chunk
        return chunk


def _read(descriptor: int) -> bytes:
    while True:
        try:
            return os.read(descriptor, _CHUNK_BYTES)
        except BlockingIOError:  # whoever shares this input made it so
            select.select([descriptor], [], [])
