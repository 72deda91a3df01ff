"""What can be wrong with a backup, in code words; the command line has a sentence for each."""

import contextlib
import enum
import errno
import pathlib
from collections.abc import Iterator


class BackupReason(enum.StrEnum):
    """Why a backup cannot be made, read or put back."""

    NO_KEY = "no-key"  # none was given
    WRONG_KEY = "wrong-key"
    EXISTS = "exists"  # a file of this name is there and stays as it is
    MISSING = "missing"  # no such file, or no such folder to make it in
    UNWRITABLE = "unwritable"
    UNREADABLE = "unreadable"
    READ_ONLY = "read-only"
    FULL = "full"
    FOREIGN = "foreign"  # another kind of file
    CUT = "cut"  # its end is not there
    DAMAGED = "damaged"  # or changed by somebody without the key
    NEWER = "newer"  # than this code knows
    NOT_EMPTY = "not-empty"  # the database to restore into
    UNFIT = "unfit"  # PostgreSQL cannot hold a text of it: one with a NUL


class BackupError(Exception):
    """A backup cannot be made, read or put back; nothing was kept of the attempt.

    Attributes:
        reason: One word for it.
        place: The file, or the database.
        detail: For the log.
    """

    def __init__(self, reason: BackupReason, place: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {place}" + (f" ({detail})" if detail else ""))
        self.reason = reason
        self.place = place
        self.detail = detail


_ERRNOS = {
    errno.ENOSPC: BackupReason.FULL,
    errno.EDQUOT: BackupReason.FULL,
    errno.EFBIG: BackupReason.FULL,
    errno.EROFS: BackupReason.READ_ONLY,
    errno.EEXIST: BackupReason.EXISTS,
    errno.ENOENT: BackupReason.MISSING,
    errno.ENOTDIR: BackupReason.MISSING,
}


@contextlib.contextmanager
def translated(file: pathlib.Path, otherwise: BackupReason) -> Iterator[None]:
    """Turn what the disk says of a file into a BackupError."""
    try:
        yield
    except OSError as error:
        raise BackupError(_ERRNOS.get(error.errno or 0, otherwise), str(file), str(error)) from error
