"""Messages to a person: at which account, how written, and not in quiet hours."""

import dataclasses
import datetime as dt

from bot.campaign import people
from bot.campaign.people import Person
from bot.campaign.quiet import QuietHours
from bot.core.invocation import Address
from bot.store.database import Transaction
from bot.store.outbox import Entry, Priority

PERSON = "person"


@dataclasses.dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to write to.

    Attributes:
        accounts: The one last used first.
        quiet: Own quiet hours, or the campaign's; None: writes are welcome at any hour.
    """

    accounts: tuple[str, ...]
    language: str | None
    zone: str
    quiet: QuietHours | None

    def welcome_at(self, entry: Entry, now: dt.datetime) -> dt.datetime:
        """When a message may come: now, or after the quiet hours.

        What the reader asked for (`Priority.ANSWER`: answers, moments that they chose, what cannot wait) comes at
        once, and so does a change of what was said before: it makes no sound.
        """
        if self.quiet is None or entry.priority is Priority.ANSWER or entry.edits:
            return now
        return self.quiet.after(now, self.zone)


def is_for_person(entry: Entry) -> bool:
    return entry.destination.startswith(f"{PERSON}:")


async def find(tx: Transaction, entry: Entry, *, zone: str, quiet: QuietHours | None) -> Recipient | None:
    """The person that a message is for, with the campaign's zone and quiet hours where they chose none."""
    address = Address.parse(entry.destination)
    if not address.id.isdecimal():
        return None
    row = await people.row_of(tx, int(address.id))
    if row is None:
        return None
    person = Person.of(row, address)
    hours = None if person.quiet_off else person.quiet or quiet
    return Recipient(await accounts(tx, entry), person.language, person.zone or zone, hours)


async def accounts(tx: Transaction, entry: Entry) -> tuple[str, ...]:
    """The accounts of the person that a message is for, the one last used first."""
    return tuple(map(str, await people.accounts(tx, int(Address.parse(entry.destination).id))))


async def defer(tx: Transaction, entry: Entry, until: dt.datetime) -> None:
    """Let a message that nobody has begun to send come due later; what comes behind it need not wait."""
    await tx.run("UPDATE outbox SET due_at = :until WHERE id = :id AND state = 'queued'", id=entry.id, until=until)


async def nowhere(tx: Transaction, entry: Entry) -> None:
    """Its attempts until now surely did not arrive: it was looked for."""
    await tx.run("UPDATE outbox SET attempts = 0 WHERE id = :id AND state = 'sending'", id=entry.id)
