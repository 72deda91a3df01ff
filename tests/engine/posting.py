"""A small campaign whose messages go to the receiving stand-in: a Matrix-like and a Discord-like platform."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Any

from bot.campaign.quiet import QuietHours
from bot.campaign.rooms import Room, Rooms
from bot.core.invocation import Address
from bot.core.reply import Kind, Phrase, Reply
from bot.engine.clock import PlayedClock
from bot.engine.delivery import Delivery
from bot.engine.sender import Patience
from bot.store import outbox
from bot.store.database import Database, Row
from bot.store.outbox import Message, Priority
from tests.receiver import Receiver, ReceivingPlatform

NOON = dt.datetime(2019, 1, 27, 11, tzinfo=dt.UTC)  # 12:00 in Amsterdam
ROOM, OTHER, DISCORD, ORGANISERS = "matrix:!room", "matrix:!other", "discord:1001", "matrix:!organisers"
WINDOWS = {"matrix": dt.timedelta(hours=24), "discord": dt.timedelta(minutes=2)}
ROOMS = Rooms(
    {
        "announcements": (
            Room(Address.parse(ROOM), "nl"),
            Room(Address.parse(OTHER), "en"),
            Room(Address.parse(DISCORD), "en"),
        ),
        "organisers": (Room(Address.parse(ORGANISERS), "nl"),),
    }
)
QUICK = Patience(first=0.01, most=0.05, send=0.5)


class SetMachine:
    """Machine time that a test sets ahead; it runs on by itself."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta(0)
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> int:
        return int((1_700_000_000 + self._loop.time() + self.ahead.total_seconds()) * 1000)


def platforms(receiver: Receiver) -> dict[str, ReceivingPlatform]:
    return {name: ReceivingPlatform(name, receiver.port, window) for name, window in WINDOWS.items()}


def delivery(database: Database, receiver: Receiver, **options: Any) -> Delivery:
    options.setdefault("clock", PlayedClock(NOON))
    options.setdefault("platforms", platforms(receiver))
    options.setdefault("quiet", QuietHours.parse("22:00", "08:00"))
    options.setdefault("patience", QUICK)
    return Delivery(
        database,
        options.pop("clock"),
        options.pop("platforms"),
        language="nl",
        zone="Europe/Amsterdam",
        rooms=ROOMS,
        **options,
    )


@contextlib.asynccontextmanager
async def delivering(database: Database, receiver: Receiver, **options: Any) -> AsyncIterator[Delivery]:
    """Delivery that runs until the block ends."""
    made = delivery(database, receiver, **options)
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def deliver(database: Database, receiver: Receiver, **options: Any) -> None:
    """Run delivery until nothing that is due is left."""
    async with delivering(database, receiver, **options) as running, asyncio.timeout(10):
        await running.drain()


def text(words: str, *more: str, kind: Kind = Kind.ANNOUNCEMENT) -> Reply:
    return Reply(Phrase(words), tuple(Phrase(word) for word in more), kind=kind)


def message(cause: str, to: str, *more: str, **options: Any) -> Message:
    """A message that says its cause."""
    return Message(cause, to, text(cause, *more), **options)


def private(cause: str, person: int = 1, **options: Any) -> Message:
    return message(cause, f"person:{person}", priority=Priority.PRIVATE, **options)


async def put(database: Database, *messages: Message, now: dt.datetime = NOON) -> None:
    async with database.write() as tx:
        await outbox.put(tx, messages, now=now)


async def rows(database: Database) -> dict[str, Row]:
    """The outbox by cause and destination, the first part of each."""
    async with database.read() as tx:
        found = await tx.all("SELECT * FROM outbox WHERE part = 0 ORDER BY id")
    return {f"{row['cause']} {row['destination']}": row for row in found}


async def states(database: Database) -> dict[str, str]:
    return {name: row["state"] for name, row in (await rows(database)).items()}


async def run(database: Database, sql: str, **values: Any) -> None:
    async with database.write() as tx:
        await tx.run(sql, **values)


async def meet(database: Database, *accounts: str, person: int = 1) -> None:
    """A person with accounts, the one last used first."""
    await run(database, "INSERT INTO person (id, created_at) VALUES (:person, 0)", person=person)
    for age, account in enumerate(accounts):
        await run(
            database,
            "INSERT INTO account (address, person, role, seen_at) VALUES (:account, :person, 'member', :at)",
            account=account,
            person=person,
            at=NOON - dt.timedelta(hours=age),
        )


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - it holds in another process
            await asyncio.sleep(0.01)
