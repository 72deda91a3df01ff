"""What an event of a room says to the bot."""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.core.command import Catalogue
from bot.core.parameters import clean

_QUOTED = re.compile(r"> <@[^\n]*\n(?:>[^\n]*\n)*\n?")  # the fallback that older clients put above a reply
_NUMBER = re.compile(r"(\d{1,2})(?:\ufe0f?\u20e3|[.)])?")
_AFTER_NAME = re.compile(r"\s*[:,]?\s*")
_MOST_MENTIONS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """A message that people typed.

    Attributes:
        text: The body, without the quotation of what it replies to.
        replies_to: The event that it is a reply to.
        thread: The first event of its thread.
        mentions: Accounts that it names.
    """

    id: str
    sender: str
    text: str
    replies_to: str | None
    thread: str | None
    mentions: tuple[str, ...]

    @property
    def number(self) -> int | None:
        """The number that it is, and nothing else."""
        found = _NUMBER.fullmatch(self.text.strip())
        return int(found[1]) if found else None


@dataclasses.dataclass(frozen=True, slots=True)
class Tap:
    """A reaction to a message."""

    id: str
    sender: str
    message: str
    key: str

    @property
    def number(self) -> int | None:
        found = _NUMBER.fullmatch(self.key.strip())
        return int(found[1]) if found and not self.key.strip().endswith((".", ")")) else None


@dataclasses.dataclass(frozen=True, slots=True)
class TakenBack:
    """Something that was redacted."""

    id: str
    sender: str
    what: str


Heard = Message | Tap | TakenBack


def read(event: Mapping[str, Any]) -> Heard | None:
    """What an event in the clear says; None for what is not for us: notices, edits, and whatever is malformed."""
    content, id_, sender = event.get("content"), event.get("event_id"), event.get("sender")
    if not (isinstance(content, dict) and isinstance(id_, str) and isinstance(sender, str)) or "state_key" in event:
        return None
    match event.get("type"):
        case "m.room.message":
            return _message(id_, sender, content)
        case "m.reaction":
            related = _relation(content)
            message, key = related.get("event_id"), related.get("key")
            if related.get("rel_type") == "m.annotation" and isinstance(message, str) and isinstance(key, str):
                return Tap(id_, sender, message, key)
        case "m.room.redaction":
            what = event.get("redacts") or content.get("redacts")  # it moved in room version 11
            return TakenBack(id_, sender, what) if isinstance(what, str) else None
    return None


def _message(id_: str, sender: str, content: Mapping[str, Any]) -> Message | None:
    body, related = content.get("body"), _relation(content)
    if content.get("msgtype") != "m.text" or not isinstance(body, str) or related.get("rel_type") == "m.replace":
        return None
    answered = related.get("m.in_reply_to")
    replies_to = answered.get("event_id") if isinstance(answered, dict) else None
    thread = related.get("event_id") if related.get("rel_type") == "m.thread" else None
    named = content.get("m.mentions")
    users = named.get("user_ids") if isinstance(named, dict) else None
    mentions = tuple(u for u in users[:_MOST_MENTIONS] if isinstance(u, str)) if isinstance(users, list) else ()
    text = body.removeprefix(found[0]) if replies_to and (found := _QUOTED.match(body)) else body
    return Message(
        id_, sender, clean(text).strip(), replies_to if isinstance(replies_to, str) else None,
        thread if isinstance(thread, str) else None, mentions,
    )  # fmt: skip


def _relation(content: Mapping[str, Any]) -> Mapping[str, Any]:
    related = content.get("m.relates_to")
    return related if isinstance(related, dict) else {}


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A line that is for the bot.

    Attributes:
        text: Without prefix or name.
        perhaps: It may be a question rather than a command.
        slip: It looks like a command that was mistyped.
    """

    text: str
    perhaps: bool = False
    slip: bool = False


class Ear:
    """Tells what is said to the bot from what people say to each other."""

    def __init__(self, catalogue: Catalogue, prefix: str) -> None:
        self._catalogue = catalogue
        self._prefix = prefix

    def line(self, message: Message, *, private: bool, names: Sequence[str]) -> Line | None:
        """The line for the bot in a message; None: it is not for the bot.

        Args:
            message: What was typed.
            private: Nobody else is there.
            names: What the bot is called in this room, its account first.
        """
        text = message.text
        if text.startswith(self._prefix):
            rest = text[len(self._prefix) :].strip()
            return self._command(rest, private=private) if rest[:1].isalnum() else None
        called = _called(text, names, mentioned=names[0] in message.mentions)
        # Clients name whom one replies to; that alone is no question to the bot.
        if called is not None and not (called == text and message.replies_to):
            return Line(called, perhaps=True) if called else Line("help")
        return Line(text, perhaps=True) if private and text else None

    def _command(self, rest: str, *, private: bool) -> Line | None:
        """A line with the prefix: in a shared room only what is ours or nearly so, other bots have prefixes too."""
        words = [word.casefold().rstrip(".?!") for word in rest.split(maxsplit=2)[:2]]
        known = self._catalogue.named(" ".join(words)) or self._catalogue.named(words[0])
        if known or self._catalogue.group(words[0]):
            return Line(rest)
        if slip := bool(self._catalogue.misspelt(words[0])):
            return Line(rest, slip=slip)
        return Line(rest) if private else None


def named(text: str, message: Message, name_of: Callable[[str], str | None]) -> str:
    """A line with the accounts that it mentions in place of the display names that clients write."""
    for user in message.mentions:
        name = name_of(user)
        if name and user not in text:
            found = re.search(rf"(?<!\S)@?{re.escape(name)}(?!\w)", text)
            text = text[: found.start()] + user + text[found.end() :] if found else text
    return text


def _called(text: str, names: Sequence[str], *, mentioned: bool) -> str | None:
    """What is said behind, or before, the bot's name; None: it is not called.

    A display name counts only where the message says that it is a mention: "Bot" may be a word.
    """
    for index, name in enumerate(names):
        if index and not mentioned:
            break
        for written in (f"@{name.removeprefix('@')}", name):
            if text.casefold().startswith(written.casefold()):
                rest = text[len(written) :]
                if rest and rest[0].isalnum():
                    continue
                return rest[found.end() :].strip() if (found := _AFTER_NAME.match(rest)) else rest
            if mentioned and text.casefold().endswith(written.casefold()):
                return text[: -len(written)].strip().rstrip(",")
    return text if mentioned else None
