"""Discord as a platform: servers and private talks, by one bot account."""

import asyncio
import datetime as dt
import random

import aiohttp
import discord
import structlog

from bot.core.command import Catalogue
from bot.core.invocation import Address
from bot.core.platform import Desk, Dispatcher, Memory, Off, Payload, TryAfter
from bot.core.reply import Phrase, Reply
from bot.core.texts import Texts
from bot.platforms.discord.calls import Calls
from bot.platforms.discord.client import Client, point_at
from bot.platforms.discord.hearing import Hearing
from bot.platforms.discord.interactions import Interactions
from bot.platforms.discord.post import Post
from bot.platforms.discord.renderer import Renderer
from bot.platforms.discord.setting import Setting
from bot.platforms.discord.slash import Hands, Slash
from bot.platforms.discord.tap import tap_for
from bot.platforms.discord.upload import upload

REMEMBERS = dt.timedelta(seconds=100)
"""Of a nonce; Discord says "the past few minutes" (platforms.md, 2)."""
_NOT_YET_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 60.0

log = structlog.get_logger()


class Discord:
    """The platform (`bot.core.platform.Platform`)."""

    name = "discord"

    def __init__(self, texts: Texts, catalogue: Catalogue, setting: Setting, memory: Memory, desk: Desk) -> None:
        self._texts = texts
        self._catalogue = catalogue
        self._setting = setting
        self._memory = memory
        self._desk = desk
        self._renderer = Renderer(texts, catalogue)
        self._post: Post | None = None

    @property
    def remembers(self) -> dt.timedelta:
        return REMEMBERS

    # -- to the rooms -----------------------------------------------------------------------------------

    def render(self, reply: Reply, *, language: str, zone: str) -> tuple[Payload, ...]:
        return self._renderer.render(reply, language=language, zone=zone)

    async def send(self, to: Address, payload: Payload, *, key: str, edits: str | None = None) -> str:
        """Say a message in a channel, or to an account in the private talk with it."""
        return await self._connected().send(to, payload, key=key, edits=edits)

    async def find(self, to: Address, key: str, *, since: dt.datetime) -> str | None:
        return await self._connected().find(to, key, since=since)

    async def delete(self, to: Address, ref: str) -> None:
        await self._connected().delete(ref)

    def _connected(self) -> Post:
        if self._post is None:
            raise TryAfter(_NOT_YET_SECONDS, everywhere=True)
        return self._post

    # -- from the rooms ---------------------------------------------------------------------------------

    async def run(self, dispatcher: Dispatcher) -> None:
        """Be on Discord until cancelled; what the network or Discord does meanwhile is waited out.

        Raises:
            Off: the token is refused, or what the bot wants to hear.
        """
        point_at(self._setting.api_url, self._setting.gateway_url)
        trouble = 0
        while True:
            try:
                await self._live(dispatcher)
            except discord.LoginFailure as error:
                raise Off(Phrase("discord.off_token"), refused=True) from error
            except discord.PrivilegedIntentsRequired as error:
                raise Off(Phrase("discord.off_intents"), refused=True) from error
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
                log.warning("Discord cannot be reached", error=repr(error))
                self._desk.note("discord", Phrase("discord.unreachable"))
            await asyncio.sleep(_pause(trouble))
            trouble += 1

    async def _live(self, dispatcher: Dispatcher) -> None:
        """One login, until the connection ends for good."""
        client = self._client(dispatcher)
        async with client:
            await client.login(self._setting.token)
            self._post = Post(client, frozenset(self._setting.rooms))
            self._desk.note("discord", None)
            try:
                await client.connect(reconnect=True)
            finally:
                self._post = None

    def _client(self, dispatcher: Dispatcher) -> Client:
        client = Client()
        calls = Calls(client, self._setting)
        interactions = Interactions(dispatcher, self._catalogue, self._renderer, self._setting, calls)
        hearing = Hearing(client, dispatcher, self._renderer, self._setting, calls, self._memory)
        slash = Slash(
            self._catalogue, self._setting.language, self._texts,
            Hands(interactions.called, interactions.typing, interactions.left_out),
        )  # fmt: skip

        async def begin() -> None:
            await slash.put_on(client.tree)
            await self._upload(client)

        client.attend(begin=begin, hear=hearing.hear, see=interactions.seen, fail=interactions.failed)
        client.add_dynamic_items(tap_for(interactions.tapped))
        return client

    async def _upload(self, client: Client) -> None:
        """Give Discord the commands; where it does not take them, the old ones stay, and people are told."""
        try:
            places = await upload(client.tree, self._memory, self._setting.guilds)
        except discord.HTTPException as error:
            log.warning("the commands were not uploaded", error=repr(error))
            self._desk.note("discord commands", Phrase("discord.not_uploaded", {"reason": error.text or str(error)}))
        else:
            self._desk.note("discord commands", None)
            if places:
                log.info("the commands were uploaded", places=places)


def _pause(trouble: int) -> float:
    """Seconds until the next attempt: 1 to 60, spread so that not every bot comes back at once."""
    longest = min(_LONGEST_PAUSE_SECONDS, 2.0 ** min(trouble, 10))
    return max(1.0, longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
