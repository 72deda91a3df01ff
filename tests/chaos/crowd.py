"""People in rooms of all kinds who ask the bot things, and what the homeserver's own record says became of that."""

import asyncio
import collections
import contextlib
import dataclasses
import pathlib
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Self

import nio

from bot.platforms.matrix.post import KEY, mark
from tests.chaos.matrix_bot import CATALOGUE, KIND, cause_of
from tests.matrix_people import EncryptedPerson, Person
from tests.platforms.matrix.running import Home
from tests.synapse import Synapse

LINES = {"count": "proef tel", "help": "hulp", "spread": "proef omroep"}
_PARTS = 4
_COUNTED = re.compile(r"Geteld: ([\d.]+)")  # as Dutch writes it: 1.681


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where somebody asks; `shared`: others are there too, so the bot is called by its prefix."""

    person: Person
    room: str
    shared: bool
    encrypted: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """A command that the homeserver has; `when` is the round."""

    event: str
    what: str
    place: Place
    when: int


@dataclasses.dataclass(slots=True)
class Verdict:
    """What is not as it should be, in words; all empty: everything was said once."""

    lost: list[str] = dataclasses.field(default_factory=list)
    doubled: list[str] = dataclasses.field(default_factory=list)
    unreadable: list[str] = dataclasses.field(default_factory=list)
    unasked: list[str] = dataclasses.field(default_factory=list)
    miscounted: list[str] = dataclasses.field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether something is wrong."""
        return any(getattr(self, field.name) for field in dataclasses.fields(self))

    def __str__(self) -> str:
        found = [(f.name, getattr(self, f.name)) for f in dataclasses.fields(self)]
        return "\n".join(f"{name} ({len(lines)}):\n  " + "\n  ".join(lines) for name, lines in found if lines)


class Crowd:
    """Everybody, and what they have asked.

    Attributes:
        news: The rooms that announcements go to.
        when: The round that goes on.
    """

    def __init__(self, home: Home, sealed: EncryptedPerson, places: Sequence[Place]) -> None:
        self.home = home
        self.places = places
        self.asked: list[Asked] = []
        self.when = 0
        self._synapse = home.synapse
        self._sealed = sealed
        self._door = asyncio.Lock()

    @classmethod
    @contextlib.asynccontextmanager
    async def gathered(cls, synapse: Synapse, folder: pathlib.Path, *, talks: int, halls: int) -> AsyncIterator[Self]:
        """A bot's home, so many private talks and shared rooms in the clear, and one of each that is encrypted."""
        home = await Home.new(synapse, folder, catalogue=CATALOGUE)
        async with EncryptedPerson.living(synapse, "anna", folder / "anna") as anna:
            people = [await Person.new(synapse, "bram") for _ in range(max(2, talks))]
            bot = home.user_id
            talk = await anna.create_room(bot, encrypted=True, direct=True)
            hall = await anna.create_room(bot, people[0].user_id, encrypted=True)
            await people[0].join(hall)
            places = [Place(anna, talk, False, True), Place(anna, hall, True, True)]
            places += [
                Place(person, await person.create_room(bot, direct=True), False, False) for person in people[:talks]
            ]
            for _ in range(halls):
                room = await people[0].create_room(bot, people[1].user_id)
                await people[1].join(room)
                places += [Place(person, room, True, False) for person in people[:2]]
            home.rooms = {KIND: tuple(dict.fromkeys(place.room for place in places if place.shared))}
            yield cls(home, anna, places)

    @property
    def news(self) -> Sequence[str]:
        return self.home.rooms[KIND]

    @property
    def announced(self) -> int:
        """How many messages were to be announced."""
        return len(self.news) * sum(asked.what == "spread" for asked in self.asked)

    async def ask(self, place: Place, what: str) -> None:
        """Somebody asks something; while the homeserver is away they wait."""
        async with self._door:
            line = "!" * place.shared + LINES[what]
            event = await place.person.says(place.room, line)
            self.asked.append(Asked(event, what, place, self.when))

    @contextlib.asynccontextmanager
    async def quiet(self) -> AsyncIterator[None]:
        """Nobody asks anything for the length of a block."""
        async with self._door:
            yield

    async def joined(self) -> bool:
        """Whether the bot is in every room."""
        return all([self.home.user_id in await place.person.members(place.room) for place in self.places])

    # -- what became of it --------------------------------------------------------------------------------

    def settled(self) -> bool:
        """Whether the bot has written down that it has dealt with everything, and its outbox is empty."""
        with self._database() as database:
            (waiting,) = database.execute("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')").fetchone()
            seen = {event for (event,) in database.execute("SELECT event FROM seen WHERE platform = 'matrix'")}
        return not waiting and all(asked.event in seen for asked in self.asked)

    def counted(self) -> int:
        """How often the bot thinks that the counting command was carried out."""
        with self._database() as database:
            found = database.execute("SELECT value FROM setting WHERE name = 'count'").fetchone()
        return int(found[0]) if found else 0

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """The bot's database, beside the bot."""
        path = self.home.folder / self.home.database
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as database:
            yield database

    async def judge(self) -> Verdict:
        """Compare what was asked with the homeserver's own record of every room."""
        async with self._door:
            for _ in range(3):  # a sync brings a hundred keys
                await self._sealed.catch_up()
            verdict, record = Verdict(), await self._record()
        self._judge_keys(verdict, record)
        self._judge_words(verdict, record)
        return verdict

    async def _record(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """The bot's messages, by room."""
        rooms = dict.fromkeys(place.room for place in self.places)
        types = {"m.room.message", "m.room.encrypted"}
        return {
            room: [
                event
                for event in await self._synapse.stored(room)
                if event["sender"] == self.home.user_id and event["type"] in types
            ]
            for room in rooms
        }

    def _expected(self) -> Iterator[tuple[str, str, str]]:
        """Every message that there must be: its room, its key, what it is."""
        for asked in self.asked:
            where = f"{asked.event} ({asked.what}, round {asked.when}, {_kind(asked.place)})"
            yield asked.place.room, mark(f"reply:{asked.event}/0"), f"the answer to {where}"
            if asked.what == "spread":
                cause = cause_of(f"matrix:{asked.event}")
                for number, room in enumerate(self.news):
                    yield room, mark(f"{cause}/matrix:{room}/0"), f"news of {where} in room {number}"

    def _judge_keys(self, verdict: Verdict, record: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        found = collections.Counter(
            (room, str(event["content"].get(KEY))) for room, events in record.items() for event in events
        )
        expected = {(room, key): what for room, key, what in self._expected()}
        parts = {
            (asked.place.room, mark(f"reply:{asked.event}/{part}")) for asked in self.asked for part in range(1, _PARTS)
        }
        verdict.lost += [what for place, what in expected.items() if place not in found]
        verdict.doubled += [f"{expected.get(place, place)}: {times}" for place, times in found.items() if times > 1]
        verdict.unasked += [str(place) for place in found if place not in expected and place not in parts]

    def _judge_words(self, verdict: Verdict, record: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """That each count was said once, and everything that is encrypted can be read."""
        said: collections.Counter[int] = collections.Counter()
        for room, events in record.items():
            for event in events:
                content = self._opened(room, event)
                if content is None:
                    verdict.unreadable.append(f"{event['event_id']} of {event['origin_server_ts']}")
                elif found := _COUNTED.fullmatch(str(content.get("body"))):
                    said[int(found[1].replace(".", ""))] += 1
        wanted = sum(asked.what == "count" for asked in self.asked)
        if (counted := self.counted()) != wanted:
            verdict.miscounted.append(f"counted {counted} instead of {wanted}")
        if not verdict.unreadable and said != collections.Counter(range(1, wanted + 1)):
            wrong = sorted({*range(1, wanted + 1)} ^ {number for number, times in said.items() if times == 1})
            verdict.miscounted.append(f"these numbers were not said once: {wrong}")

    def _opened(self, room: str, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What it says, to a person who has been there all the time; None: they cannot read it."""
        content: Mapping[str, Any] = event["content"]
        if event["type"] != "m.room.encrypted":
            return content
        sealed = nio.Event.parse_encrypted_event({**event, "room_id": room})
        try:
            opened: Mapping[str, Any] = self._sealed.client.decrypt_event(sealed).source["content"]
        except nio.EncryptionError:
            return None
        return opened


def _kind(place: Place) -> str:
    return f"{'shared' if place.shared else 'private'}, {'encrypted' if place.encrypted else 'plain'}"
