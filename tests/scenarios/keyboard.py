"""A keyboard and a screen for the terminal platform in this process."""

import asyncio
import contextlib
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

_CHUNK_BYTES = 65_536

Line = dict[str, Any]
"""What is printed, as the contract of `--json` has it."""


class Keyboard:
    """Two pipes in place of a terminal: what is typed, and what is printed."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.lines: list[Line] = []
        self._read_end, self._typed = os.pipe()
        self._printed, self._write_end = os.pipe()
        self._buffer = b""
        os.set_blocking(self._printed, False)
        asyncio.get_running_loop().add_reader(self._printed, self._read)

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """Whoever looks for standard input and output in this block finds the pipes."""
        with (
            os.fdopen(self._read_end, closefd=False) as stdin,
            os.fdopen(self._write_end, "w", closefd=False) as stdout,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr("sys.__stdin__", stdin)
            patch.setattr("sys.__stdout__", stdout)
            yield

    def type(self, *lines: str) -> None:
        """Lines that nothing comes between."""
        os.write(self._typed, "".join(f"{line}\n" for line in lines).encode())

    def end(self) -> None:
        """Nothing more is typed."""
        os.close(self._typed)

    def close(self) -> None:
        """Read what was still printed, and put everything away."""
        asyncio.get_running_loop().remove_reader(self._printed)
        self._read()
        for descriptor in (self._read_end, self._printed, self._write_end):
            os.close(descriptor)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._printed, _CHUNK_BYTES):
                self._buffer += chunk
        *whole, self._buffer = self._buffer.split(b"\n")
        self.lines += [json.loads(line) for line in whole]
        self.news.set()
