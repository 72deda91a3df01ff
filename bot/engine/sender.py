"""One message at a time: send it, and write down what became of it."""

import asyncio
import dataclasses
import itertools
import random
from collections.abc import Callable, Mapping

import structlog

from bot.core.invocation import Address
from bot.core.platform import Platform
from bot.core.reply import Phrase
from bot.engine.attempt import SEND_SECONDS, Arrived, Attempt, Hopeless, Later, Maybe, Outcome, Rejected
from bot.engine.clock import Clock
from bot.engine.ledger import Ledger
from bot.engine.pacing import Pace
from bot.store import outbox
from bot.store.database import Conflict, Database, StoreError, Transaction
from bot.store.outbox import Entry, NotOpen

GIVE_UP_MS = 24 * 60 * 60 * 1000

log = structlog.get_logger()


@dataclasses.dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what.

    Attributes:
        first: Seconds until the second attempt; each further one waits twice as long.
        most: Seconds.
        send: Seconds for one call of a platform.
    """

    first: float = 1.0
    most: float = 60.0
    send: float = SEND_SECONDS

    def back_off(self, attempts: int) -> float:
        """Seconds until the next attempt, spread so that many rows do not come back at once."""
        wait = self.first * 2.0 ** min(attempts, 20)
        return min(self.most, max(self.first, wait * random.uniform(0.75, 1.25)))  # noqa: S311 - no secret


PATIENCE = Patience()


class Sender:
    """Sends frozen rows."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        machine: Callable[[], int],
        platforms: Mapping[str, Platform],
        ledger: Ledger,
        patience: Patience,
    ) -> None:
        self._database = database
        self._clock = clock
        self._machine = machine
        self._platforms = platforms
        self._ledger = ledger
        self._patience = patience
        self._unclear: dict[int, int] = {}

    async def send(self, entry: Entry, pace: Pace) -> Outcome:
        """Send one frozen row, and write down what became of it."""
        outcome = await self._attempt(entry)
        if isinstance(outcome, Later):
            machine = self._machine()
            until = machine + int(outcome.seconds * 1000)
            pace.slowed(entry.destination, until, machine, everywhere=outcome.everywhere)
        return await self._write_down(entry, outcome)

    async def _attempt(self, entry: Entry) -> Outcome:
        machine = self._machine()
        last = machine - self._unclear.get(entry.id, machine) > GIVE_UP_MS
        platform = self._platforms[entry_platform(entry)]
        outcome = await Attempt(platform, entry, machine, self._patience.send, last).make()
        if isinstance(outcome, Maybe):
            self._unclear.setdefault(entry.id, machine)
            log.info("nobody knows whether a message arrived", row=entry.id, platform=platform.name)
        else:
            self._unclear.pop(entry.id, None)
        return outcome

    async def _write_down(self, entry: Entry, outcome: Outcome) -> Outcome:
        """Try as often as the store needs: what is known now is not found out a second time."""
        for trouble in itertools.count():
            try:
                async with self._database.write() as tx:
                    outcome = await self._enter(tx, entry, outcome)
            except NotOpen:
                log.warning("a row ended while it was being sent", row=entry.id)
            except StoreError as error:
                complain(error)
                await asyncio.sleep(self._patience.back_off(trouble))
                continue
            break
        return outcome

    async def _enter(self, tx: Transaction, entry: Entry, outcome: Outcome) -> Outcome:
        now, machine = self._clock.now(), self._machine()
        match outcome:
            case Arrived(ref):
                await self._ledger.arrived(tx, entry, ref, now)
            case Maybe(error):
                again = machine + int(self._patience.back_off(entry.attempts) * 1000)
                await outbox.retry(tx, entry, error[:200], again)
            case Later(seconds=seconds):
                await outbox.postpone(tx, entry, f"later: {seconds:g} s", machine + int(seconds * 1000))
            case Rejected():
                return await self._ledger.rejected(tx, entry, outcome, now)
            case Hopeless():
                await self._ledger.fail(tx, entry, Phrase("delivery.why_given_up"), now)
        return outcome


def entry_platform(entry: Entry) -> str:
    """The name of the platform that a row goes to."""
    return Address.parse(entry.sent_to or entry.destination).platform


def complain(error: StoreError) -> None:
    """Log that the store said no; two transactions that met are no news."""
    if not isinstance(error, Conflict):
        log.error("the store refused delivery", reason=error.reason.value, place=error.place)
