"""What is said to the bot in words, and words that answer its last question."""

import asyncio
import dataclasses
import datetime as dt
import pathlib
from collections.abc import AsyncIterator

import pytest

from bot.core.reply import For, Reply
from tests.asking import CATALOGUE, question
from tests.discord_server.interaction import Shown
from tests.discord_server.message import Message
from tests.discord_server.people import Person
from tests.discord_server.place import Channel
from tests.discord_server.server import DiscordServer
from tests.platforms.discord.running import Home, Running

QUIET_SECONDS = 0.5
STRANGE = "hoor niet bij deze server"


@dataclasses.dataclass(frozen=True)
class Place:
    """A guild of the campaign with Anna, a channel, and her private talk with the bot."""

    server: DiscordServer
    bot: Running
    room: Channel
    talk: Channel
    anna: Person

    @property
    def name(self) -> str:
        return self.server.world.bot.mention

    async def asks(self, line: str, where: Channel | None = None, *, to: Shown | None = None) -> str:
        """Anna says something, in private unless a channel is given; the next thing that the bot says there."""
        place = where or self.talk
        count = len(self.server.messages(place))
        await self.anna.says(place, line, replies_to=to)
        return (await self.said(place, count)).text

    async def said(self, place: Channel, after: int) -> Message:
        await self.server.until(lambda: len(self.server.messages(place)) > after)
        return self.server.messages(place)[after]

    async def asked(self, reply: Reply, cause: str = "question") -> Shown:
        """The bot asks Anna something in private, by itself."""
        count = len(self.server.messages(self.talk))
        await self.bot.announce(cause, reply, f"discord:{self.anna.id}")
        return Shown.of(await self.said(self.talk, count))

    async def counted(self) -> int:
        """How often the first button did its work."""
        async with self.bot.database.read() as tx:
            return int(await tx.value("SELECT value FROM setting WHERE name = 'count'") or 0)


@pytest.fixture
async def place(tmp_path: pathlib.Path) -> AsyncIterator[Place]:
    async with DiscordServer() as server:
        guild = server.guild("Actie")
        room, anna = guild.channel("actie"), guild.person("anna")
        home = Home(server, tmp_path, [int(guild.id)], {"announcements": [room.id]}, catalogue=CATALOGUE)
        async with home.running() as bot:
            yield Place(server, bot, room, await anna.dm(), anna)
        assert server.violations == []


# -- what is for the bot ----------------------------------------------------------------------------------


async def test_lines_in_private(place: Place) -> None:
    """In private a line is a question, and a command needs no slash."""
    assert "mailadres" in await place.asks("Kan ik mijn mailadres houden?")
    assert "Hallo!" in await place.asks("hulp")
    assert "Hallo!" in await place.asks("!hulp")
    assert "Bedoel je een van deze vragen?" in await place.asks("help, mijn mailadres verdwijnt toch niet?")


@pytest.mark.parametrize("line", ["{} kan ik mijn mailadres houden?", "Kan ik mijn mailadres houden, {}?"])
async def test_mention(place: Place, line: str) -> None:
    """A line with the bot's name is answered where it stands, as a reply."""
    asked = await place.anna.says(place.room, line.format(place.name))
    answer = await place.said(place.room, 0)
    assert "mailadres" in answer.text
    assert answer.reference
    assert answer.reference["message_id"] == asked.id
    assert answer.mentions == []
    assert place.server.messages(place.talk) == []


async def test_name_alone(place: Place) -> None:
    """The bare name asks what there is."""
    assert "Hallo!" in await place.asks(place.name, place.room)


async def test_what_is_not_for_the_bot(place: Place) -> None:
    """Talk among people, edits, bots, webhooks and what is no message of a person are left alone."""
    first = await place.anna.says(place.room, "Wie komt er vanavond?")
    await place.anna.edits(first, f"{place.name} hulp")
    await place.anna.says(place.room, "stop")
    private = await place.anna.says(place.talk, "\u200b")
    await place.anna.edits(private, "hulp")
    world = place.server.world
    robot = world.user("robot")
    robot.bot = True
    _put(place, Message(world.clock.snowflake(), place.room, robot, world.clock.stamp(), f"{place.name} hulp"))
    hook = Message(world.clock.snowflake(), place.room, place.anna.user, world.clock.stamp(), f"{place.name} hulp")
    hook.metadata, hook.application = {"id": "1", "type": 2, "user": robot.payload()}, robot.id
    _put(place, hook)
    await place.asks(f"{place.name} hulp", place.room)  # it comes after all of these
    assert len(place.server.messages(place.room)) == 1
    assert place.server.messages(place.talk) == []


def _put(place: Place, message: Message) -> None:
    message.mentions = place.server.world.mentioned(message.content)
    place.server.world.store(message)


async def test_private_answer_to_a_mention(place: Place) -> None:
    """What is for the asker alone comes in private; in the channel stands only that it is there."""
    assert await place.asks(f"{place.name} rechten", place.room) == "Het antwoord staat in je privébericht."
    assert "vrijwilliger" in place.server.messages(place.talk)[0].text


async def test_closed_private_messages(place: Place) -> None:
    """Who takes no private messages reads what to do, and nothing of the answer."""
    place.anna.closes_dms()
    said = await place.asks(f"{place.name} rechten", place.room)
    assert "kan je geen privébericht sturen" in said
    assert "vrijwilliger" not in said


async def test_order(place: Place) -> None:
    """Lines in one channel are answered one after the other; another channel does not wait for them."""
    for line in ("proef traag", "hulp", "proef kleur rood"):
        await place.anna.says(place.talk, line)
    assert "Hallo!" in await place.asks(f"{place.name} hulp", place.room)
    assert place.server.messages(place.talk) == []
    await place.server.until(lambda: len(place.server.messages(place.talk)) == 3)
    said = [one.text for one in place.server.messages(place.talk)]
    assert ["Er is een plek" in said[0], "Hallo!" in said[1], "Gekozen: red" in said[2]] == [True] * 3


async def test_strange_guild(place: Place) -> None:
    """In a guild that is not the campaign's it says who it is, once, and answers nothing."""
    guild = place.server.guild("Elders")
    room, bram = guild.channel("hier"), guild.person("bram")
    for _ in range(3):
        await bram.says(room, f"{place.name} hulp")
    assert STRANGE in (await place.server.hears(room)).text
    await asyncio.sleep(QUIET_SECONDS)
    assert len(place.server.messages(room)) == 1


# -- a word for a button ----------------------------------------------------------------------------------


async def test_yes_and_no(place: Place) -> None:
    """A word is a tap on the button of the last question whose label begins with it."""
    await place.asked(question("Ja, ik kom", "Nee"))
    assert "Geteld: 1" in await place.asks("Ja hoor! 👍")
    await place.asked(question("Klaar", "Lukt niet"), "another")
    assert "Gekozen: red" in await place.asks("’t lukt me niet")


async def test_question_of_a_command(place: Place) -> None:
    """Own buttons work by word, once: the word and the tap are the same."""
    await place.asks("proef vraag")
    assert "Geteld: 1" in await place.asks("ja")
    assert "al gebruikt" in await place.asks("ja")
    board = Shown.of(place.server.messages(place.talk)[0])
    assert "al gebruikt" in (await (await place.anna.tap(board, "Ja, tel mee")).answer()).text
    assert await place.counted() == 1


async def test_word_after_a_tap(place: Place) -> None:
    """A question that was answered with its button is closed for words."""
    board = await place.asked(question("Ja", "Nee"))
    assert "Geteld: 1" in (await (await place.anna.tap(board, "Ja")).answer()).text
    assert "Gekozen" not in await place.asks("nee")
    assert await place.counted() == 1


async def test_other_things_in_between(place: Place) -> None:
    """A question stays open while something else is asked; a newer one takes its place; a restart changes nothing."""
    first = await place.asked(question("Ja", "Nee"))
    await place.asks("hulp")
    assert "Geteld: 1" in await place.asks("ja")
    await place.asked(question("Klaar", "Lukt niet"), "another")
    assert "Geteld" not in await place.asks("ja")
    assert "Geteld: 2" in await place.asks("ja", to=first)


async def test_after_a_restart(place: Place) -> None:
    """The question stands in the talk: a bot that has just started knows it too."""
    await place.asked(question("Ja", "Nee"))
    await _over(place)


async def _over(place: Place) -> None:
    for task in place.bot.tasks:
        task.cancel()
    await asyncio.gather(*place.bot.tasks, return_exceptions=True)
    place.server.gateway.forget()
    async with place.bot.home.running():
        assert "Geteld: 1" in await place.asks("ja")


async def test_two_that_match(place: Place) -> None:
    """Where two buttons can be meant none is: the line is a line."""
    board = await place.asked(question("Ja, vandaag", "Ja, morgen", "Nee"))
    said = await place.asks("ja")
    assert "Geteld" not in said
    assert "Gekozen" not in said
    assert "Gekozen: blue" in await place.asks("nee", to=board)


async def test_more_than_the_word(place: Place) -> None:
    """What says more than the word is a question."""
    await place.asked(question("Ja", "Nee"))
    assert "mailadres" in await place.asks("ja maar kan ik dan mijn mailadres houden?")
    assert await place.counted() == 0


@pytest.mark.parametrize(
    ("age", "answered"), [(dt.timedelta(days=6, hours=23), True), (dt.timedelta(days=7, minutes=1), False)]
)
async def test_an_old_question(place: Place, age: dt.timedelta, *, answered: bool) -> None:
    """After seven days a word answers nothing any more."""
    board = await place.asked(question("Ja", "Nee"))
    message = place.server.world.messages[board.id]
    message.id = str(int(message.id) - (int(age.total_seconds() * 1000) << 22))
    assert ("Geteld: 1" in await place.asks("ja")) is answered


async def test_word_in_a_channel(place: Place) -> None:
    """A word in a channel is not an answer, also not beside the bot's name."""
    await place.bot.announce("board", question("Ja", "Nee", "Stop", whose=For.ANYONE), f"discord:{place.room.id}")
    await place.said(place.room, 0)
    for line in ("ja", "stop"):
        await place.anna.says(place.room, line)
    assert "Geteld" not in await place.asks(f"{place.name} ja", place.room)
    assert "staan uit" not in await place.asks(f"{place.name} stop", place.room)
    assert await place.counted() == 0


# -- stop -------------------------------------------------------------------------------------------------


async def test_stop(place: Place) -> None:
    """ "Stop" turns off what was not asked for, says what stays and how it is turned on again."""
    said = await place.asks("Stop!")
    assert "staan uit" in said
    assert "Antwoorden krijg je nog steeds" in said
    assert "typ `/mijn berichten berichten:aan`" in said
    assert "staan uit" in await place.asks("mijn berichten")
    assert "staan aan" in await place.asks("mijn berichten aan")


async def test_stop_as_an_answer(place: Place) -> None:
    """Where the last question has a button for it, "stop" is that button."""
    await place.asked(question("Ga door", "Stop ermee"))
    assert "Gekozen: red" in await place.asks("stop")
    await place.asked(question("Ja", "Nee"), "another")
    assert "staan uit" in await place.asks("stop")
