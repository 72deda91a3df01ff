"""The outbox: what is to be said, once, in order, whatever restarts in between.

A row is `queued` until its first attempt freezes the address and the payload, then `sending` until somebody knows
what became of it, and ends as `sent`, `cancelled` or `failed`. Two clocks: `now` is the campaign's; `machine` and
`next_try` are milliseconds of the machine's own clock.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Sequence

from bot.core.moments import from_ms
from bot.core.platform import Payload
from bot.store.message import Entry, Message, Priority, Sayable
from bot.store.parameters import Value
from bot.store.transaction import Transaction

__all__ = [
    "Entry",
    "Message",
    "NotOpen",
    "Priority",
    "cancel",
    "claim",
    "fail",
    "freeze",
    "next_due",
    "next_try",
    "pending",
    "postpone",
    "put",
    "reroute",
    "retry",
    "rewrite",
    "sending",
    "settle",
]

CHUNK = 50


class NotOpen(Exception):
    """The row ended, or is not where this step begins: somebody else was first, or it is a mistake."""


async def put(tx: Transaction, messages: Iterable[Message], *, now: dt.datetime) -> None:
    """Queue messages; what was queued before for the same cause and destination is left as it is.

    An edit takes the place of an older one of the same message that nobody has begun to send, unless that one is
    due and this one is not yet.
    """
    rows = list(_rows(messages, now))
    tx.urges = tx.urges or bool(rows)
    whole = len(rows) // CHUNK * CHUNK
    for start in range(0, whole, CHUNK):
        chunk = enumerate(rows[start : start + CHUNK])
        await tx.run(_INSERT_CHUNK, **{f"{column}_{n}": value for n, row in chunk for column, value in row.items()})
    await tx.many(_INSERT, rows[whole:])
    await tx.many(_SUPERSEDE, [row for row in rows if row["edits"] is not None])


_COLUMNS = ("cause", "destination", "edits", "priority", "language", "origin", "reply", "due_at", "put_at")


def _insert(*endings: str) -> str:
    rows = ", ".join("(" + ", ".join(f":{column}{ending}" for column in _COLUMNS) + ")" for ending in endings)
    return f"INSERT INTO outbox ({', '.join(_COLUMNS)}) VALUES {rows} ON CONFLICT (cause, destination, part) DO NOTHING"


_INSERT = _insert("")
_INSERT_CHUNK = _insert(*(f"_{n}" for n in range(CHUNK)))  # on PostgreSQL half the time of a row at a time

# Older by id: an edit that is put once more after it was sent takes nobody's place.
_SUPERSEDE = """
    UPDATE outbox SET state = 'cancelled', error = 'superseded', ended_at = :put_at, next_try = 0
    WHERE edits = :edits AND destination = :destination AND state = 'queued' AND payload IS NULL
    AND (due_at >= :due_at OR :due_at <= :put_at)
    AND id < (SELECT id FROM outbox WHERE cause = :cause AND destination = :destination AND part = 0)"""


def _rows(messages: Iterable[Message], now: dt.datetime) -> Iterator[dict[str, Value]]:
    written: dict[int, tuple[Sayable, str]] = {}  # one reply often goes to many destinations; kept, so ids stay theirs
    for message in messages:
        reply = message.reply
        if id(reply) not in written:
            written[id(reply)] = (reply, reply.to_json())
        yield {
            "cause": message.cause,
            "destination": message.to,
            "edits": message.edits,
            "priority": int(message.priority),
            "language": message.language,
            "origin": message.origin,
            "reply": written[id(reply)][1],
            "due_at": message.due or now,
            "put_at": now,
        }


async def claim(
    tx: Transaction,
    *,
    now: dt.datetime,
    machine: int,
    platforms: Collection[str],
    limit: int,
    busy: Collection[str] = (),
) -> list[Entry]:
    """The rows to send now: of each destination at most its first.

    A row that is being sent holds up its destination, and so does an earlier one that is due and waits for another
    try; one that is not due yet does not, nor does an edit whose original is still to be sent. An edit whose original
    will never be sent, or was not put before it, is cancelled. The most urgent come first, then the destination
    served longest ago.

    Args:
        tx: A transaction that writes.
        now: The campaign's clock.
        machine: The machine's clock, milliseconds.
        platforms: Those that can send. A message to a person that has no address yet is offered whatever they are.
        limit: At most so many.
        busy: Destinations that something is being sent to at this moment.
    """
    await tx.run(_CANCEL_ORPHANS, now=now)
    wanted = {f"platform{n}": f"{platform}:%" for n, platform in enumerate(sorted({"person", *platforms}))}
    sql = _CLAIM.replace(
        "@platforms", " OR ".join(f"coalesce(o.sent_to, o.destination) LIKE :{name}" for name in wanted)
    )
    rows = await tx.all(sql, now=now, machine=machine, rows=limit + len(busy), **wanted)
    return [Entry.of(row) for row in rows if row["destination"] not in busy][:limit]


_CANCEL_ORPHANS = """
    UPDATE outbox SET state = 'cancelled', error = 'original not sent', ended_at = :now, next_try = 0
    WHERE state = 'queued' AND edits IS NOT NULL AND payload IS NULL AND NOT EXISTS (
        SELECT 1 FROM outbox o WHERE o.cause = outbox.edits AND o.destination = outbox.destination
        AND o.part = 0 AND o.id < outbox.id AND o.state IN ('queued', 'sending', 'sent'))"""

_ENTRY = """
    SELECT o.*, original.ref AS original_ref, original.sent_to AS original_to
    FROM outbox o LEFT JOIN outbox original
    ON original.cause = o.edits AND original.destination = o.destination AND original.part = o.part"""

_CLAIM = f"""
    WITH head AS (
        SELECT min(id) AS id FROM outbox WHERE state = 'sending' GROUP BY destination
        UNION ALL
        SELECT min(id) AS id FROM outbox q WHERE state = 'queued' AND due_at <= :now
        AND destination NOT IN (SELECT destination FROM outbox WHERE state = 'sending')
        AND (edits IS NULL OR EXISTS (
            SELECT 1 FROM outbox o WHERE o.cause = q.edits AND o.destination = q.destination
            AND o.part = 0 AND o.state = 'sent'))
        GROUP BY destination
    )
    {_ENTRY} JOIN head ON head.id = o.id
    WHERE o.next_try <= :machine AND (@platforms)
    ORDER BY o.priority, (
        SELECT coalesce(max(s.first_try), 0) FROM outbox s
        WHERE s.destination = o.destination AND s.first_try IS NOT NULL), o.id
    LIMIT :rows"""


async def freeze(tx: Transaction, entry: Entry, to: str, payloads: Sequence[Payload], *, machine: int) -> Entry:
    """Fix where a queued message goes and what is sent, before its first attempt.

    Commit before sending. Every attempt then ends with `settle`, `retry`, `postpone`, `reroute` or `fail`, or with the
    program, and then `sending` comes first. Further parts become rows that `claim` gives out one after the other.

    Raises:
        NotOpen: it was cancelled meanwhile.
    """
    first, *rest = (json.dumps(payload, ensure_ascii=False, separators=(",", ":")) for payload in payloads)
    changed = await tx.run(
        """
        UPDATE outbox SET state = 'sending', sent_to = :to, payload = :payload, first_try = :machine
        WHERE id = :id AND state = 'queued' AND reply = :reply""",
        id=entry.id,
        reply=entry.reply,
        to=to,
        payload=first,
        machine=machine,
    )
    _must(changed, entry)
    await tx.many(_INSERT_PART, [{"id": entry.id, "part": n, "payload": text} for n, text in enumerate(rest, start=1)])
    return dataclasses.replace(entry, state="sending", sent_to=to, payload=payloads[0], first_try=machine)


_INSERT_PART = """
    INSERT INTO outbox (cause, destination, part, edits, priority, language, origin, reply, due_at, put_at,
        state, sent_to, payload, first_try)
    SELECT cause, destination, CAST(:part AS BIGINT), edits, priority, language, origin, reply, due_at, put_at,
        state, sent_to, CAST(:payload AS TEXT), first_try
    FROM outbox WHERE id = :id"""


async def settle(tx: Transaction, entry: Entry, ref: str, now: dt.datetime) -> None:
    """It arrived, as `ref`.

    Raises:
        NotOpen: it was not being sent.
    """
    changed = await tx.run(
        """
        UPDATE outbox SET state = 'sent', ref = :ref, ended_at = :now, next_try = 0, error = NULL
        WHERE id = :id AND state = 'sending'""",
        id=entry.id,
        ref=ref,
        now=now,
    )
    _must(changed, entry)


async def retry(tx: Transaction, entry: Entry, error: str, next_try: int) -> None:
    """Nobody knows whether it arrived: try the same again at `next_try`.

    Raises:
        NotOpen: it was not being sent.
    """
    changed = await tx.run(
        """
        UPDATE outbox SET attempts = attempts + 1, error = :error, next_try = :next_try
        WHERE id = :id AND state = 'sending'""",
        id=entry.id,
        error=error,
        next_try=next_try,
    )
    _must(changed, entry)


async def postpone(tx: Transaction, entry: Entry, error: str, next_try: int) -> None:
    """It surely did not arrive, or was not tried at all: come back at `next_try`.

    Raises:
        NotOpen: it ended already.
    """
    changed = await tx.run(
        "UPDATE outbox SET error = :error, next_try = :next_try WHERE id = :id AND state IN ('queued', 'sending')",
        id=entry.id,
        error=error,
        next_try=next_try,
    )
    _must(changed, entry)


async def reroute(tx: Transaction, entry: Entry, to: str) -> bool:
    """Take a message for a person to the next address; it is frozen anew for it.

    Only when it surely arrived nowhere: refused, with no attempt before that may have arrived.

    Returns:
        Whether that was so; when not, nothing has changed.
    """
    changed = await tx.run(
        """
        UPDATE outbox SET state = 'queued', sent_to = :to, payload = NULL, first_try = NULL, next_try = 0
        WHERE id = :id AND part = 0 AND state = 'sending' AND attempts = 0 AND destination LIKE 'person:%'""",
        id=entry.id,
        to=to,
    )
    if changed:
        await tx.run(
            "DELETE FROM outbox WHERE cause = :cause AND destination = :destination AND part > 0",
            cause=entry.cause,
            destination=entry.destination,
        )
    return changed == 1


async def fail(tx: Transaction, entry: Entry, error: str, now: dt.datetime) -> None:
    """It will not arrive, nor will the parts that come after it.

    Raises:
        NotOpen: it ended already.
    """
    changed = await tx.run(
        """
        UPDATE outbox SET state = 'failed', error = :error, ended_at = :now, next_try = 0
        WHERE cause = :cause AND destination = :destination AND part >= :part AND state IN ('queued', 'sending')
        AND EXISTS (SELECT 1 FROM outbox mine WHERE mine.id = :id AND mine.state IN ('queued', 'sending'))""",
        id=entry.id,
        cause=entry.cause,
        destination=entry.destination,
        part=entry.part,
        error=error,
        now=now,
    )
    _must(changed, entry)


def _must(changed: int, entry: Entry) -> None:
    if not changed:
        raise NotOpen(entry.key)


async def cancel(tx: Transaction, cause: str, now: dt.datetime) -> int:
    """Take back what has never been tried; how many rows that were."""
    tx.urges = True  # what stood behind it may go
    return await tx.run(
        """
        UPDATE outbox SET state = 'cancelled', ended_at = :now, next_try = 0
        WHERE cause = :cause AND state = 'queued'""",
        cause=cause,
        now=now,
    )


async def rewrite(tx: Transaction, cause: str, reply: Sayable) -> int:
    """Say something else where nothing was tried yet; how many rows that were.

    A row that was claimed but not frozen is among them: `freeze` then refuses what was drawn up from the old words.
    """
    return await tx.run(
        "UPDATE outbox SET reply = :reply WHERE cause = :cause AND state = 'queued' AND payload IS NULL",
        cause=cause,
        reply=reply.to_json(),
    )


async def sending(tx: Transaction) -> list[Entry]:
    """At a start: the rows that the last run was sending, to be looked up, in order.

    Each counts as an attempt that may have arrived.
    """
    await tx.run("UPDATE outbox SET attempts = attempts + 1 WHERE state = 'sending'")
    return [Entry.of(row) for row in await tx.all(f"{_ENTRY} WHERE o.state = 'sending' ORDER BY o.id")]


async def next_due(tx: Transaction, now: dt.datetime) -> dt.datetime | None:
    """The first moment after `now` at which something is due."""
    ms = await tx.value("SELECT min(due_at) FROM outbox WHERE state = 'queued' AND due_at > :now", now=now)
    return None if ms is None else from_ms(ms)


async def next_try(tx: Transaction, machine: int) -> int | None:
    """The first moment of the machine's clock after `machine` at which a row may be tried again, milliseconds."""
    ms: int | None = await tx.value(
        "SELECT min(next_try) FROM outbox WHERE next_try > 0 AND next_try > :machine", machine=machine
    )
    return ms


async def pending(tx: Transaction, now: dt.datetime) -> int:
    """How many rows are due and have not ended."""
    count: int = await tx.value(
        """
        SELECT (SELECT count(*) FROM outbox WHERE state = 'sending')
        + (SELECT count(*) FROM outbox WHERE state = 'queued' AND due_at <= :now)""",
        now=now,
    )
    return count
