"""A bot on the Discord of the tests, in this process: everything of the real one but its configuration file."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import pathlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import commands
from bot.campaign.rooms import Room, Rooms
from bot.core.command import Catalogue
from bot.core.invocation import Address
from bot.core.reply import Reply
from bot.desk import ReportDesk
from bot.engine.clock import RealClock, machine_ms
from bot.engine.context import Bot
from bot.engine.delivery import Delivery
from bot.engine.dispatcher import Dispatcher
from bot.engine.roles import Roles
from bot.engine.sender import Patience
from bot.platforms.discord.discord import Discord
from bot.platforms.discord.setting import Setting
from bot.store import outbox
from bot.store.database import Database
from bot.store.memory import Memory
from bot.store.message import Message, Priority
from tests import talk
from tests.discord_server import DiscordServer
from tests.trial import with_sentences

READY_SECONDS = 20.0


@dataclasses.dataclass(slots=True)
class Home:
    """What stays of a bot when it stops: its account and its database.

    Attributes:
        guilds: Those of the campaign.
        rooms: By kind, the ids of channels.
        organisers: Who has that role: accounts, `discord:role:42` or `discord:user:43`.
    """

    server: DiscordServer
    folder: pathlib.Path
    guilds: Sequence[int] = ()
    rooms: dict[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    organisers: Sequence[str] = ()
    token: str | None = None
    catalogue: Catalogue = commands.CATALOGUE
    limited: bool = False

    def bot(self) -> Bot:
        made = talk.bot(self.catalogue)
        made.texts = with_sentences(made.texts)
        kinds = {
            kind: tuple(Room(Address("discord", room), "nl") for room in rooms) for kind, rooms in self.rooms.items()
        }
        roles = Roles(frozenset(self.organisers), frozenset({"member"}))
        made.campaign = dataclasses.replace(made.campaign, rooms=Rooms(kinds), roles=roles, quiet=None)
        return made

    def setting(self, bot: Bot) -> Setting:
        every = [room for rooms in self.rooms.values() for room in rooms]
        campaign = bot.campaign
        return Setting(
            self.token or self.server.token, frozenset(self.guilds), every,
            frozenset(self.rooms.get("organisers", ())), campaign.language, campaign.zone, campaign.name,
            self.server.api_url, self.server.gateway_url,
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def running(self, *, ready: bool = True) -> AsyncIterator["Running"]:
        """The bot at work; `ready`: wait until it hears."""
        async with Database.connect(f"sqlite:///{self.folder / 'bot.db'}") as database:
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
                self.server.gateway.forget()
                for task in tasks:
                    if not task.cancelled() and (error := task.exception()):
                        raise error


class Running:
    """A bot at work."""

    def __init__(self, home: Home, database: Database) -> None:
        self.home = home
        self.database = database
        self.bot = home.bot()
        self.clock = RealClock()
        self.desk = ReportDesk(self.bot, database, now=self.clock.now, written=self._wake)
        self.memory = Memory(database, "discord", machine=machine_ms)
        self.discord = Discord(self.bot.texts, self.bot.catalogue, home.setting(self.bot), self.memory, self.desk)
        campaign = self.bot.campaign
        self.delivery = Delivery(
            database, self.clock, {"discord": self.discord}, language="nl", zone=campaign.zone, rooms=campaign.rooms,
            quiet=None, patience=Patience(first=0.2, most=2.0),
        )  # fmt: skip
        self.dispatcher = Dispatcher(
            self.bot, database, self.clock, machine=asyncio.get_running_loop().time, written=self._wake,
            unlimited=not home.limited,
        )  # fmt: skip
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> list[asyncio.Task[None]]:
        self.tasks = [
            asyncio.create_task(self.discord.run(self.dispatcher)), asyncio.create_task(self.delivery.run())
        ]  # fmt: skip
        return self.tasks

    async def ready(self) -> None:
        """Wait until it hears what people do."""
        ready = asyncio.ensure_future(self.home.server.gateway.ready())
        done, _ = await asyncio.wait({ready, *self.tasks}, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        assert ready in done, "the bot does not connect"

    async def announce(self, cause: str, reply: Reply, *to: str, due: dt.datetime | None = None, **more: Any) -> None:
        """Put a message in the outbox."""
        messages = [Message(cause, address, reply, due=due, priority=Priority.ANNOUNCEMENT, **more) for address in to]
        async with self.database.write() as tx:
            await outbox.put(tx, messages, now=self.clock.now())
        self._wake()

    async def drained(self) -> None:
        await self.delivery.drain()

    def _wake(self) -> None:
        self.delivery.wake()
