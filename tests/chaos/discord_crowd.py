"""People who take tasks on Discord and let the bot announce them, and what Discord's own record says became of that."""

import collections
import contextlib
import dataclasses
import pathlib
import random
import re
import sqlite3
from collections.abc import Iterator, Sequence

from tests.chaos.discord_bot import announced, claimed, given
from tests.discord_server import Channel, DiscordServer, Impossible, Interaction, Message, NotThere, Person

PEOPLE, CHANNELS = 4, 3
_ANNOUNCED, _CLAIMED = (
    re.compile(re.escape(say(0)).replace("0", r"(\d+)")) for say in (announced, claimed)
)  # fmt: skip
_THINKING_SECONDS = 15.0


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """Something that somebody did; `when` is the round.

    Attributes:
        what: "spread" or "claim", of the task with that number; else something that changes nothing.
    """

    what: str
    number: int
    person: Person
    given: Interaction
    when: int

    @property
    def call(self) -> str:
        return f"discord:{self.given.id}"

    def __str__(self) -> str:
        return f"{self.what} {self.number} by {self.person.name} in {self.given.channel}, round {self.when}"


@dataclasses.dataclass(slots=True)
class Verdict:
    """What is not as it should be, in words.

    Attributes:
        lost: Was to be said, or promised, and is not there.
        doubled: Is there more than once.
        undue: Happened without the asker's knowing that it would, or was said without being so.
        silent: No answer from a bot that lived.
        failed: Was given up.
    """

    lost: list[str] = dataclasses.field(default_factory=list)
    doubled: list[str] = dataclasses.field(default_factory=list)
    undue: list[str] = dataclasses.field(default_factory=list)
    silent: list[str] = dataclasses.field(default_factory=list)
    failed: list[str] = dataclasses.field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether something is wrong."""
        return any(getattr(self, field.name) for field in dataclasses.fields(self))

    def __str__(self) -> str:
        found = [(f.name, getattr(self, f.name)) for f in dataclasses.fields(self)]
        return "\n".join(f"{name} ({len(lines)}):\n  " + "\n  ".join(lines) for name, lines in found if lines)


class Crowd:
    """Everybody, and what they have done.

    Attributes:
        news: The channels that announcements go to.
        when: The round that goes on.
    """

    def __init__(self, server: DiscordServer, folder: pathlib.Path) -> None:
        self.server = server
        self.home = server.guild("Actie")
        self.news = [self.home.channel(f"actie{n}") for n in range(CHANNELS)]
        self.people = [self.home.person(f"mens{n}") for n in range(PEOPLE)]
        self.asked: list[Asked] = []
        self.when = 0
        self._folder = folder
        self._numbers = 0

    # -- what they do -----------------------------------------------------------------------------------

    async def act(self, rng: random.Random) -> None:
        """One of them does something, or several want the same at once."""
        with contextlib.suppress(Impossible):  # the commands are not uploaded yet
            match rng.choices(["spread", "claim", "tap", "look"], [4, 2, 4, 1])[0]:
                case "spread":
                    person = rng.choice(self.people)
                    await self.spread(person, await self._place(rng, person))
                case "claim":
                    await self.claim(rng)
                case "tap":
                    await self.tap(rng)
                case _:
                    person = rng.choice(self.people)
                    given = await person.slash(await self._place(rng, person), "hulp")
                    self.asked.append(Asked("look", 0, person, given, self.when))

    async def spread(self, person: Person, place: Channel | None) -> Asked:
        """Let a new task be announced, in a channel or in private."""
        return await self._given("spread", person, place, self._new())

    async def claim(self, rng: random.Random) -> None:
        """Some want the same task, that nobody announced."""
        number = self._new()
        for person in rng.sample(self.people, rng.randint(1, 3)):
            await self._given("claim", person, await self._place(rng, person), number)

    async def tap(self, rng: random.Random) -> None:
        """Some tap on the same task, wherever each of them reads it."""
        found = [message for channel in self.news for message in self.server.messages(channel) if _news(message)]
        if not found:
            return
        message = rng.choice(found[-6:])
        number = int(_news(message) or 0)
        for person in rng.sample(self.people, rng.randint(1, 3)):
            given = await person.tap(message, "Ik kom")
            self.asked.append(Asked("claim", number, person, given, self.when))

    async def _place(self, rng: random.Random, person: Person) -> Channel:
        return await person.dm() if rng.random() < 0.3 else rng.choice(self.news)

    async def _given(self, what: str, person: Person, place: Channel | None, number: int) -> Asked:
        line = {"spread": "proef omroep", "claim": "proef neem"}[what]
        given = await person.slash(place or await person.dm(), line, {"nummer": str(number)})
        self.asked.append(asked := Asked(what, number, person, given, self.when))
        return asked

    def _new(self) -> int:
        self._numbers += 1
        return self._numbers

    async def answered(self, asked: Asked) -> bool:
        """Wait for an answer; whether it came."""
        with contextlib.suppress(NotThere, TimeoutError):
            await asked.given.answer(_THINKING_SECONDS)
            return True
        return False

    # -- what became of it ------------------------------------------------------------------------------

    def waiting(self) -> int:
        """How much the bot has still to say, by its own account."""
        with self._database() as database:
            (count,) = database.execute("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')").fetchone()
        return int(count)

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """The bot's database, beside the bot."""
        path = self._folder / "bot.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as database:
            yield database

    def _kept(self, kind: str) -> dict[str, str]:
        """The bot's settings of a kind."""
        with self._database() as database:
            rows = database.execute("SELECT name, value FROM setting WHERE name LIKE ?", (f"{kind}.%",)).fetchall()
        return {name.partition(".")[2]: value for name, value in rows}

    def judge(self) -> Verdict:
        """Compare what the bot says that it did with Discord's own record of every channel."""
        verdict = Verdict()
        self._judge_calls(verdict)
        self._judge_news(verdict)
        self._judge_claims(verdict)
        with self._database() as database:
            rows = database.execute("SELECT cause, destination, state, error FROM outbox WHERE state = 'failed'")
            verdict.failed += [str(row) for row in rows]
        return verdict

    def _judge_calls(self, verdict: Verdict) -> None:
        """That nothing was done twice, and nothing of which the asker did not know that it was taken."""
        done, known = self._kept("done"), {asked.call: asked for asked in self.asked}
        verdict.doubled += [f"{known[call]}: done {times} times" for call, times in done.items() if times != "1"]
        verdict.undue += [f"{known[call]}: not taken, and done" for call in done if not known[call].given.acknowledged]

    def _judge_news(self, verdict: Verdict) -> None:
        """That each task that went round is announced once in every place, and no other."""
        done = self._kept("done")
        spread = [asked for asked in self.asked if asked.what == "spread" and asked.call in done]
        wanted = {(asked.number, place.id): asked for asked in spread for place in self._told(asked)}
        found = collections.Counter(
            (int(number), message.channel.id)
            for message in self._said() if not message.metadata and (number := _news(message))
        )  # fmt: skip
        verdict.lost += [f"news of {asked} in {place}" for (n, place), asked in wanted.items() if not found[n, place]]
        verdict.doubled += [f"news {key}: {times} times" for key, times in found.items() if times > 1]
        verdict.undue += [f"news {key}" for key in found if key not in wanted]
        held = self._kept("claim")
        for message in self._said():
            if (number := _news(message)) and (given(int(number)) in message.text) is not (number in held):
                verdict.lost.append(f"the change of task {number} in {message.channel}: {message.text!r}")

    def _told(self, asked: Asked) -> Sequence[Channel]:
        return [*self.news, self.server.world.dm(asked.person.user)]

    def _judge_claims(self, verdict: Verdict) -> None:
        """That a task is with one person at most, who knows it; and that nobody else was told that they have it."""
        held, known = self._kept("claim"), {asked.call: asked for asked in self.asked}
        told = collections.defaultdict[int, list[Message]](list)
        for message in self._said():
            if found := _CLAIMED.search(message.text):
                told[int(found[1])].append(message)
        for number, call in held.items():
            if not (heard := told.pop(int(number), [])):
                verdict.lost.append(f"the answer to {known[call]}")
            if len([one for one in heard if not one.metadata]) > 1:
                verdict.doubled.append(f"the answer to {known[call]}, after a restart: {len(heard)}")
            verdict.undue += [
                f"{known[call]}, and so said to {one.metadata['user']['username']}"
                for one in heard if one.metadata and one.metadata["id"] != known[call].given.id
            ]  # fmt: skip
        verdict.lost += [f"task {number} was given to somebody, and nobody has it" for number in told]

    def summary(self) -> str:
        done = self._kept("done")
        spread = sum(asked.what == "spread" and asked.call in done for asked in self.asked)
        return f"announcements {spread * (len(self.news) + 1)}, tasks taken {len(self._kept('claim'))}"

    def _said(self) -> Iterator[Message]:
        """Everything that the bot ever said and that stands there."""
        for messages in self.server.world.history.values():
            yield from (message for message in messages if message.author is self.server.world.bot)


def _news(message: Message) -> str | None:
    """The number of the task that a message announces."""
    found = _ANNOUNCED.search(message.text)
    return found[1] if found else None
