"""The stage on Discord: the stand-in's server, people with its clients, one guild whose channels are the rooms."""

import contextlib
import dataclasses
import itertools
import pathlib
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.core import parsing
from bot.core.command import Command, Role
from bot.core.invocation import Address
from bot.core.reply import Reply
from bot.platforms.discord.message import nonce
from bot.store.database import Database
from tests.discord_server import Channel, DiscordServer, Interaction, Message, Person
from tests.platforms.discord.reader import Reader
from tests.platforms.discord.running import Home, Running
from tests.scenarios.stage import Actor, Asked, Place, Post
from tests.trial import CATALOGUE

LANGUAGE = "nl"
_MARK = re.compile(r"\n?-# ref\. ([a-z2-7]{8})$")


@dataclasses.dataclass(frozen=True, slots=True)
class DiscordActor:
    """Somebody with a client; as an organiser they see the organisers' commands."""

    stage: "DiscordStage"
    person: Person
    organiser: bool

    @property
    def address(self) -> str:
        return f"discord:{self.person.id}"

    async def says(self, place: Place, line: str) -> Asked:
        """A command behind a slash; another line is typed, and in a room it mentions the bot."""
        channel = self.stage.channel(place)
        try:
            command, values = parsing.read(line, CATALOGUE)
        except parsing.UnknownCommand:
            called = line if place.private else f"{self.stage.server.world.bot.mention} {line}"
            return Asked(place, (await self.person.says(channel, called)).id)
        given = {p.labels[LANGUAGE]: values[p.name] for p in command.parameters if p.name in values}
        return Asked(place, (await self._slash(channel, command, given)).id)

    async def _slash(self, channel: Channel, command: Command, values: dict[str, str]) -> Interaction:
        # A server can show the organisers' commands to everybody; this one does not, so others forge them.
        forged = command.allow is Role.ORGANISER and not self.organiser
        return await self.person.slash(channel, command.names[LANGUAGE], values, forged=forged)

    async def taps(self, post: Post, label: str) -> Asked:
        return Asked(post.place, (await self.person.tap(post.id, label)).id)

    async def hears(self, asked: Asked) -> Post:
        """The answer to an interaction; to what was typed the answer in the channel or in the talk with the bot."""
        interaction = self.stage.server.world.interactions.get(asked.id)
        answers = await (self._answered(interaction) if interaction else self._replied(asked))
        assert len(answers) == 1, [message.text for message in answers]
        return self.stage.seen(answers[0])

    async def asks(self, place: Place, line: str) -> Post:
        return await self.hears(await self.says(place, line))

    async def _answered(self, interaction: Interaction) -> list[Message]:
        await interaction.until(lambda: interaction.settled and bool(interaction.shown()))
        return [self.stage.server.world.messages[shown.id] for shown in interaction.shown()]

    async def _replied(self, asked: Asked) -> list[Message]:
        server, key = self.stage.server, nonce(f"reply:{asked.id}/0")
        channels = {self.stage.channel(asked.place), await self.person.dm()}

        def found() -> list[Message]:
            return [one for channel in channels for one in server.messages(channel) if one.nonce == key]

        await server.until(lambda: bool(found()))
        return found()


class DiscordStage:
    """A server and a bot."""

    keeps = False
    buttons_stay = True

    def __init__(self, server: DiscordServer, folder: pathlib.Path) -> None:
        """Nobody is there yet."""
        self.server = server
        self.guild = server.guild("Actie", locale=LANGUAGE)
        self._may_all = self.guild.role("organisatie", administrator=True)
        self.home = Home(server, folder, guilds=[int(self.guild.id)], catalogue=CATALOGUE)
        self._numbers = itertools.count(1)
        self._running: Running | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def set(cls, folder: pathlib.Path) -> AsyncIterator[Self]:
        """A stage for the length of a block; in the end none of Discord's rules was broken."""
        with _own_addresses():
            async with DiscordServer() as server:
                yield cls(server, folder)
                assert server.violations == []

    @property
    def bot(self) -> Running:
        assert self._running, "the bot is down"
        return self._running

    @property
    def database(self) -> Database:
        return self.bot.database

    # -- people and places --------------------------------------------------------------------------------

    async def actor(self, name: str, *, organiser: bool = False) -> Actor:
        person = self.guild.person(name, locale=LANGUAGE, roles=[self._may_all] if organiser else [])
        if organiser:
            self.home.organisers = [*self.home.organisers, f"discord:user:{person.id}"]
        return DiscordActor(self, person, organiser)

    async def room(self, kind: str, maker: Actor, *others: Actor) -> Place:
        """A channel; everybody in the guild is in it."""
        channel = self.guild.channel(f"{kind}-{next(self._numbers)}")
        self.home.rooms = {**self.home.rooms, kind: [*self.home.rooms.get(kind, ()), channel.id]}
        return _place(channel)

    async def private_talk(self, actor: Actor) -> Place:
        assert isinstance(actor, DiscordActor)
        return _place(await actor.person.dm())

    def channel(self, place: Place) -> Channel:
        return self.server.world.channels[Address.parse(place.address).id]

    # -- the bot ------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        async with self.home.running() as running:
            self._running = running
            try:
                yield
            finally:
                self._running = None

    async def post(self, cause: str, reply: Reply, *places: Place) -> None:
        await self.bot.announce(cause, reply, *(place.address for place in places))

    async def settled(self) -> None:
        await self.bot.drained()

    # -- what the server has ------------------------------------------------------------------------------

    async def posts(self, place: Place) -> list[Post]:
        said = self.server.messages(self.channel(place))
        for keys in ([one.nonce for one in said if one.nonce], [mark for one in said for mark in _marks(one)]):
            assert len(keys) == len(set(keys)), f"said twice: {said}"
        return [self.seen(one) for one in said]

    def seen(self, message: Message) -> Post:
        """A message as people read it now."""
        place = _place(message.channel)
        return Post(place, message.id, _read(message), alone=place.private or message.ephemeral)


def _place(channel: Channel) -> Place:
    return Place(f"discord:{channel.id}", private=channel.guild is None)


def _read(message: Message) -> str:
    """Its words: the text, what is framed beneath it, field by field; without the bot's own mark."""
    parts = [_MARK.sub("", message.content)]
    for embed in message.embeds:
        parts += [embed.get("title") or "", embed.get("description") or ""]
        parts += [f"{field['name']}\n{field['value']}" for field in embed.get("fields") or ()]
    return "\n\n".join(Reader(part).words.strip() for part in parts if part)


def _marks(message: Message) -> Iterator[str]:
    if found := _MARK.search(message.content):
        yield found[1]
    for embed in message.embeds:
        footer: dict[str, Any] = embed.get("footer") or {}
        if "text" in footer:
            yield footer["text"]


@contextlib.contextmanager
def _own_addresses() -> Iterator[None]:
    """Give discord.py its own addresses back afterwards: they hold for the whole process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Route, "BASE", Route.BASE)
        patch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
        yield
