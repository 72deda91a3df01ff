"""A bot among people: they type, all at once or one by one, and what comes back is counted."""

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from bench.matrix_bots import Bot, Spent
from bench.matrix_people import Ears, Server, at_once
from bench.measure import p50
from bot.platforms.matrix.post import KEY, mark
from tests.matrix_people import Person

AT_ONCE = 20
PATIENCE_SECONDS = 15.0
PAUSE_SECONDS = 0.2
READY_SECONDS = 60.0
_MESSAGES = {"m.room.message", "m.room.encrypted"}

Seat = tuple[Person, str]
"""Somebody, and a room to type in."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a number of commands came to.

    Attributes:
        answers: How many were heard.
        seconds: From the first command to the last answer.
        spent: By the bot's process.
        trips_ms: From sending each command to having its answer, one by one.
    """

    answers: int
    seconds: float
    spent: Spent
    trips_ms: Sequence[float] = ()

    @property
    def cpu_ms(self) -> float:
        """A command that was answered."""
        return self.spent.ms / max(self.answers, 1)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    @property
    def p50_ms(self) -> float:
        return p50(list(self.trips_ms))


@dataclass(frozen=True, slots=True)
class Scene:
    """People, rooms, and one bot.

    Attributes:
        seats: Who types where, in turn.
        listeners: Who, between them, hear each answer once. Only while something is measured: each event wakes them.
        asked: What was typed, by room, in order.
    """

    server: Server
    bot: Bot
    seats: Sequence[Seat]
    listeners: Sequence[Person]
    asked: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def ears(self, rest_seconds: float = 0.0) -> Ears:
        return Ears(self.listeners, self.bot.account.user_id, rest_seconds=rest_seconds)

    async def ready(self) -> None:
        """Wait until the bot has answered in each room; what is said before its first sync is not for it."""
        rooms = {room: person for person, room in self.seats}
        room, person = next(iter(rooms.items()))
        deadline = time.monotonic() + READY_SECONDS
        async with self.ears().open() as ears:
            while not ears.count:
                if time.monotonic() > deadline or not self.bot.program.lives:
                    raise RuntimeError(f"{self.bot.name} does not answer:\n{self.bot.program.log()}")
                await person.says(room, self.bot.reads)
                await ears.hear(1, 1.0)
            await asyncio.sleep(1.0)  # for what else was asked meanwhile
            for text in {self.bot.reads, self.bot.writes}:
                before = ears.count
                await self.type([(person, room) for room, person in rooms.items()], text)
                await ears.hear(before + len(rooms), PATIENCE_SECONDS)
        self.asked.clear()

    async def type(self, seats: Sequence[Seat], text: str) -> None:
        """Type everywhere as fast as the homeserver takes it."""
        await at_once([lambda p=p, r=r: self._says(p, r, text) for p, r in seats], AT_ONCE)  # type: ignore[misc]

    async def burst(self, text: str, count: int, *, patience: float = PATIENCE_SECONDS) -> Run:
        """Commands as fast as the homeserver takes them, until all answers are there, or none comes any more."""
        async with self.ears(PAUSE_SECONDS).open() as ears, self.bot.program.spending() as spent:
            start = time.perf_counter()
            await self.type(self._seats(count), text)
            await ears.hear(count, patience)
        return Run(ears.count, ears.last - start, spent)

    async def one_by_one(self, text: str, count: int) -> Run:
        """Commands, each when the answer to the one before is there."""
        trips = []
        async with self.ears().open() as ears, self.bot.program.spending() as spent:
            start = time.perf_counter()
            for number, (person, room) in enumerate(self._seats(count), start=1):
                began = time.perf_counter()
                await self._says(person, room, text)
                if await ears.hear(number, PATIENCE_SECONDS):
                    trips.append((ears.last - began) * 1000)
        return Run(ears.count, ears.last - start, spent, trips)

    async def _says(self, person: Person, room: str, text: str) -> None:
        self.asked[room].append(await person.says(room, text))

    def _seats(self, count: int) -> list[Seat]:
        return list(itertools.islice(itertools.cycle(self.seats), count))

    async def tally(self) -> tuple[int, int]:
        """By the homeserver's own record: how many commands have no answer, and how many answers there are too many."""
        lost = doubled = 0
        for room, asked in self.asked.items():
            answers = await self._answers(room, set(asked))
            good = min(len(asked), len(answers))
            if self.bot.marks:
                good = len({mark(f"reply:{event}/0") for event in asked} & set(answers))
            lost += len(asked) - good
            doubled += len(answers) - good
        return lost, doubled

    async def _answers(self, room: str, asked: AbstractSet[str]) -> list[str]:
        """The marks of what the bot said in a room since something was asked."""
        events = await self.server.stored(room)
        start = next(place for place, event in enumerate(events) if event["event_id"] in asked)
        said = (event for event in events[start:] if event["sender"] == self.bot.account.user_id)
        return [event["content"].get(KEY, "") for event in said if event["type"] in _MESSAGES]
