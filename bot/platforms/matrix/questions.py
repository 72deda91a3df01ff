"""The bot's last question in a private talk, answered in a word.

Nothing is kept for it: what was asked, and whether it was answered, stands in the talk itself.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from bot.core import spoken
from bot.core.spoken import Question, Said, Turn
from bot.platforms.matrix.buttons import FIELD, Shown
from bot.platforms.matrix.hearing import Message, Tap, read
from bot.platforms.matrix.post import Content, Post


@dataclasses.dataclass(frozen=True, slots=True)
class Meant:
    """The button that a word stands for: the message with it, and its place there."""

    shown: Shown
    index: int


async def meant(post: Post, room: str, word: Message, me: str) -> Meant | None:
    """Look up which button of ours a word in a private talk stands for.

    Raises:
        Unknown, TryAfter, PlatformRefused: the talk cannot be read.
    """
    said = await post.before(room, word.id, limit=spoken.LOOK_BACK, age=spoken.OPEN_FOR)
    shown = _shown(said, me)
    talk = [turn for event in said if (turn := _turn(event, me, shown))]
    chosen = spoken.chosen(word.text, talk, about=word.replies_to)
    return Meant(shown[chosen.message], chosen.index) if chosen else None


def _shown(said: Sequence[Content], me: str) -> Mapping[str, Shown]:
    """Our messages with buttons, as they are now: the newest change of a message holds."""
    contents: dict[str, Mapping[str, Any]] = {}
    for event in said:
        if event.get("sender") == me and event.get("type") == "m.room.message":
            content = event["content"]
            related = content.get("m.relates_to", {})
            changed = related.get("event_id") if related.get("rel_type") == "m.replace" else None
            contents.setdefault(str(changed or event["event_id"]), content.get("m.new_content", content))
    found = {message: Shown.of(message, content) for message, content in contents.items() if FIELD in content}
    return {message: shown for message, shown in found.items() if shown}


def _turn(event: Content, me: str, shown: Mapping[str, Shown]) -> Turn | None:
    id_ = str(event.get("event_id"))
    if event.get("sender") == me:
        return Question(id_, [str(button.get("label", "")) for button in shown[id_].buttons]) if id_ in shown else None
    match read(event):
        case Message(text=text) as message:
            return Said(text) if message.number is None else spoken.Tap(message.replies_to)
        case Tap(message=message) as tap if tap.number is not None:
            return spoken.Tap(message)
    return None
