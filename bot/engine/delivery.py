"""Delivery: outbox -> platforms. Claim, freeze, commit; send; write down what became of it.

A row is frozen in a transaction that is committed before anything is sent, and sent with a key that its platform
recognises. So whenever the bot dies, the next start can find out what arrived: see `attempt.py`. No transaction is
open while something is being sent.
"""

import asyncio
import collections
import contextlib
from collections.abc import Callable, Collection, Mapping

import structlog

from bot.campaign.quiet import QuietHours
from bot.campaign.rooms import Rooms
from bot.core.invocation import Address
from bot.core.platform import Platform
from bot.engine import recipients, unsaid
from bot.engine.attempt import Arrived, Outcome, Rejected
from bot.engine.clock import Clock
from bot.engine.freezing import Freezer, Instead
from bot.engine.ledger import Ledger
from bot.engine.machine import MachineClock
from bot.engine.pacing import Pace
from bot.engine.sender import PATIENCE, Patience, Sender, complain, entry_platform
from bot.store import outbox
from bot.store.database import Database, StoreError, Transaction
from bot.store.outbox import Entry

STOP_SECONDS = 10.0
SLEEP_SECONDS = 60.0  # clocks jump and machines sleep
ROOM_AWAY_MS = 60 * 60 * 1000
PERSON_AWAY_MS = 10 * 60 * 1000
FAULT_AWAY_MS = 60 * 1000
BUSY_MS = 1000

log = structlog.get_logger()


class Delivery:
    """Sends what is due: several destinations at once, each in order."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        platforms: Mapping[str, Platform],
        *,
        language: str,
        zone: str,
        rooms: Rooms,
        quiet: QuietHours | None,
        not_replayed: Collection[str] = ("terminal", "discord"),
        machine: Callable[[], int] | None = None,
        patience: Patience = PATIENCE,
        at_once: int = 8,
    ) -> None:
        """Serve one campaign.

        Args:
            database: With the outbox.
            clock: The campaign's: what is due.
            platforms: Those that are on, by name. Messages for others wait.
            language: The campaign's, for whoever chose none.
            zone: The campaign's.
            rooms: The campaign's rooms and their languages.
            quiet: The campaign's quiet hours, for persons who chose none.
            not_replayed: Platforms that do not hand in an event again after a restart.
            machine: Milliseconds of machine time, never back.
            patience: Back-off and time-outs.
            at_once: So many messages under way on one platform.
        """
        self._database = database
        self._clock = clock
        self._platforms = platforms
        self._not_replayed = not_replayed
        self._machine = machine or MachineClock()
        self._patience = patience
        ledger = Ledger(rooms, platforms.keys())
        self._freezer = Freezer(platforms, ledger, language=language, zone=zone, rooms=rooms, quiet=quiet)
        self._sender = Sender(database, clock, self._machine, platforms, ledger, patience)
        self._paces = {name: Pace(at_once) for name in platforms}
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._away: dict[str, int] = {}  # left alone for a while: paused rooms, readers on platforms that are off
        self._busy: dict[str, int] = {}  # persons whose platform took no more a moment ago
        self._looked = clock.now(), self._machine()
        self._woken = asyncio.Event()
        self._drains: list[asyncio.Future[None]] = []
        self._started = False

    # -- for others -------------------------------------------------------------------------------------

    def wake(self) -> None:
        """There may be something to say: called after a commit."""
        self._woken.set()

    async def start(self) -> None:
        """Take up what the last run left; to be called before any platform hears anything, else by `run`."""
        if self._started:
            return
        async with self._database.write() as tx:
            await unsaid.queue(tx, self._not_replayed, self._clock.now())
            for entry in await outbox.sending(tx):  # at once, whatever the last run's machine clock said
                await outbox.postpone(tx, entry, entry.error or "interrupted", 0)
        self._started = True

    async def run(self) -> None:
        """Send until cancelled; what is under way then gets some seconds to end."""
        trouble = 0
        try:
            while True:
                try:
                    await self._turn()
                    trouble = 0
                except StoreError as error:
                    complain(error)
                    await asyncio.sleep(self._patience.back_off(trouble))
                    trouble += 1
        finally:
            await self._finish()

    async def drain(self) -> None:
        """Return when nothing that is due is left unsent, while `run` runs.

        Left alone are messages for platforms that are off, for rooms that are paused, and all while muted.
        """
        drained = asyncio.get_running_loop().create_future()
        self._drains.append(drained)
        self.wake()
        try:
            await drained
        finally:
            self._drains.remove(drained)

    # -- the loop ---------------------------------------------------------------------------------------

    async def _turn(self) -> None:
        self._woken.clear()
        drains = list(self._drains)
        await self.start()
        if await self._begin():
            return
        if drains and not self._under_way and not await self._anything_left():
            for drained in drains:
                if not drained.done():
                    drained.set_result(None)
        await self._rest()

    async def _begin(self) -> bool:
        """Claim, freeze and commit what can go now, then begin to send it; whether it is worth a second look."""
        now, machine = self._looked = self._clock.now(), self._machine()
        self._away, self._busy = _after(machine, self._away), _after(machine, self._busy)
        free = collections.Counter({name: pace.room(machine) for name, pace in self._paces.items()})
        if not free.total():
            return False
        ready: list[Entry] = []
        moved = False
        async with self._database.write() as tx:
            for entry in await self._claim(tx, free):
                match await self._freezer.freeze(tx, entry, now, machine, free=free):
                    case Entry() as frozen:
                        ready.append(frozen)
                        free[entry_platform(frozen)] -= 1
                    case Instead.MOVED:
                        moved = True
                    case Instead.AWAY:
                        self._away[entry.destination] = machine + PERSON_AWAY_MS
                    case Instead.BUSY if recipients.is_for_person(entry):  # else it is not claimed in vain again
                        self._busy[entry.destination] = machine + BUSY_MS
        for entry in ready:
            self._paces[entry_platform(entry)].begin()
            self._under_way[entry.destination] = asyncio.create_task(self._deliver(entry))
        return moved or bool(ready)

    async def _claim(self, tx: Transaction, free: collections.Counter[str]) -> list[Entry]:
        if await muted(tx):
            return []
        now, machine = self._looked
        return await outbox.claim(
            tx,
            now=now,
            machine=machine,
            platforms=[name for name, room in free.items() if room],
            limit=free.total(),
            busy={*self._under_way, *self._away, *self._busy},
        )

    async def _deliver(self, entry: Entry) -> None:
        pace = self._paces[entry_platform(entry)]
        outcome: Outcome | None = None
        try:
            outcome = await self._sender.send(entry, pace)
            if isinstance(outcome, Rejected) and outcome.paused:
                self._away[entry.destination] = self._machine() + ROOM_AWAY_MS
        except Exception:
            log.exception("delivery failed", row=entry.id)
            self._away[entry.destination] = self._machine() + FAULT_AWAY_MS
        finally:
            pace.end(well=isinstance(outcome, Arrived))
            del self._under_way[entry.destination]
            self._busy.clear()
            self.wake()

    async def _rest(self) -> None:
        """Sleep until the earliest moment at which something may go, or a wake."""
        now, machine = self._looked  # what came due since then would be overlooked with a later one
        async with self._database.read() as tx:
            due, again = await outbox.next_due(tx, now), await outbox.next_try(tx, machine)
        moments = [again or 0, *self._away.values(), *self._busy.values(), *(p.until for p in self._paces.values())]
        seconds = [(moment - self._machine()) / 1000 for moment in moments if moment > machine]
        if due:
            seconds.append((due - self._clock.now()).total_seconds())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(min([SLEEP_SECONDS, *seconds]), 0.001)):
                await self._woken.wait()

    async def _anything_left(self) -> bool:
        now, _ = self._looked
        async with self._database.read() as tx:
            if await muted(tx):
                return False
            rows = await tx.all(
                """
                SELECT DISTINCT destination, coalesce(sent_to, destination) AS place FROM outbox q
                WHERE state = 'sending' OR (state = 'queued' AND due_at <= :now AND (edits IS NULL OR EXISTS (
                    SELECT 1 FROM outbox o WHERE o.cause = q.edits AND o.destination = q.destination
                    AND o.part = 0 AND o.state IN ('sending', 'sent'))))""",
                now=now,
            )
        reachable = {*self._platforms, recipients.PERSON}
        return any(
            row["destination"] not in self._away and Address.parse(row["place"]).platform in reachable for row in rows
        )

    async def _finish(self) -> None:
        """Let what is under way end; what then is not known is found out at the next start."""
        for drained in self._drains:
            drained.cancel()
        tasks = list(self._under_way.values())
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=STOP_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _after(machine: int, moments: Mapping[str, int]) -> dict[str, int]:
    return {to: until for to, until in moments.items() if until > machine}


async def muted(tx: Transaction) -> bool:
    """Whether nothing may be said for now."""
    return await tx.value("SELECT value FROM setting WHERE name = 'muted'") not in {None, "", "0"}
