"""Handled once: the reply to a writing command is kept in its own transaction, and said again to a replay."""

import datetime as dt
from collections.abc import Sequence

from bot.core.invocation import Invocation
from bot.core.reply import Reply
from bot.store.database import Transaction


async def reply_to(tx: Transaction, call: str) -> Reply | None:
    """The reply that a call got before, if it was handled."""
    text = await tx.value("SELECT reply FROM handled WHERE id = :call", call=call)
    return Reply.from_json(text) if text else None


async def keep(tx: Transaction, call: Invocation, reply: Reply, *, language: str, now: dt.datetime) -> None:
    """Keep that a call was handled, and its reply until that has been said; a private one to the asker alone."""
    await tx.run(
        """
        INSERT INTO handled (id, who, place, language, reply, at)
        VALUES (:id, :who, :place, :language, :reply, :now)""",
        id=call.id, who=str(call.who), place=str(call.who if reply.private else call.where),
        language=language, reply=reply.to_json(), now=now,
    )  # fmt: skip


async def said(tx: Transaction, calls: Sequence[str], now: dt.datetime) -> None:
    """The replies have reached their askers."""
    await tx.many(
        "UPDATE handled SET said_at = :now WHERE id = :call AND said_at IS NULL",
        [{"call": call, "now": now} for call in calls],
    )


async def press(tx: Transaction, token: str, now: dt.datetime) -> bool:
    """Use an own button; False when it was used before."""
    return bool(
        await tx.run(
            "INSERT INTO pressed (token, at) VALUES (:token, :now) ON CONFLICT (token) DO NOTHING", token=token, now=now
        )
    )
