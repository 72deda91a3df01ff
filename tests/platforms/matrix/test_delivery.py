"""What the outbox holds reaches Matrix rooms once, whatever happens in between."""

import dataclasses
import pathlib
from typing import Any

import pytest

from bot.core.reply import Button, For, Kind, Phrase, Picture, Reply, say
from bot.platforms.matrix.post import KEY, mark
from bot.store.database import Database
from tests.matrix_people import EncryptedPerson, Person, wait
from tests.platforms.matrix.running import Home, Running
from tests.synapse import Synapse, synapse
from tests.trial import CATALOGUE

__all__ = ["synapse"]

NEWS = Reply(Phrase("trial.news", {"text": "45.500 handtekeningen"}), kind=Kind.ANNOUNCEMENT)

UNSETTLED = "state = 'sending', ref = NULL, ended_at = NULL, attempts = 1"


async def state_of(bot: Running, cause: str) -> list[str]:
    """How the rows of a cause stand."""
    async with bot.database.read() as tx:
        rows = await tx.all("SELECT state FROM outbox WHERE cause = :cause ORDER BY destination, part", cause=cause)
    return [row["state"] for row in rows]


async def room_with(person: Person, home: Home, **kind: Any) -> str:
    """A room of the campaign."""
    room = await person.create_room(home.user_id, **kind)
    home.rooms = {**home.rooms, "announcements": [*home.rooms.get("announcements", ()), room]}
    return room


async def test_announcement_to_twenty_rooms(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Every room hears it once, with the mark by which it is found again; asked once more, it is one message still."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path)
    rooms = [await room_with(anna, home, encrypted=n % 2 == 1) for n in range(20)]
    async with home.running() as bot:
        for room in rooms:
            await bot.in_room(room)
        for _ in range(2):
            await bot.announce("news:1", NEWS, *(f"matrix:{room}" for room in rooms))
        await bot.drained()
        assert await state_of(bot, "news:1") == ["sent"] * 20
    for room in rooms:
        said = [e for e in await synapse.stored(room) if e["sender"] == home.user_id and "state_key" not in e]
        assert len(said) == 1
        assert said[0]["content"][KEY] == mark(f"news:1/matrix:{room}/0")


async def test_said_before_but_not_settled(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A bot that died between sending and writing down sends nothing twice: with the same key, or after a look."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path)
    room = await room_with(anna, home)
    async with home.running() as bot:
        await bot.in_room(room)
        await bot.announce("news:1", NEWS, f"matrix:{room}")
        await bot.drained()
    for first_try in ("first_try", "first_try - 13 * 3600000"):  # within what the homeserver remembers, and after it
        async with Database.connect(f"sqlite:///{home.folder / home.database}") as database, database.write() as tx:
            await tx.run(f"UPDATE outbox SET first_try = {first_try}, {UNSETTLED}")
        async with home.running() as bot:
            await bot.drained()
            assert await state_of(bot, "news:1") == ["sent"]
    said = [e for e in await synapse.stored(room, "m.room.message") if e["sender"] == home.user_id]
    assert len(said) == 1


async def test_new_device_looks_first(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A transaction id is its device's own: on another device the bot looks in the room, encrypted or not."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path)
    rooms = [await room_with(anna, home), await room_with(anna, home, encrypted=True)]
    async with home.running() as bot:
        for room in rooms:
            await bot.in_room(room)
        await bot.announce("news:1", NEWS, *(f"matrix:{room}" for room in rooms))
        await bot.drained()
        before = bot.device_id
    async with Database.connect(f"sqlite:///{home.folder / home.database}") as database, database.write() as tx:
        await tx.run(f"UPDATE outbox SET {UNSETTLED}")
    async with dataclasses.replace(home, store="another").running() as bot:
        await bot.drained()
        assert await state_of(bot, "news:1") == ["sent", "sent"]
        assert bot.device_id != before
    for room in rooms:
        said = [e for e in await synapse.stored(room) if e["sender"] == home.user_id and "state_key" not in e]
        assert len(said) == 1


async def test_change_and_withdrawal(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A change replaces the message where it stands, also in an encrypted room; taken back, it is empty."""
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        home = await Home.new(synapse, tmp_path)
        rooms = [await room_with(anna, home), await room_with(anna, home, encrypted=True)]
        async with home.running() as bot:
            for room in rooms:
                await bot.in_room(room)
            to = [f"matrix:{room}" for room in rooms]
            await bot.announce("news:1", NEWS, *to)
            await bot.drained()
            changed = Reply(Phrase("trial.news", {"text": "45.600 handtekeningen"}), kind=Kind.ANNOUNCEMENT)
            await bot.announce("news:1:v2", changed, *to, edits="news:1")
            await bot.drained()
            for room in rooms:
                first, second = await anna.heard(room, by=bot.user_id)
                assert second["content"]["m.relates_to"] == {"rel_type": "m.replace", "event_id": first["event_id"]}
                assert second["content"]["m.new_content"]["body"] == "Nieuws: 45.600 handtekeningen"
                assert second["content"]["m.mentions"] == {}


async def test_picture(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A picture comes with its size and its words; in an encrypted room it is encrypted as well."""
    png = tmp_path / "stand.png"
    png.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0" + bytes(500))
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        home = await Home.new(synapse, tmp_path)
        plain, sealed = await room_with(anna, home), await room_with(anna, home, encrypted=True)
        async with home.running() as bot:
            await bot.in_room(plain)
            await bot.in_room(sealed)
            reply = Reply(
                Phrase("trial.news", {"text": "zie de grafiek"}), picture=Picture(str(png), Phrase("trial.card"))
            )
            await bot.announce("news:1", reply, f"matrix:{plain}", f"matrix:{sealed}")
            await bot.drained()
            for room in (plain, sealed):
                _, picture = await anna.heard(room, by=bot.user_id)
                content = picture["content"]
                assert content["msgtype"] == "m.image"
                assert content["body"] == "Er is een plek."
                assert content["info"] == {"mimetype": "image/png", "size": png.stat().st_size, "w": 640, "h": 480}
                assert ("file" in content) is (room == sealed)
                assert ("url" in content) is (room == plain)


async def test_private_message(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A message to a person waits until they accept, and is read then."""
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        home = await Home.new(synapse, tmp_path)
        room = await room_with(anna, home)
        async with home.running() as bot:
            await bot.in_room(room)
            await bot.announce("mail:1", say("trial.news", text="voor jou"), f"matrix:{anna.user_id}")
            (direct,) = await wait(anna.invites)
            await anna.join(direct)
            async with bot.database.write() as tx:
                await tx.run("UPDATE outbox SET next_try = 0")
            bot.delivery.wake()
            await bot.drained()
            assert (await anna.hears(direct, by=bot.user_id))["body"] == "Nieuws: voor jou"
        listed = await synapse.login(home.user_id, home.password or "")
        answer = await synapse.call(
            "GET", f"/_matrix/client/v3/user/{home.user_id}/account_data/m.direct", token=listed.token
        )
        assert answer == {anna.user_id: [direct]}


async def test_room_that_put_us_out(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A kick is told to the organisers; a message for that room fails and is reported, the others go on."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path)
    room, staff = await room_with(anna, home), await anna.create_room(home.user_id)
    home.rooms = {**home.rooms, "organisers": [staff]}
    async with home.running() as bot:
        await bot.in_room(room)
        await bot.in_room(staff)
        await anna.kick(room, bot.user_id)
        told = await anna.hears(staff, by=bot.user_id)
        assert "niet meer in de kamer" in told["body"]
        await bot.announce("news:1", NEWS, f"matrix:{room}")
        await bot.drained()
        assert await state_of(bot, "news:1") == ["failed"]
        assert len(await anna.heard(staff, by=bot.user_id)) == 2


@pytest.mark.parametrize("version", ["11", "12"])
async def test_upgraded_room(synapse: Synapse, tmp_path: pathlib.Path, version: str) -> None:
    """The bot follows an upgrade: what is for the room of before is said in the new one."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path)
    room = await room_with(anna, home, public=True, version="10")
    async with home.running() as bot:
        await bot.in_room(room)
        new = await anna.upgrade(room, version)
        await bot.in_room(new)
        await wait(lambda: bot.place_of(room) == new)
        await bot.announce("news:1", NEWS, f"matrix:{room}")
        await bot.drained()
        assert (await anna.hears(new, by=bot.user_id))["body"].startswith("Nieuws")
    async with home.running() as bot:  # and keeps to it
        asked = await anna.says(new, "!hulp")
        assert (await anna.hears(new, by=bot.user_id, after=asked))["body"].startswith("Hallo!")


async def test_false_successor(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A room that names ours as its predecessor does not take our messages."""
    anna, eve, home = (
        await Person.new(synapse, "anna"),
        await Person.new(synapse, "eve"),
        await Home.new(synapse, tmp_path),
    )
    room = await room_with(anna, home)
    async with home.running() as bot:
        await bot.in_room(room)
        answer = await eve.call(
            "POST", "/createRoom",
            {"invite": [bot.user_id], "creation_content": {"predecessor": {"room_id": room, "event_id": "$x"}}},
        )  # fmt: skip
        await bot.in_room(answer["room_id"])
        await bot.announce("news:1", NEWS, f"matrix:{room}")
        await bot.drained()
        assert (await anna.hears(room, by=bot.user_id))["body"].startswith("Nieuws")
        assert await eve.heard(answer["room_id"], by=bot.user_id) == []


async def test_buttons_of_a_message(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """An open button of an announcement acts for whoever taps first, also after a restart; the next is too late."""
    anna, bram = await Person.new(synapse, "anna"), await Person.new(synapse, "bram")
    home = await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    room = await room_with(anna, home)
    await anna.invite(room, bram.user_id)
    await bram.join(room)
    card = Reply(Phrase("trial.card"), buttons=(Button(Phrase("trial.take"), "trial.take", {}, For.ANYONE),))
    async with home.running() as bot:
        await bot.in_room(room)
        await bot.announce("card:1", card, f"matrix:{room}")
        await bot.drained()
    event = await anna.hears_event(room, by=home.user_id)
    async with home.running() as bot:
        await anna.reacts(room, event["event_id"], "1️⃣")
        taken = await anna.hears_event(room, by=bot.user_id, after=event["event_id"])
        assert taken["content"]["body"] == "Plek gepakt."
        await bram.reacts(room, event["event_id"], "1️⃣")
        assert (await anna.hears(room, by=bot.user_id, after=taken["event_id"]))["body"] == "De plek is al weg."
