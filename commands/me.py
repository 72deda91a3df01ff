"""What people choose for themselves."""

import functools
import zoneinfo
from typing import Annotated

from bot.campaign import people
from bot.campaign.quiet import QuietHours
from bot.core.command import Role, Seen, command
from bot.core.errors import Invalid
from bot.core.parameters import Choice, Option, Reference, Text
from bot.core.reply import Phrase, Reply, Typed, Words, phrase, say
from bot.engine.context import Context

LANGUAGES = Choice((Option("nl", Words("Nederlands", "Dutch")), Option("en", Words("Engels", "English"))))
ON_OR_OFF = Choice((Option("on", Words("aan", "on")), Option("off", Words("uit", "off"))))
_OFF = {"off", "uit"}
_CAMPAIGN = {"campaign", "campagne"}


async def zones(context: Context) -> list[Option]:
    """Every IANA zone that people live in; the campaign's first."""
    return [Option(name, name) for name in (context.bot.campaign.zone, *_zones())]


@functools.cache
def _zones() -> tuple[str, ...]:
    """Read from the disk once: it takes a fifth of a second."""
    return tuple(sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/")))


@command("me.language", allow=Role.GUEST, seen_by=Seen.ASKER, writes=True)
async def language(context: Context, language: Annotated[str, LANGUAGES]) -> Reply:
    """Choose the language in which the bot answers."""
    await people.choose_language(context.tx, context.author, language)
    return Reply(Phrase("me.language_chosen"), language=language)


@command("me.timezone", allow=Role.GUEST, seen_by=Seen.ASKER, writes=True, personal=True)
async def timezone(context: Context, timezone: Annotated[str, Reference(zones)]) -> Reply:
    """Choose the zone in which the bot writes moments."""
    await people.choose_zone(context.tx, context.author, timezone)
    return say(
        "me.timezone_chosen", zone=timezone, time=context.now.astimezone(zoneinfo.ZoneInfo(timezone)).strftime("%H:%M")
    )


@command("me.quiet", allow=Role.GUEST, seen_by=Seen.ASKER, writes=True, personal=True)
async def quiet(
    context: Context,
    from_: Annotated[str | None, Text(limit=20)] = None,
    until: Annotated[str | None, Text(limit=20)] = None,
) -> Reply:
    """Choose when the bot sends no private messages: two times, `off`, or nothing for the campaign's own."""
    if from_ is None or from_.casefold() in _CAMPAIGN:
        await people.choose_quiet(context.tx, context.author, None)
        own = context.bot.campaign.quiet
        return (
            say("me.quiet_campaign", start=_written(own.start), until=_written(own.until))
            if own
            else say("me.quiet_none")
        )
    if from_.casefold().rstrip(".") in _OFF:
        await people.choose_quiet(context.tx, context.author, None, off=True)
        return say("me.quiet_off")
    hours = _hours(from_, until)
    await people.choose_quiet(context.tx, context.author, hours)
    return say("me.quiet_chosen", start=_written(hours.start), until=_written(hours.until))


@command("me.messages", allow=Role.GUEST, seen_by=Seen.ASKER, writes=True)
async def messages(context: Context, messages: Annotated[str | None, ON_OR_OFF] = None) -> Reply:
    """Choose whether the bot sends private messages that one did not ask for; nothing: how it is now."""
    off = context.person.unasked_off if messages is None else messages == "off"
    if messages is not None:
        await people.choose_unasked(context.tx, context.author, off=off)
    other = Typed("me.messages", {"messages": "on" if off else "off"})
    lead, how = ("off", "turn_on") if off else ("on", "turn_off")
    return Reply(phrase(f"me.messages_{lead}"), (phrase(f"me.messages_{how}", command=other),))


def _hours(start: str, until: str | None) -> QuietHours:
    """The two times; one may be written as `22:00-8:00`."""
    if until is None:
        start, _, until = start.replace("–", "-").partition("-")
    try:
        return QuietHours.parse(start, until.rstrip("."))
    except ValueError:
        raise Invalid("me.quiet_unclear", text=f"{start} {until}".strip()) from None


def _written(time: object) -> str:
    return f"{time:%H:%M}"
