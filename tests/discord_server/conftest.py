"""A stand-in with a guild, a person and the small bot, new for each test."""

from collections.abc import AsyncIterator

import discord.gateway
import discord.http
import pytest

from tests.discord_server.home import Home
from tests.discord_server.people import Person
from tests.discord_server.place import Channel
from tests.discord_server.server import DiscordServer
from tests.discord_server.small_bot import SmallBot, running


@pytest.fixture(autouse=True)
def _addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give discord.py its own addresses back afterwards."""
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    socket = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(socket, "DEFAULT_GATEWAY", socket.DEFAULT_GATEWAY)


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with await DiscordServer.start() as server:
        yield server


@pytest.fixture
def home(server: DiscordServer) -> Home:
    return server.guild("Actie")


@pytest.fixture
def room(home: Home) -> Channel:
    return home.channel("actie")


@pytest.fixture
def anna(home: Home) -> Person:
    return home.person("Anna")


@pytest.fixture
async def bot(server: DiscordServer, room: Channel) -> AsyncIterator[SmallBot]:
    async with running(server) as bot:
        yield bot
