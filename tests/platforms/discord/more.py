"""Commands of these tests: answers that are long, and one that writes what somebody chose."""

from typing import Annotated

import commands
from bot.core.command import Catalogue, Role, Seen, command
from bot.core.parameters import Text
from bot.core.reply import Phrase, Reply
from bot.engine.context import Context
from tests.trial import CATALOGUE, COLOURS, WORDS

LONG = " ".join(f"woord{n}" for n in range(700))


@command("trial.long", allow=Role.GUEST)
async def long(context: Context) -> Reply:
    """Say more than fits in one message."""
    return Reply(Phrase("trial.news", {"text": LONG}))


@command("trial.secrets", allow=Role.GUEST, seen_by=Seen.ASKER, writes=True)
async def secrets(context: Context) -> Reply:
    """Say more than fits in one message to the asker alone."""
    return Reply(Phrase("trial.news", {"text": LONG}))


@command("trial.paint", allow=Role.GUEST, writes=True)
async def paint(context: Context, colour: Annotated[str, COLOURS], text: Annotated[str | None, Text()] = None) -> Reply:
    """Choose a colour, and keep that."""
    return Reply(Phrase("trial.chosen", {"colour": colour}))


_WORDS = {
    "trial.long": {"nl": {"name": "proef lang", "help": "Een proef"}, "en": {"name": "trial long", "help": "A trial"}},
    "trial.secrets": {
        "nl": {"name": "proef geheimen", "help": "Een proef"}, "en": {"name": "trial secrets", "help": "A trial"},
    },
    "trial.paint": {
        "nl": {
            "name": "proef verf", "help": "Een proef",
            "parameters": {"colour": ["kleur", "Welke kleur"], "text": ["tekst", "Wat erbij moet"]},
        },
        "en": {
            "name": "trial paint", "help": "A trial",
            "parameters": {"colour": ["colour", "Which colour"], "text": ["text", "What goes with it"]},
        },
    },
}  # fmt: skip
MORE = Catalogue((*CATALOGUE.commands.values(), long, secrets, paint), {**commands.WORDS, **WORDS, **_WORDS})
