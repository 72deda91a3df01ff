"""A new file that is there whole or not at all, and work that would hold up the event loop."""

import asyncio
import contextlib
import errno
import os
import pathlib
import tempfile
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO, ParamSpec, TypeVar

from bot.store.backup_error import BackupError, BackupReason, translated

P = ParamSpec("P")
T = TypeVar("T")

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}  # FAT on a stick, say


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do something slow elsewhere; a cancellation waits until it is done, for its file must not close under it."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


@contextlib.asynccontextmanager
async def new_file(file: pathlib.Path) -> AsyncIterator[BinaryIO]:
    """A file to fill, for its owner only; it gets its name when all of it is safe on the disk.

    Raises:
        BackupError: it is there already, or cannot be made.
    """
    new = _New(file)
    try:
        with translated(file, BackupReason.UNWRITABLE):
            stream = await in_thread(new.begin)
        yield stream
        with translated(file, BackupReason.UNWRITABLE):
            await in_thread(new.finish)
    finally:
        with translated(file, BackupReason.UNWRITABLE):
            await in_thread(new.discard)


class _New:
    """The file on its way, under a name of its own."""

    def __init__(self, file: pathlib.Path) -> None:
        self._file = file
        self._part: pathlib.Path | None = None
        self._stream: BinaryIO | None = None

    def begin(self) -> BinaryIO:
        _refuse_existing(self._file)
        handle, part = tempfile.mkstemp(prefix=f".{self._file.name}.", suffix=".part", dir=self._file.parent)  # 0600
        self._part, self._stream = pathlib.Path(part), os.fdopen(handle, "wb")
        return self._stream

    def finish(self) -> None:
        if self._stream is None or self._part is None:
            raise RuntimeError("not begun")
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        _name(self._part, self._file)
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        if self._stream:
            # What still waits in memory may not fit on a full disk; it goes anyway.
            with contextlib.suppress(OSError):
                self._stream.close()
        if self._part:
            self._part.unlink(missing_ok=True)


def _name(part: pathlib.Path, file: pathlib.Path) -> None:
    """Give it its name; a link, other than a renaming, never takes the place of a file made meanwhile."""
    try:
        os.link(part, file)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _refuse_existing(file)
        part.rename(file)


def _refuse_existing(file: pathlib.Path) -> None:
    if os.path.lexists(file):
        raise BackupError(BackupReason.EXISTS, str(file))
