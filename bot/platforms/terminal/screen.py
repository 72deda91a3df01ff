"""Where everything that is said is printed."""

import asyncio
import functools
import os
import select
import sys

from bot.core.platform import Unknown
from bot.platforms.terminal.aside import aside

_PIECE_BYTES = 4096  # a pipe with room takes this much without blocking (PIPE_BUF)


class Closed(Unknown):
    """Nobody reads any more what is printed: the pipe was closed, the terminal hung up, the disk is full."""


class Screen:
    """Standard output; a reader that is slow holds up nobody but whoever prints."""

    def __init__(self, descriptor: int | None, *, prompted: bool) -> None:
        """Print to a file descriptor; None is an output that was closed before the start.

        Args:
            descriptor: Of standard output.
            prompted: A prompt stands on the same terminal; then everything goes through `sys.stdout`, which
                prompt_toolkit replaces to print above the prompt.
        """
        self._descriptor = descriptor
        self._prompted = prompted
        self._turn = asyncio.Lock()
        self._closed = asyncio.Event()

    async def show(self, text: str) -> None:
        """Print a line or more.

        Raises:
            Closed: nobody reads it.
        """
        async with self._turn:
            try:
                await self._print(text + "\n")
            except OSError as error:
                self._closed.set()
                raise Closed(str(error)) from error

    async def closed(self) -> None:
        """Wait until printing has failed."""
        await self._closed.wait()

    async def _print(self, text: str) -> None:
        if self._prompted:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        if self._descriptor is None:
            raise BrokenPipeError("closed before the start")
        left = memoryview(text.encode())
        while left:
            if not _has_room(self._descriptor, 0):
                await aside(functools.partial(_has_room, self._descriptor, None))
            left = left[os.write(self._descriptor, left[:_PIECE_BYTES]) :]


def _has_room(descriptor: int, timeout_ms: int | None) -> bool:
    watched = select.poll()
    watched.register(descriptor, select.POLLOUT)
    return bool(watched.poll(timeout_ms))
