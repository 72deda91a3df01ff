"""Announcements, from the first look to the last correction, as organisers and rooms see them."""

import datetime as dt

import pytest

from bot.campaign import announcements
from bot.core.errors import Refused
from bot.core.invocation import Address
from bot.store import outbox
from tests.talk import ANNOUNCEMENTS, ENGLISH, NOON, ORGANISERS, VOLUNTEERS, Talk, Talker

HOUR = dt.timedelta(hours=1)
LATER = '"28-1-2019 20:00"'
TOMORROW = dt.datetime(2019, 1, 28, 19, tzinfo=dt.UTC)


@pytest.fixture
async def sent(talk: Talk, sjoera: Talker) -> None:
    """B1 stands in two rooms."""
    await sjoera.says('/bericht nieuw "Petitie op 45.500" engels:"Petition at 45,500"')
    await sjoera.taps("Versturen")
    await talk.deliver()


# -- looking and sending ----------------------------------------------------------------------------------


async def test_look_first(talk: Talk, sjoera: Talker) -> None:
    """A new announcement is shown with its rooms, how many people they hold and when it goes; nothing is said."""
    text = await sjoera.says('/bericht nieuw "Kom naar de *Waag*." engels:"Come to the *Waag*."')
    assert "Er is nog niets verstuurd" in text
    assert "Kom naar de *Waag*." in text
    assert "In het Engels: Come to the *Waag*." in text
    assert "#announcements (120 mensen) en #english" in text
    assert "meteen" in text
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == talk.said(ENGLISH) == []


async def test_each_room_in_its_language(talk: Talk, sjoera: Talker, sent: None) -> None:
    """Every room of the kind hears it once, an English one in English; other kinds hear nothing."""
    assert talk.said(ANNOUNCEMENTS) == ["Petitie op 45.500"]
    assert talk.said(ENGLISH) == ["Petition at 45,500"]
    assert talk.said(VOLUNTEERS) == talk.said(ORGANISERS) == []
    assert "staat in 2 kamers" in await sjoera.says("/bericht lijst")


async def test_without_english(talk: Talk, sjoera: Talker) -> None:
    """Without an English text the author is told that English rooms read Dutch."""
    assert "Engelstalige kamers krijgen de Nederlandse tekst" in await sjoera.says("/bericht nieuw Hallo")
    await sjoera.taps("Versturen")
    await talk.deliver()
    assert talk.said(ENGLISH) == ["Hallo"]
    assert "Engelstalige" not in await sjoera.says("/bericht nieuw Hallo kamer:volunteers")


async def test_another_kind_of_room(talk: Talk, sjoera: Talker) -> None:
    await sjoera.says("/bericht nieuw kamer:volunteers tekst:Flyers zijn binnen.")
    await sjoera.taps("Versturen")
    await talk.deliver()
    assert talk.said(VOLUNTEERS) == ["Flyers zijn binnen."]
    assert talk.said(ANNOUNCEMENTS) == []


async def test_sent_once(talk: Talk, sjoera: Talker) -> None:
    """Tapped twice, typed again and replayed: the rooms hear it once."""
    await sjoera.says("/bericht nieuw Hallo")
    shown = sjoera.answer, sjoera.call
    first = await sjoera.taps("Versturen")
    call = sjoera.call
    assert call
    sjoera.answer, sjoera.call = shown
    assert await sjoera.taps("Versturen", again=call.id) == first
    sjoera.answer, sjoera.call = shown
    assert "al gebruikt" in await sjoera.taps("Versturen")
    assert "al verstuurd" in await sjoera.says("/bericht versturen B1")
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == ["Hallo"]


async def test_the_author_only(talk: Talk, sjoera: Talker, joris: Talker, anna: Talker) -> None:
    """Nobody sends what somebody else wrote and looked at."""
    await sjoera.says("/bericht nieuw Hallo", room=ORGANISERS)
    assert "van iemand anders" in await joris.taps("Versturen", on=sjoera)
    assert joris.answer
    assert joris.answer.private
    assert "van iemand anders" in await joris.says("/bericht versturen 1")
    assert "voor organisatoren" in await anna.says("/bericht versturen 1")
    assert (await sjoera.says("/bericht versturen 1")).startswith("Bericht B1 gaat nu naar 2 kamers")


async def test_a_quarter_of_an_hour(talk: Talk, sjoera: Talker) -> None:
    """What was looked at too long ago is not sent, neither by its button nor typed."""
    await sjoera.says("/bericht nieuw Hallo")
    shown = sjoera.answer, sjoera.call
    talk.clock.moment += dt.timedelta(minutes=15, seconds=1)
    assert "kwartier" in await sjoera.taps("Versturen")
    sjoera.answer, sjoera.call = shown
    assert "Maak het opnieuw" in await sjoera.says("/bericht versturen 1")
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == []


async def test_quiet_hours(talk: Talk, sjoera: Talker) -> None:
    """Written at night it waits for the morning, unless it is urgent or for a moment that the author chose."""
    talk.clock.moment = NOON + 11 * HOUR  # 23:00
    assert "na de stille uren: maandag 28 januari 2019 08:00" in await sjoera.says("/bericht nieuw Slaap zacht")
    assert "gaat op maandag 28 januari 2019 08:00" in await sjoera.taps("Versturen")
    assert "meteen" in await sjoera.says("/bericht nieuw Brand! dringend:ja")
    await sjoera.taps("Versturen")
    assert "23:30" in await sjoera.says('/bericht nieuw Half twaalf om:"27-1-2019 23:30"')
    await sjoera.taps("Versturen")
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == ["Brand!"]
    talk.clock.moment += HOUR
    await talk.deliver()
    talk.clock.moment += 8 * HOUR
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == ["Brand!", "Half twaalf", "Slaap zacht"]


async def test_quiet_by_the_time_it_is_sent(talk: Talk, sjoera: Talker) -> None:
    """The quiet hours that count are those at the tap, and the answer says so."""
    talk.clock.moment = NOON + 10 * HOUR - dt.timedelta(minutes=5)
    assert "meteen" in await sjoera.says("/bericht nieuw Hallo")
    talk.clock.moment += dt.timedelta(minutes=10)
    assert "maandag 28 januari 2019 08:00" in await sjoera.taps("Versturen")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/bericht nieuw", "Er mist nog iets: **tekst**"),
        (f'/bericht nieuw "{"x" * 1501}"', "te lang: 1.501 tekens. Er mogen er 1.500 in"),
        ("/bericht nieuw Hallo om:26-1-2019", "is al geweest"),
        ("/bericht nieuw Hallo kamer:keuken", '"keuken" kan ik niet vinden bij **kamer**'),
        ("/bericht nieuw Hallo dringend:misschien", "Typ ja of nee"),
        ("/bericht nieuw Hallo vervangt:B9", '"B9" kan ik niet vinden'),
        ("/bericht wijzigen B9 Hallo", '"B9" kan ik niet vinden'),
        ("/bericht intrekken", "Er mist nog iets: **bericht**"),
    ],
)
async def test_what_cannot_be(talk: Talk, sjoera: Talker, line: str, why: str) -> None:
    """A value that cannot be is refused with the reason, and nothing is kept."""
    assert why in await sjoera.says(line)
    assert "nog geen berichten" in await sjoera.says("/bericht lijst")


async def test_volunteers_may_not(anna: Talker) -> None:
    for line in ("nieuw Hallo", "versturen 1", "lijst", "wijzigen 1 x", "intrekken 1"):
        assert "voor organisatoren" in await anna.says(f"/bericht {line}")


# -- correcting -------------------------------------------------------------------------------------------


async def test_edit(talk: Talk, sjoera: Talker, joris: Talker, sent: None) -> None:
    """A correction, by any organiser, comes with its date, in each room's language."""
    talk.clock.moment += HOUR
    text = await joris.says('/bericht wijzigen B1 "Petitie op 45.600" "Petition at 45,600"')
    assert "aangepast in #announcements" in text
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == ["Petitie op 45.600\n*Gewijzigd op zondag 27 januari 2019 13:00.*"]
    assert talk.said(ENGLISH) == ["Petition at 45,600\n*Changed on Sunday 27 January 2019 13:00.*"]


async def test_edit_leaves_no_old_english(talk: Talk, sjoera: Talker, sent: None) -> None:
    """A correction in Dutch alone takes the wrong English words away too, and says that it does."""
    assert "Engelstalige kamers" in await sjoera.says("/bericht wijzigen B1 Toch niet")
    await talk.deliver()
    assert talk.said(ENGLISH)[0].startswith("Toch niet\n*Changed on")


async def test_edit_a_draft(talk: Talk, sjoera: Talker, joris: Talker) -> None:
    """Its author looks at a changed draft afresh; nobody else can slip words into it."""
    await sjoera.says("/bericht nieuw Hallo")
    assert "alleen wie het schreef" in await joris.says("/bericht wijzigen 1 Iets ergs")
    talk.clock.moment += dt.timedelta(minutes=14)
    assert "Er is nog niets verstuurd" in await sjoera.says("/bericht wijzigen 1 Hallo allemaal")
    talk.clock.moment += dt.timedelta(minutes=14)
    await sjoera.taps("Versturen")
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == ["Hallo allemaal"]


async def test_edit_before_it_is_said(talk: Talk, sjoera: Talker) -> None:
    """An announcement that is still to come is said in its last words, without a note."""
    await sjoera.says(f"/bericht nieuw Waag om acht uur om:{LATER}")
    await sjoera.taps("Versturen")
    await sjoera.says("/bericht wijzigen 1 Waag om negen uur")
    await sjoera.says("/bericht wijzigen 1 Waag om tien uur")
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == []
    talk.clock.moment = TOMORROW
    await talk.deliver()
    assert [(post.text, post.edits) for post in talk.posts(ANNOUNCEMENTS)] == [("Waag om tien uur", 0)]


async def test_edit_while_it_is_being_sent(talk: Talk, sjoera: Talker) -> None:
    """What left with the old words is corrected as soon as it has arrived; the other room hears the new ones."""
    await sjoera.says("/bericht nieuw Fout")
    await sjoera.taps("Versturen")
    under_way = await talk.begin(only=[ANNOUNCEMENTS])
    assert under_way
    await sjoera.says("/bericht wijzigen 1 Goed")
    await talk.deliver()
    assert talk.said(ENGLISH) == ["Goed"]
    await talk.finish(under_way)
    await talk.deliver()
    assert [post.text.partition("\n")[0] for post in talk.posts(ANNOUNCEMENTS)] == ["Goed"]


async def test_edit_between_claim_and_freeze(talk: Talk, sjoera: Talker) -> None:
    """A sender that has read the old words cannot send them once the correction is made."""
    await sjoera.says("/bericht nieuw Fout kamer:volunteers")
    await sjoera.taps("Versturen")
    async with talk.database.write() as tx:
        (old,) = await outbox.claim(tx, now=NOON, machine=0, platforms=["terminal"], limit=9)
    await sjoera.says("/bericht wijzigen 1 Goed")
    with pytest.raises(outbox.NotOpen):
        async with talk.database.write() as tx:
            await outbox.freeze(tx, old, old.destination, [{"text": "Fout"}], machine=0)
    await talk.deliver()
    assert talk.said(VOLUNTEERS) == ["Goed"]


async def test_two_edits_quickly(talk: Talk, sjoera: Talker, sent: None) -> None:
    """The last of several corrections stands, whether the one before it was waiting or under way."""
    await sjoera.says("/bericht wijzigen 1 Een")
    under_way = await talk.begin(only=[ANNOUNCEMENTS])
    assert under_way
    await sjoera.says("/bericht wijzigen 1 Twee")
    await sjoera.says("/bericht wijzigen 1 Drie")
    await talk.finish(under_way)
    await talk.deliver()
    assert [(post.text[:4], post.edits) for post in talk.posts(ANNOUNCEMENTS)] == [("Drie", 2)]
    assert [(post.text[:4], post.edits) for post in talk.posts(ENGLISH)] == [("Drie", 1)]


async def test_edit_where_a_room_failed(talk: Talk, sjoera: Talker) -> None:
    """A room that never got it gets no correction either; the answer and the list leave it out or name it."""
    talk.refuses.add(ENGLISH)
    await sjoera.says("/bericht nieuw Hallo")
    await sjoera.taps("Versturen")
    await talk.deliver()
    assert "niet gelukt in #english" in await sjoera.says("/bericht lijst")
    text = await sjoera.says("/bericht wijzigen 1 Hoi")
    assert "#announcements" in text
    assert "#english" not in text
    talk.refuses.clear()
    await talk.deliver()
    assert talk.said(ENGLISH) == []
    talk.refuses |= {ANNOUNCEMENTS}
    await sjoera.says("/bericht wijzigen 1 Hee")
    await talk.deliver()
    assert "niet gelukt in #english" in await sjoera.says("/bericht lijst")


async def test_edit_that_fails(talk: Talk, sjoera: Talker, sent: None) -> None:
    """Where a correction or a withdrawal failed, the list says that the old text still stands."""
    talk.refuses.add(ENGLISH)
    await sjoera.says("/bericht wijzigen 1 Goed")
    await talk.deliver()
    assert "daar staat de oude tekst nog" in await sjoera.says("/bericht lijst")
    await sjoera.says("/bericht intrekken 1")
    await talk.deliver()
    assert "haal het daar zelf weg" in await sjoera.says("/bericht lijst")


async def test_edit_of_what_stands_nowhere(talk: Talk, sjoera: Talker) -> None:
    talk.refuses |= {ENGLISH, ANNOUNCEMENTS}
    await sjoera.says("/bericht nieuw Hallo")
    await sjoera.taps("Versturen")
    await talk.deliver()
    assert "staat in geen enkele kamer" in await sjoera.says("/bericht wijzigen 1 Hoi")


# -- withdrawing ------------------------------------------------------------------------------------------


async def test_withdraw_what_stands(talk: Talk, sjoera: Talker, sent: None) -> None:
    """The words go, and the post says that it was withdrawn; then it cannot be changed or withdrawn again."""
    assert "staat nu dat het is ingetrokken: #announcements" in await sjoera.says("/bericht intrekken B1")
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == ["*Dit bericht is ingetrokken op zondag 27 januari 2019 12:00.*"]
    assert talk.said(ENGLISH)[0].startswith("*This announcement was withdrawn")
    assert "is ingetrokken" in await sjoera.says("/bericht wijzigen 1 Toch wel")
    assert "is ingetrokken" in await sjoera.says("/bericht intrekken 1")
    assert "is ingetrokken" in await sjoera.says("/bericht versturen 1")


async def test_withdraw_before_it_is_said(talk: Talk, sjoera: Talker) -> None:
    """A draft and what is planned are never said; neither answer claims that something stood somewhere."""
    await sjoera.says("/bericht nieuw Een")
    assert "nog nergens gezegd" in await sjoera.says("/bericht intrekken 1")
    await sjoera.says(f"/bericht nieuw Twee om:{LATER}")
    await sjoera.taps("Versturen")
    assert "nog nergens gezegd" in await sjoera.says("/bericht intrekken 2")
    talk.clock.moment = TOMORROW
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == []


async def test_withdraw_while_it_is_being_sent(talk: Talk, sjoera: Talker) -> None:
    """What is under way is marked as soon as it has arrived; what waits is not sent."""
    await sjoera.says("/bericht nieuw Fout")
    await sjoera.taps("Versturen")
    under_way = await talk.begin(only=[ANNOUNCEMENTS])
    assert under_way
    text = await sjoera.says("/bericht intrekken 1")
    assert "#announcements" in text
    assert "#english" not in text
    await talk.finish(under_way)
    await talk.deliver()
    assert "ingetrokken" in talk.said(ANNOUNCEMENTS)[0]
    assert "Fout" not in talk.said(ANNOUNCEMENTS)[0]
    assert talk.said(ENGLISH) == []


async def test_withdraw_after_an_edit(talk: Talk, sjoera: Talker, sent: None) -> None:
    """Neither a correction that waits nor one that is under way comes after the withdrawal."""
    await sjoera.says("/bericht wijzigen 1 Een")
    under_way = await talk.begin(only=[ANNOUNCEMENTS])
    assert under_way
    await sjoera.says("/bericht intrekken 1")
    await talk.finish(under_way)
    await talk.deliver()
    assert "ingetrokken" in talk.said(ANNOUNCEMENTS)[0]
    assert "withdrawn" in talk.said(ENGLISH)[0]


# -- replacing --------------------------------------------------------------------------------------------


async def test_replace(talk: Talk, sjoera: Talker, sent: None) -> None:
    """The new one says what it replaces, the old one that it lapsed, each in its room's language."""
    talk.clock.moment += HOUR
    assert "Vervangt: bericht B1" in await sjoera.says("/bericht nieuw Nieuw vervangt:B1")
    await sjoera.taps("Versturen")
    await talk.deliver()
    old, new = talk.said(ANNOUNCEMENTS)
    assert old.startswith("Petitie op 45.500\n*Dit bericht is vervallen op zondag 27 januari 2019 13:00.")
    assert new == "Nieuw\n*Dit vervangt het bericht van zondag 27 januari 2019 12:00.*"
    assert "lapsed" in talk.said(ENGLISH)[0]


async def test_replaced_is_not_edited(talk: Talk, sjoera: Talker, sent: None) -> None:
    """What lapsed cannot be made to look valid again by a correction; it can be withdrawn."""
    await sjoera.says("/bericht nieuw Nieuw vervangt:1")
    await sjoera.taps("Versturen")
    assert "vervangen door bericht B2" in await sjoera.says("/bericht wijzigen 1 Toch wel")
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS)[0].startswith("Petitie op 45.500\n*Dit bericht is vervallen")
    await sjoera.says("/bericht intrekken 1")
    await talk.deliver()
    assert "ingetrokken" in talk.said(ANNOUNCEMENTS)[0]


async def test_edit_keeps_what_it_replaces(talk: Talk, sjoera: Talker, sent: None) -> None:
    """A correction of the new one, before or after it was said, keeps the note on what it replaces."""
    await sjoera.says("/bericht nieuw Nieuw vervangt:1")
    await sjoera.taps("Versturen")
    await sjoera.says("/bericht wijzigen 2 Nieuwer")
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS)[1].startswith("Nieuwer\n*Dit vervangt het bericht van")
    await sjoera.says("/bericht wijzigen 2 Nieuwst")
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS)[1].startswith("Nieuwst\n*Dit vervangt het bericht van")
    assert "*Gewijzigd op" in talk.said(ANNOUNCEMENTS)[1]


async def test_replace_what_is_still_to_come(talk: Talk, sjoera: Talker) -> None:
    """What was planned and is replaced is never said, and the list says so."""
    await sjoera.says(f"/bericht nieuw Oud om:{LATER}")
    await sjoera.taps("Versturen")
    await sjoera.says("/bericht nieuw Nieuw vervangt:1")
    await sjoera.taps("Versturen")
    talk.clock.moment = TOMORROW
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == ["Nieuw"]
    assert "B1 Oud: ingetrokken" in await sjoera.says("/bericht lijst")


async def test_replace_later(talk: Talk, sjoera: Talker, sent: None) -> None:
    """The old one stands, correct, until the new one comes; a correction that waited is not lost on the way."""
    await sjoera.says("/bericht wijzigen 1 Verbeterd")
    await sjoera.says(f"/bericht nieuw Nieuw vervangt:1 om:{LATER}")
    await sjoera.taps("Versturen")
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS)[0].startswith("Verbeterd\n*Gewijzigd")
    talk.clock.moment = TOMORROW
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS)[0].startswith("Verbeterd\n*Dit bericht is vervallen op maandag 28 januari 2019")
    assert len(talk.said(ANNOUNCEMENTS)) == 2


async def test_withdraw_what_was_to_replace(talk: Talk, sjoera: Talker, sent: None) -> None:
    """When the new one is withdrawn before it came, the old one does not lapse."""
    await sjoera.says(f"/bericht nieuw Nieuw vervangt:1 om:{LATER}")
    await sjoera.taps("Versturen")
    await sjoera.says("/bericht intrekken 2")
    talk.clock.moment = TOMORROW
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == ["Petitie op 45.500"]
    await sjoera.says("/bericht wijzigen 1 Weer te wijzigen")
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS)[0].startswith("Weer te wijzigen")


async def test_withdraw_at_once_what_was_to_replace(talk: Talk, sjoera: Talker, sent: None) -> None:
    """The correction whose place the mark took is said after all, with its own date."""
    await sjoera.says("/bericht wijzigen 1 Verbeterd")
    talk.clock.moment += HOUR
    await sjoera.says("/bericht nieuw Nieuw vervangt:1")
    await sjoera.taps("Versturen")
    await sjoera.says("/bericht intrekken 2")
    await talk.deliver()
    assert talk.said(ANNOUNCEMENTS) == ["Verbeterd\n*Gewijzigd op zondag 27 januari 2019 12:00.*"]


async def test_replace_a_draft(talk: Talk, sjoera: Talker) -> None:
    await sjoera.says("/bericht nieuw Een")
    assert "nooit verstuurd" in await sjoera.says("/bericht nieuw Twee vervangt:1")


async def test_replace_what_was_withdrawn(talk: Talk, sjoera: Talker, sent: None) -> None:
    """What was withdrawn stays so, and the new one says what it replaces."""
    await sjoera.says("/bericht intrekken 1")
    await sjoera.says("/bericht nieuw Nieuw vervangt:1")
    await sjoera.taps("Versturen")
    await talk.deliver()
    assert "ingetrokken" in talk.said(ANNOUNCEMENTS)[0]
    assert "*Dit vervangt" in talk.said(ANNOUNCEMENTS)[1]


# -- the rest ---------------------------------------------------------------------------------------------


async def test_oldest_can_be_named(talk: Talk, sjoera: Talker) -> None:
    """Number 1 can be withdrawn when thirty have come after it."""
    for _ in range(31):
        await sjoera.says("/bericht nieuw Hallo")
    assert "B1 is ingetrokken" in await sjoera.says("/bericht intrekken B1")
    assert "De nieuwste 15 berichten" in await sjoera.says("/bericht lijst")


async def test_no_rooms_of_a_kind(talk: Talk) -> None:
    """A kind without rooms is refused, whoever asks."""
    with pytest.raises(Refused, match="no_rooms"):
        async with talk.database.write() as tx:
            await announcements.draft(
                tx, by=1, text="x", text_en=None, kind="board", rooms=(), wanted=None, urgent=False, replaces=None,
                now=NOON,
            )  # fmt: skip


async def test_whoever_is_first(talk: Talk, sjoera: Talker, sent: None) -> None:
    """What is done is in the audit: who, what and which."""
    await sjoera.says("/bericht wijzigen 1 Goed")
    await sjoera.says("/bericht intrekken 1")
    async with talk.database.read() as tx:
        rows = await tx.all("SELECT action, subject FROM audit ORDER BY id")
        (who,) = await tx.all("SELECT address FROM account")
    assert [(row["action"], row["subject"]) for row in rows] == [
        ("announcement.send", "1"),
        ("announcement.edit", "1"),
        ("announcement.withdraw", "1"),
    ]
    assert who["address"] == str(Address("terminal", "sjoera"))
