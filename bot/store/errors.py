"""What can be wrong with a database, in code words; the command line has a sentence for each."""

import enum


class Reason(enum.StrEnum):
    """Why a database cannot be used, or not for this."""

    URL = "url"  # no `sqlite:///path` or `postgresql://…`
    MISSING = "missing"  # no such folder or database, and it cannot be made
    UNWRITABLE = "unwritable"  # the folder, or the permissions of the file
    READ_ONLY = "read-only"
    LOCKED = "locked"  # by another program, for longer than we wait
    DAMAGED = "damaged"  # not a database, or a broken one
    FOREIGN = "foreign"  # the database of another program
    NEWER = "newer"  # than this code knows
    OLD = "old"  # SQLite or PostgreSQL itself is too old
    FULL = "full"
    UNREACHABLE = "unreachable"
    DENIED = "denied"
    NO_BACKUP = "no-backup"  # a migration needs a copy first, and nobody can make it
    VIOLATED = "violated"
    CONFLICT = "conflict"
    FAILED = "failed"  # the disk or the server gave another error


class StoreError(Exception):
    """The database cannot do what was asked.

    Attributes:
        reason: One word for it.
        place: The file, or the address of the server without its password.
        detail: What the database itself said, for the log.
    """

    def __init__(self, reason: Reason, place: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {place}" + (f" ({detail})" if detail else ""))
        self.reason = reason
        self.place = place
        self.detail = detail


class Violated(StoreError):
    """A constraint of a table said no; the transaction is lost."""


class Conflict(StoreError):
    """Two transactions of PostgreSQL got in each other's way; the same one again may well succeed."""


_KINDS: dict[Reason, type[StoreError]] = {Reason.VIOLATED: Violated, Reason.CONFLICT: Conflict}


def store_error(reason: Reason, place: str, detail: object = "") -> StoreError:
    """The error of the family that goes with a reason."""
    return _KINDS.get(reason, StoreError)(reason, place, str(detail))
