"""A bot to talk to: `await anna.says("/taak lijst")` is what she then reads.

The bot is the real one over a real database; only the platform is left out. What it says elsewhere comes with
`await talk.deliver()` and stands in `talk.said(room)`.
"""

import dataclasses
import datetime as dt
import functools
import itertools
import pathlib
from collections.abc import Collection, Mapping
from typing import Any

import pytest

import commands
from bot.campaign import rooms
from bot.campaign.content import ContentPaths, read_content
from bot.campaign.faq import Faq, index_of
from bot.campaign.quiet import QuietHours
from bot.campaign.rooms import Room, Rooms
from bot.core.command import Catalogue, Command
from bot.core.invocation import Address, Invocation, Press
from bot.core.reply import Button, Phrase, Reply, Words
from bot.core.texts import Texts
from bot.engine.budget import Rate
from bot.engine.context import Bot, Campaign
from bot.engine.dispatcher import Answered, Dispatcher
from bot.engine.roles import Roles
from bot.parts import read_texts
from bot.store import outbox
from bot.store.database import Database

ROOT = pathlib.Path(__file__).parent.parent
ZONE = "Europe/Amsterdam"
NOON = dt.datetime(2019, 1, 27, 11, tzinfo=dt.UTC)  # 12:00 in Amsterdam
MINUTE = dt.timedelta(minutes=1)
ANNOUNCEMENTS, ENGLISH, VOLUNTEERS, ORGANISERS = "#announcements", "#english", "#volunteers", "#organisers"
ROOMS = (ANNOUNCEMENTS, ENGLISH, VOLUNTEERS, ORGANISERS)
PLENTY = 10**9


class Hands:
    """A clock whose hands a test moves."""

    played = True

    def __init__(self, moment: dt.datetime) -> None:
        self.moment = moment

    def now(self) -> dt.datetime:
        return self.moment


class Plain:
    """Writes everything as it is, and commands with a slash."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def quote(self, text: str) -> str:
        return text

    def typed(self, command: str, values: Mapping[str, str], language: str) -> str:
        known = self._catalogue.commands.get(command)
        name = known.names[language] if known else command
        return " ".join((f"/{name}", *values.values()))

    def place(self, address: Address) -> str:
        return address.short

    def moment(self, moment: dt.datetime, form: str, words: str) -> str:
        return words


@dataclasses.dataclass(slots=True)
class Post:
    """A message in a room."""

    text: str
    edits: int = 0


class Talk:
    """A bot, and everything that it said.

    Attributes:
        machine: Seconds of machine time, for budgets.
        free: Bytes left on the disk.
        refuses: Rooms that take nothing.
    """

    def __init__(self, database: Database, bot: Bot, *, limited: bool = False) -> None:
        self.database = database
        self.bot = bot
        self.clock = Hands(NOON)
        self.machine = 0.0
        self.free = PLENTY
        self.refuses: set[str] = set()
        self.written = 0
        bot.free_disk = lambda: self.free
        self.dispatcher = Dispatcher(
            bot, database, self.clock, machine=lambda: self.machine, written=self._count, unlimited=not limited
        )
        self.style = Plain(bot.catalogue)
        self._posts: dict[str, dict[str, Post]] = {}
        self._under_way: set[str] = set()
        self._ids = itertools.count(1)

    def person(self, name: str, *, member: bool = True) -> "Talker":
        return Talker(self, Address("terminal", name), frozenset({"member"} if member else ()))

    def next_id(self) -> str:
        return f"terminal:run:{next(self._ids)}"

    def text(self, phrase: Phrase, language: str, zone: str = ZONE) -> str:
        return self.bot.texts.render(phrase, language=language, zone=zone, style=self.style)

    def plain(self, reply: Reply, language: str, zone: str = ZONE) -> str:
        """Everything that a reply says, a part a line."""
        phrases = [reply.lead, *reply.body]
        lines = [self.text(phrase, language, zone) for phrase in phrases]
        lines += [f"{self.text(f.name, language, zone)}: {self.text(f.value, language, zone)}" for f in reply.fields]
        lines += [f"{self.text(link.label, language, zone)}: {link.url}" for link in reply.links]
        lines += [f"[{self.text(button.label, language, zone)}]" for button in reply.buttons]
        return "\n".join(lines)

    # -- elsewhere --------------------------------------------------------------------------------------

    def said(self, room: str) -> list[str]:
        """What stands in a room now."""
        return [post.text for post in self.posts(room)]

    def posts(self, room: str) -> list[Post]:
        return list(self._posts.get(f"terminal:{room}", {}).values())

    async def deliver(self, *, only: Collection[str] = ()) -> None:
        """Say everything that is due, in these rooms or in all."""
        while entry := await self.begin(only=only):
            await self.finish(entry)

    async def begin(self, *, only: Collection[str] = ()) -> outbox.Entry | None:
        """Take one message and freeze it: from here on it is being sent."""
        away = {f"terminal:{room}" for room in ROOMS if only and room not in only} | self._under_way
        async with self.database.write() as tx:
            found = await outbox.claim(tx, now=self.clock.now(), machine=0, platforms=["terminal"], limit=1, busy=away)
            for entry in found:
                text = self.plain(Reply.from_json(entry.reply), entry.language or "nl")
                self._under_way.add(entry.destination)
                return await outbox.freeze(tx, entry, entry.destination, [{"text": text}], machine=0)
        return None

    async def finish(self, entry: outbox.Entry) -> None:
        """Let a message that is being sent arrive, or fail where the room refuses."""
        room = entry.destination.removeprefix("terminal:")
        self._under_way.discard(entry.destination)
        async with self.database.write() as tx:
            if room in self.refuses:
                await outbox.fail(tx, entry, "refused", self.clock.now())
                return
            await outbox.settle(tx, entry, entry.original_ref or entry.key, self.clock.now())
        posts = self._posts.setdefault(entry.destination, {})
        text = (entry.payload or {})["text"]
        if entry.original_ref:
            posts[entry.original_ref] = Post(text, posts[entry.original_ref].edits + 1)
        else:
            posts[entry.key] = Post(text)

    def _count(self) -> None:
        self.written += 1


@dataclasses.dataclass(slots=True)
class Talker:
    """Somebody who talks to the bot.

    Attributes:
        locale: What the platform reports.
        answer: The last one.
        call: What it answered.
    """

    talk: Talk
    who: Address
    groups: frozenset[str]
    locale: str | None = None
    answer: Answered | None = None
    call: Invocation | None = None

    async def says(self, line: str, *, room: str | None = None, again: str | None = None) -> str:
        """Type a line, in private unless a room is given; `again`: the id of an event that comes once more."""
        return await self._ask(line=line.removeprefix("/"), room=room, id=again)

    async def runs(self, command: str, *, room: str | None = None, id: str | None = None, **values: str) -> str:  # noqa: A002
        """Call a command as a menu does."""
        return await self._ask(command=command, values=values, room=room, id=id)

    async def taps(self, label: str, *, on: "Talker | None" = None, again: str | None = None) -> str:
        """Tap a button of one's last answer, or of somebody else's."""
        shown = on or self
        answer, call = shown.answer, shown.call
        assert answer
        assert call
        index, button = next(
            (n, b) for n, b in enumerate(answer.reply.buttons) if self.talk.text(b.label, answer.language) == label
        )
        return await self.presses(button, Press(f"{call.id}:{index}", shown.who, answer.until), call, again=again)

    async def presses(self, button: Button, press: Press, under: Invocation, *, again: str | None = None) -> str:
        room = None if under.private else under.where.id
        return await self._ask(command=button.command, values=button.values, press=press, room=room, id=again)

    async def _ask(self, *, room: str | None, id: str | None, **what: Any) -> str:  # noqa: A002
        where = Address("terminal", room) if room else self.who
        call = Invocation(
            id or self.talk.next_id(), self.who, where, private=room is None, groups=self.groups, language=self.locale,
            **what,
        )  # fmt: skip
        self.call = call
        self.answer = await self.talk.dispatcher.handle(call)
        return self.talk.plain(self.answer.reply, self.answer.language, self.answer.zone)

    @property
    def key(self) -> str:
        """The key of the last answer's first sentence."""
        assert self.answer
        return self.answer.reply.lead.key


@functools.cache
def texts() -> Texts:
    return read_texts()


@functools.cache
def faq() -> Faq:
    """The answers of the example campaign."""
    content, _ = read_content(ContentPaths(faq=ROOT / "campaign/faq.yaml"), ZONE, lambda path: path.read_text("utf-8"))
    return Faq(content, index_of(content), texts(), ZONE)


def campaign(*, language: str = "nl") -> Campaign:
    def of(*names: tuple[str, str]) -> tuple[Room, ...]:
        return tuple(Room(Address("terminal", name), lang) for name, lang in names)

    return Campaign(
        name="XS4ALL moet blijven",
        language=language,
        zone=ZONE,
        website="https://example.org",
        contact=Words("de actie", "the campaign"),
        rooms=Rooms(
            {
                "announcements": of((ANNOUNCEMENTS, "nl"), (ENGLISH, "en")),
                "volunteers": of((VOLUNTEERS, "nl")),
                "organisers": of((ORGANISERS, "nl")),
            }
        ),
        roles=Roles(frozenset({"terminal:sjoera", "terminal:joris"}), frozenset({"member"})),
        quiet=QuietHours.parse("22:00", "8:00"),
        person_rate=Rate(20, MINUTE),
        room_rate=Rate(60, MINUTE),
        guest_rate=Rate(5, MINUTE),
    )


def bot(catalogue: Catalogue = commands.CATALOGUE) -> Bot:
    """The bot with its own commands, or with those of a test."""

    return Bot(
        campaign=campaign(),
        texts=texts(),
        catalogue=catalogue,
        faq=faq(),
        version="0",
        started=NOON,
        platforms=("terminal",),
        storage="test",
        played=True,
        free_disk=lambda: PLENTY,
        muted=False,
    )


def catalogue_of(*found: Command, words: Mapping[str, Any]) -> Catalogue:
    """The bot's own commands and some of a test's."""
    return Catalogue((*commands.CATALOGUE.commands.values(), *found), {**commands.WORDS, **words})


@pytest.fixture
async def talk(database: Database) -> Talk:
    """The bot with its own commands; on every database that `database` stands for."""
    made = Talk(database, bot())
    async with database.write() as tx:
        await rooms.count_people(tx, Address("terminal", ANNOUNCEMENTS), 120)
    return made


@pytest.fixture
def anna(talk: Talk) -> Talker:
    """A volunteer."""
    return talk.person("anna")


@pytest.fixture
def bram(talk: Talk) -> Talker:
    """Another volunteer."""
    return talk.person("bram")


@pytest.fixture
def sjoera(talk: Talk) -> Talker:
    """An organiser."""
    return talk.person("sjoera")


@pytest.fixture
def joris(talk: Talk) -> Talker:
    """Another organiser."""
    return talk.person("joris")


@pytest.fixture
def gast(talk: Talk) -> Talker:
    """Somebody who is in no room of ours."""
    return talk.person("gast", member=False)
