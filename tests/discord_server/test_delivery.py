"""What happens to a message when something goes wrong on its way."""

import asyncio

import aiohttp
import discord
import pytest

from tests.discord_server.faults import Fault, banned, cut, delay, error, limited
from tests.discord_server.people import Person
from tests.discord_server.place import Channel
from tests.discord_server.server import DiscordServer
from tests.discord_server.small_bot import SmallBot

LOST = (aiohttp.ClientError, OSError, discord.DiscordServerError)


async def test_same_nonce_is_one_message(server: DiscordServer, bot: SmallBot, room: Channel) -> None:
    """A nonce makes one message within its time, also when that was taken away; after it, another one."""
    channel = bot.get_partial_messageable(int(room.id))
    first = await channel.send("Een", nonce="sleutel")
    assert (await channel.send("Twee", nonce="sleutel")).id == first.id
    assert [(one.content, one.nonce) for one in server.messages(room)] == [("Een", "sleutel")]
    await first.delete()
    assert (await channel.send("Drie", nonce="sleutel")).id == first.id
    assert server.messages(room) == []
    server.clock.advance(server.nonce_seconds + 1)
    assert (await channel.send("Vier", nonce="sleutel")).id != first.id


@pytest.mark.parametrize("fault", [error(503), cut(), banned()])
async def test_lost_before_it_was_stored(server: DiscordServer, bot: SmallBot, room: Channel, fault: Fault) -> None:
    """A request that goes wrong before it is carried out leaves nothing."""
    server.faults.plan(fault, "POST", "/messages$")
    with pytest.raises((*LOST, discord.HTTPException)):
        await bot.get_partial_messageable(int(room.id)).send("Hoi")
    assert server.messages(room) == []
    assert [one[2] for one in server.faults.happened] == [fault]


@pytest.mark.parametrize("fault", [error(503, stored=True), cut(stored=True)])
async def test_lost_after_it_was_stored(server: DiscordServer, bot: SmallBot, room: Channel, fault: Fault) -> None:
    """A request that goes wrong after it was carried out is told by its nonce when it comes again."""
    server.faults.plan(fault, "POST", "/messages$")
    channel = bot.get_partial_messageable(int(room.id))
    with pytest.raises(LOST):
        await channel.send("Hoi", nonce="sleutel")
    again = await channel.send("Hoi", nonce="sleutel")
    assert [one.id for one in server.messages(room)] == [str(again.id)]


async def test_tried_again_by_the_library(server: DiscordServer, bot: SmallBot, room: Channel) -> None:
    """discord.py repeats a 500 after storing with the same nonce, and waits for a 429 of Discord's own."""
    server.faults.plan(error(500, stored=True), "POST", "/messages$")
    server.faults.plan(limited(0.05), "POST", "/messages$")
    server.faults.plan(delay(0.01), "POST", "/messages$")
    await bot.get_partial_messageable(int(room.id)).send("Hoi")
    assert [one.content for one in server.messages(room)] == ["Hoi"]
    assert len(server.faults.happened) == 3


async def test_follow_ups_double(server: DiscordServer, bot: SmallBot, anna: Person) -> None:
    """A follow-up has no nonce: a 500 after storing makes two of it."""
    server.faults.plan(error(500, stored=True), "POST", "/webhooks/")
    interaction = await anna.slash(await anna.dm(), "traag")
    await interaction.until(lambda: len(interaction.shown()) == 3)
    assert [one.text for one in interaction.shown()][1:] == ["En nog iets"] * 2


async def test_by_chance_but_the_same(server: DiscordServer) -> None:
    """The same seed brings the same faults; nothing happens outside the paths that were named."""

    def drawn() -> list[Fault | None]:
        server.faults.at_random(0.5, seed=7, method="POST", path="/messages$")
        return [server.faults.strikes("POST", "/x/messages") for _ in range(20)]

    first = drawn()
    assert first == drawn()
    assert 0 < sum(one is not None for one in first) < 20
    assert server.faults.strikes("GET", "/x/messages") is None
    server.faults.clear()
    assert server.faults.strikes("POST", "/x/messages") is None


async def test_many_at_once(server: DiscordServer, bot: SmallBot, room: Channel, anna: Person) -> None:
    """A hundred commands at once are all answered."""
    asked = [await anna.slash(room, "hallo", {"naam": str(number)}) for number in range(100)]
    answers = await asyncio.gather(*(one.answer() for one in asked))
    assert [one.text for one in answers] == [f"Hallo {number}" for number in range(100)]
    assert server.violations == []
