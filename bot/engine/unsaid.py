"""Replies to writing commands that were kept, but perhaps not said, when the last run died."""

import datetime as dt
from collections.abc import Collection

from bot.core.invocation import Address
from bot.core.reply import Reply
from bot.engine import handled
from bot.store import outbox
from bot.store.database import Transaction
from bot.store.outbox import Message, Priority

STILL_WANTED = dt.timedelta(hours=1)


async def queue(tx: Transaction, platforms: Collection[str], now: dt.datetime) -> None:
    """Put the unsaid replies of the last hour in the outbox, once.

    Args:
        tx: A transaction that writes.
        platforms: Those that do not hand in the same event again after a restart.
        now: The campaign's clock.
    """
    rows = await tx.all(
        "SELECT id, place, language, reply FROM handled WHERE said_at IS NULL AND at >= :since ORDER BY at, id",
        since=now - STILL_WANTED,
    )
    ours = [row for row in rows if Address.parse(row["place"]).platform in platforms]
    await outbox.put(
        tx,
        [
            Message(
                f"reply:{row['id']}",
                row["place"],
                Reply.from_json(row["reply"]),
                language=row["language"],
                priority=Priority.ANSWER,
            )
            for row in ours
        ],
        now=now,
    )
    await handled.said(tx, [row["id"] for row in ours], now)
