"""The people of the measurements: who types, and who listens for the answers by a long poll of /sync."""

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from tests.matrix_people import EncryptedPerson, Person
from tests.synapse import Account, MatrixError, Synapse

AT_ONCE = 8
POLL_MS = 1_500
_EVENTS = 1000
_DIFFERENT = itertools.count()
_NOTHING: Mapping[str, Any] = {"types": []}

T = TypeVar("T")


class Server(Synapse):
    """Synapse, asked over connections that stay open: a new one for each call would take processor from the bots."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, limits="none")
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def at_work(cls, folder: Path) -> AsyncIterator["Server"]:
        """For the length of a block.

        Raises:
            Absent: there is no Synapse here.
        """
        server = cls(folder)
        await server.start()
        try:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as server._session:
                yield server
        finally:
            await server.stop()

    async def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *,
        query: Mapping[str, str] | None = None, token: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        if self._session is None:
            return await super().call(method, path, body, query=query, token=token)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = self.url + path
        async with self._session.request(method, url, json=body, params=query, headers=headers) as answer:
            content: dict[str, Any] = await answer.json()
            if answer.status >= 300:
                raise MatrixError(answer.status, content)
            return content

    async def person(self, name: str) -> Person:
        return await Person.new(self, name)

    async def people(self, name: str, count: int) -> list[Person]:
        return await at_once([lambda: self.person(name)] * count)


class Typist(EncryptedPerson):
    """Somebody who writes in encrypted rooms without looking first what is new."""

    async def send(
        self, room: str, content: Mapping[str, Any], kind: str = "m.room.message", *, txn: str | None = None
    ) -> str:
        sent = await self.client.room_send(room, kind, dict(content), tx_id=txn, ignore_unverified_devices=True)
        return str(sent.event_id)


class Ears:
    """Hear what one account says in all rooms of some people.

    Attributes:
        count: How many messages until now.
        last: When the latest came (`time.perf_counter`).
    """

    def __init__(self, people: Iterable[Person], speaker: str, *, rest_seconds: float = 0.0) -> None:
        """Nothing is heard yet.

        Args:
            people: Between them they hear each message once.
            speaker: The account.
            rest_seconds: Between two polls: each event wakes a poll, and that takes processor from the bots.
        """
        self._people = tuple(people)
        self._speaker = speaker
        self._rest = rest_seconds
        self._came = asyncio.Event()
        self._open = True
        self.count = 0
        self.last = 0.0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Ears"]:
        """Listen for the length of a block."""
        since = [(await self._poll(person, None, most=1))["next_batch"] for person in self._people]
        tasks = [asyncio.create_task(self._listen(*each)) for each in zip(self._people, since, strict=True)]
        try:
            yield self
        finally:
            self._open = False  # the server would go on with a poll that is cancelled
            await asyncio.gather(*tasks)

    async def hear(self, count: int, patience: float) -> bool:
        """Wait until so many messages came in all; False: none came for so many seconds."""
        while self.count < count:
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), patience)
            except TimeoutError:
                return False
        return True

    async def _listen(self, person: Person, since: str) -> None:
        while self._open:
            answer = await self._poll(person, since, most=_EVENTS)
            since = answer["next_batch"]
            rooms = answer.get("rooms", {}).get("join", {})
            if new := sum(len(room["timeline"]["events"]) for room in rooms.values()):
                self.count, self.last = self.count + new, time.perf_counter()
                self._came.set()
            await asyncio.sleep(self._rest)

    async def _poll(self, person: Person, since: str | None, *, most: int) -> dict[str, Any]:
        timeline = {"limit": most, "senders": [self._speaker], "types": ["m.room.message", "m.room.encrypted"]}
        room = {"timeline": timeline, "state": _NOTHING, "ephemeral": _NOTHING, "account_data": _NOTHING}
        filter_ = json.dumps({"room": room, "presence": _NOTHING, "account_data": _NOTHING})
        # The server keeps an answer for 2 minutes for whoever asks the same: no two of our questions are the same.
        timeout = str(POLL_MS + next(_DIFFERENT))
        query = {"filter": filter_, "timeout": timeout} | ({"since": since} if since else {})
        return await person.call("GET", "/sync", query=query)


async def at_once(work: Sequence[Callable[[], Awaitable[T]]], most: int = AT_ONCE) -> list[T]:
    """Do things side by side, so many at once; their results in order."""
    gate = asyncio.Semaphore(most)

    async def one(act: Callable[[], Awaitable[T]]) -> T:
        async with gate:
            return await act()

    return await asyncio.gather(*(one(act) for act in work))


async def join(server: Server, account: Account, rooms: Iterable[str]) -> None:
    """Let an account into rooms that are open to it, before its bot is there."""
    person = Person(server, account)
    await at_once([lambda room=room: person.join(room) for room in rooms])  # type: ignore[misc]
