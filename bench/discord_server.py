"""The stand-in for Discord in a process of its own: its work and its garbage collector leave the bots alone.

`python -m bench.discord_server` writes a line of JSON that says where it is, then reads what is to be done, one JSON
object a line, and writes what came of it.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from tests.discord_server import DiscordServer, Impossible, NotThere
from tests.discord_server.description import Absent
from tests.discord_server.people import Person
from tests.discord_server.place import Channel

PEOPLE = 10
WRONG = 5  # of what broke Discord's rules, so many are shown

Trip = tuple[float, float]
"""Milliseconds until the first sign of an answer, and until the answer stands there."""


class Scene:
    """People in one channel, with one bot."""

    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        self.home = server.guild("Actie", locale="nl")
        self.room: Channel = self.home.channel("actie")
        self.people: Iterator[Person] = itertools.cycle([self.home.person(f"mens{n}") for n in range(PEOPLE)])

    @property
    def where(self) -> Mapping[str, str]:
        """What a bot needs to know."""
        server = self.server
        return {
            "api_url": server.api_url, "gateway_url": server.gateway_url, "token": server.token,
            "guild": self.home.id, "room": self.room.id,
        }  # fmt: skip

    async def ready(self, line: str, values: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Wait for the bot, then for its first answer."""
        try:
            await self.server.gateway.ready(seconds)
        except TimeoutError:
            return {"trips": [None]}
        return {"trips": [await self._ask(line, values)]}

    async def steady(self, line: str, values: Mapping[str, Any], rate: float, count: int) -> dict[str, Any]:
        """So many a second, whether or not those before are answered."""
        began = time.perf_counter()
        asked = []
        for number in range(count):
            await asyncio.sleep(began + number / rate - time.perf_counter())
            asked.append(asyncio.create_task(self._ask(line, values)))
        return self._came_of(await asyncio.gather(*asked), began)

    async def burst(self, line: str, values: Mapping[str, Any], count: int, at_once: int) -> dict[str, Any]:
        """So many, of which so many at once wait for an answer."""
        began = time.perf_counter()
        left = iter(range(count))

        async def one() -> list[Trip | None]:
            return [await self._ask(line, values) for _ in left]

        found = await asyncio.gather(*(one() for _ in range(at_once)))
        return self._came_of(list(itertools.chain(*found)), began)

    async def gone(self, seconds: float) -> dict[str, Any]:
        """Wait until the bot has left."""
        async with asyncio.timeout(seconds):
            while self.server.gateway.connected:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
        return {}

    def _came_of(self, trips: list[Trip | None], began: float) -> dict[str, Any]:
        good = [trip for trip in trips if trip]
        wrong = self.server.violations[:WRONG]
        return {
            "seconds": time.perf_counter() - began, "trips": good, "lost": len(trips) - len(good), "wrong": wrong
        }  # fmt: skip

    async def _ask(self, line: str, values: Mapping[str, Any]) -> Trip | None:
        """One command; None: it was not answered."""
        began = time.perf_counter()
        try:
            asked = await next(self.people).slash(self.room, line, values)
            await asked.until(lambda: asked.acknowledged is not None)
            first = time.perf_counter()
            await asked.until(lambda: asked.settled)
        except (NotThere, TimeoutError, Impossible):
            return None
        return (first - began) * 1000, (time.perf_counter() - began) * 1000


async def main() -> None:
    """Serve until there is nothing more to do."""
    async with await DiscordServer.start() as server:
        server.rest.description = Absent()  # it takes longer than all else: bots are not measured by how they wait
        scene = Scene(server)
        say(scene.where)
        read = asyncio.get_running_loop().run_in_executor
        while line := await read(None, sys.stdin.readline):
            wanted = json.loads(line)
            act: Callable[..., Awaitable[dict[str, Any]]] = getattr(scene, wanted.pop("do"))
            say(await act(**wanted))


def say(what: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
