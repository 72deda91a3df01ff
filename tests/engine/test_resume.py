"""A bot is lost after its backup, comes back, and says nothing twice and forgets nothing."""

import contextlib
import datetime as dt
import pathlib
from collections.abc import AsyncIterator, Mapping

import pytest

from bot.core.invocation import Address
from bot.engine import resume
from bot.engine.clock import PlayedClock
from bot.engine.resume import Lookup, Question, Why
from bot.store import outbox
from bot.store.backup import read_backup, write_backup
from bot.store.database import Database
from bot.store.outbox import NotOpen
from bot.store.sealed import Cost
from tests.engine.posting import (
    DISCORD,
    NOON,
    OTHER,
    ROOM,
    ROOMS,
    deliver,
    meet,
    message,
    platforms,
    private,
    put,
    rows,
    run,
    states,
    text,
)
from tests.receiver import Receiver, ReceivingPlatform

HOUR = dt.timedelta(hours=1)
LATER = NOON + 3 * HOUR
CHEAP = Cost(log_n=4, r=8, p=1)


@pytest.fixture
async def receiver(receiving: Receiver) -> Receiver:
    """A server that holds nothing and recognises no key: the restored bot is a new device to it."""
    await receiving.forget(window=0)
    return receiving


@contextlib.asynccontextmanager
async def restored(database: Database, folder: pathlib.Path, now: dt.datetime = NOON) -> AsyncIterator[Database]:
    """What comes back from a backup of this moment."""
    await write_backup(database, folder / "file", "key", now=now, cost=CHEAP)
    async with Database.connect(f"sqlite:///{folder}/restored.db") as other:
        await read_backup(folder / "file", "key", other)
        yield other


async def live_on(database: Database, receiver: Receiver, now: dt.datetime) -> None:
    """What the lost bot still did: it said what came due until a moment."""
    await deliver(database, receiver, clock=PlayedClock(now))


async def look(database: Database, known: Mapping[str, ReceivingPlatform], now: dt.datetime = LATER) -> list[Question]:
    lookup = Lookup(database, known, language="nl", zone="Europe/Amsterdam", rooms=ROOMS)
    return await lookup.settle(await resume.due_since(database, now), now)


def told(questions: list[Question]) -> list[tuple[str, Why]]:
    return [(question.entry.cause, question.why) for question in questions]


async def test_restore_drill(database: Database, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """Said before the loss: settled; not said: asked; not due: kept. In the end everything was said once."""
    await put(database, message("said", ROOM, due=NOON + HOUR), message("unsaid", ROOM, due=NOON + 2 * HOUR))
    await put(database, message("overdue", OTHER, due=NOON), message("future", ROOM, due=LATER + HOUR))
    async with restored(database, tmp_path) as again:
        await live_on(database, receiver, NOON + HOUR)
        await deliver(again, receiver, clock=PlayedClock(LATER))  # muted: it says nothing by itself
        questions = await look(again, platforms(receiver))
        assert told(questions) == [("unsaid", Why.NOT_THERE)]
        assert (await states(again))[f"said {ROOM}"] == "sent"
        await resume.say(again, questions[0].entry, LATER)
        await resume.unmute(again, LATER)
        await deliver(again, receiver, clock=PlayedClock(LATER))
        assert await receiver.texts(ROOM.partition(":")[2]) == ["nl: said", "nl: unsaid"]
        assert await receiver.texts(OTHER.partition(":")[2]) == ["en: overdue"]
        assert (await states(again))[f"future {ROOM}"] == "queued"


async def test_settled_posts_can_be_changed(database: Database, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """A post found in its room has its id again, so a correction changes it where it stands."""
    await put(database, message("announcement:1", ROOM, due=NOON + HOUR))
    async with restored(database, tmp_path) as again:
        await live_on(database, receiver, LATER)
        assert await look(again, platforms(receiver)) == []
        await resume.unmute(again, LATER)
        edit = outbox.Message("announcement:1:1", ROOM, text("corrected"), edits="announcement:1")
        await put(again, edit, now=LATER)
        await deliver(again, receiver, clock=PlayedClock(LATER))
        [post] = await receiver.held()
        assert post.texts == ["nl: announcement:1", "nl: corrected"]


async def test_long_message_cut_short(database: Database, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """Of a message in three parts of which two were said, only the third is asked and said."""
    await put(database, message("long", ROOM, "two", "three"))
    async with restored(database, tmp_path) as again:
        key = "long/" + ROOM
        platform = platforms(receiver)["matrix"]
        for part, words in enumerate(["nl: long", "nl: two"]):
            await platform.send(Address.parse(ROOM), {"text": words}, key=f"{key}/{part}")
        questions = await look(again, platforms(receiver))
        assert [(q.entry.part, q.why) for q in questions] == [(2, Why.NOT_THERE)]
        await resume.say(again, questions[0].entry, LATER)
        await resume.unmute(again, LATER)
        await deliver(again, receiver, clock=PlayedClock(LATER))
        assert await receiver.texts(ROOM.partition(":")[2]) == ["nl: long", "nl: two", "nl: three"]


async def test_row_that_was_being_sent(database: Database, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """A backup made in the middle of sending: looked up under the address and key that were frozen."""
    await put(database, message("a", ROOM))
    await receiver.fault("5xx-after")
    async with database.write() as tx:
        [entry] = await outbox.claim(tx, now=NOON, machine=1, platforms=["matrix"], limit=1)
        await outbox.freeze(tx, entry, ROOM, [{"text": "nl: a"}], machine=1)
    async with restored(database, tmp_path) as again:
        assert told(await look(again, platforms(receiver))) == [("a", Why.NOT_THERE)]
        await live_on(database, receiver, NOON)
        assert await look(again, platforms(receiver)) == []
    assert len(await receiver.held()) == 1


async def test_to_a_person(database: Database, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """A private message is looked for at every account of its person, and found where it went."""
    await meet(database, "discord:anna", "matrix:@anna")
    await put(database, private("told"), private("untold", due=NOON + HOUR))
    async with restored(database, tmp_path) as again:
        await run(database, "UPDATE account SET seen_at = seen_at + 86400000 WHERE address = 'matrix:@anna'")
        await live_on(database, receiver, NOON)
        assert told(await look(again, platforms(receiver))) == [("untold", Why.NOT_THERE)]
        assert (await rows(again))["told person:1"]["sent_to"] == "matrix:@anna"


async def test_to_nobody(database: Database, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """A person without any account left cannot be looked up, which is not the same as not told."""
    await meet(database)
    await put(database, private("a"))
    async with restored(database, tmp_path) as again:
        assert told(await look(again, platforms(receiver))) == [("a", Why.NOT_LOOKED)]


async def test_platform_that_is_off(database: Database, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """Where nobody can look, somebody is asked; a person with one account there as well."""
    await meet(database, "discord:anna", "matrix:@anna")
    await put(database, message("a", DISCORD), message("b", ROOM), private("c"))
    async with restored(database, tmp_path) as again:
        only = {"matrix": platforms(receiver)["matrix"]}
        assert told(await look(again, only)) == [
            ("a", Why.NOT_LOOKED), ("b", Why.NOT_THERE), ("c", Why.NOT_LOOKED)
        ]  # fmt: skip
        assert {why for _, why in told(await look(again, {}))} == {Why.NOT_LOOKED}


@pytest.mark.parametrize(
    ("faults", "why"),
    [(["5xx-before"], Why.NOT_LOOKED), (["refused"], Why.NOT_LOOKED), (["cut-before"], Why.NOT_LOOKED),
     (["try-after", "try-after"], Why.NOT_THERE), (["try-after"] * 3, Why.NOT_LOOKED)],
)  # fmt: skip
async def test_no_clear_answer(
    faults: list[str], why: Why, database: Database, receiver: Receiver, tmp_path: pathlib.Path
) -> None:
    """A room that cannot be looked in is never taken for one without the message; a busy one is asked again."""
    await put(database, message("a", ROOM))
    async with restored(database, tmp_path) as again:
        await receiver.fault(*faults, do="find")
        assert told(await look(again, platforms(receiver))) == [("a", why)]


async def test_changes_are_asked(database: Database, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """An open change may be older than what stands in the room by now: somebody decides."""
    await put(database, message("announcement:1", ROOM))
    await live_on(database, receiver, NOON)
    await put(database, outbox.Message("announcement:1:1", ROOM, text("older"), edits="announcement:1"))
    async with restored(database, tmp_path) as again:
        [question] = await look(again, platforms(receiver))
        assert (question.entry.cause, question.why) == ("announcement:1:1", Why.CHANGE)
        await resume.drop(again, question.entry, LATER, reason="a later correction stands there")
        await resume.unmute(again, LATER)
        await deliver(again, receiver, clock=PlayedClock(LATER))
    assert [post.texts for post in await receiver.held()] == [["nl: announcement:1"]]


async def test_dropped(database: Database, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """What is dropped is never said, with the reason in its row and in the organisers' log; once only."""
    await put(database, message("a", ROOM), message("a", OTHER))
    async with restored(database, tmp_path) as again:
        first, second = await look(again, platforms(receiver))
        await resume.drop(again, first.entry, LATER, reason="too late")
        with pytest.raises(NotOpen):
            await resume.drop(again, first.entry, LATER, reason="too late")
        with pytest.raises(NotOpen):
            await resume.say(again, first.entry, LATER)
        assert told(await look(again, platforms(receiver))) == [(second.entry.cause, Why.NOT_THERE)]
        await resume.unmute(again, LATER)
        await deliver(again, receiver, clock=PlayedClock(LATER))
        row = (await rows(again))[f"a {ROOM}"]
        assert (row["state"], row["error"]) == ("cancelled", "too late")
        async with again.read() as tx:
            actions = [entry["action"] for entry in await tx.all("SELECT action FROM audit ORDER BY id")]
        assert actions == ["resume.drop", "resume.unmute"]
    assert [post.room for post in await receiver.held()] == [OTHER.partition(":")[2]]


async def test_open_replies_are_taken_as_said(database: Database, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """A reply that was on its way at the backup is not given once more, and is counted."""
    sql = """
        INSERT INTO handled (id, who, place, language, reply, at, said_at)
        VALUES (:id, 'discord:1', 'discord:1', 'nl', :reply, :at, :said)"""
    await run(database, sql, id="open", reply=text("open").to_json(), at=NOON, said=None)
    await run(database, sql, id="given", reply=text("given").to_json(), at=NOON, said=NOON)
    async with restored(database, tmp_path) as again:
        assert await resume.unmute(again, NOON) == 1
        assert await resume.unmute(again, NOON) == 0
        await deliver(again, receiver)
    assert await receiver.held() == []


async def test_broken_off_and_done_again(database: Database, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """A resume that ends half-way can be done again: what was settled or dropped is not asked, the rest is."""
    await put(database, *(message(cause, ROOM) for cause in ("a", "b", "c")))
    async with restored(database, tmp_path) as again:
        a, b, _ = await look(again, platforms(receiver))
        await resume.drop(again, a.entry, LATER, reason="no")
        await resume.say(again, b.entry, LATER)
        assert [cause for cause, _ in told(await look(again, platforms(receiver)))] == ["b", "c"]
        async with again.read() as tx:
            assert await resume.muted_since(tx) == NOON
        await resume.unmute(again, LATER)
        async with again.read() as tx:
            assert await resume.muted_since(tx) is None
