"""Codes by which two accounts of one person find each other.

A code is eight characters of base32. The first two name its row, the other six are the secret; of the whole only a
hash is kept.
"""

import base64
import dataclasses
import datetime as dt
import hashlib
import re
import secrets

from bot.campaign import people
from bot.campaign.link import Party, Request
from bot.core.errors import Invalid, Refused
from bot.core.invocation import Address
from bot.core.moments import from_ms
from bot.store.database import Transaction

CODE = dt.timedelta(minutes=5)
"""How long a code may be typed."""
ANSWER = dt.timedelta(minutes=15)
"""How long both may answer, from when it was typed."""
TRIES = 5
"""Wrong ones, for a code as for an account."""
CLOSED = dt.timedelta(hours=1)
"""How long an account that typed too many wrong codes may type none."""

_LENGTH, _PREFIX = 8, 2
_NOT_CODE = re.compile(r"[^A-Z2-7]")
_LOOK_ALIKE = str.maketrans("01", "OI")  # neither digit is in base32
_PREFIXES = 20  # tried before a code is refused; there are 1024, and a code lives for minutes


@dataclasses.dataclass(frozen=True, slots=True)
class Wrong:
    """No such code.

    Attributes:
        left: How often the account may try again.
        until: With none left: from when it may.
    """

    left: int
    until: dt.datetime


async def offer(tx: Transaction, maker: Party, *, now: dt.datetime) -> str:
    """A new code; an older one of this account, and what was asked about it, lapses.

    Raises:
        Refused: so many people link at this moment that no code is free.
    """
    await _drop(tx, maker.account)
    await tx.run("DELETE FROM link WHERE ends_at < :now", now=now)
    for _ in range(_PREFIXES):
        code = base64.b32encode(secrets.token_bytes(5)).decode()
        if await tx.run(
            """
            INSERT INTO link (prefix, hash, maker, maker_name, maker_language, ends_at)
            VALUES (:prefix, :hash, :maker, :name, :language, :ends) ON CONFLICT (prefix) DO NOTHING""",
            prefix=code[:_PREFIX], hash=_hash(code, maker.account), maker=str(maker.account), name=maker.name,
            language=maker.language, ends=now + CODE,
        ):  # fmt: skip
            return code
    raise Refused("link.busy")


async def enter(tx: Transaction, text: str, typer: Party, *, now: dt.datetime) -> Request | Wrong:
    """Use a code up, once; nothing is linked yet.

    A wrong one counts for the account that typed it and for the code that it resembles. So the caller may not undo
    this transaction after one: it is an answer, no error.

    Raises:
        Invalid: it does not look like a code.
        Refused: it is the account's own, or that of another account of the same person.
    """
    code = _read(text)
    left = await _take_turn(tx, typer.account, now)
    if left is None:
        return Wrong(0, await _closed_until(tx, typer.account, now))
    found = await _find(tx, code, now)
    if found and await _claim(tx, found, typer, now):
        await tx.run("UPDATE account SET misses = misses - 1 WHERE address = :account", account=str(typer.account))
        return dataclasses.replace(found, typer=typer, ends=now + ANSWER)
    if found is None:
        await _count_wrong(tx, code, now)
    return Wrong(left, now + CLOSED)


async def burn(tx: Transaction, text: str, *, now: dt.datetime) -> None:
    """Make a code worthless that others have read; what is no code, or another one, changes nothing."""
    try:
        found = await _find(tx, _read(text), now)
    except Invalid:
        return
    if found:
        await tx.run("DELETE FROM link WHERE id = :id AND typer IS NULL", id=found.id)


def _read(text: str) -> str:
    """A code as it was typed: in small letters, in groups, with a nought for an O."""
    code = re.sub(r"[\W_]", "", text).upper().translate(_LOOK_ALIKE)
    if len(code) != _LENGTH or _NOT_CODE.search(code):
        raise Invalid("link.no_code", text=text)
    return code


def _hash(code: str, maker: Address) -> str:
    # 30 bits are few. With scrypt, at 15 ms a guess, a reader of the database needs half a year for them; the code
    # lives for five minutes.
    return hashlib.scrypt(code.encode(), salt=str(maker).encode(), n=2**12, r=8, p=1, dklen=16).hex()


async def _take_turn(tx: Transaction, account: Address, now: dt.datetime) -> int | None:
    """Count a try before it is looked at, so that twenty at once are no more than five; how many are left then."""
    row = await tx.first(
        """
        UPDATE account SET misses = CASE WHEN missed_at > :since THEN misses + 1 ELSE 1 END, missed_at = :now
        WHERE address = :account AND (misses < :tries OR missed_at <= :since)
        RETURNING misses""",
        account=str(account), since=now - CLOSED, now=now, tries=TRIES,
    )  # fmt: skip
    return TRIES - int(row["misses"]) if row else None


async def _closed_until(tx: Transaction, account: Address, now: dt.datetime) -> dt.datetime:
    missed = await tx.value("SELECT missed_at FROM account WHERE address = :account", account=str(account))
    return (from_ms(missed) if missed else now) + CLOSED


async def _find(tx: Transaction, code: str, now: dt.datetime) -> Request | None:
    """What this very code stands for, while it may be typed."""
    row = await tx.first(
        "SELECT * FROM link WHERE prefix = :prefix AND ends_at >= :now", prefix=code[:_PREFIX], now=now
    )
    if row is None or not secrets.compare_digest(row["hash"], _hash(code, Address.parse(row["maker"]))):
        return None
    return Request.of(row)


async def _claim(tx: Transaction, found: Request, typer: Party, now: dt.datetime) -> bool:
    """Let a code be this account's; of two who type it at once, the one whose UPDATE runs first has it."""
    if typer.account == found.maker.account:
        raise Refused("link.own")
    maker, other = await people.find(tx, found.maker.account), await people.find(tx, typer.account)
    if maker.id == other.id:
        raise Refused("link.already")
    await _drop(tx, typer.account)
    claimed = await tx.run(
        """
        UPDATE link SET prefix = NULL, hash = NULL, typer = :typer, typer_name = :name, typer_language = :language,
            ends_at = :ends
        WHERE id = :id AND typer IS NULL""",
        id=found.id, typer=str(typer.account), name=typer.name, language=typer.language, ends=now + ANSWER,
    )  # fmt: skip
    return claimed > 0


async def _count_wrong(tx: Transaction, code: str, now: dt.datetime) -> None:
    prefix = code[:_PREFIX]
    await tx.run("UPDATE link SET wrong = wrong + 1 WHERE prefix = :prefix AND ends_at >= :now", prefix=prefix, now=now)
    await tx.run("DELETE FROM link WHERE prefix = :prefix AND wrong >= :tries", prefix=prefix, tries=TRIES)


async def _drop(tx: Transaction, account: Address) -> None:
    """An account links one other at a time, so that a yes can only be about one thing."""
    await tx.run("DELETE FROM link WHERE maker = :account OR typer = :account", account=str(account))
