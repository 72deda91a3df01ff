"""discord.py's client: what it may hear, and where it connects."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

LONGEST_WAIT_SECONDS = 30.0
"""For a rate limit; a longer one is told to whoever sends (platforms.md D12)."""

Begin = Callable[[], Awaitable[None]]
OnMessage = Callable[[discord.Message], Awaitable[None]]
OnInteraction = Callable[[discord.Interaction], Awaitable[None]]
OnError = Callable[[discord.Interaction, Exception], Awaitable[None]]


class Client(discord.Client):
    """One connection, with no privileged intent (platforms.md D9) and no mention that nobody asked for (D10)."""

    def __init__(self) -> None:
        # A bot that does not speak need not tell its host, at each start, what it misses for that.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            max_ratelimit_timeout=LONGEST_WAIT_SECONDS,
            guild_ready_timeout=0.0,  # members are never asked for, so nothing needs to be waited for
        )
        self.tree = _Tree(self)
        self._begin: Begin | None = None
        self._heard: OnMessage | None = None
        self._seen: OnInteraction | None = None
        self._up, self._down = asyncio.Event(), asyncio.Event()
        self._down.set()

    def attend(self, *, begin: Begin, hear: OnMessage, see: OnInteraction, fail: OnError) -> None:
        """What is done with what comes; to be set before the login.

        Args:
            begin: Called once, when the login holds and nothing is heard yet.
            hear: Gets direct messages, and what is said where the bot is.
            see: Gets every interaction, beside the command, button or form that it is for.
            fail: Gets what went wrong in a command.
        """
        self._begin, self._heard, self._seen, self.tree.failed = begin, hear, see, fail

    async def lost(self, seconds: float) -> None:
        """Return when there has been no connection for so long."""
        while True:
            await self._down.wait()
            try:
                async with asyncio.timeout(seconds):
                    await self._up.wait()
            except TimeoutError:
                return

    async def on_connect(self) -> None:
        self._down.clear()
        self._up.set()

    async def on_resumed(self) -> None:
        await self.on_connect()

    async def on_disconnect(self) -> None:
        self._up.clear()
        self._down.set()

    async def setup_hook(self) -> None:
        if self._begin:
            await self._begin()

    async def on_message(self, message: discord.Message) -> None:
        if self._heard:
            await self._heard(message)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if self._seen:
            await self._seen(interaction)


class _Tree(app_commands.CommandTree[Client]):
    """The commands; discord.py by itself only logs what goes wrong in them (platforms.md D4)."""

    failed: OnError | None = None

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        if self.failed:
            await self.failed(interaction, error)


def point_at(api_url: str | None, gateway_url: str | None) -> None:
    """Where discord.py finds Discord, for the whole process; it has no setting for that."""
    if api_url:
        Route.BASE = api_url.rstrip("/")
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
