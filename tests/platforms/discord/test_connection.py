"""The connection: it breaks, is picked up, ends, or is refused; what people ask is answered once it is back."""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Awaitable, Callable

import pytest
from discord import backoff

import commands
from bot.core.invocation import Address
from bot.core.platform import Off
from bot.core.reply import Phrase, Reply
from bot.platforms.discord import discord as platform
from bot.platforms.discord.client import Client
from tests.discord_server.faults import Fault, cut
from tests.discord_server.small_bot import eventually
from tests.platforms.discord.conftest import Scene
from tests.platforms.discord.running import Running

NEWS = Reply(Phrase("trial.news", {"text": "45.500"}))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "_pause", lambda _: 0.1)


async def answers(scene: Scene) -> bool:
    asked = await scene.anna.slash(scene.room, "proef kleur", {"kleur": "rood"})
    return (await asked.answer()).text == "Gekozen: red"


async def test_dropped(scene: Scene) -> None:
    """A connection that breaks is picked up; what was asked meanwhile is done once."""
    async with scene.home.running():
        await scene.server.gateway.drop()
        asked = await scene.anna.slash(scene.room, "proef tel")
        assert (await asked.answer()).text == "Geteld: 1"
        await scene.server.gateway.reconnect()
        asked = await scene.anna.slash(scene.room, "proef tel")
        assert (await asked.answer()).text == "Geteld: 2"
        assert (scene.server.gateway.resumed, scene.server.gateway.identified) == (2, 1)
        assert scene.said() == ["Geteld: 1", "Geteld: 2"]


async def test_session_is_over(scene: Scene) -> None:
    """A session that cannot be picked up is begun anew."""
    async with scene.home.running():
        await scene.server.gateway.invalidate()
        await eventually(lambda: scene.server.gateway.identified == 2, seconds=15)
        assert await answers(scene)


async def test_outage(scene: Scene) -> None:
    """Discord is away for some seconds: the bot comes back, and says what came due meanwhile, once."""
    async with scene.home.running() as bot:
        await scene.server.stop()
        await bot.announce("news:1", NEWS, f"discord:{scene.room.id}")
        await asyncio.sleep(2)
        await scene.server.listen(scene.server.port)
        await bot.drained()
        await scene.server.gateway.ready(30)
        assert await answers(scene)
        assert len(scene.said()) == 2


async def test_gateway_away_at_the_start(scene: Scene) -> None:
    """A gateway that is away from the beginning is waited for; `status` says so meanwhile."""
    scene.server.gateway.open = False
    async with scene.home.running(ready=False) as bot:
        await eventually(lambda: "discord" in bot.bot.notes)
        scene.server.gateway.open = True
        await bot.ready()
        assert await answers(scene)
        assert "discord" not in bot.bot.notes


async def test_away_for_long(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a long outage we do not wait for discord.py, whose pauses grow to a quarter of an hour."""
    monkeypatch.setattr(platform, "AWAY_SECONDS", 1.0)
    monkeypatch.setattr(backoff.ExponentialBackoff, "delay", lambda _: 900.0)
    async with scene.home.running() as bot:
        await scene.server.stop()
        await eventually(lambda: "discord" in bot.bot.notes)
        await scene.server.listen(scene.server.port)
        await bot.ready()
        assert await answers(scene)
        assert "discord" not in bot.bot.notes


async def test_looking(scene: Scene) -> None:
    """What was said is found without a gateway, in a room and in a private talk, as soon as Discord can be reached."""
    to = [Address("discord", one) for one in (scene.room.id, scene.desk.id, scene.anna.id)]
    scene.home.rooms = {"announcements": [scene.room.id]}
    async with scene.home.running() as bot:
        await bot.announce("news:1", NEWS, *map(str, to))
        await bot.drained()
        looker = Running(scene.home, bot.database).discord
    await scene.server.stop()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5), looker.looking():
            pass
    await scene.server.listen(scene.server.port)
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)
    async with looker.looking() as looking:
        assert all([await looking.find(one, f"news:1/{one}/0", since=long_ago) for one in to])
        assert not any([await looking.find(one, "news:2", since=long_ago) for one in to])
    assert scene.server.gateway.identified == 1


async def off_after(scene: Scene, happening: Callable[[Running], Awaitable[None]]) -> tuple[bool, str]:
    """How the platform ends when something happens to a running bot."""

    async def run() -> None:
        async with scene.home.running() as bot:
            await happening(bot)

    with pytest.raises(Off) as off:
        await run()
    return off.value.refused, off.value.why.key


async def test_wrong_token(scene: Scene) -> None:
    """With a token that Discord refuses the platform is off, and says whose fault that is."""
    scene.home.token = "fout"

    async def nothing(_: Running) -> None:
        pass

    assert await off_after(scene, nothing) == (True, "discord.off_token")


async def test_token_that_is_taken_back(scene: Scene) -> None:
    """A token that is refused later on, as after it was made anew, turns the platform off too."""

    async def refused(bot: Running) -> None:
        scene.server.rest.token = scene.server.gateway.token = "a-new-one"
        await scene.server.gateway.drop()
        await asyncio.wait(bot.tasks[:1], timeout=15)

    assert await off_after(scene, refused) == (True, "discord.off_token")


async def test_intents_refused(scene: Scene) -> None:
    """A bot that may not hear what it wants to hear is off, and says so."""

    async def refused(bot: Running) -> None:
        await scene.server.gateway.drop(4014)
        await asyncio.wait(bot.tasks[:1], timeout=15)

    assert await off_after(scene, refused) == (True, "discord.off_intents")


@pytest.mark.parametrize("fault", [Fault(status=400), cut()])
async def test_commands_are_not_taken(scene: Scene, fault: Fault) -> None:
    """When Discord does not take the commands, people are told, and the bot hears them all the same."""
    async with dataclasses.replace(scene.home, catalogue=commands.CATALOGUE).running():
        pass
    scene.server.faults.plan(fault, "PUT", "/commands$", times=9)
    async with scene.home.running() as bot:
        assert "discord commands" in bot.bot.notes
        assert (await (await scene.anna.slash(scene.room, "hulp")).answer()).text
    scene.server.faults.clear()
    async with scene.home.running() as bot:
        assert "discord commands" not in bot.bot.notes
        assert await answers(scene)


async def test_surprise(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the library stumbles over, the bot comes back."""
    real, broken = Client.connect, [True]

    async def connect(client: Client, **more: bool) -> None:
        if broken.pop() if broken else False:
            raise KeyError("surprise")
        await real(client, **more)

    monkeypatch.setattr(Client, "connect", connect)
    async with scene.home.running():
        assert await answers(scene)
