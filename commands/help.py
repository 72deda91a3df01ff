"""Help: what there is to ask, what one may do, and how the bot is."""

import datetime as dt
from typing import Annotated

from bot.campaign import faq, people
from bot.core.command import Command, Role, Seen, command
from bot.core.errors import NotFound
from bot.core.invocation import Address
from bot.core.parameters import Member, Option, Reference
from bot.core.reply import Field, Phrase, Reply, Typed, Value, Words, say
from bot.engine.context import Context
from bot.store import outbox


async def listed(context: Context) -> list[Option]:
    """Every command, by id and by its names."""
    return [Option(c.id, Words(c.names["nl"], c.names["en"])) for c in context.bot.catalogue.commands.values()]


CommandName = Annotated[str | None, Reference(listed)]


@command("help", allow=Role.GUEST)
async def help_(context: Context, command: CommandName = None) -> Reply:
    """Every command that the caller may use, or one of them at length."""
    if command:
        return _one(context.bot.catalogue[command], context)
    mine = [c for c in context.bot.catalogue.commands.values() if c.allow <= context.role]
    fields = tuple(Field(Phrase("help.name", {"command": Typed(c.id)}), _help(c)) for c in mine)
    return Reply(Phrase("help.intro", {"name": context.bot.campaign.name}), (Phrase("help.more"),), fields)


def _one(found: Command, context: Context) -> Reply:
    synonyms = tuple(s for lang in ("nl", "en") for s in found.synonyms[lang])
    other = found.names["en" if context.language == "nl" else "nl"]
    also = tuple(dict.fromkeys((*synonyms, other)))
    fields = tuple(
        Field(
            Phrase("help.required" if p.required else "help.optional", {"name": p.labels[context.language]}),
            Phrase("help.text", {"text": Words(p.abouts["nl"], p.abouts["en"])}),
        )
        for p in found.parameters
    )
    body = (Phrase("help.also", {"names": also}), Phrase(f"help.for_{found.allow.name.lower()}"))
    return Reply(Phrase("help.one", {"command": Typed(found.id), "help": Words(**found.helps)}), body, fields)


def _help(found: Command) -> Phrase:
    return Phrase("help.text", {"text": Words(**found.helps)})


@command("allowed", allow=Role.GUEST, seen_by=Seen.ASKER)
async def allowed(
    context: Context, member: Annotated[Address | None, Member()] = None, command: CommandName = None
) -> Reply:
    """Which role an account has, what it may do with it, and why not more."""
    role, who = context.role, None
    if member and member != context.call.who:
        role, who = await _role_of(context, member), member.id
    lead = (
        Phrase("allowed.other", {"who": who, "role": _role(role)})
        if who
        else Phrase("allowed.you", {"role": _role(role)})
    )
    if command:
        return Reply(lead, (_verdict(context.bot.catalogue[command], role),))
    may = tuple(Typed(c.id) for c in context.bot.catalogue.commands.values() if c.allow <= role)
    not_ = tuple(Typed(c.id) for c in context.bot.catalogue.commands.values() if c.allow > role)
    body = [Phrase("allowed.may", {"commands": may})]
    if not_:
        body += [Phrase("allowed.may_not", {"commands": not_}), Phrase("allowed.why")]
    return Reply(lead, tuple(body))


def _verdict(found: Command, role: Role) -> Phrase:
    values: dict[str, Value] = {"command": Typed(found.id), "needed": _role(found.allow)}
    return Phrase("allowed.yes" if found.allow <= role else "allowed.no", values)


async def _role_of(context: Context, account: Address) -> Role:
    """The role of another account: by the settings, else as when it last changed something here."""
    by_settings = context.bot.campaign.roles.of_account(account, frozenset())
    last = await people.last_role(context.tx, account)
    if last is None and by_settings is Role.GUEST:
        raise NotFound("allowed.unknown", who=account.id)
    return max(by_settings, Role[last.upper()] if last else Role.GUEST)


def _role(role: Role) -> Phrase:
    return Phrase(f"role.{role.name.lower()}")


@command("status", allow=Role.ORGANISER, seen_by=Seen.ORGANISERS)
async def status(context: Context) -> Reply:
    """What runs, what waits and what went wrong, for organisers."""
    bot, tx, now = context.bot, context.tx, context.now
    counts = {row["state"]: row["n"] for row in await tx.all("SELECT state, COUNT(*) AS n FROM outbox GROUP BY state")}
    due = await outbox.pending(tx, now)
    later = counts.get("queued", 0) + counts.get("sending", 0) - due
    fields = [
        _field("platforms", "status.text", text=", ".join(bot.platforms)),
        _field("storage", "status.played" if bot.played else "status.live", storage=bot.storage, moment=now),
        _field("since", "status.moment", moment=bot.started),
        _field("answers", "status.given", count=len(bot.faq.entries), stopped=len(await faq.stops(tx))),
        _field("people", "status.number", count=await people.count(tx)),
        _field("outbox", "status.waiting", due=due, later=later, failed=counts.get("failed", 0)),
        _field("disk", "status.disk_free", count=bot.free_disk() // 1_000_000),
    ]
    body = (*((Phrase("status.muted"),) if bot.muted else ()), *bot.notes.values())
    return Reply(Phrase("status.lead", {"version": bot.version, "name": bot.campaign.name}), body, tuple(fields))


def _field(name: str, key: str, /, **values: str | int | dt.datetime) -> Field:
    return Field(Phrase(f"status.{name}"), say(key, **values).lead)
