"""The homeserver of the tests is a real one, and the people on it can hear each other."""

import pathlib

import aiohttp
import pytest

from tests.matrix_people import EncryptedPerson, Person, wait
from tests.synapse import MatrixError, Synapse, strict_synapse, synapse

__all__ = ["strict_synapse", "synapse"]


async def test_two_people_talk(synapse: Synapse) -> None:
    """What Anna says Bram hears, and the server has it once."""
    anna, bram = await Person.new(synapse, "anna"), await Person.new(synapse, "bram")
    room = await anna.create_room(bram.user_id, name="Actie")
    assert await bram.invites() == {room}
    await bram.join(room)
    assert await anna.members(room) == {anna.user_id, bram.user_id}

    question = await anna.says(room, "Kom je?")
    await bram.says(room, "Ja!")
    await bram.says(room, "Hoe laat?")

    assert (await anna.hears(room, by=bram.user_id, after=question))["body"] == "Ja!"
    texts = [event["content"]["body"] for event in await synapse.stored(room, "m.room.message")]
    assert texts == ["Kom je?", "Ja!", "Hoe laat?"]


async def test_hearing_ends(synapse: Synapse) -> None:
    """Who hears nothing is told so, in time; what came before the event does not count."""
    anna = await Person.new(synapse, "anna")
    room = await anna.create_room()
    last = await anna.says(room, "Hallo?")
    with pytest.raises(AssertionError, match=r"0\.2 s have passed"):
        await anna.hears(room, by=anna.user_id, after=last, seconds=0.2)
    with pytest.raises(AssertionError, match="Hallo"):
        await anna.hears_nothing(room, by=anna.user_id)


async def test_reactions_and_redactions(synapse: Synapse) -> None:
    """A reaction is there, and a redacted message is empty."""
    anna = await Person.new(synapse, "anna")
    room = await anna.create_room()
    message = await anna.says(room, "Geheim")
    await anna.reacts(room, message, "👍")
    await anna.redacts(room, message)
    assert [event["content"] for event in await synapse.stored(room, "m.room.message")] == [{}]
    assert [event["sender"] for event in await synapse.stored(room, "m.reaction")] == [anna.user_id]


async def test_news(synapse: Synapse) -> None:
    """A sync brings what is new, once."""
    anna = await Person.new(synapse, "anna")
    room = await anna.create_room()
    await anna.sync()
    said = await anna.says(room, "Nieuws")
    news = (await anna.sync())["rooms"]["join"][room]["timeline"]["events"]
    assert [event["event_id"] for event in news] == [said]
    assert "rooms" not in await anna.sync()


async def test_same_transaction_is_one_message(synapse: Synapse) -> None:
    """The same transaction id twice is one event, and after a restart as well."""
    anna = await Person.new(synapse, "anna")
    room = await anna.create_room()
    content = {"msgtype": "m.text", "body": "Eenmaal"}
    first = await anna.send(room, content, txn="een")
    assert await anna.send(room, content, txn="een") == first
    await synapse.restart()
    assert await anna.send(room, content, txn="een") == first
    assert len(await synapse.stored(room, "m.room.message")) == 1


async def test_power_cut(synapse: Synapse) -> None:
    """Killed, it answers nobody; started again, it has the message and knows the account."""
    anna = await Person.new(synapse, "anna")
    room = await anna.create_room()
    said = await anna.says(room, "Bewaard")
    async with synapse.down(killed=True):
        with pytest.raises(aiohttp.ClientError):
            await anna.says(room, "Verloren")
    assert [event["event_id"] for event in await synapse.stored(room, "m.room.message")] == [said]
    again = await synapse.login(anna.user_id, anna.account.password, device_id=anna.account.device_id)
    assert again.device_id == anna.account.device_id


async def test_encrypted_room(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Two people with keys understand each other, and the server does not."""
    async with (
        EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna,
        EncryptedPerson.living(synapse, "bram", tmp_path / "bram") as bram,
    ):
        room = await anna.create_room(bram.user_id, encrypted=True)
        await bram.join(room)
        question = await anna.says(room, "Kom je?")
        assert (await bram.hears(room, by=anna.user_id))["body"] == "Kom je?"
        await bram.says(room, "Ja!", **{"org.actiebot.key": "k"})
        assert (await anna.hears(room, by=bram.user_id, after=question))["body"] == "Ja!"
        assert await synapse.stored(room, "m.room.message") == []
        assert len(await synapse.stored(room, "m.room.encrypted")) == 2


async def test_a_device_of_before(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A device that comes back with its store reads what was said to it in the meantime."""
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        bram = EncryptedPerson(synapse, await synapse.register(synapse.unique("bram")), tmp_path / "bram")
        room = await anna.create_room(bram.user_id, encrypted=True)
        await bram.join(room)
        await bram.catch_up()
        await bram.close()
        await anna.says(room, "Tot straks")
        back = EncryptedPerson(synapse, bram.account, tmp_path / "bram")
        assert (await back.hears(room, by=anna.user_id))["body"] == "Tot straks"
        await back.close()


async def test_limits(strict_synapse: Synapse) -> None:
    """With Synapse's own limits somebody who sends a lot is told to wait, unless these are lifted."""
    anna = await Person.new(strict_synapse, "anna")
    room = await anna.create_room()
    with pytest.raises(MatrixError) as refused:
        await _says_often(anna, room)
    assert (refused.value.status, refused.value.code) == (429, "M_LIMIT_EXCEEDED")
    assert refused.value.body["retry_after_ms"] > 0
    await strict_synapse.lift_limits(anna.user_id)
    await _says_often(anna, room)


async def _says_often(person: Person, room: str) -> None:
    for number in range(15):
        await person.says(room, str(number))


async def test_waiting_for_something_asynchronous() -> None:
    """`wait` gives the first answer that is something."""
    answers = iter([0, 0, 3])

    async def ask() -> int:
        return next(answers)

    assert await wait(ask) == 3


async def test_it_says_why_it_does_not_start(tmp_path: pathlib.Path, synapse: Synapse) -> None:
    """A homeserver that dies while starting shows the end of its log."""
    broken = Synapse(tmp_path)
    (tmp_path / "signing.key").write_text("nonsense")
    with pytest.raises(RuntimeError, match=r"(?s)does not start.*signing"):
        await broken.start()
