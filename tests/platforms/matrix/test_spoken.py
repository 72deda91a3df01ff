"""Words in private talks on Matrix that answer the bot's last question, through a real homeserver."""

import pathlib
from typing import Any

import pytest

from bot.core.reply import For
from tests.asking import CATALOGUE, question
from tests.matrix_people import EncryptedPerson, Person
from tests.platforms.matrix.running import Home, Running, private_room
from tests.synapse import Synapse, synapse

__all__ = ["synapse"]


async def asks(anna: Person, bot: Running, room: str, line: str, **content: Any) -> str:
    """What the bot says next to what Anna says."""
    asked = await anna.says(room, line, **content)
    return str((await anna.hears(room, by=bot.user_id, after=asked))["body"])


async def question_in(anna: Person, bot: Running, room: str) -> str:
    """The bot asks; its message."""
    asked = await anna.says(room, "proef vraag")
    return str((await anna.hears_event(room, by=bot.user_id, after=asked))["event_id"])


async def test_words(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A word is a tap on the one button that it fits, once; what was answered by a tap is closed; "stop" needs none."""
    anna = await Person.new(synapse, "anna")
    home = await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    async with home.running() as bot:
        room = await private_room(anna, bot)
        first = await question_in(anna, bot, room)
        assert "Hallo!" in await asks(anna, bot, room, "hulp")
        assert "Geteld: 1" in await asks(anna, bot, room, "Ja hoor!")
        assert "al gebruikt" in await asks(anna, bot, room, "ja")
        before = str((await anna.timeline(room))[-1]["event_id"])
        await anna.reacts(room, first, "1\ufe0f\u20e3")
        assert "al gebruikt" in (await anna.hears(room, by=bot.user_id, after=before))["body"]

        second = await question_in(anna, bot, room)
        tap = await anna.reacts(room, second, "1\ufe0f\u20e3")
        assert "Geteld: 2" in (await anna.hears(room, by=bot.user_id, after=tap))["body"]
        assert "Gekozen" not in await asks(anna, bot, room, "nee")
        reply = {"m.relates_to": {"m.in_reply_to": {"event_id": second}}}
        assert "Gekozen: red" in await asks(anna, bot, room, "nee dank je", **reply)

        said = await asks(anna, bot, room, "STOP!")
        assert "staan uit" in said
        assert "!mijn berichten aan" in said


@pytest.mark.parametrize("changed", [False, True])
async def test_word_for_a_changed_message(synapse: Synapse, tmp_path: pathlib.Path, *, changed: bool) -> None:
    """A message of the outbox is a question too, with the buttons that it has by now; what others forge is none."""
    anna = await Person.new(synapse, "anna")
    home = await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    async with home.running() as bot:
        room = await private_room(anna, bot)
        await bot.announce("offer", question("Ja", "Nee"), f"matrix:{room}")
        await bot.drained()
        if changed:
            await bot.announce("offer again", question("Klaar", "Lukt niet"), f"matrix:{room}", edits="offer")
            await bot.drained()
        field = {"owner": f"matrix:{anna.user_id}", "until": 2**52, "of": [
            {"label": "Ja", "command": "trial.colour", "values": {"colour": "blue"}, "whose": "anyone"},
        ]}  # fmt: skip
        await anna.send(room, {"msgtype": "m.notice", "body": "Ja?", "org.actiebot.buttons": field})
        assert ("Geteld: 1" in await asks(anna, bot, room, "ja")) is not changed
        if changed:
            reply = await asks(anna, bot, room, "gedaan", **{"m.relates_to": await _offer(anna, bot, room)})
            assert "Geteld: 1" in reply


async def _offer(anna: Person, bot: Running, room: str) -> dict[str, Any]:
    first = (await anna.heard(room, by=bot.user_id))[0]
    return {"m.in_reply_to": {"event_id": first["event_id"]}}


async def test_word_after_a_restart(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """In an encrypted talk too, a bot that has just started knows what it asked."""
    home = await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        async with home.running() as bot:
            room = await private_room(anna, bot, encrypted=True)
            await question_in(anna, bot, room)
        async with home.running() as bot:
            assert "Geteld: 1" in await asks(anna, bot, room, "jazeker")
            assert "Gekozen" not in await asks(anna, bot, room, "nee")


async def test_words_in_a_shared_room(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Where others are a word answers nothing, with the bot's name neither."""
    anna, bram = await Person.new(synapse, "anna"), await Person.new(synapse, "bram")
    home = await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    room = await anna.create_room(bram.user_id, home.user_id, name="Actie")
    home.rooms = {"announcements": [room]}
    await bram.join(room)
    async with home.running() as bot:
        await bot.in_room(room)
        await bot.announce("board", question("Ja", "Nee", "Stop", whose=For.ANYONE), f"matrix:{room}")
        await bot.drained()
        last = str((await anna.timeline(room))[-1]["event_id"])
        for line in ("ja", "stop", "!stop"):
            await anna.says(room, line)
        await anna.hears_nothing(room, by=bot.user_id, after=last)
        async with bot.database.read() as tx:
            assert await tx.value("SELECT count(*) FROM handled") == 0
