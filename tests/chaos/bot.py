"""A bot to be killed: `python -m tests.chaos.bot` reads jobs, one JSON object a line, and does each in a fork.

A job names the line of our code at which the process kills itself (SIGKILL), counted from the start; 0 is never.
The answer says how the fork ended, and how many lines it has seen.
"""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import json
import logging
import os
import pathlib
import signal
import sys
import traceback
from types import FrameType
from typing import Any

import structlog

import bot
import tests.receiver
from bot.campaign.content import Content
from bot.campaign.faq import Faq
from bot.campaign.ranking import Index
from bot.campaign.rooms import Rooms
from bot.core.command import Catalogue, Role, command
from bot.core.invocation import Address, Invocation
from bot.core.reply import Reply, Words, say
from bot.core.texts import Texts
from bot.engine.budget import Rate
from bot.engine.clock import PlayedClock, machine_ms
from bot.engine.context import Bot, Campaign, Context
from bot.engine.delivery import Delivery
from bot.engine.dispatcher import Dispatcher
from bot.engine.machine import MachineClock
from bot.engine.roles import Roles
from bot.engine.sender import Patience
from bot.store.database import Database
from tests.receiver import ReceivingPlatform, ask

NOON = dt.datetime(2019, 1, 27, 11, tzinfo=dt.UTC)
PATIENCE = Patience(first=0.01, most=0.05, send=2.0)
SECONDS = 60
_BOT = pathlib.Path(bot.__file__).parent
TRACED = {
    str(_BOT / path)
    for path in (
        "engine/attempt.py",
        "engine/delivery.py",
        "engine/dispatcher.py",
        "engine/freezing.py",
        "engine/handled.py",
        "engine/ledger.py",
        "engine/pacing.py",
        "engine/recipients.py",
        "engine/refusals.py",
        "engine/sender.py",
        "engine/unsaid.py",
        "store/outbox.py",
    )
} | {tests.receiver.__file__}


class Killer:
    """Counts lines, and kills its own process at one of them."""

    def __init__(self, kill_at: int) -> None:
        self.lines = 0
        self._kill_at = kill_at

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename not in TRACED:
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.trace


@dataclasses.dataclass(frozen=True)
class Work:
    """One life of the bot.

    Attributes:
        platform: Its name.
        remembers: Seconds.
        ahead: How many milliseconds the machine's clock is wrong.
        said: A command's event that comes in; None: nobody says anything.
        replayed: The platform hands in events again, and recognises the key of an answer.
    """

    database: str
    port: int
    platform: str
    remembers: float
    ahead: int = 0
    kill_at: int = 0
    said: str | None = None
    replayed: bool = False

    async def do(self) -> None:
        """Live until nothing is left to say."""
        platform = ReceivingPlatform(self.platform, self.port, dt.timedelta(seconds=self.remembers))
        clock = PlayedClock(NOON)
        async with Database.connect(f"sqlite:///{self.database}") as database:
            delivery = Delivery(
                database,
                clock,
                {self.platform: platform},
                language="nl",
                zone="Europe/Amsterdam",
                rooms=Rooms({}),
                quiet=None,
                not_replayed=() if self.replayed else (self.platform,),
                machine=MachineClock(lambda: machine_ms() + self.ahead),
                patience=PATIENCE,
            )
            await delivery.start()
            running = asyncio.create_task(delivery.run())
            if self.said:
                await self._hear(Dispatcher(small_bot(), database, clock, machine=float, written=delivery.wake))
            await delivery.drain()
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def _hear(self, dispatcher: Dispatcher) -> None:
        """What a platform does with a command: hand it in, say the answer, and say that it was said."""
        call = Invocation(
            self.said or "",
            Address(self.platform, "@anna"),
            Address(self.platform, "room"),
            private=False,
            command="tally.add",
            groups=frozenset({"member"}),
        )
        answer = await dispatcher.handle(call)
        key = call.id if self.replayed else os.urandom(8).hex()
        text = answer.reply.lead.key
        await ask(self.port, {"do": "send", "room": "room", "text": text, "key": key, "edits": None})
        await dispatcher.said(call)


@command("tally.add", allow=Role.MEMBER, writes=True)
async def add(context: Context) -> Reply:
    await context.tx.run(
        """
        INSERT INTO setting (name, value) VALUES ('tally', '1')
        ON CONFLICT (name) DO UPDATE SET value = setting.value || '1'"""
    )
    return say("tally.added")


def small_bot() -> Bot:
    rate = Rate(1000, dt.timedelta(minutes=1))
    texts = Texts({})
    words = {"tally.add": {"nl": {"name": "turf", "help": "Turf"}, "en": {"name": "tally", "help": "Tally"}}}
    rooms = Rooms({})
    roles = Roles(frozenset(), frozenset({"member"}))
    return Bot(
        Campaign("Test", "nl", "Europe/Amsterdam", "", Words(), rooms, roles, None, rate, rate, rate),
        texts,
        Catalogue([add], words),
        Faq(Content((), {}, {}, ()), Index.build(()), texts, "Europe/Amsterdam"),
        "0",
        NOON,
        (),
        "",
        played=True,
        free_disk=lambda: 2**40,
        muted=False,
    )


def live(work: Work, report: int) -> None:
    """One life, in a process of its own; the number of lines goes to a pipe."""
    killer = Killer(work.kill_at)
    signal.alarm(SECONDS)
    sys.settrace(killer.trace)
    asyncio.run(work.do())
    sys.settrace(None)
    os.write(report, str(killer.lines).encode())


def fork(work: Work) -> dict[str, int]:
    """Let a fork live; how it ended, and its lines when it came to its end."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            live(work, writing)
            status = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        lines = pipe.read()
    _, status = os.waitpid(pid, 0)
    return {"code": os.waitstatus_to_exitcode(status), "lines": int(lines or 0)}


def main() -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    for line in sys.stdin:
        print(json.dumps(fork(Work(**json.loads(line)))), flush=True)  # noqa: T201 - to whoever started us


if __name__ == "__main__":
    main()
