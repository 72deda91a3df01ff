"""A guild with a room, its people, and a bot that can be started there; new for each test."""

import dataclasses
import pathlib
from collections.abc import AsyncIterator

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests import discord_server
from tests.discord_server import Channel, DiscordServer, Person
from tests.platforms.discord.running import Home
from tests.trial import CATALOGUE


@dataclasses.dataclass(slots=True)
class Scene:
    """What most tests need.

    Attributes:
        guild: Of the campaign.
        room: Where announcements go.
        desk: Where only organisers are.
        anna: A member, as `bram`; `sjoera` is an organiser, whose client shows the organisers' commands.
        home: The bot's, to be run.
    """

    server: DiscordServer
    guild: discord_server.Home
    room: Channel
    desk: Channel
    anna: Person
    bram: Person
    sjoera: Person
    home: Home

    @classmethod
    def set(cls, server: DiscordServer, folder: pathlib.Path) -> "Scene":
        guild = server.guild("Actie", locale="nl")
        room, desk = guild.channel("actie"), guild.channel("organisatie")
        role = guild.role("organisatie", administrator=True)
        home = Home(
            server, folder, guilds=[int(guild.id)], rooms={"announcements": [room.id], "organisers": [desk.id]},
            organisers=[f"discord:role:{role.id}"], catalogue=CATALOGUE,
        )  # fmt: skip
        return cls(
            server, guild, room, desk, guild.person("anna"), guild.person("bram"),
            guild.person("sjoera", roles=[role]), home,
        )  # fmt: skip

    def said(self, channel: Channel | None = None) -> list[str]:
        """What everybody reads of the bot in a channel, the room if none is named."""
        return [one.text for one in self.server.messages(channel or self.room)]


@pytest.fixture(autouse=True)
def _addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give discord.py its own addresses back afterwards."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)


@pytest.fixture
async def scene(tmp_path: pathlib.Path) -> AsyncIterator[Scene]:
    """It breaks none of Discord's rules, or the test fails."""
    async with DiscordServer() as server:
        yield Scene.set(server, tmp_path)
        assert server.violations == []
