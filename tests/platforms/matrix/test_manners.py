"""The small things that clients show: typing, what was read; and what the log says of keys that were kept back."""

import asyncio
import pathlib

import pytest
from nio import UnknownToDeviceEvent
from structlog.testing import capture_logs

from bot.core.reply import Kind, Phrase, Reply
from bot.platforms.matrix.unreadable import Unreadable, withheld
from tests.matrix_people import EncryptedPerson, Person, wait
from tests.platforms.matrix.running import Home, private_room
from tests.synapse import Synapse, synapse
from tests.trial import CATALOGUE
from tests.unruly import Unruly

__all__ = ["synapse"]


async def test_typing(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Over a second of work the bot is seen typing, and no longer when the answer is there; quick answers need none."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    async with Unruly(synapse.url).running() as unruly:
        home.address = unruly.url
        async with home.running() as bot:
            room = await private_room(anna, bot)
            asked = await anna.says(room, "hulp")
            await anna.hears(room, by=bot.user_id, after=asked)
            assert unruly.calls["PUT /rooms/…/typing/…"] == 0
            asked = await anna.says(room, "proef traag")
            await wait(lambda: unruly.calls["PUT /rooms/…/typing/…"] == 1)
            assert await anna.heard(room, by=bot.user_id, after=asked) == []
            await anna.hears(room, by=bot.user_id, after=asked)
            assert unruly.calls["PUT /rooms/…/typing/…"] == 2


async def test_receipts(synapse: Synapse, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read is said, at most once for a room and a sync."""
    monkeypatch.setattr("bot.platforms.matrix.receipts.EVERY_SECONDS", 0.5)
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path)
    async with Unruly(synapse.url).running() as unruly:
        home.address = unruly.url
        async with home.running() as bot:
            room = await private_room(anna, bot)
            for _ in range(10):
                asked = await anna.says(room, "hulp")
            await anna.hears(room, by=bot.user_id, after=asked)
            await wait(lambda: unruly.calls["POST /rooms/…/receipt/m.read/…"] > 0)
            await asyncio.sleep(0.6)
            assert unruly.calls["POST /rooms/…/receipt/m.read/…"] <= unruly.calls["GET /sync"]


async def test_encryption_that_came_meanwhile(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A room that was encrypted while the bot was down gets nothing in the clear."""
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        home = await Home.new(synapse, tmp_path)
        room = await anna.create_room(home.user_id)
        home.rooms = {"announcements": [room]}
        async with home.running() as bot:
            await bot.in_room(room)
        await anna.set_state(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
        async with home.running() as bot:
            news = Reply(Phrase("trial.news", {"text": "geheim"}), kind=Kind.ANNOUNCEMENT)
            await bot.announce("news:1", news, f"matrix:{room}")
            await bot.drained()
            assert (await anna.hears(room, by=bot.user_id))["body"] == "Nieuws: geheim"
        assert await synapse.stored(room, "m.room.message") == []


@pytest.mark.parametrize(
    ("code", "words"), [("m.unverified", "signed devices"), ("m.no_olm", "one-time keys"), ("m.new", "unknown")]
)
def test_withheld(code: str, words: str) -> None:
    """Why somebody's app did not send a key is logged in words, without saying whose."""
    source = {"type": "m.room_key.withheld", "sender": "@anna:actie.test", "content": {"code": code, "reason": "x"}}
    with capture_logs() as logs:
        withheld(UnknownToDeviceEvent(source, "@anna:actie.test", "m.room_key.withheld"))
        withheld(UnknownToDeviceEvent({}, "@anna:actie.test", "m.something"))
    (line,) = logs
    assert words in line["meaning"]
    assert "anna" not in str(line)


def test_said_once_an_hour() -> None:
    """That a message could not be read is said in a room at most once an hour."""
    now = 0.0
    unreadable = Unreadable(None, now=lambda: now)  # nothing is read here
    assert [unreadable.may_say_so("a"), unreadable.may_say_so("a"), unreadable.may_say_so("b")] == [True, False, True]
    now = 3601.0
    assert unreadable.may_say_so("a")
