"""Commands of the tests: one with a choice, one that writes, and a seat that can be taken and given back."""

import asyncio
from typing import Annotated

import commands
from bot.core.command import Catalogue, Role, Seen, command
from bot.core.errors import Refused
from bot.core.parameters import Choice, Option
from bot.core.reply import Button, For, Phrase, Reply, Words, say
from bot.core.texts import Texts
from bot.engine.context import Context
from bot.store import settings

COLOURS = Choice((Option("red", Words("rood", "red")), Option("blue", Words("blauw", "blue"))))


@command("trial.colour", allow=Role.GUEST)
async def colour(context: Context, colour: Annotated[str, COLOURS]) -> Reply:
    """Choose a colour."""
    return say("trial.chosen", colour=colour)


@command("trial.seat", allow=Role.MEMBER)
async def seat(context: Context) -> Reply:
    """Show the one seat that there is."""
    back = Button(Phrase("trial.give_back"), "trial.give", {})
    return Reply(Phrase("trial.card"), buttons=(Button(Phrase("trial.take"), "trial.take", {}, For.ANYONE, back),))


@command("trial.take", allow=Role.MEMBER, writes=True)
async def take(context: Context) -> Reply:
    """Take it."""
    if await settings.get(context.tx, "seat"):
        raise Refused("trial.taken")
    await settings.put(context.tx, "seat", str(context.call.who))
    return say("trial.took")


@command("trial.give", allow=Role.MEMBER, writes=True)
async def give(context: Context) -> Reply:
    """Give it back."""
    if await settings.get(context.tx, "seat") != str(context.call.who):
        raise Refused("trial.not_yours")
    await settings.remove(context.tx, "seat")
    return say("trial.gave")


@command("trial.count", allow=Role.GUEST, writes=True)
async def count(context: Context) -> Reply:
    """Count how often it was carried out."""
    counted = int(await settings.get(context.tx, "count") or 0) + 1
    await settings.put(context.tx, "count", str(counted))
    return say("trial.counted", count=counted)


@command("trial.slow", allow=Role.GUEST)
async def slow(context: Context) -> Reply:
    """Take longer than people like to wait without a sign."""
    await asyncio.sleep(2.0)
    return say("trial.card")


@command("trial.secret", allow=Role.MEMBER, seen_by=Seen.ASKER, writes=True)
async def secret(context: Context) -> Reply:
    """Say something to the asker alone."""
    return say("trial.secret_said")


_COLOUR = {"nl": {"colour": ["kleur", "Welke kleur"]}, "en": {"colour": ["colour", "Which colour"]}}
WORDS = {
    f"trial.{id_}": {
        "nl": {"name": f"proef {nl}", "help": "Een proef", "parameters": _COLOUR["nl"] if id_ == "colour" else {}},
        "en": {"name": f"trial {id_}", "help": "A trial", "parameters": _COLOUR["en"] if id_ == "colour" else {}},
    }
    for id_, nl in {
        "colour": "kleur", "seat": "plek", "take": "pak", "give": "terug", "count": "tel", "secret": "geheim",
        "slow": "traag",
    }.items()
}  # fmt: skip
SENTENCES = {
    "trial.chosen": {"nl": "Gekozen: {colour}", "en": "Chosen: {colour}"},
    "trial.card": {"nl": "Er is een plek.", "en": "There is a seat."},
    "trial.take": {"nl": "Ik kom", "en": "I come"},
    "trial.give_back": {"nl": "plek teruggeven", "en": "give the seat back"},
    "trial.took": {"nl": "Plek gepakt.", "en": "Seat taken."},
    "trial.taken": {"nl": "De plek is al weg.", "en": "The seat is gone."},
    "trial.gave": {"nl": "Plek teruggegeven.", "en": "Seat given back."},
    "trial.not_yours": {"nl": "Je hebt geen plek.", "en": "You have no seat."},
    "trial.counted": {"nl": "Geteld: {count}", "en": "Counted: {count}"},
    "trial.secret_said": {"nl": "Dit is geheim.", "en": "This is secret."},
    "trial.news": {"nl": "Nieuws: {text}", "en": "News: {text}"},
}
CATALOGUE = Catalogue(
    (*commands.CATALOGUE.commands.values(), colour, seat, take, give, count, secret, slow), {**commands.WORDS, **WORDS}
)


def with_sentences(texts: Texts) -> Texts:
    """The bot's sentences and those of the trial."""
    made = Texts(SENTENCES)
    made._texts = {**texts._texts, **made._texts}
    return made
