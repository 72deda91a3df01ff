"""The answer to an interaction when Discord is late, fails, or hangs up: nothing done unseen, nothing said twice."""

import asyncio

import pytest

from bot.platforms.discord import discord as platform
from bot.platforms.discord import responses
from bot.platforms.discord.buttons import encode
from tests.discord_server import NotThere
from tests.discord_server.faults import Fault, banned, cut, error, limited
from tests.discord_server.interaction import PATIENCE_SECONDS
from tests.discord_server.small_bot import eventually
from tests.platforms.discord.conftest import Scene
from tests.platforms.discord.running import Running

FIRST, LATER = "/callback$", "/messages/@original$"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "_FIRST_PAUSE_SECONDS", 0.02)


async def counted(bot: Running) -> int:
    """How often the counting command was carried out."""
    async with bot.database.read() as tx:
        return int(await tx.value("SELECT value FROM setting WHERE name = 'count'") or 0)


async def is_lost(scene: Scene, line: str) -> None:
    """Somebody gives a command, and reads that the bot did not answer; it goes on trying for a while."""
    scene.server.world.patience_seconds = 0.9
    with pytest.raises(NotThere):
        await (await scene.anna.slash(scene.room, line)).answer()
    await asyncio.sleep(0.7)
    scene.server.world.patience_seconds = PATIENCE_SECONDS


async def test_late(scene: Scene) -> None:
    """What reaches us too late to be answered is not done."""
    async with scene.home.running() as bot:
        scene.server.late = True
        await is_lost(scene, "proef tel")
        await is_lost(scene, "hulp")
        scene.server.late = False
        assert await counted(bot) == 0
        assert (await (await scene.anna.slash(scene.room, "proef tel")).answer()).text == "Geteld: 1"


@pytest.mark.parametrize(
    ("fault", "times"), [(error(500), 1), (error(503), 1), (cut(), 9), (banned(), 9), (limited(1.2), 1)]
)
async def test_promise_fails(scene: Scene, fault: Fault, times: int) -> None:
    """When Discord cannot be told in time that an answer will come, nothing is done."""
    async with scene.home.running() as bot:
        scene.server.faults.plan(fault, "POST", FIRST, times=times)
        await is_lost(scene, "proef tel")
        assert await counted(bot) == 0
        scene.server.faults.clear()
        assert (await (await scene.anna.slash(scene.room, "proef tel")).answer()).text == "Geteld: 1"


@pytest.mark.parametrize("fault", [cut(stored=True), error(500, stored=True), cut(), error(502), limited(0.2)])
async def test_promise_arrives_unseen(scene: Scene, fault: Fault) -> None:
    """A promise that arrived, although the connection broke or Discord failed, is kept."""
    async with scene.home.running() as bot:
        scene.server.faults.plan(fault, "POST", FIRST)
        assert (await (await scene.anna.slash(scene.room, "proef tel")).answer()).text == "Geteld: 1"
        assert (await counted(bot), scene.said()) == (1, ["Geteld: 1"])


@pytest.mark.parametrize("fault", [cut(stored=True), error(500, stored=True), cut(), error(503), limited(0.2)])
async def test_answer_fails_at_first(scene: Scene, fault: Fault) -> None:
    """An answer is tried until it stands there: in place of a promise, and as the first word."""
    async with scene.home.running():
        scene.server.faults.plan(fault, "PATCH", LATER, times=2)
        assert (await (await scene.anna.slash(scene.room, "proef tel")).answer()).text == "Geteld: 1"
        scene.server.faults.plan(fault, "POST", FIRST)
        assert (await (await scene.anna.slash(scene.room, "proef kleur", {"kleur": "rood"})).answer()).text
        assert scene.said() == ["Geteld: 1", "Gekozen: red"]


async def test_answer_never_arrives(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done and could not be said is said after the next start: where it was asked, or to the asker alone."""
    monkeypatch.setattr(platform, "_STOP_SECONDS", 0.1)
    elsewhere = scene.guild.channel("praat")  # of the guild, but none of the campaign's rooms
    async with scene.home.running() as bot:
        scene.server.faults.plan(cut(), "PATCH", LATER, times=99)
        await scene.anna.slash(elsewhere, "proef tel")
        await scene.anna.slash(scene.room, "proef geheim")
        await eventually(lambda: len(scene.server.faults.happened) > 3)
        assert await counted(bot) == 1
    scene.server.faults.clear()
    monkeypatch.setattr(platform, "_pause", lambda _: 1.0)
    scene.server.gateway.open = False  # no guild has come in: which number is a channel's, has to be asked
    async with scene.home.running(ready=False) as bot:
        await bot.drained()
        assert [text.partition("\n")[0] for text in scene.said(elsewhere) if text] == ["Geteld: 1"]
        (secret,) = scene.said(await scene.anna.dm())
        assert secret.startswith("Dit is geheim.")


async def test_private_answer_is_never_public(scene: Scene) -> None:
    """When a public promise cannot be taken back, the private answer is not given in its place."""
    async with scene.home.running():
        scene.server.faults.plan(banned(), "DELETE", LATER, times=99)
        asked = await scene.anna.slash(scene.desk, "bericht intrekken", {"bericht": "B1"}, forged=True)
        await asyncio.sleep(1)
        assert [one.text for one in asked.shown()] == [""]
        assert asked.followups == []


async def test_answer_that_discord_refuses(scene: Scene) -> None:
    """An answer that Discord does not take is replaced by a line that says so."""
    async with scene.home.running():
        scene.server.faults.plan(Fault(status=400), "PATCH", LATER)
        scene.server.faults.plan(Fault(status=400), "POST", FIRST)
        for line, values in (("proef kleur", {"kleur": "rood"}), ("proef tel", {})):
            asked = await scene.anna.slash(scene.room, line, values)
            await eventually(lambda asked=asked: any("niet zien" in one.text for one in asked.shown()))  # type: ignore[misc]
            (shown,) = asked.shown()
            assert shown.ephemeral


async def test_too_many(scene: Scene) -> None:
    """Of a hundred commands at once by one person, those over the budget get one kind line; nobody else notices."""
    scene.home.limited = True
    lines = ["proef kleur", "proef tel"]
    async with scene.home.running():
        asked = [
            await scene.anna.slash(scene.room, lines[n % 2], {} if n % 2 else {"kleur": "rood"}) for n in range(100)
        ]
        other = await scene.bram.slash(scene.room, "proef kleur", {"kleur": "blauw"})
        assert (await other.answer()).text == "Gekozen: blue"
        for one in asked:
            await one.until(lambda one=one: one.settled)  # type: ignore[misc]
        said = [shown.text for one in asked for shown in one.shown()]
        answered = [text for text in said if text.startswith(("Gekozen", "Geteld"))]
        kind = [text for text in said if text not in answered]
        assert (len(answered), len(kind)) == (20, 1)
        assert "minuut" in kind[0] or ":" in kind[0]


@pytest.mark.parametrize("command", ["trial.take", "trial.seat"])
async def test_too_many_taps(scene: Scene, command: str) -> None:
    """Taps over the budget change nothing and show no failure, whether the button writes or reads."""
    scene.home.limited = True
    async with scene.home.running():
        shown = await (await scene.anna.slash(scene.room, "proef plek")).answer()
        custom_id = encode({"command": command, "values": {}, "whose": "anyone"}, None, 0)
        scene.server.world.messages[shown.id].components[0]["components"][0]["custom_id"] = custom_id
        taps = [await scene.bram.tap(shown, "Ik kom") for _ in range(40)]
        for tap in taps:
            await tap.until(lambda tap=tap: tap.settled or tap.acknowledged is not None)  # type: ignore[misc]
        await asyncio.sleep(0.5)
        said = [one.text for tap in taps for one in tap.shown() if one.id != shown.id]
        assert len(said) == 21
        assert scene.server.world.messages[shown.id].buttons == ["Ik kom"]


async def test_stop_lets_answers_end(scene: Scene) -> None:
    """What was asked before the bot stops is answered."""
    async with scene.home.running():
        slow = await scene.anna.slash(scene.room, "proef traag")
        asked = await scene.anna.slash(scene.room, "proef tel")
        await asyncio.sleep(0.2)
    assert (await slow.answer()).text == "Er is een plek."
    assert (await asked.answer()).text == "Geteld: 1"
