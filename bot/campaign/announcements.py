"""Announcements: written, looked at, sent once to every room of a kind, and corrected where they stand."""

import datetime as dt
import json
from collections.abc import Sequence

from bot.campaign.announcement import Announcement, Posted, find, newest, posted, standing
from bot.campaign.quiet import QuietHours
from bot.campaign.rooms import Room
from bot.core.errors import Refused
from bot.core.moments import from_ms
from bot.core.reply import Kind, Phrase, Reply, Said
from bot.store import outbox
from bot.store.database import Transaction
from bot.store.outbox import Message, Priority

__all__ = [
    "MAX_TEXT", "PREVIEW", "Announcement", "Posted", "draft", "edit", "find", "goes_at", "newest", "posted", "send",
    "standing", "withdraw",
]  # fmt: skip

PREVIEW = dt.timedelta(minutes=15)
"""How long a preview may be sent."""
MAX_TEXT = 1500  # with the notes of a correction it stays below Discord's 2000, in one message that can be edited


async def draft(
    tx: Transaction, *, by: int, text: str, text_en: str | None, kind: str, rooms: Sequence[Room],
    wanted: dt.datetime | None, urgent: bool, replaces: int | None, now: dt.datetime,
) -> Announcement:  # fmt: skip
    """Keep an announcement for its author to look at.

    Raises:
        Refused: there is no room of this kind, or what it replaces was never sent.
    """
    if not rooms:
        raise Refused("announcement.no_rooms", kind=kind)
    if replaces and (await find(tx, replaces)).state == "draft":
        raise Refused("announcement.replaces_draft", number=str(replaces))
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
    """Send a draft of one's own, within a quarter of an hour of looking at it.

    What it replaces is not said where that was still to come, and marked where it stands, when this one comes.

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
    older = await _take_over(tx, announcement.replaces, now) if announcement.replaces else None
    await outbox.put(tx, _messages(announcement, await _post(tx, announcement)), now=now)
    if older:
        lapsed = _reply(older.text, (Phrase("announcement.replaced", {"moment": announcement.due or now}),))
        await _put_edits(tx, older, older.lapsed_by(announcement.id), lapsed, now=now, due=announcement.due)
    return announcement


def _why_not(announcement: Announcement, by: int) -> str:
    if announcement.author != by:
        return "announcement.not_yours"
    return "announcement.too_late" if announcement.state == "draft" else f"announcement.already_{announcement.state}"


async def edit(
    tx: Transaction, number: int, *, by: int, text: str, text_en: str | None, now: dt.datetime
) -> Announcement:
    """Change what was posted, with a dated note, and what is still to be posted, without.

    A draft is changed by its author only, and looked at afresh. Without English words the old ones lapse too: what
    was wrong may not stay standing in one of the languages.

    Raises:
        NotFound: no announcement has this number.
        Refused: it was withdrawn or replaced, or is somebody else's draft.
    """
    row = await tx.first(
        """
        UPDATE announcement SET text = :text, text_en = :text_en, version = version + 1,
            created_at = CASE WHEN state = 'draft' THEN :now ELSE created_at END
        WHERE id = :number AND (state = 'queued' OR (state = 'draft' AND author = :by))
        RETURNING *""",
        number=number, by=by, text=text, text_en=text_en, now=now,
    )  # fmt: skip
    if row is None:
        found = await find(tx, number)
        key = "announcement.draft_of_another" if found.state == "draft" else "announcement.already_withdrawn"
        raise Refused(key, number=str(number))
    announcement = Announcement.of(row)
    newer = await tx.value(
        "SELECT max(id) FROM announcement WHERE replaces = :number AND state = 'queued'", number=number
    )
    if newer:
        raise Refused("announcement.already_replaced", number=str(number), newer=str(newer))
    if announcement.state == "queued":
        await outbox.rewrite(tx, announcement.cause, await _post(tx, announcement))
        await _put_edits(tx, announcement, announcement.latest, await _post(tx, announcement, edited=now), now=now)
    return announcement


async def withdraw(tx: Transaction, number: int, *, now: dt.datetime) -> Announcement:
    """Take an announcement back: what is not said yet is not said, what is said is marked as withdrawn.

    What it was to replace, and does not yet, stands as before.

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
        await find(tx, number)
        raise Refused("announcement.already_withdrawn", number=str(number))
    announcement = Announcement.of(row)
    await outbox.cancel(tx, announcement.cause, now)
    gone = Reply(Phrase("announcement.withdrawn_post", {"moment": now}), kind=Kind.ANNOUNCEMENT)
    await _put_edits(tx, announcement, announcement.latest, gone, now=now)
    if announcement.replaces:
        await _spare(tx, announcement.replaces, announcement, now)
    return announcement


async def _take_over(tx: Transaction, number: int, now: dt.datetime) -> Announcement | None:
    """Leave unsaid what is not said yet; the announcement where it stands in some room, else it is withdrawn."""
    # The row that an edit or a withdrawal of it changes too: one after the other, each with what the other wrote.
    row = await tx.first(
        "UPDATE announcement SET version = version WHERE id = :number AND state = 'queued' RETURNING *", number=number
    )
    if row is None:
        return None
    older = Announcement.of(row)
    await outbox.cancel(tx, older.cause, now)
    if await standing(tx, older):
        return older
    await tx.run(
        "UPDATE announcement SET state = 'withdrawn', ended_at = :now WHERE id = :number", number=number, now=now
    )
    return None


async def _spare(tx: Transaction, number: int, newer: Announcement, now: dt.datetime) -> None:
    """Take back the mark that a newer announcement came, where it is not made yet."""
    older = await find(tx, number)
    if not await outbox.cancel(tx, older.lapsed_by(newer.id), now) or older.state != "queued":
        return
    edited = await tx.value(
        "SELECT max(put_at) FROM outbox WHERE cause = :latest AND state = 'cancelled'", latest=older.latest
    )
    if edited is not None:  # the mark took the place of a correction that nobody had begun to send
        await tx.run("UPDATE announcement SET version = version + 1 WHERE id = :number", number=number)
        older = await find(tx, number)
        await _put_edits(tx, older, older.latest, await _post(tx, older, edited=from_ms(edited)), now=now)


async def _put_edits(
    tx: Transaction, announcement: Announcement, cause: str, reply: Reply, *, now: dt.datetime,
    due: dt.datetime | None = None,
) -> None:  # fmt: skip
    """Change the posts that stand in rooms; one that was never said needs no change."""
    rooms = {str(room.address): room for room in announcement.rooms}
    await outbox.put(
        tx,
        [
            Message(cause, to, reply, due=due, language=rooms[to].language, edits=announcement.cause)
            for to in await standing(tx, announcement)
        ],
        now=now,
    )


async def _post(tx: Transaction, announcement: Announcement, *, edited: dt.datetime | None = None) -> Reply:
    """An announcement as it is said: its words, what it replaces, and that it was changed."""
    notes = []
    older = await find(tx, announcement.replaces) if announcement.replaces else None
    if older and await standing(tx, older):
        notes.append(Phrase("announcement.replaces", {"moment": older.due or older.created}))
    if edited:
        notes.append(Phrase("announcement.edited", {"moment": edited}))
    return _reply(announcement.text, tuple(notes))


def _reply(text: Said, notes: tuple[Phrase, ...]) -> Reply:
    return Reply(Phrase("announcement.text", {"text": text}), notes, kind=Kind.ANNOUNCEMENT)


def _messages(announcement: Announcement, reply: Reply) -> list[Message]:
    return [
        Message(
            announcement.cause, str(room.address), reply, language=room.language, due=announcement.due,
            priority=Priority.ANNOUNCEMENT,
        )
        for room in announcement.rooms
    ]  # fmt: skip
