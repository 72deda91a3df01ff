"""Announcements: look first, then send; correct or withdraw what was said."""

import datetime as dt
from typing import Annotated

from bot.campaign import announcements, audit, rooms
from bot.campaign.announcements import MAX_TEXT, Announcement
from bot.campaign.rooms import Room
from bot.core.command import Role, Seen, command
from bot.core.parameters import Moment, Option, Reference, Text
from bot.core.reply import Button, Field, For, Kind, Phrase, Reply, say
from bot.engine.context import Context

DEFAULT_KIND = "announcements"
_LISTED = 60  # characters of a text in the list
_KNOWN = 1000  # of so many announcements one can be named; a campaign makes some hundreds


async def numbered(context: Context) -> list[Option]:
    """Announcements, by number and text, newest first."""
    found = await announcements.newest(context.tx, limit=_KNOWN)
    return [Option(str(one.id), one.text.nl[:_LISTED]) for one in found]


async def kinds(context: Context) -> list[Option]:
    """The kinds of rooms that the campaign has."""
    return [Option(kind, kind) for kind in context.bot.campaign.rooms.kinds]


Numbered = Annotated[str, Reference(numbered, letter="B")]
Body = Annotated[str, Text(limit=MAX_TEXT)]


@command("announcement.add", allow=Role.ORGANISER, seen_by=Seen.ORGANISERS, writes=True)
async def add(
    context: Context,
    text: Body,
    text_en: Annotated[str | None, Text(limit=MAX_TEXT)] = None,
    room: Annotated[str, Reference(kinds)] = DEFAULT_KIND,
    at: Annotated[dt.datetime | None, Moment()] = None,
    urgent: bool = False,
    replaces: Annotated[str | None, Reference(numbered, letter="B")] = None,
) -> Reply:
    """Show what would be said, where, to how many, and when; nothing is said yet."""
    campaign = context.bot.campaign
    draft = await announcements.draft(
        context.tx, by=context.author, text=text, text_en=text_en, kind=room,
        rooms=await rooms.counted(context.tx, campaign.rooms.of(room)), wanted=at, urgent=urgent,
        replaces=int(replaces) if replaces else None, now=context.now,
    )  # fmt: skip
    return _preview(context, draft)


@command("announcement.send", allow=Role.ORGANISER, seen_by=Seen.ORGANISERS, writes=True)
async def send(context: Context, announcement: Numbered) -> Reply:
    """Send a draft of one's own, once to every room of its kind."""
    campaign = context.bot.campaign
    sent = await announcements.send(
        context.tx, int(announcement), by=context.author, quiet=campaign.quiet, zone=campaign.zone, now=context.now
    )
    await audit.note(context.tx, "announcement.send", str(sent.id), by=context.author, now=context.now)
    key = "announcement.sent_later" if sent.due and sent.due > context.now else "announcement.sent"
    return Reply(Phrase(key, {"number": str(sent.id), "count": len(sent.rooms), "moment": sent.due}))


@command("announcement.list", allow=Role.ORGANISER, seen_by=Seen.ORGANISERS)
async def list_(context: Context) -> Reply:
    """The newest announcements and what became of each, room by room."""
    found = await announcements.newest(context.tx)
    if not found:
        return Reply(Phrase("announcement.none"))
    fields = [
        Field(
            Phrase("announcement.line", {"number": str(one.id), "text": one.text.within(context.language)[:_LISTED]}),
            await _state(context, one),
        )
        for one in found
    ]
    return Reply(Phrase("announcement.listed", {"count": len(found)}), fields=tuple(fields))


@command("announcement.edit", allow=Role.ORGANISER, seen_by=Seen.ORGANISERS, writes=True)
async def edit(
    context: Context,
    announcement: Numbered,
    text: Body,
    text_en: Annotated[str | None, Text(limit=MAX_TEXT)] = None,
) -> Reply:
    """Change an announcement where it stands, with a dated note."""
    changed = await announcements.edit(
        context.tx, int(announcement), by=context.author, text=text, text_en=text_en, now=context.now
    )
    await audit.note(context.tx, "announcement.edit", announcement, by=context.author, now=context.now, text=text)
    if changed.state == "draft":
        return _preview(context, changed)
    places = {p.room for p in await announcements.posted(context.tx, changed) if p.state != "failed"}
    found = tuple(room for room in changed.rooms if room.address in places)
    if not found:
        return say("announcement.changed_nowhere", number=announcement)
    body = (*_untranslated(context, changed), Phrase("announcement.failures_told"))
    return Reply(Phrase("announcement.changed", {"number": announcement, "rooms": _rooms(found)}), body)


@command("announcement.withdraw", allow=Role.ORGANISER, seen_by=Seen.ORGANISERS, writes=True)
async def withdraw(context: Context, announcement: Numbered) -> Reply:
    """Take an announcement back: unsaid it stays unsaid, said it is marked as withdrawn."""
    gone = await announcements.withdraw(context.tx, int(announcement), now=context.now)
    await audit.note(context.tx, "announcement.withdraw", announcement, by=context.author, now=context.now)
    places = await announcements.standing(context.tx, gone)
    if not places:
        return say("announcement.withdrawn_unsaid", number=announcement)
    said = tuple(room for room in gone.rooms if str(room.address) in places)
    return Reply(
        Phrase("announcement.withdrawn_said", {"number": announcement, "rooms": _rooms(said)}),
        (Phrase("announcement.failures_told"),),
    )


def _preview(context: Context, draft: Announcement) -> Reply:
    """What a draft will look like, where and when, with the button that sends it."""
    campaign = context.bot.campaign
    due = announcements.goes_at(draft, campaign.quiet, campaign.zone, context.now)
    body = [Phrase("announcement.preview_text", {"text": draft.text.nl})]
    if draft.text.en:
        body.append(Phrase("announcement.preview_english", {"text": draft.text.en}))
    body.extend(_untranslated(context, draft))
    fields = [
        Field(Phrase("announcement.where"), Phrase("announcement.rooms", {"rooms": _rooms(draft.rooms)})),
        Field(Phrase("announcement.when"), _when(draft, due, context.now)),
    ]
    if draft.replaces:
        fields.append(
            Field(Phrase("announcement.instead"), Phrase("announcement.number", {"number": str(draft.replaces)}))
        )
    send_it = Button(
        Phrase("announcement.send_button"), "announcement.send", {"announcement": str(draft.id)}, For.ASKER
    )
    return Reply(
        Phrase("announcement.preview", {"number": str(draft.id)}), tuple(body), tuple(fields),
        buttons=(send_it,), kind=Kind.PREVIEW,
    )  # fmt: skip


def _untranslated(context: Context, one: Announcement) -> tuple[Phrase, ...]:
    """A word of warning where a room reads English and there is none."""
    english_too = context.bot.campaign.language != "en" and any(room.language == "en" for room in one.rooms)
    return (Phrase("announcement.untranslated"),) if english_too and not one.text.en else ()


def _rooms(found: tuple[Room, ...]) -> tuple[Phrase, ...]:
    return tuple(
        Phrase("announcement.room", {"room": room.address})
        if room.people is None
        else Phrase("announcement.room_people", {"room": room.address, "count": room.people})
        for room in found
    )


def _when(draft: Announcement, due: dt.datetime, now: dt.datetime) -> Phrase:
    if draft.wanted is None and due > now:
        return Phrase("announcement.after_quiet", {"moment": due})
    return Phrase("announcement.at", {"moment": due}) if due > now else Phrase("announcement.now")


async def _state(context: Context, one: Announcement) -> Phrase:
    posted = await announcements.posted(context.tx, one)
    stale = tuple(p.room for p in posted if p.state == "sent" and p.change == "failed")
    if one.state == "withdrawn" and stale:
        return Phrase("announcement.is_withdrawn_but", {"moment": one.ended, "rooms": stale})
    if one.state != "queued":
        return Phrase(f"announcement.is_{one.state}", {"moment": one.ended or one.created})
    failed = tuple(p.room for p in posted if p.state == "failed")
    said = sum(p.state == "sent" for p in posted)
    if failed:
        return Phrase("announcement.is_failed", {"said": said, "count": len(posted), "rooms": failed})
    if stale:
        return Phrase("announcement.is_unchanged", {"rooms": stale})
    if said == len(posted):
        return Phrase("announcement.is_said", {"count": said, "moment": one.due})
    return Phrase("announcement.is_due", {"said": said, "count": len(posted), "moment": one.due})
