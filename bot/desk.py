"""Where platforms report (`bot.core.platform.Desk`): organisers hear of it once, `status` shows what holds now."""

import datetime as dt
from collections.abc import Callable

import structlog

from bot.campaign import rooms
from bot.core.invocation import Address
from bot.core.reply import Kind, Phrase, Reply
from bot.engine.context import Bot
from bot.store import outbox
from bot.store.database import Database, StoreError
from bot.store.outbox import Message, Priority

log = structlog.get_logger()


class ReportDesk:
    """Takes reports for one bot."""

    def __init__(
        self, bot: Bot, database: Database, *, now: Callable[[], dt.datetime], written: Callable[[], None]
    ) -> None:
        self._bot = bot
        self._database = database
        self._now = now
        self._written = written

    async def tell(self, cause: str, phrase: Phrase) -> None:
        reply = Reply(phrase, kind=Kind.NOTICE)
        told = [
            Message(f"report:{cause}", str(room.address), reply, language=room.language, priority=Priority.PRIVATE)
            for room in self._bot.campaign.rooms.of("organisers")
        ]
        try:
            async with self._database.write() as tx:
                await outbox.put(tx, told, now=self._now())
        except StoreError as error:  # a platform must go on
            log.warning("a report was not kept", reason=error.reason.value)
        self._written()

    async def counted(self, room: Address, people: int) -> None:
        try:
            async with self._database.write() as tx:
                await rooms.count_people(tx, room, people)
        except StoreError as error:
            log.warning("a count was not kept", reason=error.reason.value)

    def note(self, subject: str, phrase: Phrase | None) -> None:
        if phrase is None:
            self._bot.notes.pop(subject, None)
        else:
            self._bot.notes[subject] = phrase


class NobodyAtTheDesk:
    """Takes no reports: whoever runs the program reads what it prints."""

    async def tell(self, cause: str, phrase: Phrase) -> None:
        """Nobody is told."""

    async def counted(self, room: Address, people: int) -> None:
        """Nobody counts."""

    def note(self, subject: str, phrase: Phrase | None) -> None:
        """Nobody reads notes."""
