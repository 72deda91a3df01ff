"""Rooms that refuse: three times one after the other, and a room is paused until it takes a message again."""

import datetime as dt

from bot.store.database import Transaction

ENOUGH = 3


async def count(tx: Transaction, room: str) -> int:
    """Count one more refusal; how many that are without a message taken in between."""
    return int(
        await tx.value(
            """
            INSERT INTO room (address, refusals) VALUES (:room, 1)
            ON CONFLICT (address) DO UPDATE SET refusals = room.refusals + 1
            RETURNING refusals""",
            room=room,
        )
    )


async def pause(tx: Transaction, room: str, now: dt.datetime) -> bool:
    """Pause a room; False when it was paused before."""
    return bool(
        await tx.run("UPDATE room SET paused_at = :now WHERE address = :room AND paused_at IS NULL", room=room, now=now)
    )


async def paused_at(tx: Transaction, room: str) -> int | None:
    """Since when a room is paused, UTC milliseconds; None: it is not."""
    moment: int | None = await tx.value("SELECT paused_at FROM room WHERE address = :room", room=room)
    return moment


async def forget(tx: Transaction, room: str) -> None:
    """The room took a message."""
    await tx.run(
        """
        UPDATE room SET refusals = 0, paused_at = NULL
        WHERE address = :room AND (refusals > 0 OR paused_at IS NOT NULL)""",
        room=room,
    )


async def drop(tx: Transaction, room: str, error: str, *, before: dt.datetime, now: dt.datetime) -> int:
    """Give up what a paused room should have heard before a moment; how many rows that were."""
    return await tx.run(
        """
        UPDATE outbox SET state = 'failed', error = :error, ended_at = :now, next_try = 0
        WHERE destination = :room AND state IN ('queued', 'sending') AND due_at < :before""",
        room=room,
        error=error,
        now=now,
        before=before,
    )
