"""Buttons: whose they are, how often they act, and what is made of those that are no buttons of ours."""

import asyncio
import dataclasses

import pytest

import commands
from bot.platforms.discord.buttons import encode
from tests.discord_server import Interaction, Person, Shown
from tests.discord_server.world import Event
from tests.platforms.discord.conftest import Scene
from tests.platforms.discord.more import MORE

GIVE = {"command": "trial.give", "values": {}, "whose": "anyone"}


async def seat(scene: Scene) -> Shown:
    return await (await scene.anna.slash(scene.room, "proef plek")).answer()


async def test_two_people_one_seat(scene: Scene) -> None:
    """Of two who tap at once one has the seat, and the other hears that it is gone."""
    async with scene.home.running():
        shown = await seat(scene)
        taps = await asyncio.gather(*(person.tap(shown, "Ik kom") for person in (scene.anna, scene.bram)))
        said = sorted([(await tap.answer()).text for tap in taps])
        assert said == ["De plek is al weg.", "Plek gepakt."]


async def test_same_tap_twice(scene: Scene) -> None:
    """Who taps again on the own button hears that it was used, and nothing is done a second time."""
    async with dataclasses.replace(scene.home, catalogue=MORE).running() as bot:
        asked = await scene.anna.slash(scene.room, "proef verf", {"kleur": "paars"}, forged=True)
        shown = await asked.answer()
        first, second = [await (await scene.anna.tap(shown, "blauw")).answer() for _ in range(2)]
        assert first.text == "Gekozen: blue"
        assert "al gebruikt" in second.text
        async with bot.database.read() as tx:
            assert await tx.value("SELECT count(*) FROM pressed") == 1


async def test_button_of_somebody_else(scene: Scene) -> None:
    """Another's own button does nothing, and only who tapped it reads so."""
    async with dataclasses.replace(scene.home, catalogue=MORE).running():
        asked = await scene.anna.slash(scene.room, "proef verf", {"kleur": "paars"}, forged=True)
        shown = await asked.answer()
        assert (await (await scene.bram.tap(shown, "blauw")).answer()).ephemeral
        assert (await (await scene.anna.tap(shown, "blauw")).answer()).text == "Gekozen: blue"


async def test_after_a_restart(scene: Scene) -> None:
    """A button of before a restart still acts; one of a command that there is no more says so."""
    async with scene.home.running():
        shown = await seat(scene)
    async with scene.home.running():
        assert (await (await scene.bram.tap(shown, "Ik kom")).answer()).text == "Plek gepakt."
    async with dataclasses.replace(scene.home, catalogue=commands.CATALOGUE).running():
        gone = await (await scene.bram.tap(shown, "Ik kom")).answer()
        assert (gone.ephemeral, "werkt niet meer" in gone.text) == (True, True)


async def test_guild_that_was_left(scene: Scene) -> None:
    """A button in a guild that is no longer the campaign's does nothing."""
    async with scene.home.running():
        shown = await seat(scene)
    async with dataclasses.replace(scene.home, guilds=[1]).running() as bot:
        said = await (await scene.bram.tap(shown, "Ik kom")).answer()
        assert (said.ephemeral, "XS4ALL moet blijven" in said.text) == (True, True)
        async with bot.database.read() as tx:
            assert await tx.value("SELECT count(*) FROM handled") == 0


async def test_role_counts_where_it_is_tapped(scene: Scene) -> None:
    """An open button acts for whoever may do what it says: not for a person who lost the role that it takes."""
    async with scene.home.running():
        form = await (await scene.sjoera.slash(scene.desk, "bericht nieuw", {"tekst": "Hallo"})).answer()
        scene.guild.gives(scene.sjoera)
        asked = await scene.sjoera.tap(form, "Versturen")
        await asked.until(lambda: any(one.ephemeral for one in asked.shown()))
        assert scene.said() == []


FORGED = (
    "act:1:", "act:1:a::0:trial.take:", "act:2:a::0:trial.take", "act:1:o:zz:0:trial.take", "act:1:a::0:bot.stop",
    "act:1:a::0:trial.take:colour=%", "x", "act:1:a::0:" + "z" * 89, str(encode(GIVE, None, 0)),
)  # fmt: skip


@pytest.mark.parametrize("forged", FORGED)
async def test_forged(scene: Scene, forged: str) -> None:
    """What does not stand beneath the message, however it is written, is no button: one private line, nothing done."""
    async with scene.home.running() as bot:
        shown = await seat(scene)
        asked = await scene.bram.tap(shown, custom_id=forged)
        answer = await asked.answer()
        assert (answer.ephemeral, "werkt niet meer" in answer.text) == (True, True)
        assert len(asked.shown()) == 1
        async with bot.database.read() as tx:
            assert await tx.value("SELECT count(*) FROM handled") == 0


async def test_old_buttons(scene: Scene) -> None:
    """A button as an earlier version wrote it, beneath our own message, gets its private line too."""
    async with scene.home.running():
        shown = await seat(scene)
        kept = scene.server.world.messages[shown.id]
        for old in ("act:0:trial.take", "act:1:a::0:trial.take:colour=%", "taak:12", "act:1:a::0:gone.away"):
            kept.components[0]["components"][0]["custom_id"] = old
            answer = await (await scene.bram.tap(kept, "Ik kom")).answer()
            assert (answer.ephemeral, "werkt niet meer" in answer.text) == (True, True)


async def test_menu(scene: Scene) -> None:
    """Choosing from a menu does what it says, and what is not in it is not done."""
    async with scene.home.running():
        shown = await seat(scene)
        kept = scene.server.world.messages[shown.id]
        kept.components = [menu()]
        assert (await (await scene.anna.choose(shown, "blauw")).answer()).text == "Gekozen: blue"
        forged = await scene.anna.choose(shown, "colour=red&colour=blue", custom_id=kept.parts[0]["custom_id"])
        assert (await forged.answer()).ephemeral


def menu() -> dict[str, object]:
    button = {"command": "trial.colour", "values": {}, "whose": "anyone"}
    options = [{"label": label, "value": f"colour={value}"} for label, value in (("rood", "red"), ("blauw", "blue"))]
    one = {"type": 3, "custom_id": encode(button, None, 0, menu=True), "options": options}
    return {"type": 1, "components": [one]}


async def again(scene: Scene, asked: Interaction) -> None:
    """What the gateway says once more, when a session is picked up."""
    scene.server.world.announce(Event("INTERACTION_CREATE", asked.payload))


async def test_replayed(scene: Scene) -> None:
    """The same tap or command told a second time, at once or later, is done once and answered once."""
    async with scene.home.running():
        people: list[Person] = [scene.anna, scene.bram]
        for number, person in enumerate(people, 1):
            asked = await person.slash(scene.room, "proef tel")
            await again(scene, asked)
            assert (await asked.answer()).text == f"Geteld: {number}"
            await again(scene, asked)
            await asyncio.sleep(0.3)
        shown = await seat(scene)
        tap = await scene.anna.tap(shown, "Ik kom")
        await again(scene, tap)
        await again(scene, tap)
        await asyncio.sleep(0.3)
        assert (await tap.answer()).text == "Plek gepakt."
        assert scene.said() == ["Geteld: 1", "Geteld: 2", "Er is een plek.", "Plek gepakt."]
