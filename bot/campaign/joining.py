"""One person out of two, and two again.

Nothing that hangs on a person is rewritten. The second person's row stays, with `linked_to` the first; what is kept
of either is found with `people.SAME`, and what comes in while they are linked is kept of the first. So both get back
what they had when they are parted, and what came later stays with the first.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence

from bot.campaign import people
from bot.core.errors import Refused
from bot.core.invocation import Address
from bot.store.database import Conflict, Reason, Row, Transaction

_SETTINGS = (("language",), ("zone",), ("quiet_from", "quiet_until", "quiet_off"), ("unasked_off",))
"""Columns of a person that are chosen together. The first person's hold; what they never chose is lent by the other.

Messages that nobody asked for are off as soon as they are for one of the two: on is what everybody begins with.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Joined:
    """The accounts that each had before."""

    first: Sequence[Address]
    other: Sequence[Address]


async def join(tx: Transaction, first: Address, other: Address, *, now: dt.datetime) -> Joined:
    """Make the persons behind two accounts one.

    `linked_at` is kept for `me.data` and `me.forget`: of a person of whom any row was linked less than a day ago, they
    give out and erase nothing. Roles stay with the accounts.

    Raises:
        Refused: they are one already.
        Conflict: somebody links or parts one of them at the same moment.
    """
    mine, theirs = await _held(tx, first, other)
    if mine == theirs:
        raise Refused("link.already")
    joined = Joined(await people.accounts(tx, mine), await people.accounts(tx, theirs))
    own, lender = await _row(tx, mine), await _row(tx, theirs)
    lent = [names for names in _SETTINGS if _chosen(lender, names) and not _chosen(own, names)]
    for names in lent:
        await _set(tx, mine, {name: lender[name] for name in names})
    await tx.run(
        "UPDATE person SET linked_to = :mine, linked_at = :now, lent = :lent WHERE id = :theirs",
        mine=mine, theirs=theirs, now=now, lent=json.dumps(lent),
    )  # fmt: skip
    await tx.run("UPDATE person SET linked_to = :mine WHERE linked_to = :theirs", mine=mine, theirs=theirs)
    return joined


async def part(tx: Transaction, account: Address) -> list[Address]:
    """Let an account stand alone again; the accounts that it was linked with, which stay together.

    Raises:
        Refused: it is linked with none.
        Conflict: somebody links or parts one of them at the same moment.
    """
    (head,) = await _held(tx, account)
    before = await people.accounts(tx, head)
    own = await tx.value("SELECT person FROM account WHERE address = :account", account=str(account))
    lenders = await tx.all(
        "SELECT * FROM person WHERE linked_to = :head AND :own IN (id, linked_to) ORDER BY linked_at, id",
        head=head, own=own,
    )  # fmt: skip
    if not lenders:
        raise Refused("link.alone")
    for lender in lenders:
        await _give_back(tx, head, lender)
    # Whoever was linked first goes on for the others when it is the first person itself that leaves.
    await tx.run(
        "UPDATE person SET linked_to = NULL, linked_at = NULL, lent = NULL WHERE id = :heir", heir=lenders[0]["id"]
    )
    if own == head:
        await tx.run(
            "UPDATE person SET linked_to = :heir, lent = NULL WHERE linked_to = :head",
            head=head, heir=lenders[0]["id"],
        )  # fmt: skip
    kept = await people.accounts(tx, own)
    return [one for one in before if one not in kept]


async def _held(tx: Transaction, *accounts: Address) -> list[int]:
    """The persons behind accounts; until the transaction ends nobody else links or parts them."""
    found = [(await people.find(tx, account)).id for account in accounts]
    for person in sorted({person for person in found if person is not None}):
        await tx.run("UPDATE person SET linked_at = linked_at WHERE id = :person", person=person)
    held = [(await people.find(tx, account)).id for account in accounts]
    if held != found or None in held:
        raise Conflict(Reason.CONFLICT, "person")
    return [person for person in held if person is not None]


async def _row(tx: Transaction, person: int) -> Row:
    row = await tx.first("SELECT * FROM person WHERE id = :person", person=person)
    if row is None:
        raise AssertionError("a person who is held stays")
    return row


def _chosen(person: Row, names: Sequence[str]) -> bool:
    return any(person[name] for name in names)


async def _give_back(tx: Transaction, head: int, lender: Row) -> None:
    """Take what was lent out of the first person's settings, unless they chose anew since."""
    own = await _row(tx, head)
    for names in json.loads(lender["lent"] or "[]"):
        if all(own[name] == lender[name] for name in names):
            await _set(tx, head, {name: 0 if name.endswith("_off") else None for name in names})


async def _set(tx: Transaction, person: int, values: Row) -> None:
    columns = ", ".join(f"{name} = :{name}" for name in values)
    await tx.run(f"UPDATE person SET {columns} WHERE id = :person", person=person, **values)
