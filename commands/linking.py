"""One person, two platforms: a code that is made on one account and typed on the other, and the way back."""

import re
from typing import Annotated

from bot.campaign import audit, linking
from bot.campaign.linking import Party, Request, Wrong
from bot.core.command import Role, Seen, command
from bot.core.invocation import Invocation
from bot.core.parameters import Text
from bot.core.reply import For, Kind, Phrase, Reply, Typed, say
from bot.engine.context import Context

_ANSWER = re.compile(r"(?:(ja|yes)|nee|no)(?:[\s-]+(\d{1,9}))?[.!]?")


@command("me.link", allow=Role.GUEST, seen_by=Seen.ASKER, writes=True, personal=True, overheard=True)
async def link(context: Context, code: Annotated[str | None, Text(limit=40)] = None) -> Reply:
    """Make a code; or with one, or with `yes` or `no`, go on to link two accounts."""
    if _read_along(context.call):
        if code:
            await linking.burn(context.tx, code, now=context.now)
        return Reply(Phrase("link.aloud", {"command": Typed("me.link")}), kind=Kind.ERROR)
    if code is None:
        return await _offer(context)
    if answer := _ANSWER.fullmatch(code.casefold()):
        number = int(answer[2]) if answer[2] else None
        return await _answer(context, number, yes=answer[1] is not None)
    return await _enter(context, code)


@command("me.unlink", allow=Role.GUEST, seen_by=Seen.ASKER, writes=True)
async def unlink(context: Context) -> Reply:
    """Let the account that speaks stand alone again."""
    await linking.part(context.tx, _party(context), cause=f"unlink:{context.call.id}", now=context.now)
    await audit.note(context.tx, "me.unlink", str(context.author), by=context.author, now=context.now)
    return say("link.parted")


def _read_along(call: Invocation) -> bool:
    """Whether others read the line. A menu's values are the asker's alone, wherever it is opened."""
    return call.aloud or (call.line is not None and not call.private)


def _party(context: Context) -> Party:
    return Party(context.call.who, context.call.name, context.language)


async def _offer(context: Context) -> Reply:
    code = await linking.offer(context.tx, _party(context), now=context.now)
    return Reply(
        Phrase("link.code", {"code": code, "until": context.now + linking.CODE}),
        (Phrase("link.code_use", {"code": code}),),
        again=Phrase("link.code_again"),
    )  # fmt: skip


async def _enter(context: Context, code: str) -> Reply:
    match await linking.enter(context.tx, code, _party(context), now=context.now):
        case Request() as request:
            return Reply(
                Phrase("link.ask_typer", {"account": request.maker.label}),
                (linking.until_when(request, context.zone),),
                buttons=linking.buttons(request, context.language, For.ASKER),
            )
        case Wrong(left=0) as wrong:
            return Reply(Phrase("link.closed", {"until": wrong.until}), kind=Kind.ERROR)
        case Wrong() as wrong:
            return Reply(Phrase("link.wrong", {"left": wrong.left}), kind=Kind.ERROR)


async def _answer(context: Context, number: int | None, *, yes: bool) -> Reply:
    tx, party, now = context.tx, _party(context), context.now
    request = await linking.find(tx, party.account, number, now=now)
    if not yes:
        await linking.stop(tx, request, party, now=now)
        return say("link.stopped")
    if request.typer and request.typer.account == party.account:
        await linking.agree(tx, request, party, zone=context.bot.campaign.zone, now=now)
        return say("link.asked", account=request.maker.label, until=request.ends)
    other = await linking.finish(tx, request, now=now)
    await audit.note(tx, "me.link", str(context.author), by=context.author, now=now)
    return linking.linked(other)
