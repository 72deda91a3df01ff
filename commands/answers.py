"""Advice that organisers stop and resume, from a phone, at once."""

import datetime as dt
from typing import Annotated

from bot.campaign import audit, faq
from bot.core.command import Role, Seen, command
from bot.core.parameters import Option, Reference, Text
from bot.core.reply import Button, Field, For, Phrase, Reply, Words, say
from bot.engine.context import Context


async def entries(context: Context) -> list[Option]:
    """Every answer, by id and question."""
    return [Option(entry.id, Words(**entry.question)) for entry in context.bot.faq.entries]


async def stopped(context: Context) -> list[Option]:
    """The answers that are withdrawn now."""
    stops = await faq.stops(context.tx)
    return [option for option in await entries(context) if option.value in stops]


@command("answer.stop", allow=Role.ORGANISER, seen_by=Seen.ORGANISERS, writes=True)
async def stop(
    context: Context,
    entry: Annotated[str, Reference(entries)],
    reason: Annotated[str, Text(limit=300)],
    replacement: Annotated[str | None, Reference(entries)] = None,
) -> Reply:
    """Withdraw an answer; from now on people hear that, when and why, and get the replacement."""
    if replacement == entry:
        replacement = None
    first = await faq.stop(
        context.tx, entry, reason=reason, replacement=replacement, by=context.author, now=context.now
    )
    await audit.note(
        context.tx, "answer.stop", entry, by=context.author, now=context.now, reason=reason, replacement=replacement
    )
    question = Words(**context.bot.faq[entry].question)
    body = (
        [Phrase("answer.instead", {"question": Words(**context.bot.faq[replacement].question)})] if replacement else []
    )
    return Reply(
        Phrase("answer.stopped" if first else "answer.stopped_again", {"question": question, "reason": reason}),
        tuple(body),
        buttons=(Button(Phrase("answer.resume_button"), "answer.resume", {"entry": entry}, For.ASKER),),
    )


@command("answer.resume", allow=Role.ORGANISER, seen_by=Seen.ORGANISERS, writes=True)
async def resume(context: Context, entry: Annotated[str, Reference(stopped)]) -> Reply:
    """Give a withdrawn answer again."""
    question = Words(**context.bot.faq[entry].question)
    await faq.resume(context.tx, entry)
    await audit.note(context.tx, "answer.resume", entry, by=context.author, now=context.now)
    return say("answer.resumed", question=question)


@command("answer.list", allow=Role.ORGANISER, seen_by=Seen.ORGANISERS)
async def list_(context: Context) -> Reply:
    """How many answers there are, which are withdrawn, over, still to come, or due for review."""
    stops = await faq.stops(context.tx)
    all_ = context.bot.faq.entries
    over = [e for e in all_ if e.valid_until and e.valid_until <= context.now]
    early = [e for e in all_ if e.valid_from and e.valid_from > context.now]
    review = [e for e in all_ if e.review_by and e.review_by <= context.now]
    fields = [
        Field(Phrase("answer.one_stopped", {"entry": stop.entry}), _why(stop.reason, stop.at, stop.replacement))
        for stop in stops.values()
    ]
    for key, group in (("answer.over", over), ("answer.early", early), ("answer.review", review)):
        if group:
            ids = Phrase("answer.ids", {"ids": tuple(entry.id for entry in group)})
            fields.append(Field(Phrase(key, {"count": len(group)}), ids))
    return Reply(Phrase("answer.count", {"count": len(all_), "stopped": len(stops)}), fields=tuple(fields))


def _why(reason: str, at: dt.datetime, replacement: str | None) -> Phrase:
    if replacement:
        return Phrase("answer.why_instead", {"reason": reason, "moment": at, "replacement": replacement})
    return Phrase("answer.why", {"reason": reason, "moment": at})
