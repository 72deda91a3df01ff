"""The sync loop: from where the last run got to, nothing lost, nothing answered twice."""

import asyncio
import contextlib
import pathlib

import pytest

from tests.matrix_people import EncryptedPerson, Person, wait
from tests.platforms.matrix.running import Home, Running, private_room
from tests.synapse import MatrixError, Synapse, synapse
from tests.trial import CATALOGUE
from tests.unruly import Unruly

__all__ = ["synapse"]


async def counted(bot: Running) -> int:
    """How often the counting command was carried out."""
    async with bot.database.read() as tx:
        return int(await tx.value("SELECT coalesce(max(CAST(value AS BIGINT)), 0) FROM setting WHERE name = 'count'"))


async def answers(person: Person, room: str, bot: str) -> list[str]:
    return [event["content"]["body"] for event in await person.heard(room, by=bot)]


async def test_first_start_ignores_history(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """What was said before the bot's first start is nobody's question any more."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    room = await anna.create_room(home.user_id)
    login = await synapse.login(home.user_id, home.password or "")
    await synapse.call("POST", f"/_matrix/client/v3/join/{room}", {}, token=login.token)
    await anna.says(room, "!proef tel")
    async with home.running() as bot:
        await bot.in_room(room)
        asked = await anna.says(room, "!hulp")
        await anna.hears(room, by=bot.user_id, after=asked)
        assert await counted(bot) == 0


async def test_commands_while_down(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """What is asked while the bot is down is answered when it is back, each once, in order."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    async with home.running() as bot:
        room = await private_room(anna, bot)
        await bot.in_room(room)
    for _ in range(25):
        await anna.says(room, "proef tel")
    for _ in range(2):  # the second start finds nothing more to do
        async with home.running() as bot:
            await wait(lambda: _have(anna, room, home.user_id, 25), seconds=30)
            assert await counted(bot) == 25
    assert await answers(anna, room, home.user_id) == [f"Geteld: {n}" for n in range(1, 26)]


async def _have(person: Person, room: str, by: str, count: int) -> bool:
    return len(await person.heard(room, by=by)) >= count


async def test_long_gap(synapse: Synapse, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one sync holds is fetched, page by page, also in an encrypted room."""
    monkeypatch.setattr("bot.platforms.matrix.syncing._PAGE", 7)
    monkeypatch.setitem(_timeline(), "limit", 5)
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        home = await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
        async with home.running() as bot:
            room = await private_room(anna, bot, encrypted=True)
            asked = await anna.says(room, "proef tel")
            await anna.hears(room, by=bot.user_id, after=asked)
        for _ in range(30):
            await anna.says(room, "proef tel")
        async with home.running() as bot:
            await wait(lambda: _have(anna, room, home.user_id, 31), seconds=30)
            assert await counted(bot) == 31
        assert await answers(anna, room, home.user_id) == [f"Geteld: {n}" for n in range(1, 32)]


def _timeline() -> dict[str, object]:
    from bot.platforms.matrix.syncing import _FILTER

    timeline: dict[str, object] = _FILTER["room"]["timeline"]
    return timeline


async def test_replayed_batch(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A bot that died before it saved where it was gets the same events again: nothing is done or said twice."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    async with home.running() as bot:
        room = await private_room(anna, bot)
        await asyncio.sleep(1.5)
        before = await bot.memory.get("token.sync")
        for line in ("proef tel", "hulp", "proef tel"):
            asked = await anna.says(room, line)
            await anna.hears(room, by=bot.user_id, after=asked)
    for forgotten in ("", "DELETE FROM seen"):  # the events are known; and, worse, they are not
        async with home.running() as bot, bot.database.write() as tx:
            if forgotten:
                await tx.run(forgotten)
            await tx.run("UPDATE memory SET value = :before WHERE name = 'token.sync'", before=before)
        async with home.running() as bot:
            last = await anna.says(room, "!rechten")
            await anna.hears(room, by=bot.user_id, after=last)
            assert await counted(bot) == 2
    said = [e for e in await synapse.stored(room, "m.room.message") if e["sender"] == home.user_id]
    assert len(said) == 5


async def test_restart_of_the_homeserver(tmp_path: pathlib.Path, synapse: Synapse) -> None:
    """The homeserver goes away and comes back: the bot does too, and has lost nothing."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    async with home.running() as bot:
        room = await private_room(anna, bot)
        async with synapse.down(killed=True):
            await asyncio.sleep(1.0)
        for _ in range(3):
            await anna.says(room, "proef tel")
        await wait(lambda: _have(anna, room, home.user_id, 3), seconds=30)
        assert await counted(bot) == 3


@pytest.mark.parametrize("what", ["500", "502", "429", "500-after", "cut", "cut-after", "html"])
async def test_faults(synapse: Synapse, tmp_path: pathlib.Path, what: str) -> None:
    """Whatever goes wrong with a call, each command is carried out once and answered once."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    async with Unruly(synapse.url).running() as unruly:
        home.address = unruly.url
        async with home.running() as bot:
            room = await private_room(anna, bot)
            unruly.fails("/sync", what, 2)
            unruly.fails("/send/", what, 3)
            for _ in range(3):
                await anna.says(room, "proef tel")
            await wait(lambda: _have(anna, room, home.user_id, 3), seconds=30)
            assert await counted(bot) == 3
    assert await answers(anna, room, home.user_id) == ["Geteld: 1", "Geteld: 2", "Geteld: 3"]


async def test_start_without_homeserver(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A bot that starts while the homeserver is ill waits for it, and says so meanwhile."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path)
    async with Unruly(synapse.url).running() as unruly:
        home.address = unruly.url
        unruly.fails("/login", "502", 1)
        unruly.fails("/keys/upload", "cut-after", 1)
        unruly.fails("/device_signing", "500-after", 1)
        async with home.running() as bot:
            room = await private_room(anna, bot)
            asked = await anna.says(room, "hulp")
            assert (await anna.hears(room, by=bot.user_id, after=asked))["body"].startswith("Hallo!")
            assert "matrix" not in bot.bot.notes


async def test_logged_out(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A login that somebody ended is made anew with the password, on the same device."""
    anna, home = await Person.new(synapse, "anna"), await Home.new(synapse, tmp_path)
    async with home.running() as bot:
        room = await private_room(anna, bot)
        device = bot.device_id
        await bot.log_out()
        await wait(lambda: bot.synced and bot.device_id is not None, seconds=20)
        asked = await anna.says(room, "hulp")
        assert (await anna.hears(room, by=bot.user_id, after=asked, seconds=30))["body"].startswith("Hallo!")
        assert bot.device_id == device


async def test_malformed_events(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Nothing that somebody puts into a room stops the bot."""
    eve, home = await Person.new(synapse, "eve"), await Home.new(synapse, tmp_path)
    async with home.running() as bot:
        room = await private_room(eve, bot)
        for content in (
            {}, {"msgtype": "m.text"}, {"msgtype": "m.text", "body": 7}, {"msgtype": ["m.text"], "body": "!hulp"},
            {"msgtype": "m.text", "body": "x", "m.relates_to": "x"},
            {"msgtype": "m.text", "body": "x", "m.relates_to": {"m.in_reply_to": ["x"]}},
            {"msgtype": "m.text", "body": "x", "m.mentions": {"user_ids": [{}, None, 5]}},
            {"msgtype": "m.text", "body": "!\u202ehulp\x00\u0000"},
            {"msgtype": "m.text", "body": "\u0334" * 20_000},
            {"msgtype": "m.text", "body": "!" + "a" * 60_000},
            {"msgtype": "m.text", "body": "1" * 30},
        ):  # fmt: skip
            with contextlib.suppress(MatrixError):  # what the homeserver itself will not have
                await eve.send(room, content)
        await eve.send(room, {"m.relates_to": {"rel_type": "m.annotation", "key": 5}}, "m.reaction")
        await eve.send(room, {"m.relates_to": []}, "m.reaction")
        await eve.send(room, {"algorithm": "m.megolm.v1.aes-sha2"}, "m.room.encrypted")
        await eve.send(room, {"algorithm": 5, "ciphertext": {"a": []}}, "m.room.encrypted")
        sealed = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": "y"}
        await eve.send(room, {**sealed, "sender_key": "z", "device_id": "d"}, "m.room.encrypted")
        await eve.set_state(room, "m.room.avatar", {"url": 5})
        asked = await eve.says(room, "!rechten")
        last = await wait(lambda: _said_after(eve, room, bot.user_id, asked), seconds=40)
        assert "gast" in last["content"]["body"]


async def _said_after(person: Person, room: str, by: str, asked: str) -> object:
    said = await person.heard(room, by=by, after=asked)
    return next((event for event in said if "gast" in event["content"]["body"]), None)


async def test_unreadable_messages(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Who sends what cannot be read hears so once; what comes with a key is answered."""
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        home = await Home.new(synapse, tmp_path)
        async with home.running() as bot:
            room = await private_room(anna, bot, encrypted=True)
            lost = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEg", "session_id": "weg"}
            for _ in range(3):
                await anna.call(
                    "PUT", f"/rooms/{room}/send/m.room.encrypted/{synapse.unique('t')}",
                    {**lost, "sender_key": "k", "device_id": "D"},
                )  # fmt: skip
            told = await anna.hears_event(room, by=bot.user_id, seconds=30)
            assert "niet lezen" in told["content"]["body"]
            asked = await anna.says(room, "hulp")
            assert (await anna.hears(room, by=bot.user_id, after=asked))["body"].startswith("Hallo!")
            assert len(await anna.heard(room, by=bot.user_id)) == 2


async def test_keys_that_did_not_arrive(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A message waits until its key has reached everybody: it is never sent to somebody who cannot read it."""
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        home = await Home.new(synapse, tmp_path)
        async with Unruly(synapse.url).running() as unruly:
            home.address = unruly.url
            async with home.running() as bot:
                room = await private_room(anna, bot, encrypted=True)
                for what in ("500", "cut", "429", "500-after"):
                    unruly.fails("/sendToDevice/", what)
                asked = await anna.says(room, "hulp")
                answer = await anna.hears(room, by=bot.user_id, after=asked, seconds=30)
                assert answer["body"].startswith("Hallo!")


async def test_stale_token(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A token that is called stale, on whatever call, is made anew with the password, and the bot goes on."""
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        home = await Home.new(synapse, tmp_path)
        async with Unruly(synapse.url).running() as unruly:
            home.address = unruly.url
            async with home.running() as bot:
                unruly.fails("/keys/query", "stale")
                room = await private_room(anna, bot, encrypted=True)
                await wait(lambda: not unruly.faults[0].times)
                asked = await anna.says(room, "hulp")
                answer = await anna.hears(room, by=bot.user_id, after=asked, seconds=40)
                assert answer["body"].startswith("Hallo!")
