"""Who the bot listens to, where, and with which rights."""

import pathlib
from typing import Any

import pytest

from bot.core.reply import Phrase, Reply
from bot.platforms.matrix.rooms import CREATOR_LEVEL, Facts
from tests.matrix_people import Person, wait
from tests.platforms.matrix.running import Home, private_room
from tests.synapse import Synapse, synapse
from tests.trial import CATALOGUE

__all__ = ["synapse"]


# -- invitations ------------------------------------------------------------------------------------------


async def test_invitations_of_strangers(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Only those whom the settings name may invite; a flood of others costs nothing."""
    anna, eve = await Person.new(synapse, "anna"), await Person.new(synapse, "eve")
    home = await Home.new(synapse, tmp_path, invites_from=[anna.user_id])
    async with home.running() as bot:
        strange = [await eve.create_room(bot.user_id) for _ in range(20)]
        room = await anna.create_room(bot.user_id)
        await bot.in_room(room)
        assert not any(bot.is_in(other) for other in strange)


async def test_flood_of_invitations(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A hundred invitations at once are all taken up, and meanwhile people are answered."""
    anna, bram = await Person.new(synapse, "anna"), await Person.new(synapse, "bram")
    home = await Home.new(synapse, tmp_path)
    async with home.running() as bot:
        talk = await private_room(bram, bot)
        rooms = [await anna.create_room(bot.user_id) for _ in range(100)]
        asked = await bram.says(talk, "hulp")
        assert (await bram.hears(talk, by=bot.user_id, after=asked))["body"].startswith("Hallo!")
        await wait(lambda: all(bot.is_in(room) for room in rooms), seconds=60)


async def test_room_that_is_not_ours(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A shared room that is not configured gets one line, and nothing else, also after a restart."""
    anna, bram = await Person.new(synapse, "anna"), await Person.new(synapse, "bram")
    home = await Home.new(synapse, tmp_path)
    room = await anna.create_room(bram.user_id, home.user_id)
    for expected in (1, 1):
        async with home.running() as bot:
            await bot.in_room(room)
            await anna.says(room, "!hulp")
            await anna.says(room, "!bericht lijst")
            await wait(lambda: anna.heard(room, by=home.user_id))
            await anna.hears_nothing(
                room, by=home.user_id, after=(await anna.heard(room, by=home.user_id))[0]["event_id"]
            )
            assert len(await anna.heard(room, by=home.user_id)) == expected


# -- aliases ----------------------------------------------------------------------------------------------


async def test_alias_is_pinned(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """An alias is looked up once; when somebody points it elsewhere the bot stays, and says so."""
    anna, eve = await Person.new(synapse, "anna"), await Person.new(synapse, "eve")
    home = await Home.new(synapse, tmp_path)
    name = synapse.unique("actie")
    room = await anna.create_room(home.user_id, public=True, alias=name)
    alias = f"#{name}:actie.test"
    home.rooms = {"announcements": [alias], "organisers": [alias]}
    async with home.running() as bot:
        await wait(lambda: bot.place_of(alias) == room)
        await bot.in_room(room)
        await bot.announce("news:1", Reply(Phrase("trial.news", {"text": "een"})), f"matrix:{alias}")
        await bot.drained()
        assert (await anna.hears(room, by=bot.user_id))["body"] == "Nieuws: een"
    await anna.call("DELETE", f"/directory/room/%23{name}:actie.test")
    other = await eve.create_room(home.user_id)
    await eve.call("PUT", f"/directory/room/%23{name}:actie.test", {"room_id": other})
    async with home.running() as bot:
        await wait(lambda: f"matrix {alias}" in bot.bot.notes)
        assert bot.place_of(alias) == room
        told = await wait(lambda: anna.heard(room, by=bot.user_id))
        assert other in (await wait(lambda: _second(anna, room, bot.user_id)))["content"]["body"]
        assert told


async def _second(person: Person, room: str, by: str) -> dict[str, Any] | None:
    said = await person.heard(room, by=by)
    return said[1] if len(said) > 1 else None


async def test_open_room_is_joined(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A configured room that everybody may enter needs no invitation."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path)
    room = await anna.create_room(public=True)
    home.rooms = {"announcements": [room]}
    async with home.running() as bot:
        await bot.in_room(room)


# -- roles ------------------------------------------------------------------------------------------------


async def test_member_of_a_room_of_ours(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Who is in a configured room is a member, also in private; who leaves is a guest again."""
    anna, bram = await Person.new(synapse, "anna"), await Person.new(synapse, "bram")
    home = await Home.new(synapse, tmp_path)
    room = await anna.create_room(home.user_id, bram.user_id)
    home.rooms = {"volunteers": [room]}
    await bram.join(room)
    async with home.running() as bot:
        await bot.in_room(room)
        talk = await private_room(bram, bot)
        asked = await bram.says(talk, "rechten")
        assert "vrijwilliger" in (await bram.hears(talk, by=bot.user_id, after=asked))["body"]
        await bram.leave(room)
        await wait(lambda: not bot.has_member(room, bram.user_id))
        asked = await bram.says(talk, "rechten")
        assert "gast" in (await bram.hears(talk, by=bot.user_id, after=asked))["body"]


@pytest.mark.parametrize("version", ["10", "11", "12"])
async def test_power_in_the_organisers_room(synapse: Synapse, tmp_path: pathlib.Path, version: str) -> None:
    """Power there makes an organiser: given by the list, or in version 12 by having made the room."""
    anna, bram = await Person.new(synapse, "anna"), await Person.new(synapse, "bram")
    home = await Home.new(synapse, tmp_path)
    room = await anna.create_room(bram.user_id, home.user_id, version=version)
    await bram.join(room)
    home.rooms = {"organisers": [room]}
    home.organisers = [f"matrix:power>=50@{room}"]
    async with home.running() as bot:
        await bot.in_room(room)
        asked = await anna.says(room, "!antwoord lijst")
        assert "organisatoren" not in (await anna.hears(room, by=bot.user_id, after=asked))["body"]
        asked = await bram.says(room, "!antwoord lijst")
        assert "privébericht" in (await bram.hears(room, by=bot.user_id, after=asked))["body"]  # that he may not
        await anna.set_power(room, bram.user_id, 50)
        await wait(lambda: bot.power_in(room, bram.user_id) == 50)
        asked = await bram.says(room, "!antwoord lijst")
        assert "privébericht" not in (await bram.hears(room, by=bot.user_id, after=asked))["body"]


async def test_power_elsewhere_gives_nothing(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Power in a room that is not the organisers' makes nobody an organiser, whatever the settings say."""
    eve, home = await Person.new(synapse, "eve"), await Home.new(synapse, tmp_path)
    room = await eve.create_room(home.user_id)
    home.rooms = {"volunteers": [room]}
    home.organisers = [f"matrix:power>=50@{room}"]
    async with home.running() as bot:
        await bot.in_room(room)
        asked = await eve.says(room, "!antwoord lijst")
        assert "privébericht" in (await eve.hears(room, by=bot.user_id, after=asked))["body"]


@pytest.mark.parametrize(
    ("create", "levels", "user", "power"),
    [
        ({"room_version": "12"}, {"users": {}}, "@anna", CREATOR_LEVEL),
        ({"room_version": "12", "additional_creators": ["@bram", 7]}, {}, "@bram", CREATOR_LEVEL),
        ({"room_version": "11", "additional_creators": ["@bram"]}, {}, "@bram", 0),
        ({"room_version": "11"}, {"users": {}}, "@anna", 0),
        ({"room_version": "11"}, None, "@anna", 100),
        ({}, {"users": {"@bram": "50"}}, "@bram", 50),
        ({}, {"users": {"@bram": True}, "users_default": 5}, "@bram", 5),
        ({}, {"users": "all", "users_default": "x"}, "@bram", 0),
        ({"room_version": ["12"]}, {"users": {"@bram": 50}}, "@bram", 50),
    ],
)
def test_levels(create: dict[str, Any], levels: dict[str, Any] | None, user: str, power: int) -> None:
    """Who has which level, by the rules of the room's version; what is malformed gives nothing."""
    facts = Facts()
    facts.take("m.room.create", "@anna", create)
    if levels is not None:
        facts.take("m.room.power_levels", "@anna", levels)
    assert facts.power(user) == power


async def test_command_without_the_right(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """What only organisers may is refused to others, and nothing is done."""
    eve, home = await Person.new(synapse, "eve"), await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    async with home.running() as bot:
        room = await private_room(eve, bot)
        asked = await eve.says(room, "antwoord stoppen keep-email-address reden:onzin")
        assert "organisatoren" in (await eve.hears(room, by=bot.user_id, after=asked))["body"]
        async with bot.database.read() as tx:
            assert await tx.value("SELECT count(*) FROM answer_stop") == 0
