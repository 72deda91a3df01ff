"""One person, two platforms: both accounts are asked before they are linked; and the way back."""

import datetime as dt
import zoneinfo

from bot.campaign import joining, people
from bot.campaign.codes import CODE, Wrong, burn, enter, offer
from bot.campaign.link import Party, Request
from bot.core.errors import NotFound, Refused
from bot.core.invocation import Address
from bot.core.reply import Button, For, Kind, Phrase, Reply
from bot.store import outbox
from bot.store.database import Transaction
from bot.store.outbox import Message, Priority

__all__ = [
    "CODE",
    "Party",
    "Request",
    "Wrong",
    "agree",
    "burn",
    "buttons",
    "enter",
    "find",
    "finish",
    "linked",
    "offer",
    "part",
    "stop",
    "until_when",
]  # fmt: skip


async def find(tx: Transaction, by: Address, number: int | None, *, now: dt.datetime) -> Request:
    """What an account is in the middle of.

    Args:
        tx: The transaction.
        by: The account that speaks.
        number: Of the question that it answers; None: of whatever is open.
        now: The campaign's clock.

    Raises:
        NotFound: that is over, or never was.
    """
    row = await tx.first(
        """
        SELECT * FROM link WHERE (maker = :by OR typer = :by) AND ends_at >= :now
        AND id = coalesce(CAST(:number AS BIGINT), id)""",
        by=str(by), number=number, now=now,
    )  # fmt: skip
    if row is None:
        raise NotFound("link.gone")
    return Request.of(row)


async def agree(tx: Transaction, request: Request, typer: Party, *, zone: str, now: dt.datetime) -> None:
    """The typer says yes: now the account that made the code is asked.

    Args:
        tx: The transaction.
        request: As `find` gave it.
        typer: The account that speaks.
        zone: The campaign's, for whoever chose none.
        now: The campaign's clock.

    Raises:
        NotFound: meanwhile one of them said no.
    """
    maker = request.maker
    if not await tx.run("UPDATE link SET agreed_at = coalesce(agreed_at, :now) WHERE id = :id", id=request.id, now=now):
        raise NotFound("link.gone")
    asked = await people.find(tx, maker.account)
    question = Reply(
        Phrase("link.ask_maker", {"account": typer.label}),
        (until_when(request, asked.zone or zone),),
        buttons=buttons(request, maker.language, For.ADDRESSED),
        kind=Kind.NOTICE,
    )
    message = Message(
        f"link:{request.id}:ask", str(maker.account), question, language=maker.language, priority=Priority.ANSWER
    )
    await outbox.put(tx, [message], now=now)


async def finish(tx: Transaction, request: Request, *, now: dt.datetime) -> Party:
    """The maker says yes too: from now on both accounts are one person's; the other account.

    Every account of that person but the one that speaks hears of it, with the way back.

    Raises:
        NotFound: meanwhile one of them said no.
        Refused: the typer did not say yes yet, or they are one person already.
    """
    if request.typer is None or not request.agreed:
        raise Refused("link.not_yet")
    if not await tx.run("DELETE FROM link WHERE id = :id AND agreed_at IS NOT NULL", id=request.id):
        raise NotFound("link.gone")
    maker, typer = request.maker, request.typer
    joined = await joining.join(tx, maker.account, typer.account, now=now)
    news = [(one, typer) for one in joined.first if one != maker.account] + [(one, maker) for one in joined.other]
    language = (await people.find(tx, maker.account)).language
    messages = [
        Message(
            f"link:{request.id}:linked", str(to), linked(other), priority=Priority.PRIVATE,
            language=typer.language if to == typer.account else language,
        )
        for to, other in news
    ]  # fmt: skip
    await outbox.put(tx, messages, now=now)
    return typer


async def stop(tx: Transaction, request: Request, by: Party, *, now: dt.datetime) -> None:
    """One of the two says no, and the other hears of it.

    Raises:
        NotFound: meanwhile they were linked, or the other one said no.
    """
    if not await tx.run("DELETE FROM link WHERE id = :id", id=request.id):
        raise NotFound("link.gone")
    other = request.typer if by.account == request.maker.account else request.maker
    if other:
        reply = Reply(Phrase("link.stopped_notice", {"account": by.label}), kind=Kind.NOTICE)
        message = Message(
            f"link:{request.id}:stopped", str(other.account), reply, language=other.language, priority=Priority.PRIVATE
        )
        await outbox.put(tx, [message], now=now)


async def part(tx: Transaction, by: Party, *, cause: str, now: dt.datetime) -> None:
    """Let an account stand alone again; those that it was linked with hear of it.

    Args:
        tx: The transaction.
        by: The account that speaks.
        cause: What the notices are told once for.
        now: The campaign's clock.

    Raises:
        Refused: it is not linked.
    """
    left = await joining.part(tx, by.account)
    reply = Reply(Phrase("link.parted_notice", {"account": by.label}), kind=Kind.NOTICE)
    language = (await people.find(tx, left[0])).language
    messages = [Message(cause, str(to), reply, language=language, priority=Priority.PRIVATE) for to in left]
    await outbox.put(tx, messages, now=now)


def linked(other: Party) -> Reply:
    """What each of the accounts reads once they are linked, with the way back."""
    undo = Button(Phrase("link.undo"), "me.unlink", whose=For.ADDRESSED)
    return Reply(
        Phrase("link.linked", {"account": other.label}), (Phrase("link.way_back"),), buttons=(undo,), kind=Kind.NOTICE
    )


def buttons(request: Request, language: str, whose: For) -> tuple[Button, ...]:
    yes, no = (_typed(word, request) for word in _words(language))
    return Button(Phrase("link.yes"), "me.link", yes, whose), Button(Phrase("link.no"), "me.link", no, whose)


def until_when(request: Request, zone: str) -> Phrase:
    """How long a question can be answered."""
    until = f"{request.ends.astimezone(zoneinfo.ZoneInfo(zone)):%H:%M}"  # of the reader, who may be elsewhere
    return Phrase("link.until", {"until": until})


def _words(language: str) -> tuple[str, str]:
    return ("yes", "no") if language == "en" else ("ja", "nee")


def _typed(word: str, request: Request) -> dict[str, str]:
    return {"code": f"{word}-{request.id}"}
