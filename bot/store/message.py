"""What the outbox holds: messages as they are put in, entries as they are taken out."""

import dataclasses
import datetime as dt
import enum
import json
from typing import Protocol, Self

from bot.core.moments import from_ms
from bot.core.platform import Payload
from bot.store.transaction import Row


class Priority(enum.IntEnum):
    """Between destinations; within one, first in is first out."""

    ANSWER = 0
    PRIVATE = 1
    ANNOUNCEMENT = 2
    BOARD = 3
    REACTION = 4


class Sayable(Protocol):
    """A reply, as far as the outbox looks at it."""

    def to_json(self) -> str: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """Something to say at one destination.

    Attributes:
        cause: The fact that asks for it; a cause is told once per destination.
        to: An address: a room's, an account's, or `person:7`.
        language: Of the reader; None for the room's own.
        due: Not before this moment; None for at once.
        edits: The cause of the message that this one changes, at the same destination.
        origin: For a person: the room to tell, without content, that there is a message.
    """

    cause: str
    to: str
    reply: Sayable
    language: str | None = None
    due: dt.datetime | None = None
    priority: Priority = Priority.ANNOUNCEMENT
    edits: str | None = None
    origin: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One row of the outbox: a message, or one part of a long one.

    Attributes:
        reply: JSON.
        sent_to: The address that it was resolved to; for a rerouted message, is to be resolved to.
        payload: What the platform was, or will be, given; None before the first attempt.
        attempts: Those that may have arrived without our knowing.
        first_try: Machine milliseconds.
        original_ref: Of an edit: the platform's id of the part that it changes.
        original_to: Of an edit: where that part was sent.
    """

    id: int
    cause: str
    destination: str
    part: int
    edits: str | None
    priority: Priority
    language: str | None
    origin: str | None
    reply: str
    due: dt.datetime
    state: str
    sent_to: str | None
    payload: Payload | None
    attempts: int
    first_try: int | None
    error: str | None
    original_ref: str | None
    original_to: str | None

    @property
    def key(self) -> str:
        """What the platform recognises a repetition by."""
        return f"{self.cause}/{self.destination}/{self.part}"

    @classmethod
    def of(cls, row: Row) -> Self:
        same = {name: row[name] for name in _SAME}
        return cls(
            **same,
            priority=Priority(row["priority"]),
            due=from_ms(row["due_at"]),
            payload=None if row["payload"] is None else json.loads(row["payload"]),
        )


_SAME = tuple(f.name for f in dataclasses.fields(Entry) if f.name not in {"priority", "due", "payload"})
