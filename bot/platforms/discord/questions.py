"""The bot's last question in a private talk, answered in a word.

Nothing is kept for it: what was asked, and whether it was answered, stands in the talk itself.
"""

import dataclasses
from collections.abc import Iterator

import discord

from bot.core import spoken
from bot.core.spoken import Question, Said, Tap, Turn
from bot.platforms.discord.buttons import Coded, decode


@dataclasses.dataclass(frozen=True, slots=True)
class Meant:
    """The button that a word stands for.

    Attributes:
        message: That it stands beneath.
        chosen: Of a menu: the option.
    """

    message: int
    custom_id: str
    chosen: str
    coded: Coded


async def meant(word: discord.Message, text: str, me: int) -> Meant | None:
    """Look up which button of ours a word in a private talk stands for.

    Args:
        word: The message that it is.
        text: What it says.
        me: Our account.

    Raises:
        discord.HTTPException: the talk cannot be read.
    """
    talk: list[Turn] = []
    shown: dict[str, list[Meant]] = {}
    async for before in word.channel.history(
        limit=spoken.LOOK_BACK, before=word, after=word.created_at - spoken.OPEN_FOR, oldest_first=False
    ):
        if before.author.id != me:
            talk.append(Said(before.content))
            continue
        if before.interaction_metadata and before.interaction_metadata.interacted_message_id:
            talk.append(Tap(str(before.interaction_metadata.interacted_message_id)))
        if found := list(_buttons(before)):
            talk.append(Question(str(before.id), [label for label, _ in found]))
            shown[str(before.id)] = [one for _, one in found]
    about = str(word.reference.message_id) if word.reference else None
    chosen = spoken.chosen(text, talk, about=about)
    return shown[chosen.message][chosen.index] if chosen else None


def _buttons(message: discord.Message) -> Iterator[tuple[str, Meant]]:
    """Those of a message that we made, with their labels; options of menus too."""
    for label, custom_id, chosen in _parts(message):
        if coded := decode(custom_id, chosen):
            yield label, Meant(message.id, custom_id, chosen, coded)


def _parts(message: discord.Message) -> Iterator[tuple[str, str, str]]:
    for row in message.components:
        for part in row.children if isinstance(row, discord.ActionRow) else ():
            match part:
                case discord.Button(custom_id=str(custom_id)):
                    yield part.label or "", custom_id, ""
                case discord.SelectMenu():
                    yield from ((option.label, part.custom_id, option.value) for option in part.options)
