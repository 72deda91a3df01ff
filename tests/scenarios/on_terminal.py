"""The stage on the terminal: everybody types at one keyboard, and what is printed is read as lines of JSON."""

import asyncio
import contextlib
import dataclasses
import itertools
import pathlib
from collections.abc import AsyncIterator
from typing import Self

from bot.campaign.rooms import Room, Rooms
from bot.core import parsing
from bot.core.invocation import Address
from bot.core.reply import Reply
from bot.engine.clock import RealClock
from bot.engine.context import Bot
from bot.engine.delivery import Delivery
from bot.engine.dispatcher import Dispatcher
from bot.engine.roles import Roles
from bot.platforms.terminal import Terminal
from bot.platforms.terminal.terminal import Setting
from bot.store import outbox
from bot.store.database import Database
from bot.store.message import Message, Priority
from tests import talk
from tests.scenarios.keyboard import Keyboard, Line
from tests.scenarios.stage import Actor, Asked, Place, Post
from tests.trial import CATALOGUE, with_sentences

ANSWER_SECONDS = 20.0


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalActor:
    """Somebody at the keyboard."""

    stage: "TerminalStage"
    name: str

    @property
    def address(self) -> str:
        return f"terminal:{self.name}"

    async def says(self, place: Place, line: str) -> Asked:
        """A command has a slash before it; a question has none."""
        try:
            parsing.read(line, CATALOGUE)
        except parsing.UnknownCommand:
            slash = "" if place.private else "/"
        else:
            slash = "/"
        return self._types(place, f"{slash}{line}")

    async def taps(self, post: Post, label: str) -> Asked:
        """Press the number of the button; where newer ones took its place, type what stands beside it."""
        line = self.stage.line(post)
        number, button = next((n, b) for n, b in enumerate(line["buttons"], start=1) if b["label"] == label)
        newest = self.stage.newest_with_buttons(self.name, line["to"])
        return self._types(post.place, f"/press {number}" if line is newest else button["command"])

    async def hears(self, asked: Asked) -> Post:
        """Answers come in the order of the lines; that there are no more of them is seen when the bot goes down."""
        return await self.stage.answer(int(asked.id))

    async def asks(self, place: Place, line: str) -> Post:
        return await self.hears(await self.says(place, line))

    def _types(self, place: Place, line: str) -> Asked:
        room = "privé" if place.private else Address.parse(place.address).id
        return Asked(place, str(self.stage.type(f"/as {self.name}", f"/in {room}", line)))


class Running:
    """A bot at work."""

    def __init__(self, bot: Bot, database: Database) -> None:
        self.database = database
        self.keyboard = Keyboard()
        self._clock = RealClock()
        campaign = bot.campaign
        rooms = [room.address.id for kind in campaign.rooms.kinds.values() for room in kind]
        with self.keyboard.connected():
            setting = Setting(campaign.language, campaign.zone, rooms)
            self._terminal = Terminal(bot.texts, bot.catalogue, setting, json=True)
        self.delivery = Delivery(
            database, self._clock, {"terminal": self._terminal}, language=campaign.language, zone=campaign.zone,
            rooms=campaign.rooms, quiet=None,
        )  # fmt: skip
        self._dispatcher = Dispatcher(
            bot, database, self._clock, machine=asyncio.get_running_loop().time, written=self.delivery.wake,
            unlimited=True,
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Hear and say until the end of the block; then it stops, whatever is still to be said."""
        hearing = asyncio.create_task(self._terminal.run(self._dispatcher))
        saying = asyncio.create_task(self.delivery.run())
        try:
            yield
        finally:
            saying.cancel()
            self.keyboard.end()
            await asyncio.gather(hearing, saying, return_exceptions=True)
            self.keyboard.close()
        hearing.result()

    async def announce(self, cause: str, reply: Reply, *to: str) -> None:
        messages = [Message(cause, address, reply, priority=Priority.ANNOUNCEMENT) for address in to]
        async with self.database.write() as tx:
            await outbox.put(tx, messages, now=self._clock.now())
        self.delivery.wake()


class TerminalStage:
    """A keyboard, and all that was ever printed: a restart does not wipe it, but its buttons are dead from then on."""

    keeps = False
    buttons_stay = False

    def __init__(self, folder: pathlib.Path) -> None:
        """Nobody has typed anything yet."""
        self._folder = folder
        self._rooms: dict[str, list[Room]] = {}
        self._organisers: list[str] = []
        self._before: list[Line] = []
        self._running: Running | None = None
        self._asked = 0
        self._numbers = itertools.count(1)

    @classmethod
    @contextlib.asynccontextmanager
    async def set(cls, folder: pathlib.Path) -> AsyncIterator[Self]:
        """A stage for the length of a block."""
        yield cls(folder)

    @property
    def bot(self) -> Running:
        assert self._running, "the bot is down"
        return self._running

    @property
    def database(self) -> Database:
        return self.bot.database

    # -- people and places --------------------------------------------------------------------------------

    async def actor(self, name: str, *, organiser: bool = False) -> Actor:
        actor = TerminalActor(self, name)
        if organiser:
            self._organisers.append(actor.address)
        return actor

    async def room(self, kind: str, maker: Actor, *others: Actor) -> Place:
        """A name; whoever is at the keyboard may go there."""
        room = Address("terminal", f"#{kind}-{next(self._numbers)}")
        self._rooms.setdefault(kind, []).append(Room(room, "nl"))
        return Place(str(room))

    async def private_talk(self, actor: Actor) -> Place:
        return Place(actor.address, private=True)

    # -- the bot ------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        async with Database.connect(f"sqlite:///{self._folder / 'bot.db'}") as database:
            self._running = running = Running(self._bot(), database)
            try:
                async with running.working():
                    yield
            finally:
                self._running = None
                self._before += running.keyboard.lines
        assert len(self._answers) == self._asked, "a line was answered twice, or not at all"

    def _bot(self) -> Bot:
        made = talk.bot(CATALOGUE)
        made.texts = with_sentences(made.texts)
        rooms = Rooms({kind: tuple(found) for kind, found in self._rooms.items()})
        roles = Roles(frozenset(self._organisers), frozenset({"member"}))
        made.campaign = dataclasses.replace(made.campaign, rooms=rooms, roles=roles, quiet=None)
        return made

    async def post(self, cause: str, reply: Reply, *places: Place) -> None:
        await self.bot.announce(cause, reply, *(place.address for place in places))

    async def settled(self) -> None:
        await self.bot.delivery.drain()

    # -- at the keyboard ----------------------------------------------------------------------------------

    def type(self, *lines: str) -> int:
        """Type lines of which the last has an answer; the number of that answer."""
        self.bot.keyboard.type(*lines)
        self._asked += 1
        return self._asked - 1

    async def answer(self, number: int) -> Post:
        async with asyncio.timeout(ANSWER_SECONDS):
            while len(self._answers) <= number:
                self.bot.keyboard.news.clear()
                await self.bot.keyboard.news.wait()
        return _post(self._answers[number], _name(number))

    # -- what was printed ---------------------------------------------------------------------------------

    async def posts(self, place: Place) -> list[Post]:
        """What was printed for a place: once with a key, though it may be printed again, and changes in their place."""
        found: dict[str, Post] = {}
        numbers = itertools.count()
        for line in self._lines:
            name = line["key"] or _name(next(numbers))
            if line["to"] == Address.parse(place.address).id:
                name = _changed(name, found) if line.get("edits") else name
                found[name] = _post(line, name)
        return list(found.values())

    def line(self, post: Post) -> Line:
        """How a post was printed."""
        answers = {_name(number): line for number, line in enumerate(self._answers)}
        return answers.get(post.id) or next(line for line in self._lines if line["key"] == post.id)

    def newest_with_buttons(self, *to: str) -> Line | None:
        """Of what the bot printed since it is up, to any of these."""
        return next((one for one in reversed(self.bot.keyboard.lines) if one["to"] in to and one["buttons"]), None)

    @property
    def _lines(self) -> list[Line]:
        return self._before + (self._running.keyboard.lines if self._running else [])

    @property
    def _answers(self) -> list[Line]:
        """What was said to lines; what comes of the bot's own accord has a key."""
        return [line for line in self._lines if line["key"] is None]


def _name(number: int) -> str:
    return f"answer {number}"


def _post(line: Line, name: str) -> Post:
    private: bool = line["private"]
    details = [f"{field['name']}: {field['value']}" for field in line["fields"]]
    details += [f"{link['label']}: {link['url']}" for link in line["links"]]
    place = Place(f"terminal:{line['to']}", private)
    return Post(place, name, "\n\n".join([line["text"], *details]), alone=private)


def _changed(key: str, posts: dict[str, Post]) -> str:
    """The message that a change is of: its cause begins with that message's."""
    cause = key.partition("/")[0]
    return next(name for name in posts if cause.startswith(f"{name.partition('/')[0]}:"))
