"""A bot on a real homeserver, in this process: everything of the real one but its configuration file."""

import contextlib
import dataclasses
import pathlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Self

import commands
from bot.campaign.rooms import Room, Rooms
from bot.core.command import Catalogue
from bot.core.invocation import Address
from bot.engine.clock import machine_ms
from bot.engine.context import Bot
from bot.engine.roles import Roles
from bot.platforms.matrix.link import Link
from bot.platforms.matrix.login import Account
from bot.platforms.matrix.matrix import Matrix
from bot.platforms.matrix.setting import Setting
from bot.store.database import Database
from bot.store.memory import Memory
from tests import talk
from tests.matrix_people import Person, wait
from tests.platforms.at_work import AtWork, living
from tests.synapse import Synapse
from tests.trial import with_sentences

PASSWORD = "een lang wachtwoord"
STORE_KEY = "sleutel van de test"
READY_SECONDS = 20.0


@dataclasses.dataclass(slots=True)
class Home:
    """What stays of a bot when it stops: its account, its database, its folder of keys.

    Attributes:
        rooms: By kind, as configured: `!id` or `#alias:server`.
        organisers: Who has that role: accounts, or `matrix:power>=50@!room`.
        address: Of something that stands before the homeserver.
    """

    synapse: Synapse
    folder: pathlib.Path
    user_id: str
    rooms: dict[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    organisers: Sequence[str] = ()
    invites_from: Sequence[str] = ("*:actie.test",)
    password: str | None = PASSWORD
    token: str | None = None
    database: str = "bot.db"
    store: str = "matrix"
    catalogue: Catalogue = commands.CATALOGUE
    limited: bool = False
    address: str | None = None

    @classmethod
    async def new(cls, synapse: Synapse, folder: pathlib.Path, **settings: Any) -> Self:
        """An account, and nothing else yet."""
        account = await synapse.register(synapse.unique("bot"), password=PASSWORD)
        return cls(synapse, folder, account.user_id, **settings)

    def bot(self) -> Bot:
        made = talk.bot(self.catalogue)
        made.texts = with_sentences(made.texts)
        kinds = {
            kind: tuple(Room(Address("matrix", room), "nl") for room in rooms) for kind, rooms in self.rooms.items()
        }
        roles = Roles(frozenset(self.organisers), frozenset({"member"}))
        made.campaign = dataclasses.replace(made.campaign, rooms=Rooms(kinds), roles=roles, quiet=None)
        return made

    def setting(self, bot: Bot) -> Setting:
        account = Account(
            self.address or self.synapse.url,
            self.user_id,
            "ACTIEBOT",
            self.token,
            self.password,
            self.folder / self.store,
            STORE_KEY,
        )
        every = [room for rooms in self.rooms.values() for room in rooms]
        grants = [role for role in self.organisers if role.startswith("matrix:power")]
        campaign = bot.campaign
        return Setting(
            account, "!", self.invites_from, every, self.rooms.get("organisers", ()), grants, campaign.language,
            campaign.zone, campaign.name,
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def running(self, *, ready: bool = True) -> AsyncIterator["Running"]:
        """The bot at work; `ready`: wait until it has synced once."""
        async with (
            Database.connect(f"sqlite:///{self.folder / self.database}") as database,
            living(Running(self, database), ready=ready) as running,
        ):
            yield running


class Running(AtWork):
    """A bot at work on Matrix."""

    def __init__(self, home: Home, database: Database) -> None:
        super().__init__(home.bot(), database, limited=home.limited)
        self.home = home
        self.user_id = home.user_id
        self.memory = Memory(database, "matrix", machine=machine_ms)
        self.matrix = Matrix(self.bot.texts, self.bot.catalogue, home.setting(self.bot), self.memory, self.desk)
        self.serve(matrix=self.matrix)

    # -- what the bot knows, as of its last sync --------------------------------------------------------

    @property
    def link(self) -> Link | None:
        return self.matrix._link

    @property
    def synced(self) -> bool:
        return self.link is not None and self.link.post.ready.is_set()

    def is_in(self, room: str) -> bool:
        return self.synced and self.link is not None and room in self.link.rooms

    def has_member(self, room: str, user: str) -> bool:
        return self.link is not None and self.link.rooms.joined(room, user)

    def power_in(self, room: str, user: str) -> int:
        return self.link.rooms.facts(room).power(user) if self.link else 0

    def place_of(self, name: str) -> str | None:
        """Where a configured room is now."""
        return self.matrix._places.room(name)

    @property
    def limit_seconds(self) -> float:
        return self.link.turns.limit_seconds if self.link else 0.0

    @property
    def device_id(self) -> str | None:
        return self.link.device.device_id if self.link else None

    # -- what a test does with it -----------------------------------------------------------------------

    async def ready(self) -> None:
        """Wait for the first sync."""

        def synced() -> bool:
            for task in self.tasks:
                if task.done():
                    task.result()
            return self.synced

        await wait(synced, seconds=READY_SECONDS)

    async def in_room(self, room: str) -> None:
        """Wait until the bot is in a room."""
        await wait(lambda: self.is_in(room))

    async def log_out(self) -> None:
        """End the bot's login, as somebody in another client can."""
        assert self.link
        token = self.link.server.token
        await self.home.synapse.call("POST", "/_matrix/client/v3/logout", {}, token=token)


async def private_room(person: Person, bot: Running, *, encrypted: bool = False) -> str:
    """A room of two, made by a person."""
    room = await person.create_room(bot.user_id, encrypted=encrypted, direct=True)
    await bot.in_room(room)
    return room
