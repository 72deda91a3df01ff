"""A stage with two platforms: one bot on Matrix and on Discord at once, over one database."""

import asyncio
import contextlib
import dataclasses
import pathlib
from collections.abc import AsyncIterator
from typing import Self

from bot.campaign.rooms import Rooms
from bot.engine.clock import machine_ms
from bot.engine.context import Bot
from bot.engine.delivery import Delivery
from bot.engine.roles import Roles
from bot.engine.sender import Patience
from bot.platforms.discord.discord import Discord
from bot.store.database import Database
from bot.store.memory import Memory
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
            running = Running(self, database)
            tasks = running.start()
            try:
                if ready:
                    await running.ready()
                yield running
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self.discord.server.gateway.forget()
                for task in tasks:
                    if not task.cancelled() and (error := task.exception()):
                        raise error


class Running(MatrixRunning):
    """A bot at work on both."""

    def __init__(self, home: Home, database: Database) -> None:
        super().__init__(home, database)
        memory = Memory(database, "discord", machine=machine_ms)
        bot = self.bot
        self.discord = Discord(bot.texts, bot.catalogue, home.discord.setting(bot), memory, self.desk)
        self.delivery = Delivery(
            database, self.clock, {"matrix": self.matrix, "discord": self.discord}, language=bot.campaign.language,
            zone=bot.campaign.zone, rooms=bot.campaign.rooms, quiet=None, patience=Patience(first=0.2, most=2.0),
        )  # fmt: skip

    def start(self) -> list[asyncio.Task[None]]:
        work = [self.matrix.run(self.dispatcher), self.discord.run(self.dispatcher), self.delivery.run()]
        self.tasks = [asyncio.create_task(one) for one in work]
        return self.tasks


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
