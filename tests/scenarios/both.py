"""A stage with two platforms: one bot on Matrix and on Discord at once, over one database."""

import contextlib
import dataclasses
import pathlib
from collections.abc import AsyncIterator
from typing import Self

from bot.campaign.rooms import Rooms
from bot.engine.clock import machine_ms
from bot.engine.context import Bot
from bot.engine.roles import Roles
from bot.platforms.discord.discord import Discord
from bot.store.database import Database
from bot.store.memory import Memory
from tests.platforms.at_work import living
from tests.platforms.discord.running import Home as DiscordHome
from tests.platforms.matrix.running import Home as MatrixHome
from tests.platforms.matrix.running import Running as MatrixRunning
from tests.scenarios.on_discord import DiscordStage
from tests.scenarios.on_matrix import MatrixStage
from tests.synapse import Synapse
from tests.trial import CATALOGUE


@dataclasses.dataclass(slots=True)
class Home(MatrixHome):
    """What stays of the bot: that of Matrix, and beside it that of Discord."""

    discord: DiscordHome = dataclasses.field(kw_only=True)

    def bot(self) -> Bot:
        """With the rooms and the organisers of both."""
        made, other = MatrixHome.bot(self), self.discord.bot().campaign
        own = made.campaign
        kinds = {**own.rooms.kinds, **other.rooms.kinds}
        rooms = Rooms({kind: (*own.rooms.of(kind), *other.rooms.of(kind)) for kind in kinds})
        roles = Roles(own.roles.organiser | other.roles.organiser, own.roles.volunteer)
        made.campaign = dataclasses.replace(own, rooms=rooms, roles=roles)
        return made

    @contextlib.asynccontextmanager
    async def running(self, *, ready: bool = True) -> AsyncIterator["Running"]:
        async with Database.connect(f"sqlite:///{self.folder / self.database}") as database:
            try:
                async with living(Running(self, database), ready=ready) as running:
                    yield running
            finally:
                self.discord.server.gateway.forget()


class Running(MatrixRunning):
    """A bot at work on both."""

    def __init__(self, home: Home, database: Database) -> None:
        super().__init__(home, database)
        memory = Memory(database, "discord", machine=machine_ms)
        bot = self.bot
        self.discord = Discord(bot.texts, bot.catalogue, home.discord.setting(bot), memory, self.desk)
        self.serve(matrix=self.matrix, discord=self.discord)


@dataclasses.dataclass(frozen=True, slots=True)
class Both:
    """People, rooms and servers of both platforms; the bot of the one is the bot of the other."""

    matrix: MatrixStage
    discord: DiscordStage

    @classmethod
    @contextlib.asynccontextmanager
    async def set(cls, synapse: Synapse, folder: pathlib.Path) -> AsyncIterator[Self]:
        """A stage for the length of a block."""
        async with contextlib.AsyncExitStack() as people, DiscordStage.set(folder) as discord:
            home = await Home.new(synapse, folder, catalogue=CATALOGUE, discord=discord.home)
            yield cls(MatrixStage(home, encrypted=False, people=people), discord)

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """The bot for the length of a block, ready to hear on both."""
        async with self.matrix.up():
            await self.discord.server.gateway.ready()
            yield
