"""A bot in this process: everything of the real one but its configuration file; its platforms are given to it."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any, TypeVar

from bot.core.platform import Platform
from bot.core.reply import Reply
from bot.desk import ReportDesk
from bot.engine.clock import RealClock
from bot.engine.context import Bot
from bot.engine.delivery import Delivery
from bot.engine.dispatcher import Dispatcher
from bot.engine.sender import Patience
from bot.store import outbox
from bot.store.database import Database
from bot.store.message import Message, Priority


class AtWork:
    """A bot, its database, and what says and does things for it."""

    delivery: Delivery

    def __init__(self, bot: Bot, database: Database, *, limited: bool) -> None:
        """`serve` gives it its platforms."""
        self.bot = bot
        self.database = database
        self.clock = RealClock()
        self.desk = ReportDesk(bot, database, now=self.clock.now, written=self._wake)
        self.dispatcher = Dispatcher(
            bot, database, self.clock, machine=asyncio.get_running_loop().time, written=self._wake,
            unlimited=not limited,
        )  # fmt: skip
        self.tasks: list[asyncio.Task[None]] = []
        self._platforms: dict[str, Platform] = {}

    def serve(self, **platforms: Platform) -> None:
        """Be on these platforms from the start on."""
        campaign = self.bot.campaign
        self._platforms = platforms
        self.delivery = Delivery(
            self.database, self.clock, platforms, language="nl", zone=campaign.zone, rooms=campaign.rooms, quiet=None,
            patience=Patience(first=0.2, most=2.0),
        )  # fmt: skip

    def start(self) -> list[asyncio.Task[None]]:
        work = [*(platform.run(self.dispatcher) for platform in self._platforms.values()), self.delivery.run()]
        self.tasks = [asyncio.create_task(one) for one in work]
        return self.tasks

    async def stop(self) -> None:
        """End everything; what failed meanwhile is raised."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for task in self.tasks:
            if not task.cancelled() and (error := task.exception()):
                raise error

    async def ready(self) -> None:
        """Wait until it hears what people say."""
        raise NotImplementedError

    async def announce(self, cause: str, reply: Reply, *to: str, due: dt.datetime | None = None, **more: Any) -> None:
        """Put a message in the outbox."""
        messages = [Message(cause, address, reply, due=due, priority=Priority.ANNOUNCEMENT, **more) for address in to]
        async with self.database.write() as tx:
            await outbox.put(tx, messages, now=self.clock.now())
        self._wake()

    async def drained(self) -> None:
        await self.delivery.drain()

    def _wake(self) -> None:
        self.delivery.wake()


B = TypeVar("B", bound=AtWork)


@contextlib.asynccontextmanager
async def living(running: B, *, ready: bool) -> AsyncIterator[B]:
    """The bot for the length of a block; `ready`: wait until it hears."""
    running.start()
    try:
        if ready:
            await running.ready()
        yield running
    finally:
        await running.stop()
