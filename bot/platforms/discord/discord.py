"""Discord as a platform: servers and private talks, by one bot account."""

import asyncio
import contextlib
import datetime as dt
import random
import time
from collections.abc import AsyncIterator
from typing import Self

import discord
import structlog

from bot.core.command import Catalogue
from bot.core.invocation import Address
from bot.core.platform import Desk, Dispatcher, Memory, Off, Payload, TryAfter
from bot.core.reply import Phrase, Reply
from bot.core.texts import Texts
from bot.platforms.discord.calls import Calls
from bot.platforms.discord.client import Client, point_at
from bot.platforms.discord.failing import UNCLEAR
from bot.platforms.discord.hearing import Hearing
from bot.platforms.discord.interactions import Interactions
from bot.platforms.discord.post import Post
from bot.platforms.discord.renderer import Renderer
from bot.platforms.discord.setting import Setting
from bot.platforms.discord.slash import Hands, Slash
from bot.platforms.discord.tap import tap_for
from bot.platforms.discord.under_way import UnderWay
from bot.platforms.discord.upload import upload

REMEMBERS = dt.timedelta(seconds=100)
"""Of a nonce; Discord says "the past few minutes" (platforms.md, 2)."""
_NOT_YET_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 60.0
_STOP_SECONDS = 8.0
AWAY_SECONDS = 90.0
"""Without a connection, until we begin anew: discord.py's own pauses grow to a quarter of an hour."""
_WELL_SECONDS = 300.0
_NETWORK = (discord.DiscordException, *UNCLEAR)

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
        self._renderer = Renderer(texts, catalogue, setting.language)
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
            began = time.monotonic()
            try:
                await self._live(dispatcher)
            except _NETWORK as error:
                log.warning("Discord cannot be reached", error=repr(error))
            except Off:
                raise
            except Exception:  # such as discord.py's own, where the gateway is away from the beginning
                log.exception("Discord stumbled, and goes on")
            self._desk.note("discord", Phrase("discord.unreachable"))
            trouble = 0 if time.monotonic() - began > _WELL_SECONDS else trouble
            await asyncio.sleep(_pause(trouble))
            trouble += 1

    async def _live(self, dispatcher: Dispatcher) -> None:
        """One login, until the connection ends for good; what is under way then gets some seconds to end."""
        under_way = UnderWay()
        async with self._on(self._client(dispatcher, under_way)) as client:
            try:
                await _connected(client)
            except discord.PrivilegedIntentsRequired as error:
                raise Off(Phrase("discord.off_intents"), refused=True) from error
            finally:
                await under_way.finish(_STOP_SECONDS)

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[Self]:
        """Be able to `find`, and nothing else: without a gateway, and without hearing anything.

        Raises:
            Off: the token is refused.
        """
        point_at(self._setting.api_url, self._setting.gateway_url)
        trouble = 0
        while True:
            async with contextlib.AsyncExitStack() as stack:
                try:
                    await stack.enter_async_context(self._on(Client()))
                except _NETWORK as error:
                    log.info("Discord cannot be reached", error=repr(error))
                else:
                    yield self
                    return
            await asyncio.sleep(_pause(trouble))
            trouble += 1

    @contextlib.asynccontextmanager
    async def _on(self, client: Client) -> AsyncIterator[Client]:
        """Be logged in."""
        async with client:
            try:
                await client.login(self._setting.token)
            except discord.LoginFailure as error:
                raise Off(Phrase("discord.off_token"), refused=True) from error
            self._post = Post(client, frozenset(self._setting.rooms))
            self._desk.note("discord", None)
            try:
                yield client
            finally:
                self._post = None

    def _client(self, dispatcher: Dispatcher, under_way: UnderWay) -> Client:
        client = Client()
        calls = Calls(client, self._setting)
        interactions = Interactions(
            dispatcher, self._catalogue, self._renderer, self._setting, calls, under_way
        )  # fmt: skip
        hearing = Hearing(client, dispatcher, self._renderer, self._setting, calls, self._memory)
        slash = Slash(
            self._catalogue, self._setting.language, self._texts,
            Hands(interactions.called, interactions.typing, interactions.left_out),
        )  # fmt: skip

        async def begin() -> None:
            await slash.put_on(client.tree)
            await self._upload(client)

        async def hear(message: discord.Message) -> None:
            with under_way.one():
                await hearing.hear(message)

        client.attend(begin=begin, hear=hear, see=interactions.seen, fail=interactions.failed)
        client.add_dynamic_items(tap_for(interactions.tapped))
        return client

    async def _upload(self, client: Client) -> None:
        """Give Discord the commands; where it does not take them, the old ones stay, and people are told."""
        try:
            places = await upload(client.tree, self._memory, self._setting.guilds)
        except _NETWORK as error:
            log.warning("the commands were not uploaded", error=repr(error))
            reason = error.text if isinstance(error, discord.HTTPException) else ""
            self._desk.note("discord commands", Phrase("discord.not_uploaded", {"reason": reason or repr(error)}))
        else:
            self._desk.note("discord commands", None)
            if places:
                log.info("the commands were uploaded", places=places)


async def _connected(client: Client) -> None:
    """Be connected, until that ends for good or has not been so for too long."""
    tasks = [asyncio.create_task(client.connect()), asyncio.create_task(client.lost(AWAY_SECONDS))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def _pause(trouble: int) -> float:
    """Seconds until the next attempt: 1 to 60, spread so that not every bot comes back at once."""
    longest = min(_LONGEST_PAUSE_SECONDS, 2.0 ** min(trouble, 10))
    return max(1.0, longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
