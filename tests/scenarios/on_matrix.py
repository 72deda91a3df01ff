"""The stage on Matrix: a real homeserver, people with keys of their own, rooms that are encrypted or not."""

import asyncio
import contextlib
import dataclasses
import pathlib
import re
from collections.abc import AsyncIterator
from typing import Any, Self

import nio

from bot.core.invocation import Address
from bot.core.reply import Reply
from bot.platforms.matrix.buttons import keycap
from bot.platforms.matrix.post import KEY, mark
from bot.store.database import Database
from tests.matrix_people import EncryptedPerson, Event
from tests.platforms.matrix.running import Home, Running
from tests.scenarios.stage import Actor, Asked, Place, Post
from tests.synapse import MatrixError, Synapse
from tests.trial import CATALOGUE

ANSWER_SECONDS = 20.0
NEWS_SECONDS = 1.0
_OPEN, _SEALED = _SPOKEN = ("m.room.message", "m.room.encrypted")


@dataclasses.dataclass(frozen=True, slots=True)
class MatrixActor:
    """Somebody with a device; plain rooms do not need it, private answers do."""

    stage: "MatrixStage"
    person: EncryptedPerson
    address: str

    async def says(self, place: Place, line: str) -> Asked:
        return Asked(place, await self.person.says(_id(place), line if place.private else f"!{line}"))

    async def taps(self, post: Post, label: str) -> Asked:
        """React with the number that stands before the button's name; a second time, reply with it."""
        room, number = _id(post.place), _number(post, label)
        try:
            return Asked(post.place, await self.person.reacts(room, post.id, keycap(number)))
        except MatrixError as error:
            if error.code != "M_DUPLICATE_ANNOTATION":
                raise
        relation = {"m.in_reply_to": {"event_id": post.id}}
        return Asked(post.place, await self.person.says(room, str(number), **{"m.relates_to": relation}))

    async def hears(self, asked: Asked) -> Post:
        """The answer in the room or in the private talk with the bot: it carries the mark of what it answers."""
        key = f"reply:{asked.id}/0"
        async with asyncio.timeout(ANSWER_SECONDS):
            while not (answers := await self._marked(asked.place, key)):
                await self.person.catch_up(NEWS_SECONDS)  # returns when there is any
        assert len(answers) == 1, answers
        return answers[0]

    async def asks(self, place: Place, line: str) -> Post:
        return await self.hears(await self.says(place, line))

    async def _marked(self, place: Place, key: str) -> list[Post]:
        """What was said to them with a key, there or in private."""
        await self._accept()
        talks = [talk for talk, reader in self.stage.readers.items() if talk.private and reader is self.person]
        return [post for at in {place, *talks} for post in await self.stage.posts(at, key=key)]

    async def _accept(self) -> None:
        """Come to the private talks to which the bot invites them; they are with nobody else."""
        client, bot = self.person.client, self.stage.home.user_id
        for room in [room for room, found in client.invited_rooms.items() if found.inviter == bot]:
            await self.person.join(room)
            await self.person.catch_up()
            assert await self.person.members(room) == {self.person.user_id, bot}
            self.stage.read_by(self.person, room, private=True)


class MatrixStage:
    """A homeserver and a bot.

    Attributes:
        readers: Whose keys open what the server has of a place.
    """

    keeps = True
    buttons_stay = True

    def __init__(self, home: Home, *, encrypted: bool, people: contextlib.AsyncExitStack) -> None:
        """Nobody is there yet; `people` sees to it that they leave."""
        self.home = home
        self.readers: dict[Place, EncryptedPerson] = {}
        self._encrypted = encrypted
        self._people = people
        self._running: Running | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def set(cls, synapse: Synapse, folder: pathlib.Path, *, encrypted: bool) -> AsyncIterator[Self]:
        """A stage for the length of a block."""
        async with contextlib.AsyncExitStack() as people:
            yield cls(await Home.new(synapse, folder, catalogue=CATALOGUE), encrypted=encrypted, people=people)

    @property
    def bot(self) -> Running:
        assert self._running, "the bot is down"
        return self._running

    @property
    def database(self) -> Database:
        return self.bot.database

    # -- people and places --------------------------------------------------------------------------------

    async def actor(self, name: str, *, organiser: bool = False) -> Actor:
        person = await self._person(name)
        address = f"matrix:{person.user_id}"
        if organiser:
            self.home.organisers = [*self.home.organisers, address]
        return MatrixActor(self, person, address)

    async def room(self, kind: str, maker: Actor, *others: Actor) -> Place:
        """The first of them makes it, and reads what the server has of it."""
        made_by, people = _person(maker), [_person(actor) for actor in others]
        invited = [person.user_id for person in people]
        room = await made_by.create_room(self.home.user_id, *invited, encrypted=self._encrypted)
        for person in people:
            await person.join(room)
        self.home.rooms = {**self.home.rooms, kind: [*self.home.rooms.get(kind, ()), room]}
        return self.read_by(made_by, room)

    async def private_talk(self, actor: Actor) -> Place:
        person = _person(actor)
        room = await person.create_room(self.bot.user_id, encrypted=self._encrypted, direct=True)
        await self.bot.in_room(room)
        return self.read_by(person, room, private=True)

    def read_by(self, person: EncryptedPerson, room: str, *, private: bool = False) -> Place:
        place = Place(f"matrix:{room}", private)
        self.readers[place] = person
        return place

    async def _person(self, name: str) -> EncryptedPerson:
        folder = self.home.folder / f"{name}-keys"
        return await self._people.enter_async_context(EncryptedPerson.living(self.home.synapse, name, folder))

    # -- the bot ------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        async with self.home.running() as running:
            for rooms in self.home.rooms.values():
                for room in rooms:
                    await running.in_room(room)
            self._running = running
            try:
                yield
            finally:
                self._running = None

    async def post(self, cause: str, reply: Reply, *places: Place) -> None:
        await self.bot.announce(cause, reply, *(place.address for place in places))

    async def settled(self) -> None:
        await self.bot.drained()

    # -- what the server has ------------------------------------------------------------------------------

    async def posts(self, place: Place, *, key: str | None = None) -> list[Post]:
        """Those that were sent with a key, or all."""
        wanted = mark(key) if key else None
        said = await self._said(place)
        return [await self._post(place, e, edits) for e, edits in said if wanted in {None, e["content"][KEY]}]

    async def _said(self, place: Place) -> list[tuple[Event, list[Event]]]:
        """The bot's messages that were not taken away, each with its changes, as the server has them."""
        events = await self.home.synapse.stored(_id(place))
        spoken = [e for e in events if e["sender"] == self.home.user_id and e["type"] in _SPOKEN and e["content"]]
        sealed = any(e["type"] == "m.room.encryption" for e in events)
        assert {e["type"] for e in spoken} <= {_SEALED if sealed else _OPEN}, "in the clear in an encrypted room"
        keys = [e["content"][KEY] for e in spoken]
        assert len(keys) == len(set(keys)), f"said twice: {spoken}"
        changes = [(_changed(e), e) for e in spoken]
        return [(e, [edit for old, edit in changes if old == e["event_id"]]) for old, e in changes if old is None]

    async def _post(self, place: Place, event: Event, edits: list[Event]) -> Post:
        content = await self._opened(place, edits[-1] if edits else event)
        return Post(place, event["event_id"], content.get("m.new_content", content)["body"], alone=place.private)

    async def _opened(self, place: Place, event: Event) -> dict[str, Any]:
        """The content in the clear."""
        if event["type"] == _OPEN:
            return dict(event["content"])
        reader = self.readers[place]
        sealed = nio.Event.parse_encrypted_event({**event, "room_id": _id(place)})
        try:
            return dict(reader.client.decrypt_event(sealed).source["content"])
        except nio.EncryptionError:  # the key has not come to them yet
            await reader.catch_up()
            return dict(reader.client.decrypt_event(sealed).source["content"])


def _id(place: Place) -> str:
    return Address.parse(place.address).id


def _number(post: Post, label: str) -> int:
    found = re.search(rf"^(\d+)\. {re.escape(label)} — ", post.text, re.MULTILINE)
    assert found, f"no button {label!r} in {post.text!r}"
    return int(found[1])


def _person(actor: Actor) -> EncryptedPerson:
    assert isinstance(actor, MatrixActor)
    return actor.person


def _changed(event: Event) -> str | None:
    """The message that an event changes."""
    related = event["content"].get("m.relates_to", {})
    return related["event_id"] if related.get("rel_type") == "m.replace" else None
