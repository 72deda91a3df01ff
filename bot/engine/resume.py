"""Taking a restored bot out of its silence, after its backup was put back: what was said since, what is to be said now.

    rows = await resume.due_since(database, now)
    questions = await resume.Lookup(database, platforms, …).settle(rows, now)
    for question in questions:
        await resume.say(database, question.entry, now)  # or resume.drop, as somebody decides
    await resume.unmute(database, now)

The caller holds the instance lock, and has first run the jobs that queue what came due, for what they queue after a
restore may have been said before it. Until `unmute` nothing goes out, so all of this may be broken off and done again.
"""

import asyncio
import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping, Sequence

import structlog

from bot.campaign import audit
from bot.campaign.rooms import Rooms
from bot.core.invocation import Address
from bot.core.moments import from_ms
from bot.core.platform import Payload, Platform, TryAfter
from bot.core.reply import Reply
from bot.engine import recipients
from bot.engine.attempt import CLOCKS_DIFFER, SEND_SECONDS
from bot.engine.clock import machine_ms
from bot.store import outbox, settings
from bot.store.backup import MUTED
from bot.store.database import Database, Transaction
from bot.store.outbox import Entry, NotOpen

TRIES = 3
MOST_WAIT_SECONDS = 30.0

log = structlog.get_logger()


class Why(enum.Enum):
    """Why somebody has to decide about a row."""

    NOT_THERE = enum.auto()  # looked up: the room does not have it
    NOT_LOOKED = enum.auto()  # its platform is off, or gave no clear answer
    CHANGE = enum.auto()  # of a message: said twice it harms nothing, but there may have been a later one


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """A row to say or to drop."""

    entry: Entry
    why: Why


async def muted_since(tx: Transaction) -> dt.datetime | None:
    """The moment of the backup; None: the bot is not muted."""
    ms = await settings.get(tx, MUTED)
    return from_ms(int(ms)) if ms else None


async def due_since(database: Database, now: dt.datetime) -> list[Entry]:
    """The rows that the lost bot may have said after its backup, in order: all that are due and have not ended.

    Those that were due already at the backup are among them: it was about to say them.
    """
    async with database.read() as tx:
        rows = await tx.all(f"{_ENTRY} WHERE o.state = 'sending' OR {_DUE} ORDER BY o.id", now=now)
    return [Entry.of(row) for row in rows]


_DUE = "(o.state = 'queued' AND o.due_at <= :now)"
_ENTRY = """
    SELECT o.*, original.ref AS original_ref, original.sent_to AS original_to
    FROM outbox o LEFT JOIN outbox original
    ON original.cause = o.edits AND original.destination = o.destination AND original.part = o.part"""


class Lookup:
    """Looks in the rooms for what was said already."""

    def __init__(
        self, database: Database, platforms: Mapping[str, Platform], *, language: str, zone: str, rooms: Rooms
    ) -> None:
        """Look on these platforms, which must be connected; the rest is the campaign's, for how long posts are."""
        self._database = database
        self._platforms = platforms
        self._language = language
        self._zone = zone
        self._rooms = rooms

    async def settle(self, entries: Sequence[Entry], now: dt.datetime) -> list[Question]:
        """Settle the rows whose message is there; the others, with the parts that are missing, are to be asked."""
        async with self._database.read() as tx:
            since = await muted_since(tx) or now
        waiting, questions = list(reversed(entries)), []
        while waiting:
            entry = waiting.pop()
            found = await self._find(entry, since)
            if isinstance(found, Why):
                questions.append(Question(entry, found))
            else:
                waiting += reversed(await self._arrived(entry, *found, now))
        return questions

    async def _find(self, entry: Entry, since: dt.datetime) -> tuple[str, str] | Why:
        """Where it stands, and its id there."""
        if entry.edits:
            return Why.CHANGE
        first = since if entry.first_try is None else min(since, from_ms(entry.first_try))
        places = await self._places(entry)
        unclear = not places
        for place in places:
            ref = await self._look(entry, Address.parse(place), first - CLOCKS_DIFFER)
            if isinstance(ref, str):
                return place, ref
            unclear = unclear or ref is Why.NOT_LOOKED
        return Why.NOT_LOOKED if unclear else Why.NOT_THERE

    async def _places(self, entry: Entry) -> Sequence[str]:
        if entry.sent_to or not recipients.is_for_person(entry):
            return (entry.sent_to or entry.destination,)
        async with self._database.read() as tx:
            accounts = await recipients.accounts(tx, entry)
        return (*accounts, *((entry.origin,) if entry.origin else ()))

    async def _look(self, entry: Entry, place: Address, since: dt.datetime) -> str | Why:
        platform = self._platforms.get(place.platform)
        if platform is None:
            return Why.NOT_LOOKED
        for _ in range(TRIES):
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    return await platform.find(place, entry.key, since=since) or Why.NOT_THERE
            except TryAfter as error:
                await asyncio.sleep(min(error.seconds, MOST_WAIT_SECONDS))
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody knows whether it is there
                log.warning("a message could not be looked up", row=entry.id, error=repr(error))
                break
        return Why.NOT_LOOKED

    async def _arrived(self, entry: Entry, place: str, ref: str, now: dt.datetime) -> list[Entry]:
        """Write down that a message is there; its further parts, which were not rows yet, are to be looked up."""
        if entry.state == "sending":
            async with self._database.write() as tx:
                await outbox.settle(tx, entry, ref, now)
            return []
        payloads = self._render(entry, Address.parse(place))
        async with self._database.write() as tx:
            await outbox.settle(tx, await outbox.freeze(tx, entry, place, payloads, machine=machine_ms()), ref, now)
            rows = await tx.all(
                f"{_ENTRY} WHERE o.cause = :cause AND o.destination = :to AND o.part > 0 ORDER BY o.part",
                cause=entry.cause, to=entry.destination,
            )  # fmt: skip
        return [Entry.of(row) for row in rows]

    def _render(self, entry: Entry, place: Address) -> Sequence[Payload]:
        """The parts of a message as delivery would have frozen them; what cannot be drawn counts as one."""
        try:
            reply = Reply.from_json(entry.reply)
            language = reply.language or entry.language or self._rooms.language_of(place) or self._language
            return self._platforms[place.platform].render(reply, language=language, zone=self._zone) or ({},)
        except Exception:
            log.exception("a message could not be drawn up", row=entry.id)
            return ({},)


async def say(database: Database, entry: Entry, now: dt.datetime) -> None:
    """Let a row go out after all, at once when the bot runs.

    Raises:
        NotOpen: it ended already.
    """
    async with database.write() as tx:
        await outbox.postpone(tx, entry, "resumed", 0)
        await audit.note(tx, "resume.say", entry.key, by=None, now=now)


async def drop(database: Database, entry: Entry, now: dt.datetime, *, reason: str) -> None:
    """Never say a row, nor the parts that come after it.

    Raises:
        NotOpen: it ended already.
    """
    async with database.write() as tx:
        dropped = await tx.run(
            """
            UPDATE outbox SET state = 'cancelled', error = :reason, ended_at = :now, next_try = 0
            WHERE cause = :cause AND destination = :destination AND part >= :part
            AND state IN ('queued', 'sending')""",
            cause=entry.cause, destination=entry.destination, part=entry.part, reason=reason, now=now,
        )  # fmt: skip
        if not dropped:
            raise NotOpen(entry.key)
        await audit.note(tx, "resume.drop", entry.key, by=None, now=now, reason=reason)


async def unmute(database: Database, now: dt.datetime) -> int:
    """Let the bot speak again.

    Returns:
        How many replies to askers were open at the backup. They are taken as said: the lost bot gave them at once,
        and they carry nothing by which they could be found.
    """
    async with database.write() as tx:
        since = await muted_since(tx)
        if since is None:
            return 0
        taken = await tx.run(
            "UPDATE handled SET said_at = :now WHERE said_at IS NULL AND at <= :since", now=now, since=since
        )
        await settings.remove(tx, MUTED)
        await audit.note(tx, "resume.unmute", since.isoformat(), by=None, now=now, replies=taken)
    return taken
