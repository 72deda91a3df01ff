"""The outbox under random use: whatever happens, in whatever order, its promises hold."""

import dataclasses
import datetime as dt
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.reply import say
from bot.store import outbox
from bot.store.database import Database, Row
from bot.store.outbox import Entry, Message

START = dt.datetime(2019, 1, 27, 12, 0, tzinfo=dt.UTC)
ROOMS = ("discord:1", "matrix:!2", "person:3")
ACCOUNTS = ("discord:33", "matrix:@33")
HOUR = dt.timedelta(hours=1)
OPEN = {"queued", "sending"}

causes = st.integers(0, 5).map("c{}".format)
edits = st.integers(0, 2).map("c{}".format)
puts = st.tuples(
    st.just("put"), causes, st.sampled_from(ROOMS), st.sampled_from([-1, 0, 0, 2]), st.one_of(st.none(), edits)
)
sends = st.tuples(
    st.just("send"),
    st.integers(1, 3),  # limit
    st.integers(1, 3),  # parts
    st.sampled_from(["arrived", "arrived", "lost", "unheard", "too fast", "refused", "crash"]),
)
steps = st.one_of(
    puts,
    sends,
    st.tuples(st.just("cancel"), causes),
    st.tuples(st.just("pass"), st.sampled_from([0, 1])),
    st.tuples(st.just("restart")),
)


@dataclasses.dataclass
class World:
    """A database, the clocks, and what people really read."""

    database: Database
    now: dt.datetime = START
    machine: int = 1_700_000_000_000
    wanted: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    read: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    """Addresses at which the message with a key is read; a platform shows a repeated key once."""

    async def step(self, name: str, *values: Any) -> None:
        await getattr(self, f"do_{name}")(*values)
        self.machine += 1
        check(await self.rows(), self)

    async def rows(self) -> list[Row]:
        async with self.database.read() as tx:
            return await tx.all("SELECT * FROM outbox ORDER BY id")

    async def do_put(self, cause: str, to: str, hours: int, edited: str | None) -> None:
        if edited == cause:
            edited = None
        message = Message(cause, to, say("hello"), due=self.now + hours * HOUR, edits=edited)
        async with self.database.write() as tx:
            await outbox.put(tx, [message], now=self.now)
        self.wanted.add((cause, to))

    async def do_cancel(self, cause: str) -> None:
        before = await self.rows()
        async with self.database.write() as tx:
            count = await outbox.cancel(tx, cause, self.now)
        assert count == sum(row["cause"] == cause and row["state"] == "queued" for row in before)

    async def do_pass(self, hours: int) -> None:
        self.now += hours * HOUR
        self.machine += 10

    async def do_restart(self) -> None:
        """What was being sent is looked up in the rooms."""
        async with self.database.write() as tx:
            for entry in await outbox.sending(tx):
                if self.read.get(entry.key):
                    await outbox.settle(tx, entry, "found", self.now)

    async def do_send(self, limit: int, parts: int, outcome: str) -> None:
        async with self.database.write() as tx:
            entries = await outbox.claim(
                tx, now=self.now, machine=self.machine, platforms=("discord", "matrix"), limit=limit
            )
        may = expected(await self.rows(), self.now, self.machine)
        assert len(entries) == min(limit, len(may))
        assert {entry.id for entry in entries} <= may
        for entry in entries:
            await self.attempt(entry, parts, outcome)
        if outcome == "crash":
            await self.do_restart()

    async def attempt(self, entry: Entry, parts: int, outcome: str) -> None:
        if entry.payload is None:
            person = entry.destination.startswith("person:")
            to = entry.sent_to or (ACCOUNTS[0] if person else entry.destination)
            async with self.database.write() as tx:
                entry = await outbox.freeze(tx, entry, to, [{"n": n} for n in range(parts)], machine=self.machine)
        assert entry.sent_to
        if outcome in {"arrived", "unheard", "crash"} and entry.sent_to not in self.read.setdefault(entry.key, []):
            self.read[entry.key].append(entry.sent_to)
        async with self.database.write() as tx:
            if outcome == "arrived":
                await outbox.settle(tx, entry, "ref", self.now)
            elif outcome in {"lost", "unheard"}:
                await outbox.retry(tx, entry, outcome, self.machine + 5)
            elif outcome == "too fast":
                await outbox.postpone(tx, entry, outcome, self.machine + 5)
            elif outcome == "refused" and not (
                entry.sent_to == ACCOUNTS[0] and await outbox.reroute(tx, entry, ACCOUNTS[1])
            ):
                await outbox.fail(tx, entry, outcome, self.now)


def expected(rows: list[Row], now: dt.datetime, machine: int) -> set[int]:
    """The rows that may go now, by the rules in words."""
    heads: dict[str, Row] = {}
    due = [row for row in rows if row["state"] == "queued" and row["due_at"] <= now.timestamp() * 1000]
    for row in [row for row in rows if row["state"] == "sending"] + due:
        original = [r for r in rows if (r["cause"], r["destination"]) == (row["edits"], row["destination"])]
        sent = any(r["state"] == "sent" and r["id"] < row["id"] and not r["part"] for r in original)
        whole = sent and all(r["state"] not in OPEN for r in original)
        if row["state"] == "sending" or not row["edits"] or whole:
            heads.setdefault(row["destination"], row)
    return {row["id"] for row in heads.values() if row["next_try"] <= machine}


def check(rows: list[Row], world: World) -> None:
    """What holds after every step."""
    keys = Counter((row["cause"], row["destination"], row["part"]) for row in rows)
    assert set(keys.values()) <= {1}, "once"
    assert {key[:2] for key in keys if key[2] == 0} == world.wanted, "nothing vanishes"
    assert all(len(places) <= 1 for places in world.read.values()), "never two places"
    for row in rows:
        key = f"{row['cause']}/{row['destination']}/{row['part']}"
        assert (row["payload"] is None) <= (key not in world.read), "frozen before it is sent"
        assert row["state"] != "cancelled" or key not in world.read, "not taken back after it was read"
        assert row["state"] != "sent" or key in world.read, "not called sent before it is read"
        assert (row["ended_at"] is None) == (row["state"] in OPEN)
    for room in ROOMS:
        assert len({row["cause"] for row in rows if row["state"] == "sending" and row["destination"] == room}) <= 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=5, max_size=40))
async def test_promises(database: Database, todo: list[tuple[Any, ...]]) -> None:
    """Once per destination, in order, nowhere twice, and in the end everything is sent, cancelled or failed."""
    async with database.write() as tx:
        await tx.run("DELETE FROM outbox")
    world = World(database)
    for name, *values in todo:
        await world.step(name, *values)
    await world.step("restart")
    await world.step("pass", 3)
    for _ in range(100):
        await world.step("send", 3, 1, "arrived")
        await world.step("pass", 0)
        if all(row["state"] in {"sent", "cancelled", "failed"} for row in await world.rows()):
            return
    raise AssertionError("some rows never end")
