"""Everything that the stand-in knows."""

import asyncio
import dataclasses
import re
from collections.abc import Callable, Iterable
from typing import Any

from tests.discord_server.clock import Clock
from tests.discord_server.command import Command
from tests.discord_server.interaction import PATIENCE_SECONDS, Interaction
from tests.discord_server.message import Message
from tests.discord_server.place import Channel, Guild, Kind, Member
from tests.discord_server.user import User

JSON = dict[str, Any]

# Gateway intents, and which of them Discord has to allow first.
GUILDS, GUILD_MEMBERS, PRESENCES, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT, EVENTS = (
    1 << 0, 1 << 1, 1 << 8, 1 << 9, 1 << 12, 1 << 15, 1 << 16,
)  # fmt: skip
PRIVILEGED = GUILD_MEMBERS | PRESENCES | MESSAGE_CONTENT
ALWAYS = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """Something that the gateway tells.

    Attributes:
        intent: Who did not ask for this does not hear it; ALWAYS: everybody does.
        bare: What who may not read messages hears in place of the data.
    """

    name: str
    data: JSON
    intent: int = ALWAYS
    bare: JSON | None = None


class World:
    """The state, by ids.

    Attributes:
        announce: Tells every session; the answer is whether there is one that hears it.
        listening: Whether there is any session, connected or to be resumed.
        portal: What was set otherwise in the Developer Portal, as the application's payload has it.
        late: Every first answer to an interaction comes too late.
        nonce_seconds: How long a nonce is remembered.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.bot = User(self.clock.snowflake(), "Actiebot", bot=True)
        self.users: dict[str, User] = {self.bot.id: self.bot}
        self.portal: JSON = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.private: dict[str, Channel] = {}
        self.messages: dict[str, Message] = {}
        self.history: dict[str, list[Message]] = {}
        self.nonces: dict[str, tuple[float, Message]] = {}
        self.commands: dict[str | None, list[Command]] = {}
        self.interactions: dict[str, Interaction] = {}
        self.tokens: dict[str, Interaction] = {}
        self.typed: list[Channel] = []
        self.uploads: dict[str, bytes] = {}
        self.files_url = ""
        self.gateway_url = ""
        self.late = False
        self.nonce_seconds = 120.0
        self.patience_seconds = PATIENCE_SECONDS
        self.token_seconds = 15 * 60.0
        self.announce: Callable[[Event], bool] = lambda _: False
        self.listening: Callable[[], bool] = lambda: False
        self.news = asyncio.Event()

    # -- people and places

    def user(self, name: str, *, locale: str = "en-US") -> User:
        user = User(self.clock.snowflake(), name, locale=locale)
        self.users[user.id] = user
        return user

    def dm(self, user: User) -> Channel:
        """The private channel of a person with the bot."""
        if user.id not in self.private:
            channel = Channel(self.clock.snowflake(), user.name, Kind.DM, recipient=user)
            self.private[user.id] = self.channels[channel.id] = channel
        return self.private[user.id]

    def member(self, channel: Channel, user: User) -> Member | None:
        return channel.guild.members.get(user.id) if channel.guild else None

    # -- messages

    def store(self, message: Message) -> None:
        """Keep a new message and tell it."""
        self.messages[message.id] = message
        if message.only_for is None:
            self.history.setdefault(message.channel.id, []).append(message)
            message.channel.last = message.id
            self.tell("MESSAGE_CREATE", message)
        self.stirred()

    def changed(self, message: Message) -> None:
        """Mark a message as edited and tell it."""
        message.edited = self.clock.stamp()
        if message.only_for is None:
            self.tell("MESSAGE_UPDATE", message)
        self.stirred()

    def remove(self, message: Message) -> None:
        message.deleted = True
        if message.only_for is None:
            self.history[message.channel.id].remove(message)
            data: JSON = {"id": message.id, "channel_id": message.channel.id} | _guild_id(message.channel)
            self.announce(Event("MESSAGE_DELETE", data, _intent(message.channel)))
        self.stirred()

    def tell(self, name: str, message: Message) -> None:
        """Announce a message as those who are connected may read it."""
        data = message.payload() | _guild_id(message.channel)
        member = self.member(message.channel, message.author)
        if member is not None:
            data["member"] = member.bare_payload()
        hidden = {"content": "", "embeds": [], "attachments": [], "components": []}
        bare = None if self._readable(message) else data | hidden
        self.announce(Event(name, data, _intent(message.channel), bare))

    def _readable(self, message: Message) -> bool:
        """Whether the bot reads it without the intent for that."""
        return message.channel.guild is None or message.author is self.bot or self.bot in message.mentions

    def mentioned(self, text: str) -> list[User]:
        """The people whom a text names."""
        ids = dict.fromkeys(re.findall(r"<@!?(\d+)>", text))
        return [self.users[one] for one in ids if one in self.users]

    def said(self, channel: Channel, *, by: User | None = None) -> list[Message]:
        """What stands in a channel, oldest first; of the bot when nobody is named."""
        return [one for one in self.history.get(channel.id, ()) if one.author is (by or self.bot)]

    def stirred(self) -> None:
        """Wake who waits for a message."""
        self.news.set()

    # -- interactions and commands

    def keep(self, asked: Interaction) -> None:
        """Remember an interaction, and forget those whose quarter of an hour is long over."""
        self.interactions[asked.id] = self.tokens[asked.token] = asked
        oldest = next(iter(self.interactions.values()))
        if self.clock.now() - oldest.at > 2 * self.token_seconds:
            del self.interactions[oldest.id], self.tokens[oldest.token]

    def visible(self, guild: Guild | None) -> Iterable[Command]:
        """The commands that exist in a place, a guild's own first."""
        return [*(self.commands.get(guild.id, ()) if guild else ()), *self.commands.get(None, ())]


def _guild_id(channel: Channel) -> JSON:
    return {"guild_id": channel.guild.id} if channel.guild else {}


def _intent(channel: Channel) -> int:
    return GUILD_MESSAGES if channel.guild else DIRECT_MESSAGES
