"""People and what they choose for themselves; nothing is kept of whoever only asks."""

import asyncio
import datetime as dt

from bot.campaign import people
from bot.campaign.people import Person
from bot.campaign.quiet import QuietHours
from bot.core.invocation import Address
from bot.store.database import Database
from tests.talk import NOON, Talk, Talker

ANNA = Address("matrix", "@anna:example.org")


async def test_kept_from_the_first_change(database: Database) -> None:
    """Who only asks is not kept; who changes something is, once, with the role and moment of the last time."""
    async with database.write() as tx:
        assert await people.find(tx, ANNA) == Person(None, ANNA)
        first = await people.meet(tx, ANNA, role="member", now=NOON)
        again = await people.meet(tx, ANNA, role="organiser", now=NOON + dt.timedelta(days=1))
        assert first.id == again.id is not None
        assert await people.count(tx) == 1
        assert await people.last_role(tx, ANNA) == "organiser"
        assert await people.last_role(tx, Address("matrix", "@bram:example.org")) is None


async def test_twenty_at_once(database: Database) -> None:
    """An account that changes twenty things at once is one person."""

    async def meet() -> int | None:
        async with database.write() as tx:
            return (await people.meet(tx, ANNA, role="member", now=NOON)).id

    assert len(set(await asyncio.gather(*(meet() for _ in range(20))))) == 1
    async with database.read() as tx:
        assert await people.count(tx) == 1


async def test_choices(database: Database) -> None:
    """Language, zone and quiet hours are kept, and can be taken back to the campaign's."""
    async with database.write() as tx:
        person = (await people.meet(tx, ANNA, role="member", now=NOON)).id
        assert person
        await people.choose_language(tx, person, "en")
        await people.choose_zone(tx, person, "Asia/Kolkata")
        await people.choose_quiet(tx, person, QuietHours.parse("21:30", "9:15"))
    async with database.write() as tx:
        found = await people.find(tx, ANNA)
        assert found == Person(person, ANNA, "en", "Asia/Kolkata", QuietHours.parse("21:30", "09:15"), quiet_off=False)
        await people.choose_quiet(tx, person, None, off=True)
        assert ((await people.find(tx, ANNA)).quiet, (await people.find(tx, ANNA)).quiet_off) == (None, True)
        await people.choose_quiet(tx, person, None)
        assert ((await people.find(tx, ANNA)).quiet, (await people.find(tx, ANNA)).quiet_off) == (None, False)


async def test_messages_not_asked_for(database: Database) -> None:
    """They are on until somebody turns them off, and can be turned on again."""
    async with database.write() as tx:
        person = (await people.meet(tx, ANNA, role="member", now=NOON)).id
        assert person
        assert not (await people.find(tx, ANNA)).unasked_off
        await people.choose_unasked(tx, person, off=True)
        assert (await people.find(tx, ANNA)).unasked_off
        await people.choose_unasked(tx, person, off=False)
        assert not (await people.find(tx, ANNA)).unasked_off


async def test_my_messages(talk: Talk, anna: Talker) -> None:
    """The answer says how it is now, what stays, and how to change it."""
    assert "staan aan" in await anna.says("/mijn berichten")
    said = await anna.says("/mijn berichten uit")
    assert "staan uit" in said
    assert "herinneringen die je zelf vroeg" in said
    assert "/mijn berichten on" in said
    assert "staan uit" in await anna.says("/mijn berichten")
    assert "staan aan" in await anna.says("/my messages on")
    await anna.says("/mijn berichten misschien")
    assert anna.key == "value.choice"
    async with talk.database.read() as tx:
        assert not (await people.find(tx, anna.who)).unasked_off


async def test_asking_keeps_nothing(talk: Talk, anna: Talker) -> None:
    """Help, rights, questions, mistakes and refusals leave no trace of whoever asked."""
    for line in ("hulp", "rechten", "vraag Kan ik mijn mailadres houden?", "onzin", "bericht lijst", "mijn taal frans"):
        await anna.says(f"/{line}")
    async with talk.database.read() as tx:
        for table in ("person", "account", "handled", "audit", "outbox"):
            assert await tx.value(f"SELECT count(*) FROM {table}") == 0, table


async def test_my_language(anna: Talker) -> None:
    """The answer is in the language that was just chosen, and so is what follows."""
    assert "in English from now on" in await anna.says("/mijn taal engels")
    assert "Hello!" in await anna.says("/help")
    assert "voortaan in het Nederlands" in await anna.says("/my language Dutch")
    assert "Hallo!" in await anna.says("/help")


async def test_my_timezone(anna: Talker) -> None:
    """Moments are read and written in one's own zone; a zone that there is not is answered with near ones."""
    assert "Daar is het nu 16:30" in await anna.says("/mijn tijdzone asia/kolkata")
    assert "kan ik niet vinden" in await anna.says("/mijn tijdzone Asia/Kolkatta")
    assert anna.answer
    assert anna.answer.zone == "Asia/Kolkata"
    assert "Daar is het nu 12:00" in await anna.says("/mijn tijdzone Europe/Amsterdam.")


async def test_corrected_by_a_tap(anna: Talker) -> None:
    """What was nearly right is one tap away."""
    await anna.says("/mijn tijdzone Europe/Amsterdm")
    assert "Je leest tijden voortaan in Europe/Amsterdam" in await anna.taps("Europe/Amsterdam")


async def test_my_quiet(anna: Talker) -> None:
    """Two times in either form, off, or the campaign's again."""
    for line in (
        "21:30 9:15",
        "21.30 9.15.",
        "21:30-9:15",
        "van:21:30 tot:9:15",
        "from:21:30 until:9:15",
        "21:30–9:15",
    ):
        assert "Van 21:30 tot 09:15" in await anna.says(f"/mijn rust {line}"), line
    assert "geen stille uren meer" in await anna.says("/mijn rust uit.")
    assert "van 22:00 tot 08:00" in await anna.says("/mijn rust")
    assert "begrijp" in await anna.says("/mijn rust laat")
    assert "begrijp" in await anna.says("/mijn rust 22:00 22:00")
