"""What organisers did: who, what, when; kept for a year."""

import datetime as dt
import json

from bot.store.database import Transaction


async def note(
    tx: Transaction, action: str, subject: str, *, by: int | None, now: dt.datetime, **detail: object
) -> None:
    """Keep that somebody did something; `detail` holds what changed, as JSON values."""
    await tx.run(
        "INSERT INTO audit (at, person, action, subject, detail) VALUES (:now, :by, :action, :subject, :detail)",
        now=now, by=by, action=action, subject=subject,
        detail=json.dumps(detail, ensure_ascii=False, default=str),
    )  # fmt: skip
