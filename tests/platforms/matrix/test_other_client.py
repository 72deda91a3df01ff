"""Encrypted conversations with a client that is not nio, and that neither reads nor writes to unsigned devices."""

import pathlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.js_client import JsPerson, Said
from tests.matrix_people import EncryptedPerson, Person, wait
from tests.platforms.matrix.running import Home, private_room
from tests.synapse import Absent, Synapse, synapse

__all__ = ["synapse"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def anna(synapse: Synapse) -> AsyncIterator[JsPerson]:
    """One app for all tests here: each has a bot and rooms of its own."""
    try:
        async with JsPerson.living(synapse, "anna") as person:
            yield person
    except Absent as reason:
        pytest.skip(str(reason))


def clean(said: Said) -> str:
    """The text of a message that the app has nothing to say about."""
    assert (said.failure, said.shield, said.reason) == (None, "NONE", None)
    assert said.body
    return said.body


async def test_conversation(synapse: Synapse, anna: JsPerson, tmp_path: pathlib.Path) -> None:
    """The bot reads the app and the app reads the bot, message after message, without a shield."""
    home = await Home.new(synapse, tmp_path)
    async with home.running() as bot:
        room = await private_room(anna, bot, encrypted=True)
        await anna.says(room, "!hulp")
        assert clean(await anna.reads(room, by=bot.user_id)).startswith("Hallo!")
        await anna.says(room, "Kan ik mijn mailadres houden?")
        assert "mailadres" in clean(await anna.reads(room, by=bot.user_id))
    assert not await synapse.stored(room, "m.room.message")


async def test_bot_started_again(synapse: Synapse, anna: JsPerson, tmp_path: pathlib.Path) -> None:
    """After a new start both go on reading each other, also what was asked in between."""
    home = await Home.new(synapse, tmp_path)
    async with home.running() as bot:
        room = await private_room(anna, bot, encrypted=True)
        await anna.says(room, "!hulp")
        clean(await anna.reads(room, by=bot.user_id))
    await anna.says(room, "Kan ik mijn mailadres houden?")
    async with home.running():
        assert "mailadres" in clean(await anna.reads(room, by=home.user_id))
        await anna.says(room, "!hulp")
        assert clean(await anna.reads(room, by=home.user_id)).startswith("Hallo!")


async def test_private_answer(synapse: Synapse, anna: JsPerson, tmp_path: pathlib.Path) -> None:
    """What is for one alone waits in an encrypted room of two, readable once the invitation is accepted."""
    home, bram = await Home.new(synapse, tmp_path), await Person.new(synapse, "bram")
    shared = await anna.create_room(home.user_id, bram.user_id, name="Actie", encrypted=True)
    home.rooms = {"announcements": [shared]}
    await bram.join(shared)
    async with home.running() as bot:
        await bot.in_room(shared)
        await anna.says(shared, "!mijn taal nl")
        assert clean(await anna.reads(shared, by=bot.user_id)) == "Het antwoord staat in je privébericht."
        (private,) = await wait(anna.invites)
        await anna.join(private)
        assert "Nederlands" in clean(await anna.reads(private, by=bot.user_id))
        assert await anna.members(private) == {anna.user_id, bot.user_id}
    assert not await synapse.stored(private, "m.room.message")


async def test_unsigned_device(synapse: Synapse, anna: JsPerson, tmp_path: pathlib.Path) -> None:
    """The tests above can fail: a device that nobody signed cannot read the app, and the app does not read it."""
    async with EncryptedPerson.living(synapse, "carla", tmp_path / "carla") as carla:
        room = await carla.create_room(anna.user_id, encrypted=True)
        await anna.join(room)
        await carla.says(room, "Hoor je mij?")
        said = await anna.reads(room, by=carla.user_id)
        assert (said.body, said.failure) == (None, "UNSIGNED_SENDER_DEVICE")
        asked = await anna.says(room, "Hallo?")
        (sealed,) = await wait(lambda: carla.timeline(room, after=said.event))
        assert (sealed["event_id"], sealed["type"]) == (asked, "m.room.encrypted")
