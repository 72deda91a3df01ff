"""One conversation on two platforms, held with the real bot: what is drawn is what the servers have of it."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import pathlib
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from unittest import mock

from bot.platforms.discord.message import nonce
from bot.platforms.matrix.buttons import keycap
from bot.platforms.matrix.post import KEY, mark
from tests.discord_server import Channel, DiscordServer, Message
from tests.discord_server import Person as DiscordPerson
from tests.matrix_people import EncryptedPerson, Person, wait
from tests.platforms import at_work
from tests.platforms.discord.running import Home as DiscordHome
from tests.platforms.matrix import running
from tests.platforms.matrix.running import PASSWORD
from tests.scenarios.both import Home
from tests.synapse import SERVER_NAME, Account, Synapse
from tests.talk import NOON

QUESTION = "Kan ik mijn mailadres houden?"
NEWS = "Morgen om 20:00 is er koffie in het buurthuis. Kom langs met je vragen over overstappen!"
BOT, ACTION, ORGANISERS, TALK = "actiebot", "actie", "organisatie", "privé"
_CODE = re.compile(r"\b[A-Z2-7]{8}\b")
_OTHERS = 24  # people who are in the rooms and say nothing
_MINUTE = dt.timedelta(minutes=1)

Event = dict[str, Any]


class Clock:
    """The campaign's: some seconds go by at every moment to which it is moved."""

    played = False  # the bot is among people

    def __init__(self, moment: dt.datetime) -> None:
        self.moment = moment
        self._since = time.monotonic()

    def now(self) -> dt.datetime:
        return self.moment + dt.timedelta(seconds=time.monotonic() - self._since)

    def move(self, minutes: int) -> None:
        self.moment += minutes * _MINUTE
        self._since = time.monotonic()


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """What was said.

    Attributes:
        bot: Its account on Matrix.
        discord: The server with its messages.
        channel: A room on Discord.
        talk: Anna's private one there.
        rooms: Of Matrix, by name: everything that the homeserver has of each, oldest first.
        moments: By the id of a message or event, when it was said.
    """

    bot: str
    discord: DiscordServer
    channel: Channel
    talk: Channel
    rooms: dict[str, list[Event]]
    moments: dict[str, dt.datetime]


@dataclasses.dataclass(slots=True)
class Stage:
    """Both servers, the people, and the campaign's clock."""

    synapse: Synapse
    server: DiscordServer
    home: Home
    channel: Channel
    on_discord: DiscordPerson
    on_matrix: EncryptedPerson
    sjoera: Person
    rooms: dict[str, str]
    clock: Clock = dataclasses.field(default_factory=lambda: Clock(NOON + 2 * _MINUTE))
    moments: dict[str, dt.datetime] = dataclasses.field(default_factory=dict)

    @classmethod
    @contextlib.asynccontextmanager
    async def set(cls, folder: pathlib.Path) -> AsyncIterator["Stage"]:
        """Everything but the bot, for the length of a block."""
        async with (
            _homeserver(folder / "synapse") as synapse,
            DiscordServer() as server,
            _device(synapse, folder / "keys") as on_matrix,
        ):
            guild = server.guild("XS4ALL moet blijven")
            channel = guild.channel(ACTION)
            anna = guild.person("anna")
            for number in range(_OTHERS):
                guild.person(f"lid{number}")
            discord = DiscordHome(server, folder, guilds=[int(guild.id)], rooms={"announcements": [channel.id]})
            bot, sjoera = [Person(synapse, await _account(synapse, name)) for name in (BOT, "sjoera")]
            rooms = {name: await _room(sjoera, bot.user_id, name) for name in (ACTION, ORGANISERS)}
            others = [Person(synapse, await _account(synapse, f"lid{number}")) for number in range(_OTHERS // 2)]
            await asyncio.gather(*(person.join(rooms[ACTION]) for person in (on_matrix, *others)))
            kinds: dict[str, Sequence[str]] = {"announcements": [_alias(ACTION)], "organisers": [_alias(ORGANISERS)]}
            organisers = [f"matrix:{sjoera.user_id}"]
            home = Home(synapse, folder, bot.user_id, rooms=kinds, organisers=organisers, discord=discord)
            yield cls(synapse, server, home, channel, anna, on_matrix, sjoera, rooms)

    # -- time ---------------------------------------------------------------------------------------------

    async def later(self, minutes: int = 1) -> None:
        """Note when what is there now was said, and go on to a later moment."""
        events = [event["event_id"] for room in (await self.stored()).values() for event in room]
        for id_ in [*self.server.world.messages, *events]:
            self.moments.setdefault(id_, self.clock.moment)
        self.clock.move(minutes)

    async def stored(self) -> dict[str, list[Event]]:
        """By room what the homeserver has of it; Anna's talk is encrypted, and opened with her keys."""
        found = {name: await self.synapse.stored(room) for name, room in self.rooms.items() if name != TALK}
        return found | {name: await self.on_matrix.timeline(room) for name, room in self.rooms.items() if name == TALK}

    # -- Matrix -------------------------------------------------------------------------------------------

    async def writes(self, person: Person, name: str, text: str) -> Event:
        """What is answered to a line in a room."""
        return await self.answered(name, await person.says(self.rooms[name], text))

    async def taps(self, person: Person, name: str, message: Event) -> Event:
        """What is answered to the first button of a message."""
        return await self.answered(name, await person.reacts(self.rooms[name], message["event_id"], keycap(1)))

    async def answered(self, name: str, asked: str) -> Event:
        """The bot's message that carries the mark of what it answers."""

        async def found() -> list[Event]:
            events = await self.synapse.stored(self.rooms[name])
            return [event for event in events if event["content"].get(KEY) == mark(f"reply:{asked}/0")]

        messages: list[Event] = await wait(found)
        return messages[0]

    # -- Discord ------------------------------------------------------------------------------------------

    async def types(self, text: str) -> Message:
        """What is answered to a line of Anna's in her private talk."""
        said = await self.on_discord.says(await self.on_discord.dm(), text)
        return await self.hears(lambda one: one.nonce == nonce(f"reply:{said.id}/0"))

    async def hears(self, fits: Callable[[Message], bool]) -> Message:
        """The first message in that talk that fits."""
        talk = await self.on_discord.dm()
        shown = await self.server.hears(talk, fits)
        return self.server.world.messages[shown.id]


@contextlib.asynccontextmanager
async def held(folder: pathlib.Path) -> AsyncIterator[Held]:
    """The conversation, while the servers are up.

    Raises:
        tests.synapse.Absent: there is no homeserver on this machine.
    """
    async with Stage.set(folder) as stage:
        with mock.patch.object(at_work, "RealClock", return_value=stage.clock):  # so that the pictures stay the same
            async with stage.home.running() as bot:
                await stage.server.gateway.ready()
                for room in stage.rooms.values():
                    await bot.in_room(room)
                stage.rooms[TALK] = await stage.on_matrix.create_room(bot.user_id, encrypted=True, direct=True)
                await bot.in_room(stage.rooms[TALK])
                await stage.later()
                await _asks(stage)
                await _announces(stage, bot)
                await _links(stage, bot)
                await _chooses(stage)
        talk = await stage.on_discord.dm()
        yield Held(stage.home.user_id, stage.server, stage.channel, talk, await stage.stored(), stage.moments)


async def _asks(stage: Stage) -> None:
    asked = await stage.on_discord.slash(stage.channel, "vraag", {"vraag": QUESTION})
    await asked.answer()
    await stage.later(9)


async def _announces(stage: Stage, bot: running.Running) -> None:
    preview = await stage.writes(stage.sjoera, ORGANISERS, f"!bericht nieuw {NEWS}")
    await stage.later(2)
    await stage.taps(stage.sjoera, ORGANISERS, preview)
    await bot.drained()
    await stage.later(12)


async def _links(stage: Stage, bot: running.Running) -> None:
    code = _CODE.search((await stage.types("mijn koppeling")).text)
    if code is None:
        raise RuntimeError("no code was given")
    await stage.later()
    question = await stage.writes(stage.on_matrix, TALK, f"mijn koppeling {code[0]}")
    await stage.later()
    await stage.taps(stage.on_matrix, TALK, question)
    await bot.drained()
    asked = await stage.hears(lambda one: "Ja, dat ben ik" in one.buttons)
    await stage.later()
    await (await stage.on_discord.tap(asked, "Ja, dat ben ik")).answer()
    await bot.drained()
    await stage.later(2)


async def _chooses(stage: Stage) -> None:
    await stage.writes(stage.on_matrix, TALK, "mijn taal en")
    await stage.later()
    asked = await stage.on_discord.slash(stage.channel, "mijn rust", {"van": "22:00", "tot": "08:00"})
    await asked.answer()
    await stage.later()


@contextlib.asynccontextmanager
async def _homeserver(folder: pathlib.Path) -> AsyncIterator[Synapse]:
    folder.mkdir()  # noqa: ASYNC240 - nobody waits
    synapse = Synapse(folder)
    try:
        await synapse.start()
        yield synapse
    finally:
        await synapse.stop()


@contextlib.asynccontextmanager
async def _device(synapse: Synapse, folder: pathlib.Path) -> AsyncIterator[EncryptedPerson]:
    """Anna's on Matrix: what the bot says to her alone is encrypted."""
    anna = EncryptedPerson(synapse, await _account(synapse, "anna"), folder)
    try:
        await anna.catch_up()
        yield anna
    finally:
        await anna.close()


async def _account(synapse: Synapse, name: str) -> Account:
    return await synapse.register(name, password=PASSWORD)


async def _room(maker: Person, bot: str, name: str) -> str:
    """A room with the bot invited; the action's is for everybody."""
    return await maker.create_room(bot, name=name, alias=name, public=name == ACTION)


def _alias(name: str) -> str:
    return f"#{name}:{SERVER_NAME}"
