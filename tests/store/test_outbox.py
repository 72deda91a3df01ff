"""The outbox: one test for each of its rules, on both databases."""

import asyncio
import datetime as dt
from collections.abc import Collection
from typing import Any

import pytest

from bot.core.reply import Reply, say
from bot.store import outbox
from bot.store.database import Database
from bot.store.outbox import Entry, Message, Priority

NOON = dt.datetime(2019, 1, 27, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
MACHINE = 1_700_000_000_000
ROOM, OTHER, PERSON = "discord:1001", "matrix:!room:example.org", "person:7"
HELLO = {"content": "hallo – één"}


def message(cause: str, to: str = ROOM, **rest: Any) -> Message:
    return Message(cause=cause, to=to, reply=say("hello"), **rest)


class Office:
    """Does each step in a transaction of its own, as delivery does."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def put(self, *messages: Message) -> None:
        async with self.database.write() as tx:
            await outbox.put(tx, messages, now=NOON)

    async def claim(
        self,
        *,
        now: dt.datetime = NOON,
        machine: int = MACHINE,
        platforms: Collection[str] = ("discord", "matrix"),
        limit: int = 10,
        busy: Collection[str] = (),
    ) -> list[Entry]:
        async with self.database.write() as tx:
            return await outbox.claim(tx, now=now, machine=machine, platforms=platforms, limit=limit, busy=busy)

    async def causes(self, **how: Any) -> list[str]:
        return [entry.cause for entry in await self.claim(**how)]

    async def freeze(self, entry: Entry, to: str | None = None, parts: int = 1, machine: int = MACHINE) -> Entry:
        payloads = [HELLO | {"part": n} for n in range(parts)]
        async with self.database.write() as tx:
            return await outbox.freeze(tx, entry, to or entry.destination, payloads, machine=machine)

    async def settle(self, entry: Entry) -> None:
        async with self.database.write() as tx:
            await outbox.settle(tx, entry, f"ref {entry.key}", NOON)

    async def retry(self, entry: Entry, next_try: int = MACHINE) -> None:
        async with self.database.write() as tx:
            await outbox.retry(tx, entry, "cut", next_try)

    async def postpone(self, entry: Entry, next_try: int) -> None:
        async with self.database.write() as tx:
            await outbox.postpone(tx, entry, "too fast", next_try)

    async def fail(self, entry: Entry) -> None:
        async with self.database.write() as tx:
            await outbox.fail(tx, entry, "closed", NOON)

    async def reroute(self, entry: Entry, to: str) -> bool:
        async with self.database.write() as tx:
            return await outbox.reroute(tx, entry, to)

    async def cancel(self, cause: str) -> int:
        async with self.database.write() as tx:
            return await outbox.cancel(tx, cause, NOON)

    async def rewrite(self, cause: str) -> int:
        async with self.database.write() as tx:
            return await outbox.rewrite(tx, cause, say("bye"))

    async def sending(self) -> list[Entry]:
        async with self.database.write() as tx:
            return await outbox.sending(tx)

    async def say_all(self, **how: Any) -> list[str]:
        """Send until nothing is left; the causes in the order in which they went."""
        said = []
        while entries := await self.claim(**how):
            for entry in entries:
                await self.settle(entry if entry.payload else await self.freeze(entry))
                said.append(entry.cause)
        return said

    async def states(self) -> dict[str, str]:
        async with self.database.read() as tx:
            rows = await tx.all("SELECT cause, part, state FROM outbox ORDER BY id")
        return {row["cause"] + ("" if row["part"] == 0 else f"/{row['part']}"): row["state"] for row in rows}

    async def pending(self, now: dt.datetime = NOON) -> int:
        async with self.database.read() as tx:
            return await outbox.pending(tx, now)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


async def test_what_is_put_comes_out(office: Office) -> None:
    """An entry holds everything of its message."""
    await office.put(message("a", PERSON, language="en", origin=ROOM, priority=Priority.PRIVATE))
    (entry,) = await office.claim()
    assert (entry.cause, entry.destination, entry.part, entry.state) == ("a", PERSON, 0, "queued")
    assert (entry.language, entry.origin, entry.priority, entry.due) == ("en", ROOM, Priority.PRIVATE, NOON)
    assert Reply.from_json(entry.reply) == say("hello")
    assert (entry.payload, entry.sent_to, entry.first_try, entry.attempts) == (None, None, None, 0)


async def test_once_per_cause_and_destination(office: Office) -> None:
    """One fact is queued once per room, also after it was sent, however often it is put."""
    for _ in range(3):
        await office.put(message("a"), message("a"), message("a", OTHER))
        assert len(await office.states()) == 1  # the same cause at two destinations
    assert sorted(await office.say_all()) == ["a", "a"]
    await office.put(message("a"))
    assert await office.claim() == []


async def test_fifty_who_put_the_same(office: Office) -> None:
    """Of many transactions at once that put the same fact exactly one row remains."""
    await asyncio.gather(*(office.put(message("a")) for _ in range(50)))
    assert await office.say_all() == ["a"]


async def test_many_at_once(office: Office) -> None:
    """A message to hundreds of rooms is queued whole, with what was queued before left as it is."""
    await office.put(*(message("a", f"discord:{n}") for n in range(0, 130, 2)))
    await office.put(*(message("a", f"discord:{n}") for n in range(130)))
    assert await office.pending() == 130
    assert len({entry.destination for entry in await office.claim(limit=200)}) == 130


async def test_nothing_without_commit(office: Office) -> None:
    """What was put in a transaction that was undone is not said."""

    async def stumble() -> None:
        async with office.database.write() as tx:
            await outbox.put(tx, [message("a")], now=NOON)
            raise LookupError

    with pytest.raises(LookupError):
        await stumble()
    assert await office.states() == {}


async def test_first_in_first_out(office: Office) -> None:
    """Within a destination the order is that of putting, whatever the priorities and moments."""
    await office.put(message("a"), message("b", priority=Priority.ANSWER), message("c", due=NOON - HOUR))
    assert await office.claim(limit=3) == await office.claim(limit=1)
    assert await office.say_all() == ["a", "b", "c"]


async def test_not_due_does_not_hold_up(office: Office) -> None:
    """A row for later lets others pass, and comes when it is due."""
    await office.put(message("later", due=NOON + HOUR), message("now"))
    assert await office.say_all() == ["now"]
    assert await office.say_all(now=NOON + HOUR) == ["later"]


async def test_sending_holds_up(office: Office) -> None:
    """While a row is being sent, nothing else goes to its destination."""
    await office.put(message("a"), message("b"), message("c", OTHER))
    first, _ = await office.claim()
    frozen = await office.freeze(first)
    assert await office.causes(busy={ROOM}) == ["c"]
    await office.settle(frozen)
    assert set(await office.causes()) == {"b", "c"}


async def test_another_try_holds_up(office: Office) -> None:
    """A row that waits for another try holds up its destination only, frozen or not."""
    await office.put(message("a"), message("b"), message("c", OTHER), message("d", OTHER))
    entries = await office.claim()
    await office.retry(await office.freeze(entries[0]), MACHINE + 5000)
    await office.postpone(entries[1], MACHINE + 9000)
    assert await office.causes(machine=MACHINE + 4999) == []
    async with office.database.read() as tx:
        assert await outbox.next_try(tx, MACHINE) == MACHINE + 5000
        assert await outbox.next_try(tx, MACHINE + 5000) == MACHINE + 9000
        assert await outbox.next_try(tx, MACHINE + 9000) is None
    assert await office.causes(machine=MACHINE + 5000) == ["a"]
    assert set(await office.causes(machine=MACHINE + 9000)) == {"a", "c"}


async def test_priorities_between_destinations(office: Office) -> None:
    """Answers go first, boards last."""
    ranks = [Priority.BOARD, Priority.ANSWER, Priority.REACTION, Priority.PRIVATE, Priority.ANNOUNCEMENT]
    await office.put(*(message(rank.name, f"discord:{rank}", priority=rank) for rank in ranks))
    assert await office.causes() == ["ANSWER", "PRIVATE", "ANNOUNCEMENT", "BOARD", "REACTION"]
    assert await office.causes(limit=2) == ["ANSWER", "PRIVATE"]


async def test_round_robin(office: Office) -> None:
    """A room with a long queue does not keep the others waiting."""
    await office.put(*(message(f"{room}{n}", f"discord:{room}") for room in "abc" for n in range(3)))
    said = []
    for turn in range(9):
        (entry,) = await office.claim(limit=1)
        await office.settle(await office.freeze(entry, machine=MACHINE + turn))
        said.append(entry.cause)
    assert said == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]


async def test_platform_that_is_away(office: Office) -> None:
    """Rows for a platform that cannot send wait; those for a person are offered until they have an address."""
    await office.put(message("a"), message("b", OTHER), message("c", PERSON))
    assert await office.causes(platforms={"matrix"}) == ["b", "c"]
    assert await office.causes(platforms=()) == ["c"]
    (entry,) = await office.claim(platforms=())
    await office.freeze(entry, "discord:7")
    assert await office.causes(platforms={"matrix"}) == ["b"]
    assert "c" in await office.causes(platforms={"discord"})


async def test_busy_destinations_do_not_use_up_the_limit(office: Office) -> None:
    """`limit` counts the rows that are given out."""
    await office.put(*(message("a", f"discord:{n}") for n in range(6)))
    busy = {f"discord:{n}" for n in range(3)}
    assert [entry.destination for entry in await office.claim(limit=2, busy=busy)] == ["discord:3", "discord:4"]


async def test_frozen_at_the_first_attempt(office: Office) -> None:
    """Address and payload are those of the first attempt, whatever comes later."""
    await office.put(message("a", PERSON))
    (entry,) = await office.claim()
    frozen = await office.freeze(entry, "discord:55")
    await office.retry(frozen)
    (again,) = await office.claim(machine=MACHINE + 1)
    assert (again.state, again.sent_to, again.payload) == ("sending", "discord:55", HELLO | {"part": 0})
    assert (again.first_try, again.attempts, again.error, again.key) == (MACHINE, 1, "cut", frozen.key)
    with pytest.raises(outbox.NotOpen):
        await office.freeze(again, "matrix:@anna")


async def test_parts_follow_directly(office: Office) -> None:
    """The parts of a long message go one after the other, before anything else to that destination."""
    await office.put(message("a"), message("b"))
    (entry,) = await office.claim()
    first = await office.freeze(entry, parts=3)
    keys, parts = {first.key}, [first.payload]
    await office.settle(first)
    for _ in range(2):
        (part,) = await office.claim()
        assert part.cause == "a"
        keys.add(part.key)
        parts.append(part.payload)
        await office.settle(part)
    assert parts == [HELLO | {"part": n} for n in range(3)]
    assert len(keys) == 3
    assert await office.causes() == ["b"]


async def test_settled_once(office: Office) -> None:
    """Who settles, fails or retries what has ended is told so."""
    await office.put(message("a"))
    (entry,) = await office.claim()
    with pytest.raises(outbox.NotOpen):
        await office.settle(entry)
    frozen = await office.freeze(entry)
    await office.settle(frozen)
    for step in (office.settle, office.retry, office.fail):
        with pytest.raises(outbox.NotOpen):
            await step(frozen)
    with pytest.raises(outbox.NotOpen):
        await office.postpone(frozen, MACHINE)
    assert await office.states() == {"a": "sent"}


async def test_failing_takes_the_rest_along(office: Office) -> None:
    """When a part cannot arrive, those after it are not sent; what was sent stays sent."""
    await office.put(message("a"), message("b"))
    (entry,) = await office.claim()
    await office.settle(await office.freeze(entry, parts=3))
    (second,) = await office.claim()
    await office.fail(second)
    assert await office.states() == {"a": "sent", "b": "queued", "a/1": "failed", "a/2": "failed"}
    assert await office.say_all() == ["b"]


async def test_cancel_before_the_first_attempt_only(office: Office) -> None:
    """What was tried is not taken back; what was not tried is."""
    await office.put(message("a"), message("a", OTHER), message("a", PERSON, due=NOON + HOUR))
    entry = (await office.claim())[0]
    await office.freeze(entry, parts=2)
    assert await office.cancel("a") == 2
    assert await office.cancel("a") == 0
    async with office.database.read() as tx:
        assert await tx.value("SELECT count(*) FROM outbox WHERE state = 'sending'") == 2


async def test_cancelled_between_claim_and_freeze(office: Office) -> None:
    """A row that is cancelled just before its first attempt is not sent."""
    await office.put(message("a"))
    (entry,) = await office.claim()
    assert await office.cancel("a") == 1
    with pytest.raises(outbox.NotOpen):
        await office.freeze(entry)


async def test_rewritten_before_the_first_attempt_only(office: Office) -> None:
    """What was not tried gets the new words, wherever it goes and whenever; what is being sent keeps its own."""
    await office.put(message("a"), message("a", OTHER), message("a", PERSON, due=NOON + HOUR), message("b"))
    entry = (await office.claim())[0]
    await office.freeze(entry)
    assert await office.rewrite("a") == 2
    async with office.database.read() as tx:
        rows = await tx.all("SELECT destination FROM outbox WHERE reply = :reply", reply=say("bye").to_json())
    assert {row["destination"] for row in rows} == {OTHER, PERSON}


async def test_rewritten_between_claim_and_freeze(office: Office) -> None:
    """A row that is rewritten just before its first attempt is not sent with the old words."""
    await office.put(message("a"))
    (old,) = await office.claim()
    assert await office.rewrite("a") == 1
    with pytest.raises(outbox.NotOpen):
        await office.freeze(old)
    (new,) = await office.claim()
    assert new.reply == say("bye").to_json()
    await office.freeze(new)


async def test_edit_for_later_does_not_hold_back_one_for_now(office: Office) -> None:
    """A change that comes due tomorrow does not take the place of one that is due; one for now takes every place."""
    await office.put(message("board"))
    await office.say_all()
    await office.put(message("v1", edits="board"))
    await office.put(message("v2", edits="board", due=NOON + 2 * HOUR))
    await office.put(message("v3", edits="board", due=NOON + HOUR))
    assert await office.say_all() == ["v1"]
    assert await office.states() == {"board": "sent", "v1": "sent", "v2": "cancelled", "v3": "queued"}
    await office.put(message("v4", edits="board"))
    assert await office.say_all(now=NOON + 3 * HOUR) == ["v4"]


async def test_edit_waits_for_its_original(office: Office) -> None:
    """An edit goes after all parts of its original, and knows what it changes; it holds nobody up meanwhile."""
    await office.put(
        message("board", due=NOON + HOUR), message("board2", edits="board"), message("b"), message("board", OTHER)
    )
    assert await office.causes(busy={OTHER}) == ["b"]
    await office.say_all()
    (original,) = await office.claim(now=NOON + HOUR)
    first = await office.freeze(original, parts=2)
    await office.settle(first)
    (second,) = await office.claim(now=NOON + HOUR)
    assert second.part == 1
    await office.settle(second)
    (edit,) = await office.claim(now=NOON + HOUR)
    assert (edit.cause, edit.original_ref, edit.original_to) == ("board2", f"ref {first.key}", ROOM)


@pytest.mark.parametrize("ending", ["cancelled", "failed", "never put"])
async def test_edit_of_what_was_never_sent(office: Office, ending: str) -> None:
    """An edit whose original is not sent, and will not be, is cancelled."""
    if ending != "never put":
        await office.put(message("board"))
        (original,) = await office.claim()
        await (office.cancel("board") if ending == "cancelled" else office.fail(original))
    await office.put(message("board2", edits="board"))
    assert await office.claim() == []
    assert (await office.states())["board2"] == "cancelled"


async def test_edits_in_a_ring(office: Office) -> None:
    """Two messages that change each other do not wait for each other: the first has no original."""
    await office.put(message("a", edits="b"), message("b", edits="a"))
    assert await office.claim() == []
    assert await office.claim() == []
    assert await office.states() == {"a": "cancelled", "b": "cancelled"}


async def test_newer_edit_replaces_an_unsent_one(office: Office) -> None:
    """Of several edits of one message that wait only the newest is sent, per destination."""
    await office.put(message("board"), message("board", OTHER))
    await office.say_all()
    await office.put(message("v1", edits="board"), message("v1", OTHER, edits="board"))
    await office.put(message("v2", edits="board"), message("v3", edits="board"))
    assert sorted(await office.say_all()) == ["v1", "v3"]


async def test_newer_edit_leaves_what_is_being_sent(office: Office) -> None:
    """An edit that may have arrived stays, and the newer one follows it."""
    await office.put(message("board"))
    await office.say_all()
    await office.put(message("v1", edits="board"))
    (edit,) = await office.claim()
    await office.freeze(edit)
    await office.put(message("v2", edits="board"))
    assert await office.say_all() == ["v1", "v2"]


async def test_older_edit_put_once_more(office: Office) -> None:
    """A job that puts an edit that was sent once more does not take the place of the newer one."""
    await office.put(message("board"), message("v1", edits="board"))
    await office.say_all()
    await office.put(message("v2", edits="board"))
    await office.put(message("v1", edits="board"))
    assert await office.say_all() == ["v2"]


async def test_what_the_last_run_was_sending(office: Office) -> None:
    """At a start every row that was being sent is listed in order, and counts as perhaps arrived."""
    await office.put(message("a"), message("b", OTHER), message("c"))
    for entry in await office.claim():
        await office.freeze(entry, parts=2)
    entries = await office.sending()
    assert [(entry.cause, entry.part, entry.attempts) for entry in entries] == [
        ("a", 0, 1),
        ("b", 0, 1),
        ("a", 1, 1),
        ("b", 1, 1),
    ]


async def test_reroute_after_a_refusal(office: Office) -> None:
    """A message that one account refused goes to the next one, frozen anew, and nothing of the first is left."""
    await office.put(message("a", PERSON), message("b", PERSON))
    (entry,) = await office.claim()
    frozen = await office.freeze(entry, "discord:55", parts=3)
    await office.postpone(frozen, MACHINE)  # too fast: it surely did not arrive
    assert await office.reroute(frozen, "matrix:@anna")
    assert await office.states() == {"a": "queued", "b": "queued"}
    assert await office.causes(platforms={"discord"}) == []
    (entry,) = await office.claim(platforms={"matrix"})
    assert (entry.cause, entry.sent_to, entry.payload) == ("a", "matrix:@anna", None)
    await office.settle(await office.freeze(entry, "matrix:@anna", parts=2))
    assert [part.sent_to for part in await office.claim()] == ["matrix:@anna"]


async def test_never_two_places(office: Office) -> None:
    """What may have arrived at one account is not sent to another, nor the rest of what arrived in part."""
    await office.put(message("a", PERSON), message("room"), message("b", "person:8"), message("c", "person:9"))
    entries = {entry.cause: entry for entry in await office.claim()}
    assert not await office.reroute(entries["a"], "matrix:@anna")  # not refused yet
    frozen = {cause: await office.freeze(entry, "discord:55", parts=2) for cause, entry in entries.items()}
    await office.retry(frozen["a"])
    assert not await office.reroute(frozen["a"], "matrix:@anna")
    assert not await office.reroute(frozen["room"], "matrix:!other")  # a room has no other address
    await office.settle(frozen["b"])
    part = next(entry for entry in await office.claim() if entry.cause == "b")
    assert not await office.reroute(part, "matrix:@anna")
    await office.sending()  # a restart: nobody knows any more
    assert not await office.reroute(frozen["c"], "matrix:@anna")


async def test_when_to_wake(office: Office) -> None:
    """The next due moment is the first after now; what is due is counted, not what is for later."""
    await office.put(message("a"), message("b", due=NOON + HOUR), message("c", due=NOON + 2 * HOUR))
    async with office.database.read() as tx:
        assert await outbox.next_due(tx, NOON) == NOON + HOUR
        assert await outbox.next_due(tx, NOON + HOUR) == NOON + 2 * HOUR
        assert await outbox.next_due(tx, NOON + 2 * HOUR) is None
    assert await office.pending() == 1
    assert await office.pending(NOON + HOUR) == 2
    await office.say_all()
    assert await office.pending() == 0


async def test_moment_without_zone(office: Office) -> None:
    """A due moment without a zone is a mistake, told at once."""
    with pytest.raises(ValueError, match="zone"):
        await office.put(message("a", due=NOON.replace(tzinfo=None)))
