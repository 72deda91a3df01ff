"""Sending messages to channels and people, once, and finding them again."""

import datetime as dt

import discord

from bot.core.invocation import Address
from bot.core.platform import Payload, TryAfter
from bot.platforms.discord.failing import told
from bot.platforms.discord.message import change, is_marked, marked, nonce, parts

_NOT_YET_SECONDS = 2.0


def ref_of(channel: int, message: int) -> str:
    return f"{channel} {message}"


def read_ref(ref: str) -> tuple[int, int]:
    channel, _, message = ref.partition(" ")
    return int(channel), int(message)


class Post:
    """One connection's messages; channels and accounts both go by a number."""

    def __init__(self, client: discord.Client, rooms: frozenset[str]) -> None:
        """Send by a client.

        Args:
            client: Logged in.
            rooms: The ids of configured channels; any other number is a channel that the client knows, or a person.
        """
        self._client = client
        self._rooms = rooms
        self._talks: dict[int, int] = {}

    async def send(self, to: Address, payload: Payload, *, key: str, edits: str | None) -> str:
        """As `bot.core.platform.Platform.send`."""
        self._must_be_in()
        if edits:
            await self._edit(edits, payload, key)
            return edits
        with told():
            channel = await self._channel(int(to.id))
            said = parts(marked(payload, key), to.id, 0)
            message = await channel.send(**said, nonce=nonce(key))
        return ref_of(channel.id, message.id)

    async def find(self, to: Address, key: str, *, since: dt.datetime) -> str | None:
        """As `bot.core.platform.Platform.find`."""
        self._must_be_in()
        with told():
            channel = await self._channel(int(to.id))
            async for message in channel.history(limit=None, after=since, oldest_first=False):
                if self._client.user and message.author.id == self._client.user.id and is_marked(message, key):
                    return ref_of(channel.id, message.id)
        return None

    async def delete(self, ref: str) -> None:
        """Take a message away; one that is gone already is no error."""
        channel, message = read_ref(ref)
        with told():
            try:
                await self._client.get_partial_messageable(channel).get_partial_message(message).delete()
            except discord.NotFound:
                return

    async def _edit(self, ref: str, payload: Payload, key: str) -> None:
        channel, message = read_ref(ref)
        with told():
            partial = self._client.get_partial_messageable(channel).get_partial_message(message)
            await partial.edit(**change(marked(payload, key), None, 0))

    async def _channel(self, id_: int) -> discord.PartialMessageable:
        """A channel, or the private talk with a person."""
        if id_ not in self._talks:
            self._talks[id_] = id_ if await self._is_channel(id_) else (await self._talk(id_)).id
        return self._client.get_partial_messageable(self._talks[id_])

    async def _talk(self, person: int) -> discord.DMChannel:
        return await self._client.create_dm(discord.Object(person))

    async def _is_channel(self, id_: int) -> bool:
        """Whether a number is a channel's; as long as not every guild has come in, Discord is asked."""
        if str(id_) in self._rooms or self._client.get_channel(id_) is not None:
            return True
        if self._client.is_ready() and not any(guild.unavailable for guild in self._client.guilds):
            return False
        try:
            await self._client.fetch_channel(id_)
        except discord.Forbidden:
            return True
        except discord.NotFound:
            return False
        return True

    def _must_be_in(self) -> None:
        if self._client.user is None or self._client.is_closed():
            raise TryAfter(_NOT_YET_SECONDS, everywhere=True)
