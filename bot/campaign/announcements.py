"""Announcements: written, looked at, sent once to every room of a kind, and corrected where they stand."""

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence
from typing import Self

from bot.campaign.quiet import QuietHours
from bot.campaign.rooms import Room
from bot.core.errors import NotFound, Refused
from bot.core.invocation import Address
from bot.core.moments import from_ms
from bot.core.reply import Kind, Phrase, Reply, Said
from bot.store import outbox
from bot.store.database import Row, Transaction
from bot.store.outbox import Message, Priority

PREVIEW = dt.timedelta(minutes=15)
"""How long a preview may be sent."""
MAX_TEXT = 1500  # with the notes of a correction it stays below Discord's 2000, in one message that can be edited


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

    @property
    def latest(self) -> str:
        """The cause of its newest version in the outbox."""
        return f"{self.cause}:{self.version}" if self.version else self.cause


@dataclasses.dataclass(frozen=True, slots=True)
class Posted:
    """What became of an announcement in one room."""

    room: Address
    state: str
    error: str | None


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
    """The announcements that were sent or are still drafts, newest first."""
    rows = await tx.all("SELECT * FROM announcement ORDER BY id DESC LIMIT :limit", limit=limit)
    return [Announcement.of(row) for row in rows]


async def draft(
    tx: Transaction, *, by: int, text: str, text_en: str | None, kind: str, rooms: Sequence[Room],
    wanted: dt.datetime | None, urgent: bool, replaces: int | None, now: dt.datetime,
) -> Announcement:  # fmt: skip
    """Keep an announcement for its author to look at.

    Raises:
        Refused: there is no room of this kind.
    """
    if not rooms:
        raise Refused("announcement.no_rooms", kind=kind)
    packed = [{"address": str(r.address), "language": r.language, "people": r.people} for r in rooms]
    row = await tx.first(
        """
        INSERT INTO announcement (author, text, text_en, kind, rooms, wanted_at, urgent, replaces, created_at)
        VALUES (:by, :text, :text_en, :kind, :rooms, :wanted, :urgent, :replaces, :now)
        RETURNING *""",
        by=by, text=text, text_en=text_en, kind=kind, rooms=json.dumps(packed), wanted=wanted, urgent=urgent,
        replaces=replaces, now=now,
    )  # fmt: skip
    if row is None:
        raise AssertionError("an insert returns its row")
    return Announcement.of(row)


def goes_at(announcement: Announcement, quiet: QuietHours | None, zone: str, now: dt.datetime) -> dt.datetime:
    """When it goes: the moment asked for, else now, else after the quiet hours."""
    if announcement.wanted:
        return max(announcement.wanted, now)
    return now if announcement.urgent or quiet is None else quiet.after(now, zone)


async def send(
    tx: Transaction, number: int, *, by: int, quiet: QuietHours | None, zone: str, now: dt.datetime
) -> Announcement:
    """Send a draft of one's own, within a quarter of an hour; what it replaces is marked so in its rooms.

    Raises:
        NotFound: no announcement has this number.
        Refused: it was sent before, is somebody else's, or was looked at too long ago.
    """
    looked_at = await find(tx, number)
    row = await tx.first(
        """
        UPDATE announcement SET state = 'queued', due_at = :due
        WHERE id = :number AND author = :by AND state = 'draft' AND created_at >= :since
        RETURNING *""",
        number=number, by=by, since=now - PREVIEW, due=goes_at(looked_at, quiet, zone, now),
    )  # fmt: skip
    if row is None:
        raise Refused(_why_not(looked_at, by), number=str(number))
    announcement = Announcement.of(row)
    older = await find(tx, announcement.replaces) if announcement.replaces else None
    note = (Phrase("announcement.replaces", {"moment": older.due or older.created}),) if older else ()
    await outbox.put(tx, _messages(announcement, note), now=now)
    if older and older.state == "queued":
        newer = await _next_version(tx, older)
        reply = _reply(older.text, (Phrase("announcement.replaced", {"moment": announcement.due or now}),))
        await _put_edits(tx, newer, reply, now=now, due=announcement.due)
    return announcement


def _why_not(announcement: Announcement, by: int) -> str:
    if announcement.author != by:
        return "announcement.not_yours"
    return "announcement.too_late" if announcement.state == "draft" else f"announcement.already_{announcement.state}"


async def edit(tx: Transaction, number: int, *, text: str, text_en: str | None, now: dt.datetime) -> Announcement:
    """Change what was posted, with a dated note, and what is still to be posted, without.

    Raises:
        NotFound: no announcement has this number.
        Refused: it was withdrawn.
    """
    row = await tx.first(
        """
        UPDATE announcement SET text = :text, text_en = coalesce(:text_en, text_en), version = version + 1
        WHERE id = :number AND state IN ('draft', 'queued')
        RETURNING *""",
        number=number, text=text, text_en=text_en,
    )  # fmt: skip
    if row is None:
        raise Refused("announcement.already_withdrawn", number=str((await find(tx, number)).id))
    announcement = Announcement.of(row)
    if announcement.state == "queued":
        await outbox.rewrite(tx, announcement.cause, _reply(announcement.text, ()))
        note = Phrase("announcement.edited", {"moment": now})
        await _put_edits(tx, announcement, _reply(announcement.text, (note,)), now=now)
    return announcement


async def withdraw(tx: Transaction, number: int, *, now: dt.datetime) -> tuple[Announcement, int]:
    """Take an announcement back: what is not said yet is not said, what is said is marked as withdrawn.

    Returns:
        The announcement, and in how many rooms it was still to be said.

    Raises:
        NotFound: no announcement has this number.
        Refused: it was withdrawn before.
    """
    row = await tx.first(
        """
        UPDATE announcement SET state = 'withdrawn', ended_at = :now, version = version + 1
        WHERE id = :number AND state IN ('draft', 'queued')
        RETURNING *""",
        number=number, now=now,
    )  # fmt: skip
    if row is None:
        raise Refused("announcement.already_withdrawn", number=str((await find(tx, number)).id))
    announcement = Announcement.of(row)
    unsaid = await outbox.cancel(tx, announcement.cause, now)
    gone = Reply(Phrase("announcement.withdrawn_post", {"moment": now}), kind=Kind.ANNOUNCEMENT)
    await _put_edits(tx, announcement, gone, now=now)
    return announcement, unsaid


async def posted(tx: Transaction, announcement: Announcement) -> list[Posted]:
    """What became of its newest version, room by room."""
    rows = await tx.all(
        """
        SELECT destination, state, error FROM outbox
        WHERE cause IN (:first, :latest) AND part = 0 ORDER BY id""",
        first=announcement.cause, latest=announcement.latest,
    )  # fmt: skip
    newest_by_room = {row["destination"]: row for row in rows}
    return [Posted(Address.parse(to), row["state"], row["error"]) for to, row in newest_by_room.items()]


async def _next_version(tx: Transaction, older: Announcement) -> Announcement:
    await tx.run("UPDATE announcement SET version = version + 1 WHERE id = :number", number=older.id)
    return dataclasses.replace(older, version=older.version + 1)


async def _put_edits(
    tx: Transaction, announcement: Announcement, reply: Reply, *, now: dt.datetime, due: dt.datetime | None = None
) -> None:
    """Change the posts that stand in rooms; one that was never said needs no change."""
    standing = await tx.all(
        "SELECT destination FROM outbox WHERE cause = :cause AND part = 0 AND state IN ('sending', 'sent')",
        cause=announcement.cause,
    )
    rooms = {str(room.address): room for room in announcement.rooms}
    await outbox.put(
        tx,
        [
            Message(
                announcement.latest, row["destination"], reply, due=due,
                language=rooms[row["destination"]].language, edits=announcement.cause,
            )
            for row in standing if row["destination"] in rooms
        ],
        now=now,
    )  # fmt: skip


def _reply(text: Said, notes: tuple[Phrase, ...]) -> Reply:
    return Reply(Phrase("announcement.text", {"text": text}), notes, kind=Kind.ANNOUNCEMENT)


def _messages(announcement: Announcement, notes: tuple[Phrase, ...]) -> list[Message]:
    reply = _reply(announcement.text, notes)
    return [
        Message(
            announcement.cause, str(room.address), reply, language=room.language, due=announcement.due,
            priority=Priority.ANNOUNCEMENT,
        )
        for room in announcement.rooms
    ]  # fmt: skip
