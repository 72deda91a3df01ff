"""Before the first attempt: where a message goes, in which language, and what exactly is sent."""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence

import structlog

from bot.campaign.quiet import QuietHours
from bot.campaign.rooms import Rooms
from bot.core.invocation import Address
from bot.core.platform import Payload, Platform
from bot.core.reply import Kind, Phrase, Reply
from bot.engine import recipients
from bot.engine.ledger import Ledger
from bot.engine.recipients import Recipient
from bot.store import outbox
from bot.store.database import Transaction
from bot.store.outbox import Entry, NotOpen

log = structlog.get_logger()


class Instead(enum.Enum):
    """Why a claimed row is not sent now."""

    MOVED = enum.auto()  # it ended, or comes due later: there may be another one to claim
    BUSY = enum.auto()  # its platform takes no more at this moment
    AWAY = enum.auto()  # its reader has accounts only on platforms that are off


class Freezer:
    """Resolves and renders. What it decides is written in the transaction that it is given."""

    def __init__(
        self,
        platforms: Mapping[str, Platform],
        ledger: Ledger,
        *,
        language: str,
        zone: str,
        rooms: Rooms,
        quiet: QuietHours | None,
    ) -> None:
        self._platforms = platforms
        self._ledger = ledger
        self._language = language
        self._zone = zone
        self._rooms = rooms
        self._quiet = quiet

    async def freeze(
        self, tx: Transaction, entry: Entry, now: dt.datetime, machine: int, *, free: Mapping[str, int]
    ) -> Entry | Instead:
        """Make a claimed row ready to be sent; `free`: how many more each platform takes."""
        try:
            return await self._freeze(tx, entry, now, machine, free)
        except NotOpen:
            return Instead.MOVED

    async def _freeze(
        self, tx: Transaction, entry: Entry, now: dt.datetime, machine: int, free: Mapping[str, int]
    ) -> Entry | Instead:
        if entry.state == "sending":
            return entry if free.get(Address.parse(entry.sent_to or entry.destination).platform) else Instead.BUSY
        reader: Recipient | None = None
        to: str | Instead = entry.original_to or entry.destination
        if recipients.is_for_person(entry):
            reader = await recipients.find(tx, entry, zone=self._zone, quiet=self._quiet)
            to = await self._resolve(tx, entry, reader, now)
        if isinstance(to, Instead):
            return to
        if not free.get(Address.parse(to).platform):
            return Instead.BUSY
        payloads = self._render(entry, to, reader)
        if not payloads:
            await self._ledger.fail(tx, entry, Phrase("delivery.why_unwritable"), now)
            return Instead.MOVED
        return await outbox.freeze(tx, entry, to, payloads, machine=machine)

    async def _resolve(
        self, tx: Transaction, entry: Entry, reader: Recipient | None, now: dt.datetime
    ) -> str | Instead:
        """The address that a message to a person goes to at this attempt."""
        if reader is None:
            await self._ledger.fail(tx, entry, Phrase("delivery.why_nobody"), now)
            return Instead.MOVED
        welcome = reader.welcome_at(entry, now)
        if welcome > now:
            await recipients.defer(tx, entry, welcome)
            return Instead.MOVED
        if to := entry.sent_to or entry.original_to:  # rerouted to, or the place of what it changes
            return to
        ways = self._ledger.ways(entry, reader.accounts)
        if reader.accounts and (not ways or ways[0] not in reader.accounts):
            return Instead.AWAY
        if ways:
            return ways[0]
        await self._ledger.fail(tx, entry, Phrase("delivery.why_unreachable"), now)
        return Instead.MOVED

    def _render(self, entry: Entry, to: str, reader: Recipient | None) -> Sequence[Payload]:
        """The payloads; none when a text, a value or the platform's drawing is at fault."""
        try:
            address = Address.parse(to)
            own = reader is None or to in reader.accounts
            reply = Reply.from_json(entry.reply) if own else _without_content()
            room = self._rooms.language_of(address)
            language = (reply.language or entry.language or (reader and reader.language)) if own else None
            return self._platforms[address.platform].render(
                reply,
                language=language or room or self._language,
                zone=reader.zone if reader and own else self._zone,
            )
        except Exception:
            log.exception("a message could not be drawn up", row=entry.id)
            return ()


def _without_content() -> Reply:
    return Reply(Phrase("delivery.waiting_elsewhere"), kind=Kind.NOTICE)
