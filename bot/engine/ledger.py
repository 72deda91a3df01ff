"""What became of a row of the outbox, written down: with what follows from it for its room and its organisers."""

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence

import structlog

from bot.campaign.rooms import Rooms
from bot.core.invocation import Address
from bot.core.reply import Phrase, Value
from bot.engine import recipients, refusals, reports
from bot.engine.attempt import Rejected
from bot.store import outbox
from bot.store.database import Transaction
from bot.store.outbox import Entry

TOO_OLD = dt.timedelta(days=1)
"""How long a message waits for a paused room."""

log = structlog.get_logger()


class Ledger:
    """Ends rows, or sends them elsewhere; nothing is dropped without a word.

    Every method takes the transaction that it writes in.
    """

    def __init__(self, rooms: Rooms, platforms: Collection[str]) -> None:
        self._rooms = rooms
        self._platforms = platforms
        self._refused: dict[int, set[str]] = {}

    async def arrived(self, tx: Transaction, entry: Entry, ref: str, now: dt.datetime) -> None:
        await outbox.settle(tx, entry, ref, now)
        if recipients.is_for_person(entry):
            self._refused.pop(entry.id, None)
            return
        since = await refusals.paused_at(tx, entry.destination)
        await refusals.forget(tx, entry.destination)
        if since is not None:
            await self._tell(tx, entry, reports.resumed(self._rooms, entry, since), now)

    async def fail(self, tx: Transaction, entry: Entry, why: Value, now: dt.datetime) -> None:
        """It ends here, and organisers hear of it; a report that fails is only logged."""
        error = why.key if isinstance(why, Phrase) else str(why)
        await outbox.fail(tx, entry, error, now)
        log.warning("a message was not delivered", row=entry.id, error=error)
        await self._tell(tx, entry, reports.failed(self._rooms, entry, why), now)

    async def rejected(self, tx: Transaction, entry: Entry, outcome: Rejected, now: dt.datetime) -> Rejected:
        """The platform will not have it; the answer says whether its room is paused."""
        why = Phrase("delivery.why_unclear") if outcome.unclear else outcome.reason
        if recipients.is_for_person(entry) and not entry.edits:
            await self._elsewhere(tx, entry, outcome, now)
            return outcome
        # A change that is refused says nothing about the room: its message may be gone.
        if entry.edits or await refusals.count(tx, entry.destination) < refusals.ENOUGH:
            await self.fail(tx, entry, why, now)
            return outcome
        await self._wait(tx, entry, outcome.reason, now)
        return dataclasses.replace(outcome, paused=True)

    async def _wait(self, tx: Transaction, entry: Entry, reason: str, now: dt.datetime) -> None:
        """Keep what is for a paused room, unless it is a day old."""
        if await refusals.pause(tx, entry.destination, now):
            log.warning("a room is paused", row=entry.id, reason=reason)
            since = await refusals.paused_at(tx, entry.destination) or 0
            await self._tell(tx, entry, reports.paused(self._rooms, entry, since, reason), now)
        if await refusals.drop(tx, entry.destination, reason, before=now - TOO_OLD, now=now):
            since = await refusals.paused_at(tx, entry.destination) or 0
            await self._tell(tx, entry, reports.stale(self._rooms, entry, since), now)
        if entry.due >= now - TOO_OLD:
            await outbox.postpone(tx, entry, reason, 0)

    async def _elsewhere(self, tx: Transaction, entry: Entry, outcome: Rejected, now: dt.datetime) -> None:
        """Take a message to the person's next account, else to its room of origin."""
        tried = self._refused.setdefault(entry.id, set())
        tried.add(entry.sent_to or "")
        left = [to for to in self.ways(entry, await recipients.accounts(tx, entry)) if to not in tried]
        if left and not outcome.unclear:
            await recipients.nowhere(tx, entry)
            if await outbox.reroute(tx, entry, left[0]):
                return
        self._refused.pop(entry.id, None)
        why = Phrase("delivery.why_unclear") if outcome.unclear else outcome.reason
        await self.fail(tx, entry, why if left else Phrase("delivery.why_unreachable"), now)

    def ways(self, entry: Entry, accounts: Sequence[str]) -> list[str]:
        """Where a message to a person can go now, best first; its room of origin last."""
        wanted = [*accounts, *([entry.origin] if entry.origin else ())]
        return [to for to in wanted if Address.parse(to).platform in self._platforms]

    async def _tell(self, tx: Transaction, entry: Entry, messages: list[outbox.Message], now: dt.datetime) -> None:
        if not reports.is_report(entry):
            await outbox.put(tx, messages, now=now)
