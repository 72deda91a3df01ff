"""People, their accounts on platforms, and what they chose for themselves.

Each account has a row in `person` of its own. Where somebody linked two accounts (`joining.py`), the later person's row
says with `linked_to` which is the first, and the first's number is the one that everybody is told: a `Person`, a
`Context`, a new row of any table. What hangs on a person is looked up with `SAME`, for it may be from before.
"""

import dataclasses
import datetime as dt
from typing import Self

from bot.campaign.quiet import QuietHours
from bot.core.invocation import Address
from bot.core.moments import from_ms
from bot.store.database import Row, Transaction

JUST_NOW = dt.timedelta(seconds=10)
"""Who was seen as lately as this need not be written down again."""

SAME = "(SELECT id FROM person WHERE id = :person OR linked_to = :person)"
"""Every number that a person has: `WHERE reminder.person IN {SAME}`; `:person` is the one that everybody is told."""

_BEHIND = """
    SELECT person.*, account.role, account.seen_at
    FROM account JOIN person own ON own.id = account.person JOIN person ON person.id = coalesce(own.linked_to, own.id)
    WHERE account.address = :account"""


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """Somebody who uses the bot.

    Attributes:
        id: The first's of those that were linked. None for somebody who only asked: nothing is kept of them.
        account: The account that speaks.
        quiet: Own quiet hours; None: the campaign's hold, unless `quiet_off`.
        unasked_off: Wants no private message but what they asked for: answers, questions that are part of something
            they began, reminders they set. Whoever puts any other message to a person in the outbox looks here first.
    """

    id: int | None
    account: Address
    language: str | None = None
    zone: str | None = None
    quiet: QuietHours | None = None
    quiet_off: bool = False
    unasked_off: bool = False

    @classmethod
    def of(cls, row: Row, account: Address) -> Self:
        quiet = QuietHours.parse(row["quiet_from"], row["quiet_until"]) if row["quiet_from"] else None
        return cls(
            row["id"], account, row["language"], row["zone"], quiet, bool(row["quiet_off"]), bool(row["unasked_off"])
        )


async def find(tx: Transaction, account: Address) -> Person:
    """The person behind an account; without an id when we keep nothing of them."""
    row = await tx.first(_BEHIND, account=str(account))
    return Person.of(row, account) if row else Person(None, account)


async def meet(tx: Transaction, account: Address, *, role: str, now: dt.datetime) -> Person:
    """The person behind an account that changes something; kept from now on."""
    if row := await tx.first(_BEHIND, account=str(account)):
        if row["role"] != role or now - from_ms(row["seen_at"]) > JUST_NOW:
            await tx.run(
                "UPDATE account SET role = :role, seen_at = :now WHERE address = :account",
                account=str(account), role=role, now=now,
            )  # fmt: skip
        return Person.of(row, account)
    person = await tx.value("INSERT INTO person (created_at) VALUES (:now) RETURNING id", now=now)
    first = await tx.run(
        """
        INSERT INTO account (address, person, role, seen_at) VALUES (:account, :person, :role, :now)
        ON CONFLICT (address) DO NOTHING""",
        account=str(account), person=person, role=role, now=now,
    )  # fmt: skip
    if not first:  # the same account wrote twice at once
        await tx.run("DELETE FROM person WHERE id = :person", person=person)
        return await find(tx, account)
    return Person(person, account)


async def row_of(tx: Transaction, number: int) -> Row | None:
    """The person whom a number stands for, the first's of those that were linked."""
    return await tx.first(
        """
        SELECT person.* FROM person own JOIN person ON person.id = coalesce(own.linked_to, own.id)
        WHERE own.id = :number""",
        number=number,
    )


async def accounts(tx: Transaction, number: int) -> list[Address]:
    """The accounts of a person, the one last used first."""
    person = await tx.value("SELECT coalesce(linked_to, id) FROM person WHERE id = :number", number=number)
    rows = await tx.all(
        f"SELECT address FROM account WHERE person IN {SAME} ORDER BY seen_at DESC, address", person=person
    )
    return [Address.parse(row["address"]) for row in rows]


async def last_role(tx: Transaction, account: Address) -> str | None:
    """The role that an account had when it last changed something."""
    role: str | None = await tx.value("SELECT role FROM account WHERE address = :account", account=str(account))
    return role


async def choose_language(tx: Transaction, person: int, language: str) -> None:
    await tx.run("UPDATE person SET language = :language WHERE id = :person", person=person, language=language)


async def choose_zone(tx: Transaction, person: int, zone: str) -> None:
    await tx.run("UPDATE person SET zone = :zone WHERE id = :person", person=person, zone=zone)


async def choose_quiet(tx: Transaction, person: int, quiet: QuietHours | None, *, off: bool = False) -> None:
    """Set own quiet hours; None and not `off`: the campaign's again."""
    await tx.run(
        """
        UPDATE person SET quiet_from = :start, quiet_until = :until, quiet_off = :off
        WHERE id = :person""",
        person=person, off=off,
        start=quiet.start.strftime("%H:%M") if quiet else None,
        until=quiet.until.strftime("%H:%M") if quiet else None,
    )  # fmt: skip


async def choose_unasked(tx: Transaction, person: int, *, off: bool) -> None:
    """Turn off, or on again, what the person did not ask for."""
    await tx.run("UPDATE person SET unasked_off = :off WHERE id = :person", person=person, off=off)


async def count(tx: Transaction) -> int:
    return int(await tx.value("SELECT COUNT(*) FROM person WHERE linked_to IS NULL"))
