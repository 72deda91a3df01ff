"""Forms for long texts: what was written is never lost, whatever happens to the bot or to Discord."""

import asyncio

import pytest

from bot.platforms.discord import modal
from tests.discord_server import Modal, NotThere
from tests.discord_server.faults import cut
from tests.discord_server.interactions_api import ASK, THINK
from tests.platforms.discord.conftest import Scene
from tests.platforms.discord.running import Running

TEXT = "Beste mensen,\n\n**morgen** om 20:00 in *De Balie*!"


async def form(scene: Scene, **values: str) -> Modal:
    """The form for an announcement."""
    asked = await scene.sjoera.slash(scene.desk, "bericht nieuw", values)
    opened = await asked.form()
    assert asked.acknowledged == ASK
    return opened


async def drafts(bot: Running) -> list[str]:
    async with bot.database.read() as tx:
        return [row["text"] for row in await tx.all("SELECT text FROM announcement")]


async def test_written_in_a_form(scene: Scene) -> None:
    """Without its text the command opens a form; sending that promises first, and makes the announcement as written."""
    async with scene.home.running() as bot:
        opened = await form(scene)
        asked = await scene.sjoera.submit(opened, {"text": TEXT})
        shown = await asked.answer()
        assert asked.acknowledged == THINK
        assert "Versturen" in shown.buttons
        assert await drafts(bot) == [TEXT]
        await (await scene.sjoera.tap(shown, "Versturen")).answer()
        await bot.drained()
        assert len(scene.said()) == 1


async def test_plain_option(scene: Scene) -> None:
    """Who gives the text behind the command needs no form."""
    async with scene.home.running() as bot:
        await (await scene.sjoera.slash(scene.desk, "bericht nieuw", {"tekst": "Kort"})).answer()
        assert await drafts(bot) == ["Kort"]


async def test_form_of_before_a_restart(scene: Scene) -> None:
    """A form that was open while the bot restarted gives back what was written, to its writer alone."""
    async with scene.home.running():
        opened = await form(scene)
    async with scene.home.running() as bot:
        asked = await scene.sjoera.submit(opened, {"text": TEXT + " a" * 600, "text_en": "b " * 600 + "c"})
        await asked.answer()
        await asked.until(lambda: " ".join(one.text for one in asked.shown()).split().count("b") == 600)
        assert " ".join(one.text for one in asked.shown()).split().count("a") == 600
        assert "Beste mensen" in asked.shown()[0].text
        assert all(one.ephemeral for one in asked.shown())
        assert await drafts(bot) == []


async def test_form_that_stood_open_too_long(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that we forgot meanwhile gives back what was written."""
    monkeypatch.setattr(modal, "_OPEN_SECONDS", 0.1)
    async with scene.home.running() as bot:
        opened = await form(scene)
        await asyncio.sleep(0.3)
        shown = await (await scene.sjoera.submit(opened, {"text": TEXT})).answer()
        assert ("Beste mensen" in shown.text, shown.ephemeral) == (True, True)
        assert await drafts(bot) == []


async def test_form_that_is_sent_again(scene: Scene) -> None:
    """When the promise does not arrive nothing is done, and the form, which Discord keeps open, can be sent again."""
    async with scene.home.running() as bot:
        opened = await form(scene)
        scene.server.world.patience_seconds = 2.0
        scene.server.faults.plan(cut(), "POST", "/callback$", times=3)
        with pytest.raises(NotThere):
            await (await scene.sjoera.submit(opened, {"text": TEXT})).answer()
        assert await drafts(bot) == []
        await (await scene.sjoera.submit(opened, {"text": TEXT})).answer()
        assert await drafts(bot) == [TEXT]


async def test_other_value_is_wrong(scene: Scene) -> None:
    """When something else in the command does not fit, the writer gets the text back."""
    async with scene.home.running() as bot:
        opened = await form(scene, om="ooit")
        asked = await scene.sjoera.submit(opened, {"text": TEXT})
        await asked.until(lambda: len(asked.shown()) == 2)
        error, kept = asked.shown()
        assert "om" in error.text
        assert ("Beste mensen" in kept.text, kept.ephemeral) == (True, True)
        assert await drafts(bot) == []


async def test_not_for_everybody(scene: Scene) -> None:
    """Who may not announce gets that form from no real client; a forged one ends in a denial."""
    async with scene.home.running() as bot:
        opened = await (await scene.anna.slash(scene.room, "bericht nieuw", {}, forged=True)).form()
        shown = await (await scene.anna.submit(opened, {"text": TEXT})).answer()
        assert shown.ephemeral
        assert await drafts(bot) == []
