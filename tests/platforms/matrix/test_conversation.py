"""Talking with the bot in Matrix rooms, through a real homeserver."""

import dataclasses
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.matrix_people import EncryptedPerson, Person, wait
from tests.platforms.matrix.running import Home, Running, private_room
from tests.synapse import Synapse, synapse
from tests.trial import CATALOGUE

__all__ = ["synapse"]


@dataclasses.dataclass(frozen=True)
class Shared:
    """A room of the campaign with two people."""

    home: Home
    bot: Running
    room: str
    anna: Person
    bram: Person

    async def asks(self, line: str, **content: Any) -> dict[str, Any]:
        """Anna says something; what the bot answers in the room."""
        asked = await self.anna.says(self.room, line, **content)
        return await self.anna.hears(self.room, by=self.bot.user_id, after=asked)

    async def reactions(self, event: str) -> list[str]:
        """The bot's own reactions to a message, when both are there."""
        related = [
            e["content"].get("m.relates_to", {}) for e in await self.home.synapse.stored(self.room, "m.reaction")
        ]
        keys = [r["key"] for r in related if r.get("event_id") == event]
        return keys if len(keys) >= 2 else []


@dataclasses.dataclass(frozen=True)
class Talk:
    """A private talk."""

    bot: Running
    room: str
    anna: Person

    async def asks(self, line: str) -> dict[str, Any]:
        asked = await self.anna.says(self.room, line)
        return await self.anna.hears(self.room, by=self.bot.user_id, after=asked)


@pytest.fixture
async def talk(synapse: Synapse, tmp_path: pathlib.Path) -> AsyncIterator[Talk]:
    """Anna and the bot."""
    anna = await Person.new(synapse, "anna")
    home = await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    async with home.running() as bot:
        yield Talk(bot, await private_room(anna, bot), anna)


async def last_event(person: Person, room: str) -> str:
    return str((await person.timeline(room))[-1]["event_id"])


async def test_command_in_a_shared_room(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A command with the prefix is answered in the room, as a reply that notifies nobody."""
    anna, bram = await Person.new(synapse, "anna"), await Person.new(synapse, "bram")
    home = await Home.new(synapse, tmp_path)
    room = await anna.create_room(bram.user_id, home.user_id, name="Actie")
    home.rooms = {"announcements": [room]}
    await bram.join(room)
    async with home.running() as bot:
        await bot.in_room(room)
        asked = await anna.says(room, "!hulp")
        answer = await anna.hears(room, by=bot.user_id, after=asked)
    assert answer["msgtype"] == "m.notice"
    assert answer["body"].startswith("Hallo!")
    assert "<code>!mijn taal</code>" in answer["formatted_body"]
    assert answer["m.mentions"] == {}
    assert answer["m.relates_to"] == {"m.in_reply_to": {"event_id": asked}}


async def test_question_in_a_private_room(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """In a room of two a line is a question, and needs no prefix."""
    anna = await Person.new(synapse, "anna")
    home = await Home.new(synapse, tmp_path)
    async with home.running() as bot:
        room = await private_room(anna, bot)
        asked = await anna.says(room, "Kan ik mijn mailadres houden?")
        answer = await anna.hears(room, by=bot.user_id, after=asked)
    assert "mailadres" in answer["body"]


async def test_encrypted_room(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """In an encrypted room the bot reads what is encrypted and answers encrypted."""
    home = await Home.new(synapse, tmp_path)
    async with (
        EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna,
        home.running() as bot,
    ):
        room = await private_room(anna, bot, encrypted=True)
        asked = await anna.says(room, "!hulp")
        answer = await anna.hears(room, by=bot.user_id, after=asked)
    assert answer["body"].startswith("Hallo!")
    assert {e["type"] for e in await synapse.stored(room) if e["sender"] == bot.user_id} <= {
        "m.room.encrypted",
        "m.room.member",
    }


@pytest.fixture
async def shared(synapse: Synapse, tmp_path: pathlib.Path) -> AsyncIterator[Shared]:
    """Anna, Bram and the bot in a room of the campaign."""
    anna, bram = await Person.new(synapse, "anna"), await Person.new(synapse, "bram")
    home = await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    room = await anna.create_room(bram.user_id, home.user_id, name="Actie")
    home.rooms = {"announcements": [room]}
    await bram.join(room)
    async with home.running() as bot:
        await bot.in_room(room)
        yield Shared(home, bot, room, anna, bram)


# -- what is for the bot ----------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["!hulp", "! hulp", "!HULP.", "!help", "!  Hulp  "])
async def test_prefix(shared: Shared, line: str) -> None:
    """A space after the prefix, capitals and a full stop do not matter, and both languages do."""
    assert (await shared.asks(line))["body"].startswith("Hallo!")


async def test_what_is_not_for_the_bot(shared: Shared) -> None:
    """Talk among people, other bots' commands, notices, edits and the bot's own words are left alone."""
    anna, room = shared.anna, shared.room
    first = await anna.says(room, "Wie komt er vanavond?")
    await anna.says(room, "!weather Amsterdam")
    await anna.says(room, "!!")
    await anna.says(room, "! ?")
    await anna.send(room, {"msgtype": "m.notice", "body": "!hulp"})
    await anna.send(room, {"msgtype": "m.emote", "body": "!hulp"})
    await anna.edits(room, first, "!hulp")
    last = await shared.asks("!rechten bestaatniet")  # whatever it answers, it comes after all of these
    said = await anna.heard(room, by=shared.bot.user_id)
    assert len(said) == 1, [event["content"]["body"] for event in said]
    assert last


async def test_a_mistyped_command(shared: Shared) -> None:
    """A first word within two slips is answered once, in a thread."""
    for line in ("!hlup", "!rehcten", "!vraga kan ik wachten?"):
        asked = await shared.anna.says(shared.room, line)
        answer = await shared.anna.hears(shared.room, by=shared.bot.user_id, after=asked)
        assert "Bedoel je" in answer["body"], line
        assert answer["m.relates_to"]["rel_type"] == "m.thread"
        assert answer["m.relates_to"]["event_id"] == asked


@pytest.mark.parametrize("called", ["{id}: ", "{id} ", "@{name}, ", "{name} "])
async def test_mention(shared: Shared, called: str) -> None:
    """The bot's name works as a prefix; what is no command then is a question."""
    user = shared.bot.user_id
    name = called.format(id=user, name=user[1:].partition(":")[0])
    mention = {"m.mentions": {"user_ids": [user]}}
    assert (await shared.asks(f"{name}hulp", **mention))["body"].startswith("Hallo!")
    assert "mailadres" in (await shared.asks(f"{name}kan ik mijn mailadres houden?", **mention))["body"]


async def test_reply_is_no_question(shared: Shared) -> None:
    """Somebody who replies to the bot's message, as clients then mention it, does not ask it something."""
    anna, room = shared.anna, shared.room
    asked = await anna.says(room, "!hulp")
    event = await anna.hears_event(room, by=shared.bot.user_id, after=asked)
    thanks = await anna.says(
        room, "dank je wel", **{
            "m.mentions": {"user_ids": [shared.bot.user_id]},
            "m.relates_to": {"m.in_reply_to": {"event_id": event["event_id"]}},
        },
    )  # fmt: skip
    await shared.asks("!hulp")
    assert len(await anna.heard(room, by=shared.bot.user_id, after=thanks)) == 1


async def test_thread(shared: Shared) -> None:
    """In a thread the answer comes in the thread."""
    root = await shared.bram.says(shared.room, "Even over de bot")
    relation = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": {"event_id": root}}
    answer = await shared.asks("!hulp", **{"m.relates_to": relation})
    assert answer["m.relates_to"]["rel_type"] == "m.thread"
    assert answer["m.relates_to"]["event_id"] == root


async def test_quotation_of_older_clients(shared: Shared) -> None:
    """The quotation above a reply is not the line."""
    first = await shared.bram.says(shared.room, "Wat mag ik?")
    answer = await shared.asks(
        f"> <{shared.bram.user_id}> Wat mag ik?\n> !rechten\n\n!hulp",
        **{"m.relates_to": {"m.in_reply_to": {"event_id": first}}},
    )
    assert answer["body"].startswith("Hallo!")


# -- for the asker alone ----------------------------------------------------------------------------------


async def test_private_answer(shared: Shared) -> None:
    """It comes in an encrypted direct room; in the shared room stands only that it is there."""
    public = await shared.asks("!rechten")
    assert public["body"] == "Het antwoord staat in je privébericht."
    (direct,) = await shared.anna.invites()
    await shared.anna.join(direct)
    assert (await shared.anna.state(direct, "m.room.encryption"))["algorithm"] == "m.megolm.v1.aes-sha2"
    assert await shared.anna.members(direct) == {shared.anna.user_id, shared.bot.user_id}
    again = await shared.asks("!rechten")
    assert again["body"] == "Het antwoord staat in je privébericht."
    assert await shared.anna.invites() == set()


async def test_private_answer_can_be_read(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Who accepts the invitation reads what was said before; the next answer comes in the same room."""
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        bram = await Person.new(synapse, "bram")
        home = await Home.new(synapse, tmp_path)
        room = await anna.create_room(bram.user_id, home.user_id)
        home.rooms = {"announcements": [room]}
        async with home.running() as bot:
            await bot.in_room(room)
            await bram.join(room)
            await anna.says(room, "!mijn taal en")
            (direct,) = await wait(anna.invites)
            await anna.join(direct)
            answer = await anna.hears(direct, by=bot.user_id)
            assert "English" in answer["body"]
            before = await last_event(anna, direct)
            await anna.says(room, "!rechten")
            heard = await anna.hears(direct, by=bot.user_id, after=before)
            assert "Your role here, with this account: volunteer" in heard["body"]


async def test_personal_line(shared: Shared) -> None:
    """A line with what is nobody's business is not carried out where others read it, and taken away where possible."""
    await shared.anna.set_power(shared.room, shared.bot.user_id, 50)
    asked = await shared.anna.says(shared.room, "!mijn rust 22:00 8:00")
    answer = await shared.anna.hears(shared.room, by=shared.bot.user_id, after=asked)
    assert "privégesprek" in answer["body"]
    assert "22:00" not in answer["body"]
    (line,) = [e for e in await shared.home.synapse.stored(shared.room) if e["event_id"] == asked]
    assert line["content"] == {}
    async with shared.bot.database.read() as tx:
        assert await tx.value("SELECT count(*) FROM handled") == 0


async def test_talk_with_an_invited_third(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """An invited third counts: what was a private talk is one no more."""
    anna, bram = await Person.new(synapse, "anna"), await Person.new(synapse, "bram")
    home = await Home.new(synapse, tmp_path)
    async with home.running() as bot:
        room = await private_room(anna, bot)
        asked = await anna.says(room, "hulp")
        assert (await anna.hears(room, by=bot.user_id, after=asked))["body"].startswith("Hallo!")
        await anna.invite(room, bram.user_id)
        asked = await anna.says(room, "hulp")
        await anna.hears_nothing(room, by=bot.user_id, after=asked)
        asked = await anna.says(room, "!hulp")
        assert "hoor niet bij deze kamer" in (await anna.hears(room, by=bot.user_id, after=asked))["body"]


# -- in private -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("hulp", "Hallo!"),
        ("mijn taal nl", "Nederlands"),
        ("help, mijn mailadres verdwijnt toch niet?", "mailadres"),
        ("hulp nodig: kan ik mijn mailadres houden?", "mailadres"),
        ("rehcten", "Bedoel je"),
        ("!onzin", "ken ik niet"),
        ("status", "organisatoren"),
    ],
)
async def test_lines_in_private(talk: Talk, line: str, answer: str) -> None:
    """Commands need no prefix, questions are answered, and slips are met."""
    assert answer in (await talk.asks(line))["body"]


# -- choices ----------------------------------------------------------------------------------------------


async def test_number_in_private(talk: Talk) -> None:
    """The next message may be the number of the list; the one after it is a line like any other."""
    listed = await talk.asks("proef kleur paars")
    assert "1. rood — !proef kleur rood" in listed["body"]
    assert "Gekozen: red" in (await talk.asks("1"))["body"]
    assert "Gekozen" not in (await talk.asks("1"))["body"]


async def test_number_after_a_restart(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """The list stands in the room: its number counts also for a bot that has started again."""
    anna = await Person.new(synapse, "anna")
    home = await Home.new(synapse, tmp_path, catalogue=CATALOGUE)
    async with home.running() as bot:
        room = await private_room(anna, bot)
        asked = await anna.says(room, "proef kleur paars")
        await anna.hears(room, by=bot.user_id, after=asked)
    async with home.running() as bot:
        asked = await anna.says(room, "2")
        assert "Gekozen: blue" in (await anna.hears(room, by=bot.user_id, after=asked))["body"]


async def test_reaction(shared: Shared) -> None:
    """The asker's tap runs the choice, once; another's does nothing but a word to them in private."""
    asked = await shared.anna.says(shared.room, "!proef kleur paars")
    listed = await shared.anna.hears_event(shared.room, by=shared.bot.user_id, after=asked)
    await wait(lambda: shared.reactions(listed["event_id"]))
    assert sorted(await shared.reactions(listed["event_id"])) == ["1\ufe0f\u20e3", "2\ufe0f\u20e3"]

    await shared.bram.reacts(shared.room, listed["event_id"], "1\ufe0f\u20e3")
    (direct,) = await wait(shared.bram.invites)
    await shared.anna.hears_nothing(shared.room, by=shared.bot.user_id, after=listed["event_id"])

    await shared.anna.reacts(shared.room, listed["event_id"], "2\u20e3")
    answer = await shared.anna.hears(shared.room, by=shared.bot.user_id, after=listed["event_id"])
    assert "Gekozen: blue" in answer["body"]
    await shared.anna.reacts(shared.room, listed["event_id"], "1\ufe0f\u20e3")
    assert direct


async def test_number_as_a_reply(shared: Shared) -> None:
    """In a shared room a number counts only as a reply to the list, of the asker."""
    asked = await shared.anna.says(shared.room, "!proef kleur paars")
    listed = await shared.anna.hears_event(shared.room, by=shared.bot.user_id, after=asked)
    await shared.anna.says(shared.room, "2")
    await shared.anna.hears_nothing(shared.room, by=shared.bot.user_id, after=listed["event_id"])
    reply = {"m.relates_to": {"m.in_reply_to": {"event_id": listed["event_id"]}}}
    assert "Gekozen: blue" in (await shared.asks("2", **reply))["body"]


async def test_forged_reactions(shared: Shared) -> None:
    """Reactions to other people's messages, with a made-up field or to nothing at all, do nothing."""
    field = {
        "owner": f"matrix:{shared.bram.user_id}", "until": 2**52,
        "of": [{"command": "trial.colour", "values": {"colour": "red"}, "whose": "anyone"}],
    }  # fmt: skip
    forged = await shared.bram.says(shared.room, "Tik hier", **{"org.actiebot.buttons": field})
    await shared.bram.reacts(shared.room, forged, "1\ufe0f\u20e3")
    await shared.bram.says(shared.room, "1", **{"m.relates_to": {"m.in_reply_to": {"event_id": forged}}})
    await shared.asks("!hulp")
    assert len(await shared.anna.heard(shared.room, by=shared.bot.user_id)) == 1


async def test_reaction_taken_back(shared: Shared) -> None:
    """Taking a reaction back undoes nothing: it asks, and the answer does."""
    asked = await shared.anna.says(shared.room, "!proef plek")
    card = await shared.anna.hears_event(shared.room, by=shared.bot.user_id, after=asked)
    tap = await shared.bram.reacts(shared.room, card["event_id"], "1\ufe0f\u20e3")
    taken = await shared.bram.hears_event(shared.room, by=shared.bot.user_id, after=card["event_id"])
    assert "Plek gepakt" in taken["content"]["body"]
    await shared.bram.redacts(shared.room, tap)
    question = await shared.bram.hears_event(shared.room, by=shared.bot.user_id, after=taken["event_id"])
    assert "Wil je dit: plek teruggeven?" in question["content"]["body"]
    await shared.bram.reacts(shared.room, question["event_id"], "1\ufe0f\u20e3")
    answer = await shared.bram.hears(shared.room, by=shared.bot.user_id, after=question["event_id"])
    assert "Plek teruggegeven" in answer["body"]
