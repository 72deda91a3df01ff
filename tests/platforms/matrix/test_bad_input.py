"""What people type to do harm comes out as words: nobody is notified, nothing is markup, nothing is carried out."""

import pathlib
import re

import pytest

from tests.matrix_people import Person, wait
from tests.platforms.matrix.running import Home, private_room
from tests.synapse import Synapse, synapse
from tests.trial import CATALOGUE

__all__ = ["synapse"]

NASTY = "@room <script>alert(1)</script> <b>dik</b> [klik](https://kwaad.example) **vet** <img src=x>"


async def test_nobody_is_notified(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Words that would wake a room wake nobody when the bot repeats them, and their markup has no effect."""
    anna, bram = await Person.new(synapse, "anna"), await Person.new(synapse, "bram")
    home = await Home.new(synapse, tmp_path)
    room = await anna.create_room(bram.user_id, home.user_id)
    home.rooms = {"announcements": [room]}
    await bram.join(room)
    async with home.running() as bot:
        await bot.in_room(room)
        await anna.set_power(room, bot.user_id, 100)  # who may notify a whole room
        asked = await anna.says(room, f"!hulp {NASTY} {bram.user_id} {bram.user_id[1:].split(':')[0]}")
        answer = await anna.hears(room, by=bot.user_id, after=asked)
        assert "@room" in answer["body"]
        assert answer["m.mentions"] == {}
        tags = set(re.findall(r"<(\w+)", answer["formatted_body"]))
        assert tags <= {"p", "br", "strong", "code", "ul", "ol", "li", "em"}
        heard = await bram.call("GET", "/notifications", query={"only": "highlight"})
        assert [n for n in heard["notifications"] if n["event"]["sender"] == bot.user_id] == []


async def test_other_formatted_body(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Only the body counts: what stands in the formatted one is not carried out."""
    eve = await Person.new(synapse, "eve")
    home = await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    async with home.running() as bot:
        room = await private_room(eve, bot)
        hidden = {"format": "org.matrix.custom.html", "formatted_body": "!proef tel"}
        asked = await eve.says(room, "hulp", **hidden)
        assert (await eve.hears(room, by=bot.user_id, after=asked))["body"].startswith("Hallo!")
        async with bot.database.read() as tx:
            assert await tx.value("SELECT count(*) FROM handled") == 0


@pytest.mark.parametrize(
    "line",
    ["!hulp " + "a" * 40_000, "!vraag " + "z\u0338" * 12_000, "vraag " + "🙂" * 9_000, "!" + "hulp " * 9_000],
    ids=["long", "zalgo", "emoji", "words"],
)
async def test_long_lines(synapse: Synapse, tmp_path: pathlib.Path, line: str) -> None:
    """A line as long as a homeserver takes gets one clear answer."""
    eve, home = await Person.new(synapse, "eve"), await Home.new(synapse, tmp_path)
    async with home.running() as bot:
        room = await private_room(eve, bot)
        asked = await eve.says(room, line)
        answer = await eve.hears(room, by=bot.user_id, after=asked)
        assert len(answer["body"]) < 2_000
        assert "code" not in answer["body"]


async def test_flood_of_one_person(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Who asks too often hears so once, in one kind line, and a room is not filled with it."""
    eve, bram = await Person.new(synapse, "eve"), await Person.new(synapse, "bram")
    home = await Home.new(synapse, tmp_path, limited=True)
    room = await eve.create_room(bram.user_id, home.user_id)
    await bram.join(room)
    home.rooms = {"announcements": [room]}
    async with home.running() as bot:
        await bot.in_room(room)
        for _ in range(30):
            await eve.says(room, "!hulp")
        last = await bram.says(room, "!hulp")
        await wait(lambda: _answered(bram, room, last, bot.user_id), seconds=30)
        said = [event["content"]["body"] for event in await eve.heard(room, by=bot.user_id)]
    assert sum("Even rustig aan" in text for text in said) == 1
    assert sum(text.startswith("Hallo!") for text in said) == 21


async def _answered(person: Person, room: str, asked: str, by: str) -> bool:
    said = await person.heard(room, by=by)
    return any(e["content"].get("m.relates_to", {}).get("m.in_reply_to", {}).get("event_id") == asked for e in said)
