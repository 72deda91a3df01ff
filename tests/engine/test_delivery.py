"""Delivery: once, in order, whatever the platform says; and nothing is dropped without a word."""

import asyncio
import contextlib
import datetime as dt
import pathlib
import sqlite3
import time

import pytest

from bot.core.invocation import Address
from bot.engine.clock import PlayedClock
from bot.store import outbox
from bot.store.database import Database
from bot.store.outbox import Priority
from tests.engine.posting import (
    DISCORD,
    NOON,
    ORGANISERS,
    OTHER,
    ROOM,
    SetMachine,
    deliver,
    delivering,
    delivery,
    meet,
    message,
    platforms,
    private,
    put,
    rows,
    run,
    states,
    text,
    until,
)
from tests.receiver import Receiver

HOUR = dt.timedelta(hours=1)
NIGHT = dt.datetime(2019, 1, 27, 22, 30, tzinfo=dt.UTC)  # 23:30 in Amsterdam
MORNING = dt.datetime(2019, 1, 28, 7, tzinfo=dt.UTC)


async def freeze_first(database: Database, *, machine: int, attempts: int = 0) -> outbox.Entry:
    """Do what a run did just before it died: freeze the first row."""
    async with database.write() as tx:
        [entry] = await outbox.claim(tx, now=NOON, machine=machine, platforms=["matrix", "discord"], limit=1)
        return await outbox.freeze(tx, entry, entry.destination, [{"text": f"nl: {entry.cause}"}], machine=machine)


# -- what goes well -------------------------------------------------------------------------------------


async def test_every_room_in_order_and_language(database: Database, receiver: Receiver) -> None:
    """Each room gets its messages in order, with all their parts, in its own language."""
    await put(database, message("a", ROOM, "a2", "a3"), message("a", OTHER), message("a", DISCORD), message("b", ROOM))
    await put(database, message("b", OTHER, language="nl"))
    await deliver(database, receiver)
    assert await receiver.texts("!room") == ["nl: a", "nl: a2", "nl: a3", "nl: b"]
    assert await receiver.texts("!other") == ["en: a", "nl: b"]
    assert await receiver.texts("1001") == ["en: a"]
    assert set((await states(database)).values()) == {"sent"}


async def test_changes(database: Database, receiver: Receiver) -> None:
    """A change of a message changes it where it stands, part by part."""
    await put(database, message("a", ROOM, "a2"), message("b", ROOM))
    await deliver(database, receiver)
    await put(database, message("a:1", ROOM, "changed", edits="a"))
    await deliver(database, receiver)
    assert await receiver.texts("!room") == ["nl: a:1", "nl: changed", "nl: b"]


async def test_scheduled_change_is_not_waited_for(database: Database, receiver: Receiver) -> None:
    """A change of a message that is due tomorrow is not due today."""
    await put(database, message("a", ROOM, due=NOON + 24 * HOUR), message("a:1", ROOM, edits="a"))
    await deliver(database, receiver)
    assert await receiver.texts("!room") == []


async def test_due_by_the_campaigns_clock(database: Database, receiver: Receiver) -> None:
    """What is due later waits, and goes when its moment comes, without a wake."""
    await put(database, message("a", ROOM, due=NOON + dt.timedelta(seconds=0.3)), message("b", ROOM, due=NOON + HOUR))
    async with delivering(database, receiver) as running:
        await running.drain()
        assert await receiver.held() == []

        async def arrived() -> bool:
            return await receiver.texts("!room") == ["nl: a"]

        await until(arrived)


async def test_wake(database: Database, receiver: Receiver) -> None:
    """A message that is put later goes at once when delivery is woken."""
    async with delivering(database, receiver) as running:
        await running.drain()
        await put(database, message("a", ROOM))
        running.wake()

        async def arrived() -> bool:
            return await receiver.texts("!room") == ["nl: a"]

        await until(arrived, seconds=2)


async def test_a_silent_room_holds_nobody_up(database: Database, receiver: Receiver) -> None:
    """While one room gives no answer, others get theirs, and an answer goes before an announcement."""
    await receiver.fault("mute", room="!room", always=True)
    await put(database, message("a", ROOM), message("a", OTHER), message("r", DISCORD, priority=Priority.ANSWER))
    async with delivering(database, receiver):

        async def arrived() -> bool:
            return len(await receiver.held()) == 3

        await until(arrived, seconds=0.4)


async def test_answers_first(database: Database, receiver: Receiver) -> None:
    """With one message at a time, answers go before announcements that were put earlier."""
    await put(database, message("a", ROOM), message("b", OTHER), message("r", DISCORD, priority=Priority.ANSWER))
    await deliver(database, receiver, at_once=1)
    on_matrix_or_discord = [m.key for m in await receiver.held()]
    assert on_matrix_or_discord.index(f"r/{DISCORD}/0") <= 1  # discord's one and matrix's first go side by side


# -- what goes wrong ------------------------------------------------------------------------------------

UNCLEAR = ["lost", "mute", "5xx-after", "5xx-before", "cut-before", "cut-after", "try-after", "slow"]


@pytest.mark.parametrize("to", [ROOM, DISCORD])
async def test_every_fault(database: Database, receiver: Receiver, to: str) -> None:
    """Whatever goes wrong on the way, every message is there once and in order."""
    await receiver.fault(*UNCLEAR)
    await put(database, *(message(f"m{n}", to, f"m{n} more") for n in range(3)), message("m1:1", to, edits="m1"))
    await deliver(database, receiver)
    held = [m.texts[-1].split(": ")[1] for m in await receiver.held()]
    assert held == ["m0", "m0 more", "m1:1", "m1 more", "m2", "m2 more"]


@pytest.mark.parametrize("fault", ["mute", "lost"])
async def test_forgotten_key(database: Database, receiver: Receiver, fault: str) -> None:
    """Once the platform has forgotten a key, the room is looked in before anything is sent again."""
    await receiver.set(window=120)
    await receiver.fault(fault, "5xx-before", room="1001")
    machine = SetMachine()
    await put(database, message("a", DISCORD))
    async with delivering(database, receiver, machine=machine) as running:

        async def tried() -> bool:
            return bool((await rows(database))[f"a {DISCORD}"]["attempts"])

        await until(tried)
        machine.ahead = HOUR
        await receiver.set(clock=3600)
        await running.drain()
    assert await receiver.texts("1001") == ["en: a"]


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize("away", [dt.timedelta(seconds=20), HOUR, -HOUR])
async def test_died_while_sending(database: Database, receiver: Receiver, arrived: bool, away: dt.timedelta) -> None:
    """What a run was sending when it died is there once, however long ago that was, also by a clock set back."""
    machine = SetMachine()
    await receiver.set(window=120)
    await put(database, message("a", DISCORD), message("b", DISCORD))
    entry = await freeze_first(database, machine=machine())
    if arrived:
        await platforms(receiver)["discord"].send(Address.parse(DISCORD), entry.payload or {}, key=entry.key)
    machine.ahead = away
    await receiver.set(clock=abs(away.total_seconds()))
    await deliver(database, receiver, machine=machine)
    assert await receiver.texts("1001") == ["nl: a", "en: b"]


async def test_no_look_while_the_key_is_known(database: Database, receiver: Receiver) -> None:
    """Younger than the platform remembers: sent again with the same key, without a look in the room."""
    machine = SetMachine()
    await put(database, message("a", ROOM))
    await freeze_first(database, machine=machine())
    await receiver.fault("refused", do="find", always=True)
    machine.ahead = 5 * HOUR
    await deliver(database, receiver, machine=machine)
    assert await receiver.texts("!room") == ["nl: a"]


async def test_store_that_is_locked_after_sending(receiver: Receiver, tmp_path: pathlib.Path) -> None:
    """A message that was sent while another program holds the file is written down when it lets go, not sent twice."""
    async with Database.connect(f"sqlite:///{tmp_path}/bot.db", patience=0.1) as database:
        await put(database, message("a", ROOM))
        await receiver.fault("slow")
        async with delivering(database, receiver) as running:

            async def stored() -> bool:
                return bool(await receiver.held())

            await until(stored)
            with contextlib.closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                await asyncio.sleep(0.5)
                other.execute("ROLLBACK")
            await running.drain()
        assert await receiver.texts("!room") == ["nl: a"]
        assert await receiver.calls() == 1
        assert await states(database) == {f"a {ROOM}": "sent"}


async def test_later(database: Database, receiver: Receiver) -> None:
    """ "Later" is obeyed, and a second room that hears it makes the whole account wait."""
    await receiver.fault("try-after", "try-after")
    await put(database, *(message("a", f"matrix:!{n}") for n in range(6)))
    began = time.monotonic()
    await deliver(database, receiver, at_once=2)
    assert time.monotonic() - began > 0.1
    assert len(await receiver.held()) == 6
    assert await receiver.calls() <= 9


async def test_machine_clock_set_back(database: Database, receiver: Receiver) -> None:
    """A next try does not wait an hour because the computer's clock was set back by one."""
    from bot.engine.machine import MachineClock

    wall = {"ms": time.time_ns() // 1_000_000}
    machine = MachineClock(lambda: wall["ms"])
    await receiver.fault("5xx-before")
    await put(database, message("a", ROOM))
    async with delivering(database, receiver, machine=machine) as running:
        wall["ms"] -= 3_600_000
        async with asyncio.timeout(3):
            await running.drain()
        wall["ms"] += 7_200_000
        await put(database, message("b", ROOM))
        await running.drain()
    assert await receiver.texts("!room") == ["nl: a", "nl: b"]


async def test_stop(database: Database, receiver: Receiver) -> None:
    """What is under way when delivery is stopped gets its end, and is written down."""
    await receiver.fault("slow")
    await put(database, message("a", ROOM), message("b", ROOM))
    async with delivering(database, receiver):

        async def stored() -> bool:
            return bool(await receiver.held())

        await until(stored)
    assert await states(database) == {f"a {ROOM}": "sent", f"b {ROOM}": "queued"}


# -- what is refused ------------------------------------------------------------------------------------


async def test_refused_is_reported(database: Database, receiver: Receiver) -> None:
    """A refused message fails, and the organisers hear which, where and why; the next one goes."""
    await receiver.fault("refused", room="!room")
    await put(database, message("a", ROOM, "a2"), message("b", ROOM))
    await deliver(database, receiver)
    assert await receiver.texts("!room") == ["nl: b"]
    [report] = await receiver.texts("!organisers")
    assert "delivery.failed delivery.what_announcement delivery.room matrix:!room" in report
    assert report.endswith("no permission")


async def test_report_that_fails(database: Database, receiver: Receiver) -> None:
    """A report that fails is not reported."""
    await receiver.fault("refused", "refused", room="!organisers")
    await put(database, message("a", ORGANISERS))
    await deliver(database, receiver)
    assert sorted((await states(database)).values()) == ["failed", "failed"]


async def test_accounts_are_not_named(database: Database, receiver: Receiver) -> None:
    """A report does not print an address that may be somebody's account."""
    await receiver.fault("refused", room="@anna")
    await put(database, message("a", "matrix:@anna"))
    await deliver(database, receiver)
    [report] = await receiver.texts("!organisers")
    assert "anna" not in report


async def test_room_is_paused(database: Database, receiver: Receiver) -> None:
    """After three refusals a room is left alone, its messages wait, and organisers hear once; later it goes on."""
    machine = SetMachine()
    await receiver.fault("refused", room="!room", always=True)
    await put(database, *(message(f"m{n}", ROOM) for n in range(5)))
    async with delivering(database, receiver, machine=machine) as running:
        await running.drain()
        assert [r.split()[1] for r in await receiver.texts("!organisers")] == ["delivery.failed"] * 2 + [
            "delivery.paused"
        ]
        calls = await receiver.calls()
        machine.ahead = HOUR + dt.timedelta(seconds=1)
        running.wake()
        await running.drain()
        assert await receiver.calls() == calls + 1  # one try an hour
        await receiver.mend()
        machine.ahead *= 2
        await running.drain()
    assert await receiver.texts("!room") == ["nl: m2", "nl: m3", "nl: m4"]
    assert (await receiver.texts("!organisers"))[-1].split()[1] == "delivery.resumed"
    assert len(await receiver.texts("!organisers")) == 4


async def test_paused_for_more_than_a_day(database: Database, receiver: Receiver) -> None:
    """What has waited a day for a paused room is given up, and told once."""
    clock = PlayedClock(NOON)
    machine = SetMachine()
    await receiver.fault("refused", room="!room", always=True)
    await put(database, *(message(f"m{n}", ROOM) for n in range(6)))
    async with delivering(database, receiver, clock=clock, machine=machine) as running:
        await running.drain()
        clock.jump(NOON + 25 * HOUR)
        await put(database, message("new", ROOM), now=clock.now())
        machine.ahead = 25 * HOUR
        running.wake()
        await running.drain()
        assert (await states(database))[f"new {ROOM}"] == "queued"
    told = [r.split()[1] for r in await receiver.texts("!organisers")]
    assert told == ["delivery.failed"] * 2 + ["delivery.paused", "delivery.stale"]
    assert await states(database) == await states(database) | {f"m{n} {ROOM}": "failed" for n in range(6)}


async def test_cannot_be_drawn(database: Database, receiver: Receiver) -> None:
    """A message that the platform cannot draw fails, is reported, and holds nobody up."""
    await put(database, message("missing", ROOM), message("b", ROOM))
    await deliver(database, receiver)
    assert await receiver.texts("!room") == ["nl: b"]
    assert "delivery.why_unwritable" in (await receiver.texts("!organisers"))[0]


async def test_not_ours_to_read(database: Database, receiver: Receiver) -> None:
    """A row that no version of the bot could read is reported too, and one for nobody; delivery goes on."""
    await put(database, message("a", ROOM), message("p", "person:x"), message("b", ROOM))
    await run(database, "UPDATE outbox SET reply = '{}' WHERE cause = 'a'")
    await deliver(database, receiver)
    assert await receiver.texts("!room") == ["nl: b"]
    assert len(await receiver.texts("!organisers")) == 2


# -- to a person ----------------------------------------------------------------------------------------


async def test_person_account_last_used(database: Database, receiver: Receiver) -> None:
    """A private message goes to the account last used, in the person's language."""
    await meet(database, "discord:7", "matrix:@anna")
    await run(database, "UPDATE person SET language = 'en'")
    await put(database, private("a"))
    await deliver(database, receiver)
    assert [(m.room, m.texts) for m in await receiver.held()] == [("7", ["en: a"])]


async def test_person_next_account(database: Database, receiver: Receiver) -> None:
    """An account that takes no private messages is passed over; no room is paused for it."""
    await meet(database, "discord:7", "matrix:@anna")
    await receiver.fault("refused", room="7", always=True)
    await put(database, *(private(f"m{n}", origin=ROOM) for n in range(4)))
    await deliver(database, receiver)
    assert await receiver.texts("@anna") == [f"nl: m{n}" for n in range(4)]
    assert len(await receiver.held()) == 4


async def test_person_room_of_origin(database: Database, receiver: Receiver) -> None:
    """When no account takes it, the room of origin hears that there is something, not what."""
    await meet(database, "discord:7", "matrix:@anna")
    await receiver.fault("refused", room="7")
    await receiver.fault("refused", room="@anna")
    await put(database, private("secret", origin=OTHER))
    await deliver(database, receiver)
    assert [(m.room, m.texts) for m in await receiver.held()] == [("!other", ["en: delivery.waiting_elsewhere"])]


async def test_person_nowhere(database: Database, receiver: Receiver) -> None:
    """When nothing is left it fails and is reported, without a name."""
    await meet(database, "discord:7", "matrix:@anna")
    await receiver.fault("refused", room="7")
    await receiver.fault("refused", room="@anna")
    await put(database, private("secret"), private("nobody", person=9))
    await deliver(database, receiver)
    reports = await receiver.texts("!organisers")
    assert len(reports) == 2
    assert not any("anna" in r or "person:" in r or "secret" in r for r in reports)


async def test_person_never_two_places(database: Database, receiver: Receiver) -> None:
    """A message that may have arrived at one account does not go to another one."""
    await meet(database, "discord:7", "matrix:@anna")
    await receiver.fault("cut-after", "refused", room="7")
    await put(database, private("a"))
    await deliver(database, receiver)
    assert [(m.room, m.texts) for m in await receiver.held()] == [("7", ["nl: a"])]


async def test_person_of_a_platform_that_is_off(database: Database, receiver: Receiver) -> None:
    """Somebody who is only on a platform that is off is waited for; others are not held up, nor is a drain."""
    await meet(database, "terminal:anna")
    await put(database, private("a"), message("b", ROOM), message("c", "terminal:#room"))
    await deliver(database, receiver)
    assert await receiver.texts("!room") == ["nl: b"]
    assert (await states(database))["a person:1"] == "queued"


async def test_quiet_hours(database: Database, receiver: Receiver) -> None:
    """At night a private message waits for the morning; an answer behind it does not, nor does a room."""
    await meet(database, "matrix:@anna")
    clock = PlayedClock(NIGHT)
    await put(
        database, private("late"), message("soon", "person:1", priority=Priority.ANSWER), message("r", ROOM), now=NIGHT
    )
    async with delivering(database, receiver, clock=clock) as running:
        await running.drain()
        assert await receiver.texts("@anna") == ["nl: soon"]
        assert await receiver.texts("!room") == ["nl: r"]
        clock.jump(MORNING)
        await running.drain()
    assert await receiver.texts("@anna") == ["nl: soon", "nl: late"]


@pytest.mark.parametrize(
    ("own", "waits"),
    [
        ("quiet_off = 1", False),
        ("quiet_from = '23:45', quiet_until = '06:00'", False),
        ("zone = 'America/New_York'", False),
    ],
)
async def test_own_quiet_hours(database: Database, receiver: Receiver, own: str, waits: bool) -> None:
    """A person's own quiet hours and zone count, not the campaign's."""
    await meet(database, "matrix:@anna")
    await run(database, f"UPDATE person SET {own}")
    await put(database, private("a"), now=NIGHT)
    await deliver(database, receiver, clock=PlayedClock(NIGHT))
    assert (await receiver.texts("@anna") == []) is waits


# -- at start -------------------------------------------------------------------------------------------


async def test_muted(database: Database, receiver: Receiver) -> None:
    """While muted nothing is said and nothing is lost."""
    await put(database, message("a", ROOM), message("b", ROOM))
    await freeze_first(database, machine=SetMachine()())
    await run(database, "INSERT INTO setting (name, value) VALUES ('muted', '1')")
    await deliver(database, receiver)
    assert await receiver.calls() == 0
    await run(database, "DELETE FROM setting")
    await deliver(database, receiver)
    assert await receiver.texts("!room") == ["nl: a", "nl: b"]


async def test_unsaid_replies(database: Database, receiver: Receiver) -> None:
    """Replies that may not have been said are said after a start, once, where no event comes again."""
    for name, place, age in [("1", DISCORD, 10), ("2", ROOM, 10), ("3", DISCORD, 70), ("4", "discord:9", 10)]:
        await run(
            database,
            """
            INSERT INTO handled (id, who, place, language, reply, at)
            VALUES (:id, 'discord:9', :place, 'en', :reply, :at)""",
            id=name,
            place=place,
            reply=text(f"done {name}").to_json(),
            at=NOON - dt.timedelta(minutes=age),
        )
    for _ in range(2):
        await deliver(database, receiver)
    assert [(m.room, m.texts) for m in await receiver.held()] in (
        [("1001", ["en: done 1"]), ("9", ["en: done 4"])],
        [("9", ["en: done 4"]), ("1001", ["en: done 1"])],
    )
    async with database.read() as tx:
        assert [r["id"] for r in await tx.all("SELECT id FROM handled WHERE said_at IS NULL ORDER BY id")] == ["2", "3"]


async def test_start_before_anybody_speaks(database: Database, receiver: Receiver) -> None:
    """What is handled after the start is not taken for something that an earlier run left."""
    made = delivery(database, receiver)
    await made.start()
    await run(
        database,
        "INSERT INTO handled (id, who, place, language, reply, at) VALUES ('1', 'a', 'discord:9', 'en', :reply, :at)",
        reply=text("done").to_json(),
        at=NOON,
    )
    running = asyncio.create_task(made.run())
    await made.drain()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert await receiver.held() == []
