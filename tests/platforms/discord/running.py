"""A bot on the Discord of the tests, in this process: everything of the real one but its configuration file."""

import asyncio
import contextlib
import dataclasses
import pathlib
from collections.abc import AsyncIterator, Sequence

import commands
from bot.campaign.rooms import Room, Rooms
from bot.core.command import Catalogue
from bot.core.invocation import Address
from bot.engine.clock import machine_ms
from bot.engine.context import Bot
from bot.engine.roles import Roles
from bot.platforms.discord.discord import Discord
from bot.platforms.discord.setting import Setting
from bot.store.database import Database
from bot.store.memory import Memory
from tests import talk
from tests.discord_server import DiscordServer
from tests.platforms.at_work import AtWork, living
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
            try:
                async with living(Running(self, database), ready=ready) as running:
                    yield running
            finally:
                self.server.gateway.forget()


class Running(AtWork):
    """A bot at work on Discord."""

    def __init__(self, home: Home, database: Database) -> None:
        super().__init__(home.bot(), database, limited=home.limited)
        self.home = home
        self.memory = Memory(database, "discord", machine=machine_ms)
        self.discord = Discord(self.bot.texts, self.bot.catalogue, home.setting(self.bot), self.memory, self.desk)
        self.serve(discord=self.discord)

    async def ready(self) -> None:
        """Wait until it hears what people do."""
        ready = asyncio.ensure_future(self.home.server.gateway.ready())
        done, _ = await asyncio.wait({ready, *self.tasks}, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        assert ready in done, "the bot does not connect"
