"""One attempt to send a row of the outbox, and what is known afterwards."""

import asyncio
import dataclasses
import datetime as dt

from bot.core.invocation import Address
from bot.core.moments import from_ms
from bot.core.platform import Platform, PlatformRefused, TryAfter, Unknown
from bot.store.outbox import Entry

SEND_SECONDS = 30.0
CLOCKS_DIFFER = dt.timedelta(hours=2)
"""How far our clock may be from the platform's when a message is looked up by its moment."""


@dataclasses.dataclass(frozen=True, slots=True)
class Arrived:
    ref: str


@dataclasses.dataclass(frozen=True, slots=True)
class Maybe:
    """Nobody knows whether it arrived."""

    error: str


@dataclasses.dataclass(frozen=True, slots=True)
class Later:
    """It did not arrive; come back after some seconds, which may hold for the whole account."""

    seconds: float
    everywhere: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Rejected:
    """The platform will not have it.

    Attributes:
        unclear: An earlier attempt may have arrived, and the room may not be looked in.
        paused: The room is left alone for a while.
    """

    reason: str
    unclear: bool = False
    paused: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Hopeless:
    """The platform gave no clear answer for too long."""


Outcome = Arrived | Maybe | Later | Rejected | Hopeless


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt.

    Attributes:
        entry: Frozen.
        machine: Its moment, machine milliseconds.
        last: It has been tried for so long that it fails when the platform, well enough to look in the room, again
            gives no clear answer.
    """

    platform: Platform
    entry: Entry
    machine: int
    seconds: float = SEND_SECONDS
    last: bool = False

    async def make(self) -> Outcome:
        """Send the row, after a look in the room where a repetition would no longer be recognised.

        Whatever goes wrong in the platform that it has no word for may have happened after the message left.
        """
        if self.last or (self._may_be_there and not self._remembered):
            found = await self._look()
            if found is not None:
                return found
        outcome = await self._send()
        if isinstance(outcome, Rejected) and self._may_be_there:
            return await self._look() or outcome
        if isinstance(outcome, Maybe) and self.last:
            return Hopeless()
        return outcome

    @property
    def _to(self) -> Address:
        return Address.parse(self.entry.sent_to or self.entry.destination)

    @property
    def _may_be_there(self) -> bool:
        """An earlier attempt may have arrived as a message of its own; the same change twice is one change."""
        return self.entry.attempts > 0 and self.entry.original_ref is None

    @property
    def _age(self) -> dt.timedelta:
        return dt.timedelta(milliseconds=self.machine - (self.entry.first_try or 0))

    @property
    def _remembered(self) -> bool:
        """The platform surely recognises the key until this attempt is over.

        An age below nothing: the computer's clock was set back between two runs, so nobody knows the age.
        """
        left = self.platform.remembers - dt.timedelta(seconds=self.seconds)
        return dt.timedelta(0) <= self._age < left

    async def _send(self) -> Outcome:
        payload = self.entry.payload or {}
        try:
            async with asyncio.timeout(self.seconds):
                ref = await self.platform.send(self._to, payload, key=self.entry.key, edits=self.entry.original_ref)
        except PlatformRefused as error:
            return Rejected(error.reason)
        except asyncio.CancelledError:
            if _stopped():
                raise
            return Maybe("cancelled within the platform")
        except Exception as error:  # noqa: BLE001 - a library's surprise says nothing about the message
            return _unclear(error)
        return Arrived(ref)

    async def _look(self) -> Outcome | None:
        """Look in the room; None: it is not there, so it may be sent again, or surely was refused."""
        earliest = min(self.entry.first_try or 0, self.machine)
        try:
            async with asyncio.timeout(self.seconds):
                ref = await self.platform.find(self._to, self.entry.key, since=from_ms(earliest) - CLOCKS_DIFFER)
        except PlatformRefused as error:
            return Rejected(error.reason, unclear=True)
        except asyncio.CancelledError:
            if _stopped():
                raise
            return Maybe("cancelled within the platform")
        except Exception as error:  # noqa: BLE001 - as above
            return _unclear(error)
        return None if ref is None else Arrived(ref)


def _stopped() -> bool:
    """Whether it is we who are cancelled, and not something within a library."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _unclear(error: Exception) -> Outcome:
    match error:
        case TryAfter():
            return Later(error.seconds, error.everywhere)
        case TimeoutError():
            return Maybe("no answer in time")
        case Unknown():
            return Maybe(str(error) or "unknown")
    return Maybe(repr(error))
