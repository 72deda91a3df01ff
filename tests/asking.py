"""Questions of the bot with buttons, for tests of platforms: "Ja, tel mee" and "Nee, niet nu"."""

import commands
from bot.core.command import Catalogue, Role, command
from bot.core.reply import Button, For, Phrase, Reply, phrase
from bot.engine.context import Context
from tests import trial


def question(*labels: str, whose: For = For.ADDRESSED) -> Reply:
    """A question; its first button counts, its second chooses red, others blue."""
    does = [("trial.count", {}), ("trial.colour", {"colour": "red"})] + [("trial.colour", {"colour": "blue"})] * 8
    buttons = (
        Button(phrase("button.option", label=label), id_, values, whose)
        for label, (id_, values) in zip(labels, does, strict=False)
    )
    return Reply(Phrase("trial.news", {"text": "Tel je mee?"}), buttons=tuple(buttons))


@command("trial.ask", allow=Role.GUEST)
async def ask(context: Context) -> Reply:
    """Ask; the answers are the asker's own."""
    return question("Ja, tel mee", "Nee, niet nu", whose=For.ASKER)


_WORDS = {
    "nl": {"name": "proef vraag", "help": "Een proef", "parameters": {}},
    "en": {"name": "trial ask", "help": "A trial", "parameters": {}},
}
CATALOGUE = Catalogue((*trial.CATALOGUE.commands.values(), ask), {**commands.WORDS, **trial.WORDS, "trial.ask": _WORDS})
