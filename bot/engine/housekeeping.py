"""Housekeeping: every night what was kept long enough goes, and organisers hear of a disk that fills up."""

import dataclasses
import datetime as dt
import pathlib
import shutil
import zoneinfo
from collections.abc import Callable, Sequence

import structlog

from bot.campaign.quiet import QuietHours
from bot.campaign.rooms import Room
from bot.core.moments import from_ms, to_ms
from bot.core.reply import Kind, Phrase, Reply
from bot.store import outbox, settings
from bot.store.database import Database, Transaction
from bot.store.outbox import Message
from bot.store.tidy import tidy

AT = dt.time(3, 30)
LOOKED_FOR, CHUNK = 5000, 500
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
LOW_DISK = 500 * 1024 * 1024

_LAST = "housekeeping"

log = structlog.get_logger()


@dataclasses.dataclass(frozen=True, slots=True)
class Keep:
    """How long things stay, from when they ended.

    Attributes:
        handled: Replies to commands.
        outbox_text: The words of messages.
        outbox: Messages.
        audit: What organisers did; and the ids of their announcements, which can be changed for as long.
        events_seen: The ids of events that platforms dealt with.
    """

    handled: dt.timedelta
    outbox_text: dt.timedelta
    outbox: dt.timedelta
    audit: dt.timedelta
    events_seen: dt.timedelta = dt.timedelta(days=14)


@dataclasses.dataclass(frozen=True, slots=True)
class _Rule:
    """What goes: rows found without holding anybody up, then changed some hundreds at a time.

    Attributes:
        find: The keys of rows that ended before :before.
        act: For each of them.
    """

    name: str
    find: str
    act: str


# A post of an announcement keeps its id as long as it may be changed where it stands; so does whatever an open
# change refers to.
_STILL_CHANGED = """
    o.state = 'sent' AND o.ref IS NOT NULL AND (
        EXISTS (SELECT 1 FROM outbox e WHERE e.edits = o.cause AND e.destination = o.destination
            AND e.state IN ('queued', 'sending'))
        OR EXISTS (SELECT 1 FROM announcement a WHERE o.cause = 'announcement:' || CAST(a.id AS TEXT)
            AND a.state = 'queued' AND coalesce(a.due_at, a.created_at) >= :posts))"""

_HANDLED = _Rule(
    "handled", "SELECT id FROM handled WHERE coalesce(said_at, at) < :before", "DELETE FROM handled WHERE id = :id"
)
_TEXT = _Rule(
    "outbox_text",
    "SELECT id FROM outbox WHERE ended_at < :before AND (reply <> '' OR payload IS NOT NULL)",
    "UPDATE outbox SET reply = '', payload = NULL WHERE id = :id AND ended_at IS NOT NULL",
)
_OUTBOX = _Rule(
    "outbox",
    f"SELECT id FROM outbox o WHERE ended_at < :before AND NOT ({_STILL_CHANGED})",
    "DELETE FROM outbox WHERE id = :id AND ended_at IS NOT NULL",
)
_AUDIT = _Rule("audit", "SELECT id FROM audit WHERE at < :before", "DELETE FROM audit WHERE id = :id")
_PRESSED = _Rule("pressed", "SELECT token FROM pressed WHERE at < :before", "DELETE FROM pressed WHERE token = :token")
_SEEN = _Rule(
    "events_seen",
    "SELECT platform, event FROM seen WHERE at < :before",
    "DELETE FROM seen WHERE platform = :platform AND event = :event",
)
_LINKS = _Rule("links", "SELECT id FROM link WHERE ends_at < :before", "DELETE FROM link WHERE id = :id")
_DRAFTS = _Rule(
    "drafts",
    """
    SELECT id FROM announcement a WHERE state = 'draft' AND created_at < :before
    AND NOT EXISTS (SELECT 1 FROM announcement b WHERE b.replaces = a.id)""",
    "DELETE FROM announcement WHERE id = :id AND state = 'draft'",
)


class Housekeeping:
    """The nightly job."""

    def __init__(self, database: Database, keep: Keep, *, zone: str) -> None:
        self._database = database
        self._keep = keep
        self._zone = zoneinfo.ZoneInfo(zone)

    async def next_due(self, tx: Transaction, now: dt.datetime) -> dt.datetime | None:
        """Half past three at night after the last run; at once when there was none."""
        last = await settings.get(tx, _LAST)
        return now if last is None else self._night_after(from_ms(int(last)))

    def _night_after(self, moment: dt.datetime) -> dt.datetime:
        local = moment.astimezone(self._zone)
        night = dt.datetime.combine(local, AT, self._zone)
        if night <= local:
            night = dt.datetime.combine(local + DAY, AT, self._zone)
        return night.astimezone(dt.UTC)

    async def run(self, now: dt.datetime) -> None:
        """Remove what was kept long enough; broken off and run again it goes on where it was."""
        keep = self._keep
        gone = {
            rule.name: await self._apply(rule, now - kept, now)
            for rule, kept in (
                (_HANDLED, keep.handled),
                (_TEXT, keep.outbox_text),
                (_OUTBOX, keep.outbox),
                (_AUDIT, keep.audit),
                (_SEEN, keep.events_seen),
                (_PRESSED, DAY),
                (_LINKS, DAY),
                (_DRAFTS, DAY),
            )
        }
        await tidy(self._database)
        async with self._database.write() as tx:
            await settings.put(tx, _LAST, str(to_ms(now)))
        log.info("housekeeping done", **gone)

    async def _apply(self, rule: _Rule, before: dt.datetime, now: dt.datetime) -> int:
        total, found = 0, LOOKED_FOR
        while found == LOOKED_FOR:
            async with self._database.read() as tx:
                rows = await tx.all(
                    f"{rule.find} LIMIT {LOOKED_FOR}", before=before, posts=now - self._keep.audit
                )  # fmt: skip
            for start in range(0, len(rows), CHUNK):
                async with self._database.write() as tx:
                    await tx.many(rule.act, rows[start : start + CHUNK])
            found = len(rows)
            total += found
        return total


class DiskWatch:
    """Looks every hour how much room is left, and tells organisers once a day when it is little."""

    def __init__(
        self,
        database: Database,
        free: Callable[[], int],
        *,
        organisers: Sequence[Room],
        zone: str,
        quiet: QuietHours | None,
    ) -> None:
        """Watch one disk; `free` says how many bytes are left on it."""
        self._database = database
        self._free = free
        self._organisers = organisers
        self._zone = zone
        self._quiet = quiet
        self._next: dt.datetime | None = None

    async def next_due(self, tx: Transaction, now: dt.datetime) -> dt.datetime | None:
        return self._next or now

    async def run(self, now: dt.datetime) -> None:
        free = self._free()
        if free < LOW_DISK:
            day = now.astimezone(zoneinfo.ZoneInfo(self._zone)).date()
            reply = Reply(Phrase("housekeeping.disk_low", {"free": free // 1024**2}), kind=Kind.NOTICE)
            due = self._quiet.after(now, self._zone) if self._quiet else now
            async with self._database.write() as tx:
                await outbox.put(
                    tx,
                    [Message(f"report:disk:{day}", str(room.address), reply, due=due) for room in self._organisers],
                    now=now,
                )
        self._next = now + HOUR


def disk_free(path: pathlib.Path) -> int:
    """How many bytes are left on the disk of a file or folder, which need not exist yet."""
    there = path.absolute()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free
