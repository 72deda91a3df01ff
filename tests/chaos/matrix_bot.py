"""A bot on Matrix to be killed, of the real parts; `python -m tests.chaos.matrix_bot` is its lives (`forks`)."""

import dataclasses
import datetime as dt
import pathlib
from collections.abc import Sequence
from typing import cast

import commands
from bot.core.command import Catalogue, Role, command
from bot.core.reply import Kind, Phrase, Reply, say
from bot.engine.context import Context
from bot.platforms.matrix import matrix, syncing
from bot.store import outbox
from bot.store.message import Message, Priority
from tests import talk, trial
from tests.chaos import forks
from tests.platforms.matrix.running import Home
from tests.synapse import Synapse

KIND = "announcements"


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

    async def live(self) -> None:
        """Be a bot until SIGTERM, or until whoever started us is gone."""
        self._arrange()
        async with self.home().running(ready=False) as bot:
            await forks.until_told(bot.tasks)

    def _arrange(self) -> None:
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


if __name__ == "__main__":
    talk.faq()  # read once, for all lives
    forks.main(Work)
