"""Commands behind a slash: what is said to whom, in which language, and how soon."""

import dataclasses

import pytest

from tests.discord_server.interactions_api import SAY, THINK
from tests.platforms.discord.conftest import Scene
from tests.platforms.discord.more import LONG, MORE


async def test_reading_answers_at_once(scene: Scene) -> None:
    """A command that reads is answered with its answer, for everybody to read."""
    async with scene.home.running():
        asked = await scene.anna.slash(scene.room, "proef kleur", {"kleur": "rood"})
        shown = await asked.answer()
        assert (asked.acknowledged, shown.ephemeral) == (SAY, False)
        assert scene.said() == ["Gekozen: red"]


async def test_writing_promises_first(scene: Scene) -> None:
    """A command that writes says first that an answer will come, and then gives it in that place."""
    async with scene.home.running():
        asked = await scene.anna.slash(scene.room, "proef tel")
        assert (await asked.answer()).text == "Geteld: 1"
        assert asked.acknowledged == THINK
        assert scene.said() == ["Geteld: 1"]


@pytest.mark.parametrize(("line", "values"), [("mijn taal", {"taal": "nl"}), ("proef geheim", {})])
async def test_the_askers_alone(scene: Scene, line: str, values: dict[str, str]) -> None:
    """An answer that is the asker's alone is seen by nobody else, and neither is that it was asked."""
    async with scene.home.running():
        asked = await scene.anna.slash(scene.room, line, values)
        assert (await asked.answer()).ephemeral
        assert [one.ephemeral for one in asked.shown()] == [True]
        assert scene.said() == []


async def test_private_talk(scene: Scene) -> None:
    """In a private talk with the bot nothing needs to be hidden, and an answer stays there."""
    async with scene.home.running():
        talk = await scene.anna.dm()
        assert (await (await scene.anna.slash(talk, "proef geheim")).answer()).text == "Dit is geheim."
        assert scene.said(talk) == ["Dit is geheim."]


async def test_denied_in_public(scene: Scene) -> None:
    """Of a denial nothing is left where everybody reads, although an answer was promised there."""
    async with scene.home.running():
        asked = await scene.anna.slash(scene.desk, "bericht intrekken", {"bericht": "B1"}, forged=True)
        await asked.until(lambda: bool(asked.followups))
        assert asked.acknowledged == THINK
        assert [one.ephemeral for one in asked.shown()] == [True]
        assert "organisator" in asked.shown()[0].text
        assert scene.said(scene.desk) == []


async def test_value_that_does_not_fit(scene: Scene) -> None:
    """What cannot be chosen is answered with what can, as buttons, and a button does it."""
    async with scene.home.running():
        asked = await scene.anna.slash(scene.room, "proef kleur", {"kleur": "paars"}, forged=True)
        shown = await asked.answer()
        assert shown.buttons == ["rood", "blauw"]
        assert (await (await scene.anna.tap(shown, "blauw")).answer()).text == "Gekozen: blue"


async def test_slow_command(scene: Scene) -> None:
    """A command that takes longer than Discord waits is answered all the same."""
    async with scene.home.running():
        asked = await scene.anna.slash(scene.room, "proef traag")
        assert (await asked.answer()).text == "Er is een plek."
        assert asked.acknowledged == THINK


async def test_languages(scene: Scene) -> None:
    """People are answered in the language of their Discord, unless they chose another."""
    async with scene.home.running():
        eve = scene.guild.person("eve", locale="en-US")
        assert (await (await eve.slash(scene.room, "proef tel")).answer()).text == "Counted: 1"
        await (await eve.slash(scene.room, "mijn taal", {"taal": "nl"})).answer()
        assert (await (await eve.slash(scene.room, "proef tel")).answer()).text == "Geteld: 2"
        jan = scene.guild.person("jan", locale="ja")
        assert (await (await jan.slash(scene.room, "proef tel")).answer()).text == "Geteld: 3"


@pytest.mark.parametrize(("line", "alone"), [("proef lang", False), ("proef geheimen", True)])
async def test_long_answer(scene: Scene, line: str, alone: bool) -> None:
    """What does not fit in one message comes in several, in order, and as private as the first."""
    async with dataclasses.replace(scene.home, catalogue=MORE).running():
        asked = await scene.anna.slash(scene.room, line)
        await asked.answer()
        await asked.until(lambda: sum(len(one.text.split()) for one in asked.shown()) >= len(LONG.split()) + 1)
        assert " ".join(" ".join(one.text for one in asked.shown()).split()) == f"Nieuws: {LONG}"
        assert {one.ephemeral for one in asked.shown()} == {alone}


async def test_thread(scene: Scene) -> None:
    """What is said in a thread counts as said in its channel: only organisers read along, or everybody does."""
    inside, outside = scene.guild.thread(scene.desk, "plan"), scene.guild.thread(scene.room, "praat")
    async with scene.home.running():
        assert not (await (await scene.sjoera.slash(inside, "bericht lijst")).answer()).ephemeral
        assert (await (await scene.sjoera.slash(outside, "bericht lijst")).answer()).ephemeral


async def test_strange_guild(scene: Scene) -> None:
    """In a guild that is not the campaign's every command gets one line, and nothing is done."""
    other = scene.server.guild("Elders")
    place, eve = other.channel("hal"), other.person("eve")
    async with scene.home.running():
        for line in ("proef tel", "hulp"):
            shown = await (await eve.slash(place, line)).answer()
            assert shown.ephemeral
            assert "XS4ALL moet blijven" in shown.text
        assert scene.said(place) == []
        assert await eve.complete("mijn tijdzone", "tijdzone", "Ams", where=place) == []
        assert (await (await scene.anna.slash(scene.room, "proef tel")).answer()).text == "Geteld: 1"


async def test_old_menu(scene: Scene) -> None:
    """A command that there is no more, in a menu that Discord had kept, says what to do."""
    async with scene.home.running():
        (kept,) = [one for one in scene.server.commands() if one.name == "vraag"]
        scene.server.world.commands[None].append(
            dataclasses.replace(kept, body={**kept.body, "name": "stand", "options": []})
        )
        shown = await (await scene.anna.slash(scene.room, "stand")).answer()
        assert (shown.ephemeral, "veranderd" in shown.text) == (True, True)


async def test_option_that_is_missing(scene: Scene) -> None:
    """A command without what it needs, as only a menu of before or a modified client sends it, is answered too."""
    async with scene.home.running():
        shown = await (await scene.anna.slash(scene.room, "vraag", {}, forged=True)).answer()
        assert (shown.ephemeral, "veranderd" in shown.text) == (True, True)


async def test_fault_of_our_own(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the platform itself breaks, people read so, with the code that stands in the log."""
    async with scene.home.running() as bot:
        monkeypatch.setattr(bot.dispatcher, "handle", None)
        for asked in (await scene.anna.slash(scene.room, "hulp"), await scene.anna.slash(scene.room, "proef tel")):
            await asked.until(lambda asked=asked: any(one.text for one in asked.shown()))  # type: ignore[misc]
            (shown,) = asked.shown()
            assert (shown.ephemeral, "code" in shown.text) == (True, True)
        assert scene.said() == []
