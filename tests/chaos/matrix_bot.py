"""A bot on Matrix to be killed, of the real parts.

`python -m tests.chaos.matrix_bot WORK`, with work as JSON, is one life, until SIGTERM or SIGKILL. Without an argument
it reads lines: work is a life to begin in a fork, which spares the time that importing takes (the answer is its
process id), and an empty line asks for the end of that life (the answer is its exit code; negative: the signal).
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
from collections.abc import Sequence
from typing import cast

import structlog

import commands
from bot.core.command import Catalogue, Role, command
from bot.core.reply import Kind, Phrase, Reply, say
from bot.engine.context import Context
from bot.platforms.matrix import matrix, syncing
from bot.store import outbox
from bot.store.message import Message, Priority
from tests import talk
from tests.platforms.matrix import trial
from tests.platforms.matrix.running import Home, Running
from tests.synapse import Synapse

KIND = "announcements"
_ORPHAN_SECONDS = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Work:
    """One life of the bot.

    Attributes:
        folder: With its database and its device.
        address: Of the homeserver, or of what stands before it.
        rooms: Where announcements go.
        log: Where it writes what happens.
        remembers: Seconds for which it trusts the homeserver to recognise a key; None: as the platform says.
        page: So many events come with a sync, and so many at a time when a gap is filled; None: as the platform says.
    """

    folder: str
    user_id: str
    address: str
    rooms: Sequence[str]
    log: str
    remembers: float | None = None
    page: int | None = None

    def home(self) -> Home:
        """The bot's home, whose homeserver runs elsewhere."""
        elsewhere = cast("Synapse", None)
        return Home(
            elsewhere, pathlib.Path(self.folder), self.user_id, rooms={KIND: self.rooms}, catalogue=CATALOGUE,
            address=self.address,
        )  # fmt: skip

    def arrange(self) -> None:
        """Set what a test may set; for the rest of this process."""
        if self.remembers is not None:
            matrix.REMEMBERS = dt.timedelta(seconds=self.remembers)
        if self.page is not None:
            syncing._FILTER["room"]["timeline"]["limit"] = self.page
            syncing._PAGE = self.page


@command("trial.spread", allow=Role.GUEST, writes=True)
async def spread(context: Context) -> Reply:
    """Put an announcement for every room in the outbox, in the command's own transaction."""
    rooms = context.bot.campaign.rooms.of(KIND)
    news = Reply(Phrase("trial.news", {"text": context.call.id}), kind=Kind.ANNOUNCEMENT)
    messages = [
        Message(cause_of(context.call.id), str(room.address), news, priority=Priority.ANNOUNCEMENT) for room in rooms
    ]
    await outbox.put(context.tx, messages, now=context.now)
    return say("trial.news", text="onderweg")


def cause_of(call: str) -> str:
    """Of what a call has announced; its id is "matrix:" and the event."""
    return f"news:{call}"


_WORDS = {
    "trial.spread": {
        "nl": {"name": "proef omroep", "help": "Een proef", "parameters": {}},
        "en": {"name": "trial spread", "help": "A trial", "parameters": {}},
    }
}
CATALOGUE = Catalogue(
    (*trial.CATALOGUE.commands.values(), spread), {**commands.WORDS, **trial.WORDS, **_WORDS}
)  # fmt: skip


async def live(work: Work) -> None:
    """Be a bot until SIGTERM, or until whoever started us is gone."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with work.home().running(ready=False) as bot:
        orphaned = asyncio.create_task(_orphaned())
        told = asyncio.create_task(stopped.wait())
        await asyncio.wait({orphaned, told, *bot.tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in (orphaned, told):
            task.cancel()
        _must_run(bot)


async def _orphaned() -> None:
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(_ORPHAN_SECONDS)


def _must_run(bot: Running) -> None:
    """Raise what ended a part of the bot."""
    for task in bot.tasks:
        if task.done():
            task.result()
            raise RuntimeError("a part of the bot came to an end")


def be(work: Work) -> None:
    """One life, whose log goes to a file."""
    with pathlib.Path(work.log).open("a", encoding="utf-8") as log:
        os.dup2(log.fileno(), 2)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    work.arrange()
    asyncio.run(live(work))


def fork(work: Work) -> int:
    """A life in a process of its own; its id."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        be(work)
        status = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(status)


def serve() -> None:
    """Begin lives and see them end, one at a time, as long as somebody asks."""
    talk.faq()  # read once, for all lives
    alive = 0
    for line in sys.stdin:
        if line.strip():
            alive = answer = fork(Work(**json.loads(line)))
        else:
            _, status = os.waitpid(alive, 0)
            alive, answer = 0, os.waitstatus_to_exitcode(status)
        print(answer, flush=True)  # noqa: T201 - to whoever started us
    if alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(alive, signal.SIGKILL)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        be(Work(**json.loads(sys.argv[1])))
    else:
        serve()
