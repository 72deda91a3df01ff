"""What people experience, on every platform alike."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.core.reply import Button, For, Phrase, Reply
from bot.store import settings
from tests.scenarios.stage import Actor, Place, Post, Stage

DUTCH, ENGLISH = "Kan ik mijn mailadres houden?", "Can I keep my mail address?"
TEXT = "Morgen om 20.00 uur is de avond in de Waag."
CHANGED = "De avond in de Waag is verzet naar vrijdag."
TAKE, SEND = "Ik kom", "Versturen"
CARD = Reply(Phrase("trial.card"), buttons=(Button(Phrase("trial.take"), "trial.take", {}, For.ANYONE),))
GOT, GONE = "Plek gepakt.", "De plek is al weg."


async def texts(stage: Stage, place: Place) -> list[str]:
    """What the bot's messages in a place say."""
    return [post.text for post in await stage.posts(place)]


async def everywhere(stage: Stage, rooms: Sequence[Place]) -> list[Post]:
    """The bot's messages in all of them."""
    return [post for room in rooms for post in await stage.posts(room)]


async def rows(stage: Stage, table: str) -> int:
    async with stage.database.read() as tx:
        return int(await tx.value(f"SELECT count(*) FROM {table}") or 0)


async def seat(stage: Stage) -> str | None:
    """The account that has the one seat."""
    async with stage.database.read() as tx:
        return await settings.get(tx, "seat")


async def card_in(stage: Stage, room: Place) -> Post:
    """The card with an open button, posted by the bot of its own accord."""
    await stage.post("card:1", CARD, room)
    await stage.settled()
    (card,) = await stage.posts(room)
    return card


async def preview(organiser: Actor, staff: Place) -> Post:
    """The first announcement, written and looked at, not sent."""
    looked = await organiser.asks(staff, f'bericht nieuw "{TEXT}"')
    assert TEXT in looked.text
    assert "nog niets verstuurd" in looked.text
    return looked


def assert_refused(answer: Post) -> None:
    """That somebody may not do a thing is nobody else's business."""
    assert "is voor organisatoren" in answer.text
    assert answer.alone


# -- asking -----------------------------------------------------------------------------------------------


async def test_question_and_command(stage: Stage) -> None:
    """A question in a private talk gets one answer with its source; a command in a room is answered there."""
    anna, bram = await stage.actor("anna"), await stage.actor("bram")
    room = await stage.room("announcements", anna, bram)
    async with stage.up():
        talk = await stage.private_talk(anna)
        answer = await anna.asks(talk, DUTCH)
        assert "adres" in answer.text
        assert "\n\nBron" in answer.text
        helped = await anna.asks(room, "hulp")
        assert helped.text.startswith("Hallo!")
        assert not helped.alone
        assert await stage.posts(talk) == [answer]
        assert await stage.posts(room) == [helped]


async def test_in_english(stage: Stage) -> None:
    """Who chose English is answered in it, in private and in a Dutch room; others there are not."""
    anna, bram = await stage.actor("anna"), await stage.actor("bram")
    room = await stage.room("announcements", anna, bram)
    async with stage.up():
        talk = await stage.private_talk(anna)
        assert "in English from now on" in (await anna.asks(talk, "mijn taal en")).text
        answer = await anna.asks(talk, ENGLISH)
        assert "address" in answer.text
        assert "\n\nSource" in answer.text
        assert (await anna.asks(room, "help")).text.startswith("Hello!")
        assert (await bram.asks(room, "help")).text.startswith("Hallo!")
        assert len(await stage.posts(talk)) == len(await stage.posts(room)) == 2


async def test_answer_for_the_asker_alone(stage: Stage) -> None:
    """What is for the asker alone they read, once; of its words nothing stands in the shared room."""
    anna, bram = await stage.actor("anna"), await stage.actor("bram")
    room = await stage.room("announcements", anna, bram)
    async with stage.up():
        for _ in range(2):
            answer = await anna.asks(room, "proef geheim")
            assert answer.text == "Dit is geheim."
            assert answer.alone
        assert (await bram.asks(room, "hulp")).text.startswith("Hallo!")
        assert not [text for text in await texts(stage, room) if "geheim." in text]


async def test_room_with_one_person(stage: Stage) -> None:
    """A room of the campaign is nobody's private talk, also when one person is there: others will come and read."""
    anna, bram = await stage.actor("anna"), await stage.actor("bram")
    alone, shared = await stage.room("announcements", anna), await stage.room("volunteers", bram, anna)
    async with stage.up():
        for room in (alone, shared):
            assert (await anna.asks(room, "proef geheim")).alone
        assert not [text for text in await texts(stage, alone) if "geheim." in text]


# -- buttons ----------------------------------------------------------------------------------------------


async def test_two_tap_at_once(stage: Stage) -> None:
    """Of two who tap one open button at the same time one gets the seat, and the other hears that it is gone."""
    anna, bram = await stage.actor("anna"), await stage.actor("bram")
    room = await stage.room("announcements", anna, bram)
    async with stage.up():
        card = await card_in(stage, room)
        taps = await asyncio.gather(anna.taps(card, TAKE), bram.taps(card, TAKE))
        first, second = (await anna.hears(taps[0])).text, (await bram.hears(taps[1])).text
        assert {first, second} == {GOT, GONE}
        assert await seat(stage) == (anna if first == GOT else bram).address
        again = anna if first == GOT else bram
        assert (await again.hears(await again.taps(card, TAKE))).text == GONE
        assert await seat(stage) == again.address


# -- announcements ----------------------------------------------------------------------------------------


async def test_announcement_to_twenty_rooms(stage: Stage) -> None:
    """However often it is sent, and though the bot stops in the middle, each of 20 rooms has an announcement once."""
    sjoera, joris = await stage.actor("sjoera", organiser=True), await stage.actor("joris")
    staff = await stage.room("organisers", sjoera, joris)
    rooms = await asyncio.gather(*(stage.room("announcements", joris) for _ in range(20)))
    async with stage.up():
        looked = await preview(sjoera, staff)
        assert not await everywhere(stage, rooms)
        sent = await sjoera.hears(await sjoera.taps(looked, SEND))
        assert sent.text == "Bericht B1 gaat nu naar 20 kamers."
    async with stage.up():
        again = (await sjoera.hears(await sjoera.taps(looked, SEND))).text
        assert ("heb je al gebruikt" if stage.buttons_stay else "al verstuurd") in again
        assert "al verstuurd" in (await sjoera.asks(staff, "bericht versturen B1")).text
        await stage.settled()
        assert [await texts(stage, room) for room in rooms] == [[TEXT]] * 20
        assert "staat in 20 kamers" in (await sjoera.asks(staff, "bericht lijst")).text
        assert len(await stage.posts(staff)) == 5


async def test_change_and_withdrawal(stage: Stage) -> None:
    """A change and a withdrawal reach every post where it stands; nothing new is said."""
    sjoera, joris = await stage.actor("sjoera", organiser=True), await stage.actor("joris")
    staff = await stage.room("organisers", sjoera, joris)
    rooms = await asyncio.gather(*(stage.room("announcements", sjoera, joris) for _ in range(2)))
    async with stage.up():
        await preview(sjoera, staff)
        await sjoera.asks(staff, "bericht versturen B1")
        await stage.settled()
        before = [post.id for post in await everywhere(stage, rooms)]

        assert "B1 is gewijzigd" in (await sjoera.asks(staff, f'bericht wijzigen B1 "{CHANGED}"')).text
        await stage.settled()
        posts = await everywhere(stage, rooms)
        assert [post.id for post in posts] == before
        for post in posts:
            assert post.text.startswith(f"{CHANGED}\n\nGewijzigd op ")
            assert TEXT not in post.text

        assert "B1 is ingetrokken" in (await sjoera.asks(staff, "bericht intrekken B1")).text
        await stage.settled()
        posts = await everywhere(stage, rooms)
        assert [post.id for post in posts] == before
        for post in posts:
            assert post.text.startswith("Dit bericht is ingetrokken op ")
            assert CHANGED not in post.text


async def test_without_the_right(stage: Stage) -> None:
    """Who is no organiser is refused, by command and by an organiser's button, and nothing happens."""
    sjoera, bram = await stage.actor("sjoera", organiser=True), await stage.actor("bram")
    staff = await stage.room("organisers", sjoera, bram)
    room = await stage.room("announcements", sjoera, bram)
    async with stage.up():
        looked = await preview(sjoera, staff)
        for line in (f'bericht nieuw "{TEXT}"', "bericht versturen B1", f'bericht wijzigen B1 "{CHANGED}"'):
            assert_refused(await bram.asks(room, line))
        assert_refused(await bram.hears(await bram.taps(looked, SEND)))
        await stage.settled()
        assert await rows(stage, "announcement") == 1
        assert await rows(stage, "outbox") == 0
        assert not [text for text in await texts(stage, room) if TEXT in text or CHANGED in text]
        sent = await sjoera.hears(await sjoera.taps(looked, SEND))  # the button is still hers, and unused
        assert sent.text == "Bericht B1 gaat nu naar 1 kamer."


# -- restarts ---------------------------------------------------------------------------------------------


async def test_said_while_the_bot_was_down(stage: Stage) -> None:
    """What people say while the bot is down is carried out and answered once when it is back."""
    if not stage.keeps:
        pytest.skip("this platform lets people know at once that the bot is down")
    anna, bram = await stage.actor("anna"), await stage.actor("bram")
    room = await stage.room("announcements", anna, bram)
    async with stage.up():
        assert (await anna.asks(room, "proef tel")).text == "Geteld: 1"
    said = [(who, await who.says(room, "proef tel")) for who in (anna, bram, anna)]
    async with stage.up():
        heard = [(await who.hears(asked)).text for who, asked in said]
        assert heard == ["Geteld: 2", "Geteld: 3", "Geteld: 4"]
    async with stage.up():
        assert (await bram.asks(room, "proef tel")).text == "Geteld: 5"
        assert await texts(stage, room) == [f"Geteld: {count}" for count in range(1, 6)]


async def test_button_of_before_a_restart(stage: Stage) -> None:
    """A button that was shown before a restart works after it, and nothing is said again."""
    anna, bram = await stage.actor("anna"), await stage.actor("bram")
    room = await stage.room("announcements", anna, bram)
    async with stage.up():
        card = await card_in(stage, room)
    async with stage.up():
        assert await stage.posts(room) == [card]
        assert (await anna.hears(await anna.taps(card, TAKE))).text == GOT
    async with stage.up():
        assert (await bram.hears(await bram.taps(card, TAKE))).text == GONE
        assert await seat(stage) == anna.address
        assert len(await stage.posts(room)) == 3
