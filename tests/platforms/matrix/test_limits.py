"""One budget for all that an account sends, on a homeserver with limits of its own."""

import asyncio
import pathlib
import time

import pytest

from bot.core.platform import TryAfter
from bot.platforms.matrix.turns import Rank, Turns
from tests.matrix_people import Person, wait
from tests.platforms.matrix.running import Home, private_room
from tests.synapse import Synapse, strict_synapse

__all__ = ["strict_synapse"]


async def test_quiet_rooms_beside_a_flood(strict_synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """With Synapse's own limits ten quiet rooms are each answered before a flooding one gets a second answer more."""
    synapse = strict_synapse
    flood = [await Person.new(synapse, "eve") for _ in range(5)]
    home = await Home.new(synapse, tmp_path)
    room = await flood[0].create_room(*(person.user_id for person in flood[1:]), home.user_id)
    for person in flood[1:]:
        await person.join(room)
    home.rooms = {"announcements": [room]}
    quiet = [await Person.new(synapse, "anna") for _ in range(10)]
    async with home.running() as bot:
        await bot.in_room(room)
        talks = [await private_room(person, bot) for person in quiet]
        for person in flood:
            for _ in range(8):
                await person.says(room, "!hulp")
        await wait(lambda: bot.limit_seconds > 0, seconds=60)  # the budget is spent by now
        asked = time.monotonic()
        await asyncio.gather(*(person.says(talk, "hulp") for person, talk in zip(quiet, talks, strict=True)))
        before = len(await flood[0].heard(room, by=bot.user_id))
        for person, talk in zip(quiet, talks, strict=True):
            await wait(lambda person=person, talk=talk: person.heard(talk, by=bot.user_id), seconds=90)  # type: ignore[misc]
        spent = time.monotonic() - asked
        further = len(await flood[0].heard(room, by=bot.user_id)) - before
    assert further <= 1
    assert spent <= 70


# -- turns ------------------------------------------------------------------------------------------------


class Clock:
    """Seconds that a test passes."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_rooms_in_turn() -> None:
    """Of those that wait the most urgent goes first, then the room that was served longest ago."""
    turns, order = Turns(at_once=1), list[str]()
    gate = asyncio.Event()

    async def first() -> str:
        await gate.wait()
        return ""

    async def note(name: str) -> str:
        order.append(name)
        return name

    waiting = [asyncio.create_task(turns.run("flood", Rank.ANSWER, first))]
    await asyncio.sleep(0)
    for room, rank in (("flood", Rank.ANSWER), ("tap", Rank.OWN), ("post", Rank.OUTBOX), ("quiet", Rank.ANSWER)):
        waiting.append(asyncio.create_task(turns.run(room, rank, lambda room=room: note(room))))  # type: ignore[misc]
        await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*waiting)
    assert order == ["quiet", "flood", "post", "tap"]


async def test_too_many() -> None:
    """After "too many" all wait for the moment that was named; then the same call goes again."""
    turns, tries = Turns(), 0

    async def act() -> int:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise TryAfter(0.2)
        return tries

    begun = time.monotonic()
    assert await turns.run("room", Rank.ANSWER, act) == 2
    assert time.monotonic() - begun >= 0.2
    assert turns.limit_seconds == 0.2


async def test_those_who_come_back() -> None:
    """Who does not wait hears when to come back, for the whole account."""
    clock = Clock()
    turns = Turns(clock)

    async def refused() -> None:
        raise TryAfter(5.0)

    with pytest.raises(TryAfter) as first:
        await turns.run_now("one", Rank.OUTBOX, refused)
    assert (first.value.seconds, first.value.everywhere) == (5.0, True)
    clock.now += 2
    with pytest.raises(TryAfter) as second:
        await turns.run_now("two", Rank.OUTBOX, refused)
    assert second.value.seconds == pytest.approx(3.0)


async def test_patience_ends() -> None:
    """Where answers never end, what has waited for a minute goes all the same."""
    clock = Clock()
    turns = Turns(clock, at_once=1)
    gate = asyncio.Event()

    async def long() -> None:
        await gate.wait()

    async def quick() -> str:
        return "said"

    busy = [asyncio.create_task(turns.run(f"room {n}", Rank.ANSWER, long)) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(TryAfter):
        await turns.run_now("news", Rank.OUTBOX, quick)
    clock.now += 61
    waiting = asyncio.create_task(turns.run_now("news", Rank.OUTBOX, quick))
    await asyncio.sleep(0)
    gate.set()
    assert await waiting == "said"
    await asyncio.gather(*busy)


async def test_who_gives_up_holds_nobody_up() -> None:
    """A caller that is cancelled, waiting or under way, leaves its place to the next."""
    turns = Turns(at_once=1)

    async def forever() -> None:
        await asyncio.Event().wait()

    async def quick() -> str:
        return "said"

    under_way, waiting = (asyncio.create_task(turns.run("a", Rank.ANSWER, forever)) for _ in range(2))
    last = asyncio.create_task(turns.run("b", Rank.ANSWER, quick))
    await asyncio.sleep(0)
    waiting.cancel()
    under_way.cancel()
    assert await last == "said"
