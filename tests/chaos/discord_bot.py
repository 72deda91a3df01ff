"""A bot on Discord to be killed, of the real parts; `python -m tests.chaos.discord_bot` is its lives (`forks`)."""

import asyncio
import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Annotated, cast

import commands
from bot.core.command import Catalogue, Role, command
from bot.core.errors import Refused
from bot.core.parameters import Integer
from bot.core.reply import Button, For, Kind, Phrase, Reply, say
from bot.engine.clock import machine_ms
from bot.engine.context import Context
from bot.engine.delivery import Delivery
from bot.engine.machine import MachineClock
from bot.engine.sender import Patience
from bot.store import outbox, settings
from bot.store.database import Database
from bot.store.message import Message, Priority
from tests import talk, trial
from tests.chaos import forks
from tests.discord_server import DiscordServer
from tests.platforms.discord.running import Home, Running

KIND = "announcements"
_PATIENCE = Patience(first=0.2, most=2.0)


@dataclasses.dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a bot has to know of a Discord that is in another process."""

    token: str
    api_url: str
    gateway_url: str


@dataclasses.dataclass(frozen=True, slots=True)
class Work:
    """One life of the bot.

    Attributes:
        folder: With its database.
        rooms: The ids of the channels where announcements go.
        log: Where it writes what happens.
        ahead: How many milliseconds the machine's clock is ahead of what it really is.
    """

    folder: str
    token: str
    api_url: str
    gateway_url: str
    guild: str
    rooms: Sequence[str]
    log: str
    ahead: int = 0

    async def live(self) -> None:
        """Be a bot until SIGTERM, or until whoever started us is gone."""
        elsewhere = cast("DiscordServer", Elsewhere(self.token, self.api_url, self.gateway_url))
        folder = pathlib.Path(self.folder)
        home = Home(elsewhere, folder, guilds=[int(self.guild)], rooms={KIND: self.rooms}, catalogue=CATALOGUE)
        async with Database.connect(f"sqlite:///{folder / 'bot.db'}") as database:
            running = Running(home, database)
            running.delivery = self._delivery(running)
            tasks = running.start()
            try:
                await forks.until_told(tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _delivery(self, running: Running) -> Delivery:
        """The same, by a clock that may be wrong."""
        campaign = running.bot.campaign
        return Delivery(
            running.database, running.clock, {"discord": running.discord}, language="nl", zone=campaign.zone,
            rooms=campaign.rooms, quiet=None, machine=MachineClock(lambda: machine_ms() + self.ahead),
            patience=_PATIENCE,
        )  # fmt: skip


@command("trial.spread", allow=Role.GUEST, writes=True)
async def spread(context: Context, number: Annotated[int, Integer()]) -> Reply:
    """Announce a task in every room and to the asker in private, in the command's own transaction."""
    await _note(context)
    asker = str(context.call.who)
    await settings.put(context.tx, f"spread.{number}", asker)
    tap = Button(Phrase("trial.take"), "trial.claim", {"number": str(number)}, For.ANYONE)
    news = Reply(Phrase("trial.news", {"text": announced(number)}), buttons=(tap,), kind=Kind.ANNOUNCEMENT)
    await _tell(context, asker, f"news:{number}", news)
    return say("trial.news", text=spread_by(number))


@command("trial.claim", allow=Role.GUEST, writes=True)
async def claim(context: Context, number: Annotated[int, Integer()]) -> Reply:
    """Take a task that nobody has; where it was announced it then says so."""
    if await settings.get(context.tx, f"claim.{number}"):
        raise Refused("trial.taken")
    await _note(context)
    await settings.put(context.tx, f"claim.{number}", context.call.id)
    if asker := await settings.get(context.tx, f"spread.{number}"):
        news = Reply(Phrase("trial.news", {"text": given(number)}), kind=Kind.ANNOUNCEMENT)
        await _tell(context, asker, f"given:{number}", news, edits=f"news:{number}")
    return say("trial.news", text=claimed(number))


async def _tell(context: Context, asker: str, cause: str, news: Reply, edits: str | None = None) -> None:
    rooms = [str(room.address) for room in context.bot.campaign.rooms.of(KIND)]
    messages = [Message(cause, to, news, priority=Priority.ANNOUNCEMENT, edits=edits) for to in (*rooms, asker)]
    await outbox.put(context.tx, messages, now=context.now)


async def _note(context: Context) -> None:
    """Count that this call was carried out."""
    name = f"done.{context.call.id}"
    await settings.put(context.tx, name, str(int(await settings.get(context.tx, name) or 0) + 1))


def announced(number: int) -> str:
    return f"taak {number} is er."


def given(number: int) -> str:
    """What an announcement says once the task is somebody's."""
    return f"{announced(number)} Vergeven."


def spread_by(number: int) -> str:
    return f"taak {number} gaat rond."


def claimed(number: int) -> str:
    return f"taak {number} is van jou."


_WORDS = {
    f"trial.{id_}": {
        "nl": {"name": f"proef {nl}", "help": "Een proef", "parameters": {"number": ["nummer", "Welk nummer"]}},
        "en": {"name": f"trial {id_}", "help": "A trial", "parameters": {"number": ["number", "Which number"]}},
    }
    for id_, nl in {"spread": "omroep", "claim": "neem"}.items()
}
CATALOGUE = Catalogue(
    (*trial.CATALOGUE.commands.values(), spread, claim), {**commands.WORDS, **trial.WORDS, **_WORDS}
)  # fmt: skip

if __name__ == "__main__":
    talk.faq()  # read once, for all lives
    forks.main(Work)
