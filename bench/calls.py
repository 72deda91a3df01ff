"""A typed line to its reply through the real dispatcher and SQLite, and 1,000 messages into the outbox."""

import datetime as dt
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.measure import each, p50, p99
from bot.app import build_bot
from bot.config import load_config
from bot.core.invocation import Address, Invocation
from bot.core.reply import say
from bot.engine.clock import PlayedClock
from bot.engine.dispatcher import Dispatcher
from bot.parts import read_faq, read_texts
from bot.store import outbox
from bot.store.database import Database
from bot.store.outbox import Message

START = dt.datetime(2019, 1, 27, 11, tzinfo=dt.UTC)
ROUNDS, CALLS, ROWS = 8, 100, 1_000
READING, WRITING = "/hulp mijn taal", "/mijn taal nl"


async def measure(folder: Path, config_file: Path) -> dict[str, float]:
    """p50 and p99 in milliseconds of a reading and a writing line, and microseconds for a row of the outbox."""
    config = load_config(config_file, os.environ)
    texts = read_texts()
    faq, _ = read_faq(config, texts)
    if faq is None:
        raise RuntimeError("the campaign's files have mistakes")
    async with Database.connect(f"sqlite:///{folder}/bench.db") as database:
        clock = PlayedClock(START)
        bot = build_bot(config, texts, database, clock, faq=faq, on=frozenset({"terminal"}))
        dispatcher = Dispatcher(bot, database, clock, machine=time.monotonic, written=lambda: None, unlimited=True)

        def line(text: str, number: int) -> Invocation:
            who = Address("terminal", "anna")
            return Invocation(f"{text}{number}", who, who, private=True, line=text[1:], groups=frozenset({"member"}))

        await each(lambda n: dispatcher.handle(line(WRITING, -n - 1)), 50)  # warm
        reading = await _quietest(lambda n: dispatcher.handle(line(READING, n)))
        writing = await _quietest(lambda n: dispatcher.handle(line(WRITING, n)))
        asked = await _quietest(lambda n: _ask(dispatcher, n))
        rows = min([await _put(database, clock, turn) for turn in range(5)])
    return {
        "reading_p50_ms": p50(reading), "reading_p99_ms": p99(reading),
        "writing_p50_ms": p50(writing), "writing_p99_ms": p99(writing),
        "question_p50_ms": p50(asked), "question_p99_ms": p99(asked),
        "outbox_put_us_a_row": rows,
    }  # fmt: skip


QUESTIONS = (
    "houd ik mijn mailadres",
    "do I keep my phone number",
    "wat is de opzegtermijn",
    "hoeveel handtekeningen zijn er",
)


async def _quietest(work: Callable[[int], Awaitable[object]]) -> list[float]:
    """The round with the least median: what else the machine does only adds."""
    spent = await each(work, ROUNDS * CALLS)
    return min((spent[start : start + CALLS] for start in range(0, len(spent), CALLS)), key=p50)


async def _ask(dispatcher: Dispatcher, number: int) -> None:
    who = Address("terminal", "anna")
    values = {"question": QUESTIONS[number % len(QUESTIONS)]}
    await dispatcher.handle(Invocation(f"q{number}", who, who, private=True, command="faq", values=values))


async def _put(database: Database, clock: PlayedClock, turn: int) -> float:
    messages = [Message(f"bench:{turn}", f"terminal:#room{n}", say("faq.unknown")) for n in range(ROWS)]
    async with database.write() as tx:
        start = time.perf_counter()
        await outbox.put(tx, messages, now=clock.now())
        return round((time.perf_counter() - start) * 1e6 / ROWS, 1)
