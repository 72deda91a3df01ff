"""A stand-in for Discord on this machine: REST and gateway, to which an unmodified discord.py connects.

discord.py finds it with `discord.http.Route.BASE = server.api_url` and
`discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(server.gateway_url)`.
"""

import asyncio
from collections.abc import Callable
from typing import Self

from aiohttp import web

from tests.discord_server.clock import Clock
from tests.discord_server.command import Command
from tests.discord_server.description import description
from tests.discord_server.faults import Faults
from tests.discord_server.gateway import Gateway
from tests.discord_server.home import Home
from tests.discord_server.interaction import Shown
from tests.discord_server.message import Message
from tests.discord_server.people import Person
from tests.discord_server.place import Channel
from tests.discord_server.rest import BASE, Rest
from tests.discord_server.world import World

TOKEN = "bot-token-of-the-stand-in"


class DiscordServer:
    """The stand-in with everything that a test may turn.

    Attributes:
        world: What it knows.
        gateway: Its sessions; `drop`, `reconnect`, `invalidate`.
        api_url: For REST, with the version.
        gateway_url: For the websocket.
    """

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.world = World()
        self.gateway = Gateway(self.world, token)
        self.rest = Rest(self.world, token, description())
        self.api_url = ""
        self.port = 0
        self._runner: web.AppRunner | None = None

    @classmethod
    async def start(cls, token: str = TOKEN, *, port: int = 0) -> Self:
        """A server that listens on 127.0.0.1."""
        server = cls(token)
        await server.listen(port)
        return server

    async def listen(self, port: int = 0) -> None:
        """Take connections, on any free port when none is given."""
        self.gateway.open = True
        app = web.Application(client_max_size=30 << 20)
        app.router.add_get("/gateway/", self.gateway.serve)
        self.rest.register(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        host, self.port = self._runner.addresses[0][:2]
        self.api_url = f"http://{host}:{self.port}{BASE}"
        self.world.files_url = f"http://{host}:{self.port}"
        self.world.gateway_url = f"ws://{host}:{self.port}/gateway/"

    async def stop(self) -> None:
        """Hang up and stop listening; `listen(server.port)` brings it back with all that it knows."""
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        if self._runner is None:
            await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # -- what a test turns and reads

    @property
    def gateway_url(self) -> str:
        return self.world.gateway_url

    @property
    def clock(self) -> Clock:
        return self.world.clock

    @property
    def faults(self) -> Faults:
        return self.rest.faults

    @property
    def violations(self) -> list[str]:
        """What broke Discord's rules; empty when all is well."""
        return self.rest.violations

    @property
    def late(self) -> bool:
        """Whether every first answer to an interaction comes too late."""
        return self.world.late

    @late.setter
    def late(self, late: bool) -> None:
        self.world.late = late

    @property
    def nonce_seconds(self) -> float:
        """How long a nonce is remembered."""
        return self.world.nonce_seconds

    @nonce_seconds.setter
    def nonce_seconds(self, seconds: float) -> None:
        self.world.nonce_seconds = seconds

    def guild(self, name: str, *, locale: str = "nl") -> Home:
        """A new guild with the bot in it."""
        return Home(self.world, name, locale)

    def person(self, name: str, *, locale: str = "nl") -> Person:
        """Somebody who is in no guild."""
        return Person(self.world, self.world.user(name, locale=locale))

    def commands(self, home: Home | None = None) -> list[Command]:
        """What the bot uploaded, for everywhere or for one guild."""
        return list(self.world.commands.get(home.id if home else None, ()))

    def messages(self, channel: Channel) -> list[Message]:
        """What the bot said in a channel and stands there now, oldest first; not what only one person sees."""
        return self.world.said(channel)

    async def hears(
        self,
        channel: Channel,
        fits: Callable[[Message], bool] = lambda _: True,
        *,
        timeout: float = 10,  # noqa: ASYNC109 - how long somebody waits for it
    ) -> Shown:
        """The first message of the bot in a channel that fits; waits for it.

        Raises:
            TimeoutError: it did not come.
        """
        await self.until(lambda: any(fits(one) for one in self.messages(channel)), timeout=timeout)
        return Shown.of(next(one for one in self.messages(channel) if fits(one)))

    async def until(self, true: Callable[[], bool], *, timeout: float = 10) -> None:  # noqa: ASYNC109
        """Wait until something is true of the messages or commands."""
        async with asyncio.timeout(timeout):
            while not true():
                self.world.news.clear()
                await self.world.news.wait()
