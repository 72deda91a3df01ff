"""One announcement as it is kept, and what became of it in the rooms."""

import dataclasses
import datetime as dt
import json
from typing import Self

from bot.campaign.rooms import Room
from bot.core.errors import NotFound
from bot.core.invocation import Address
from bot.core.moments import from_ms
from bot.core.reply import Said
from bot.store.database import Row, Transaction


@dataclasses.dataclass(frozen=True, slots=True)
class Announcement:
    """One announcement.

    Attributes:
        rooms: Where it goes, frozen at the preview.
        wanted: The moment that the author asked for.
        due: When it goes, once it is sent.
    """

    id: int
    author: int
    text: Said
    rooms: tuple[Room, ...]
    wanted: dt.datetime | None
    urgent: bool
    replaces: int | None
    state: str
    version: int
    created: dt.datetime
    due: dt.datetime | None
    ended: dt.datetime | None

    @classmethod
    def of(cls, row: Row) -> Self:
        rooms = tuple(Room(Address.parse(r["address"]), r["language"], r["people"]) for r in json.loads(row["rooms"]))
        moment = {
            name: None if row[name] is None else from_ms(row[name]) for name in ("wanted_at", "due_at", "ended_at")
        }
        return cls(
            row["id"], row["author"], Said(row["text"], row["text_en"] or ""), rooms, moment["wanted_at"],
            bool(row["urgent"]), row["replaces"], row["state"], row["version"], from_ms(row["created_at"]),
            moment["due_at"], moment["ended_at"],
        )  # fmt: skip

    @property
    def cause(self) -> str:
        return f"announcement:{self.id}"

    def lapsed_by(self, newer: int) -> str:
        """The cause of the mark on its posts that a newer announcement takes its place."""
        return f"{self.cause}:replaced:{newer}"

    @property
    def latest(self) -> str:
        """The cause of its newest change in the outbox; of none while the version is 0."""
        return f"{self.cause}:{self.version}"


@dataclasses.dataclass(frozen=True, slots=True)
class Posted:
    """What became of an announcement in one room.

    Attributes:
        state: Of the post itself, as in the outbox.
        change: Of its newest change; None where it was never changed.
    """

    room: Address
    state: str
    change: str | None


async def find(tx: Transaction, number: int) -> Announcement:
    """One announcement.

    Raises:
        NotFound: no announcement has this number.
    """
    row = await tx.first("SELECT * FROM announcement WHERE id = :number", number=number)
    if row is None:
        raise NotFound("announcement.unknown", number=str(number))
    return Announcement.of(row)


async def newest(tx: Transaction, *, limit: int = 15) -> list[Announcement]:
    """Announcements, newest first; those that were never sent and those withdrawn among them."""
    rows = await tx.all("SELECT * FROM announcement ORDER BY id DESC LIMIT :limit", limit=limit)
    return [Announcement.of(row) for row in rows]


async def standing(tx: Transaction, announcement: Announcement) -> list[str]:
    """The rooms where it stands, or may stand in a moment."""
    rows = await tx.all(
        """
        SELECT destination FROM outbox
        WHERE cause = :cause AND part = 0 AND state IN ('sending', 'sent') ORDER BY id""",
        cause=announcement.cause,
    )
    return [row["destination"] for row in rows]


async def posted(tx: Transaction, announcement: Announcement) -> list[Posted]:
    """What became of it, room by room, and of its newest change there; rooms where it was taken back are left out."""
    rows = await tx.all(
        """
        SELECT post.destination, post.state, change.state AS change
        FROM outbox post LEFT JOIN outbox change
        ON change.cause = :latest AND change.destination = post.destination AND change.part = 0
        WHERE post.cause = :cause AND post.part = 0 AND post.state <> 'cancelled'
        ORDER BY post.id""",
        cause=announcement.cause,
        latest=announcement.latest,
    )
    return [Posted(Address.parse(row["destination"]), row["state"], row["change"]) for row in rows]
