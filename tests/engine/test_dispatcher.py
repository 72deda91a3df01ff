"""The one road of every call: known, allowed, bound, run once, answered, whatever goes wrong."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import pathlib
import re
import sqlite3
from collections.abc import Sequence
from typing import Annotated, Any

import pytest
from structlog.typing import EventDict

from bot.campaign import audit
from bot.core.command import Role, Seen, command
from bot.core.errors import Refused
from bot.core.invocation import Address, Invocation, Press
from bot.core.moments import to_ms
from bot.core.parameters import Choice, Option, Reference
from bot.core.reply import Button, For, Kind, Phrase, Reply, say
from bot.engine import handled
from bot.engine.context import Context
from bot.store import outbox
from bot.store.database import Database
from bot.store.message import Message
from tests.core.small_catalogue import words
from tests.talk import (
    ANNOUNCEMENTS,
    ENGLISH,
    MINUTE,
    NOON,
    ORGANISERS,
    VOLUNTEERS,
    Talk,
    Talker,
    bot,
    catalogue_of,
)

COLOURS = Choice((Option("red", "rood"), Option("blue", "blauw")))


@command("t.note", allow=Role.VOLUNTEER, writes=True)
async def note(context: Context, text: str) -> Reply:
    """Keeps something, and says how often that was done."""
    await audit.note(context.tx, "t.note", text, by=context.author, now=context.now)
    count = await context.tx.value("SELECT count(*) FROM audit")
    return say("help.text", text=f"{text} {count}")


@command("t.tell", allow=Role.VOLUNTEER, writes=True)
async def tell(context: Context) -> Reply:
    """Leaves something to say to others."""
    message = Message(
        f"t.tell/{context.call.id}", "terminal:#announcements", say("help.text", text="Nieuws."), language="nl"
    )
    await outbox.put(context.tx, [message], now=context.now)
    return say("help.text", text="gemeld")


@command("t.secret", allow=Role.VOLUNTEER, seen_by=Seen.ASKER, writes=True)
async def secret(context: Context) -> Reply:
    await audit.note(context.tx, "t.secret", "x", by=context.author, now=context.now)
    return say("help.text", text="geheim")


@command("t.board", allow=Role.ORGANISER, seen_by=Seen.ORGANISERS)
async def board(context: Context) -> Reply:
    return say("help.text", text="bestuur")


@command("t.boom", allow=Role.GUEST)
async def boom(context: Context) -> Reply:
    raise RuntimeError("wachtwoord123")


@command("t.late", allow=Role.GUEST, writes=True)
async def late(context: Context) -> Reply:
    """Changes something, then fails."""
    await audit.note(context.tx, "t.late", "x", by=context.author, now=context.now)
    raise ValueError("wachtwoord123")


@command("t.no", allow=Role.GUEST, writes=True)
async def no(context: Context) -> Reply:
    await audit.note(context.tx, "t.no", "x", by=context.author, now=context.now)
    raise Refused("disk.full")


@command("t.colour", allow=Role.VOLUNTEER, writes=True)
async def colour(context: Context, colour: Annotated[str, COLOURS], reason: str = "") -> Reply:
    await audit.note(context.tx, "t.colour", colour, by=context.author, now=context.now)
    return say("help.text", text=f"{colour} {reason}")


async def _slow(context: Context) -> Sequence[Option]:
    await asyncio.sleep(5)
    return ()


async def _broken(context: Context) -> Sequence[Option]:
    await context.tx.value("SELECT nothing FROM nowhere")
    return ()


@command("t.find", allow=Role.VOLUNTEER)
async def find(
    context: Context, colour: Annotated[str, COLOURS], slow: Annotated[str, Reference(_slow)] = "",
    broken: Annotated[str, Reference(_broken)] = "",
) -> Reply:  # fmt: skip
    return say("help.text", text=colour)


@command("t.ask", allow=Role.GUEST)
async def ask(context: Context) -> Reply:
    """A reply with a button of each kind."""
    label = Phrase("help.text", {"text": "schrijf"})
    anyone = Phrase("help.text", {"text": "iedereen"})
    return Reply(
        Phrase("help.text", {"text": "Kies."}),
        buttons=(
            Button(label, "t.note", {"text": "knop"}),
            Button(anyone, "t.note", {"text": "open"}, whose=For.ANYONE),
        ),
    )


CATALOGUE = catalogue_of(
    note, tell, secret, board, boom, late, no, colour, find, ask,
    words={
        "t.note": words("proef schrijf", "test note", text="tekst"),
        "t.tell": words("proef meld", "test tell"),
        "t.secret": words("proef geheim", "test secret"),
        "t.board": words("proef bestuur", "test board"),
        "t.boom": words("proef knal", "test boom"),
        "t.late": words("proef laat", "test late"),
        "t.no": words("proef nee", "test no"),
        "t.colour": words("proef kleur", "test colour", colour="kleur", reason="reden"),
        "t.find": words("proef zoek", "test find", colour="kleur", slow="traag", broken="kapot"),
        "t.ask": words("proef vraag", "test ask"),
    },
)  # fmt: skip


@pytest.fixture
def talk(database: Database) -> Talk:
    return Talk(database, bot(CATALOGUE))


@pytest.fixture
def anna(talk: Talk) -> Talker:
    return talk.person("anna")


@pytest.fixture
def bram(talk: Talk) -> Talker:
    return talk.person("bram")


@pytest.fixture
def sjoera(talk: Talk) -> Talker:
    return talk.person("sjoera")


@pytest.fixture
def gast(talk: Talk) -> Talker:
    return talk.person("gast", member=False)


@pytest.fixture
def limited(database: Database) -> Talk:
    return Talk(database, bot(CATALOGUE), limited=True)


async def noted(talk: Talk) -> list[str]:
    async with talk.database.read() as tx:
        return [row["subject"] for row in await tx.all("SELECT subject FROM audit ORDER BY id")]


# -- who may what -----------------------------------------------------------------------------------------


async def test_denied_by_default(talk: Talk, gast: Talker, anna: Talker, sjoera: Talker) -> None:
    """Each command is for its role and those above; a refusal says for whom it is, to the asker alone."""
    for id_, command_ in CATALOGUE.commands.items():
        for who, role in ((gast, Role.GUEST), (anna, Role.VOLUNTEER), (sjoera, Role.ORGANISER)):
            await who.runs(id_, room=VOLUNTEERS)
            assert who.key.startswith("denied.") == (role < command_.allow), (id_, role)
            assert who.answer
            assert who.answer.private or role >= command_.allow


async def test_denied_before_anything_is_looked_at(talk: Talk, gast: Talker) -> None:
    """Who may not is not told what would be right."""
    await gast.says("/proef kleur paars")
    assert gast.key == "denied.volunteer"
    await gast.runs("t.note", text="x")
    assert await noted(talk) == []


async def test_the_account_that_speaks(talk: Talk) -> None:
    """A role belongs to an account and to groups that its platform reports, not to a name."""
    somebody = Address("discord", "sjoera")
    for groups, key in ((frozenset(), "denied.volunteer"), (frozenset({"member"}), "help.text")):
        call = Invocation(talk.next_id(), somebody, somebody, private=True, command="t.note", values={"text": "x"},
                          groups=groups)  # fmt: skip
        assert (await talk.dispatcher.handle(call)).reply.lead.key == key


# -- once -------------------------------------------------------------------------------------------------


async def test_replayed(talk: Talk, anna: Talker) -> None:
    """An event that comes again gets the same answer, and nothing is done again."""
    first = await anna.says("/proef schrijf hallo", again="m:1")
    answer = anna.answer
    assert await anna.says("/proef schrijf hallo", again="m:1") == first == "hallo 1"
    assert anna.answer == answer
    assert await noted(talk) == ["hallo"]
    assert await anna.says("/proef schrijf hallo", again="m:2") == "hallo 2"


async def test_replayed_at_once(talk: Talk, anna: Talker, bram: Talker) -> None:
    """Ten copies of one event at the same time are one."""
    call = Invocation("m:1", anna.who, anna.who, private=True, line="proef schrijf hallo", groups=anna.groups)
    answers = await asyncio.gather(*(talk.dispatcher.handle(call) for _ in range(10)))
    assert {talk.plain(answer.reply, "nl") for answer in answers} == {"hallo 1"}
    assert await noted(talk) == ["hallo"]


async def test_replayed_in_worse_times(limited: Talk) -> None:
    """A replay hears what was done, whatever would be refused by now: budget, disk, role, a used button."""
    talk, anna = limited, limited.person("anna")
    first = await anna.says("/proef schrijf hallo", again="m:1", room=VOLUNTEERS)
    secret = await anna.says("/proef geheim", again="m:2", room=VOLUNTEERS)
    talk.free = 0
    assert await anna.says("/proef schrijf hallo", again="m:1", room=VOLUNTEERS) == first
    for _ in range(30):
        await anna.says("/hulp")
    assert await anna.says("/proef schrijf hallo", again="m:1", room=VOLUNTEERS) == first
    assert await anna.says("/proef geheim", again="m:2", room=VOLUNTEERS) == secret
    assert anna.answer
    assert anna.answer.private
    anna.groups = frozenset()
    talk.machine += 100
    assert await anna.says("/proef schrijf hallo", again="m:1", room=VOLUNTEERS) == first
    assert await noted(talk) == ["hallo", "x"]


async def test_undone_when_it_fails(talk: Talk, anna: Talker) -> None:
    """A command that refuses or fails leaves nothing behind, not even the person; asked again it is tried again."""
    for name, key in (("nee", "disk.full"), ("laat", "error.unexpected")):
        await anna.says(f"/proef {name}", again="m:1")
        assert anna.key == key
    async with talk.database.read() as tx:
        for table in ("audit", "person", "account", "handled"):
            assert await tx.value(f"SELECT count(*) FROM {table}") == 0
    assert talk.written == 0


async def test_wakes_after_a_commit(talk: Talk, anna: Talker) -> None:
    """What delivers hears of each change that leaves something to say, not of others, replays and refusals."""
    await anna.says("/proef meld", again="m:1")
    await anna.says("/proef meld", again="m:1")
    await anna.says("/proef schrijf a")
    await anna.says("/hulp")
    await anna.says("/proef nee")
    assert talk.written == 1


async def test_kept_until_it_was_said(talk: Talk, anna: Talker) -> None:
    """An answer that may not have been said is kept for its place; a private one for the asker alone."""
    await anna.says("/proef schrijf hallo", room=VOLUNTEERS)
    said = anna.call
    await anna.says("/proef geheim", room=VOLUNTEERS)
    await anna.says("/proef geheim")
    async with talk.database.read() as tx:
        rows = await tx.all("SELECT place, language FROM handled WHERE said_at IS NULL ORDER BY at, id")
    assert [row["place"] for row in rows] == ["terminal:#volunteers", "terminal:anna", "terminal:anna"]
    assert said
    await talk.dispatcher.said(said)
    async with talk.database.read() as tx:
        assert await tx.value("SELECT count(*) FROM handled WHERE said_at IS NULL") == 2


# -- buttons ----------------------------------------------------------------------------------------------


async def test_own_button(talk: Talk, anna: Talker) -> None:
    """An own button acts for the asker, once."""
    await anna.says("/proef vraag", room=VOLUNTEERS)
    shown = anna.answer, anna.call
    assert await anna.taps("schrijf") == "knop 1"
    anna.answer, anna.call = shown
    assert "al gebruikt" in await anna.taps("schrijf")
    assert await noted(talk) == ["knop"]


async def test_not_yours(talk: Talk, anna: Talker, bram: Talker, gast: Talker) -> None:
    """Another's tap does nothing but a private word; and the asker can still tap."""
    await anna.says("/proef vraag", room=VOLUNTEERS)
    assert "van iemand anders" in await bram.taps("schrijf", on=anna)
    assert bram.answer
    assert bram.answer.private
    await gast.taps("schrijf", on=anna)
    assert gast.key == "denied.volunteer"
    assert await noted(talk) == []
    assert await anna.taps("schrijf") == "knop 1"


@pytest.mark.parametrize(("waited", "key"), [(15 * MINUTE, "help.text"), (15 * MINUTE + MINUTE / 60, "button.late")])
async def test_quarter_of_an_hour(talk: Talk, anna: Talker, waited: dt.timedelta, key: str) -> None:
    """After a quarter of an hour the button says what to type instead."""
    await anna.says("/proef vraag")
    talk.clock.moment += waited
    text = await anna.taps("schrijf")
    assert anna.key == key
    assert key == "help.text" or "/proef schrijf knop" in text


async def test_tapped_twice_at_once(talk: Talk, anna: Talker) -> None:
    """Of ten taps at the same time one acts."""
    press = Press("m:9:0", anna.who, to_ms(NOON))
    calls = [
        Invocation(f"tap:{n}", anna.who, anna.who, private=True, command="t.note", values={"text": "x"},
                   groups=anna.groups, press=press)
        for n in range(10)
    ]  # fmt: skip
    answers = await asyncio.gather(*(talk.dispatcher.handle(call) for call in calls))
    assert sorted(answer.reply.lead.key for answer in answers) == ["button.used"] * 9 + ["help.text"]


async def test_button_that_failed_can_be_tapped_again(talk: Talk, anna: Talker) -> None:
    """A tap that changed nothing does not use the button up."""
    press = Press("m:9:0", anna.who, to_ms(NOON))
    for id_, free, key in (("1", 0, "disk.full"), ("2", 10**9, "help.text")):
        talk.free = free
        call = Invocation(id_, anna.who, anna.who, private=True, command="t.note", values={"text": "x"},
                          groups=anna.groups, press=press)  # fmt: skip
        assert (await talk.dispatcher.handle(call)).reply.lead.key == key


async def test_press_on_a_question(talk: Talk, anna: Talker, bram: Talker) -> None:
    """A button that only looks is the asker's too, and late after a quarter of an hour."""
    for who, until, key in (
        (bram, NOON, "button.not_yours"),
        (anna, NOON - MINUTE, "button.late"),
        (anna, NOON, "help.intro"),
    ):
        call = Invocation(talk.next_id(), who.who, who.who, private=True, command="help", groups=who.groups,
                          press=Press("m:9:0", anna.who, to_ms(until)))  # fmt: skip
        assert (await talk.dispatcher.handle(call)).reply.lead.key == key


async def test_of_an_older_version(talk: Talk, anna: Talker) -> None:
    """A command that is no more is unknown, not a fault."""
    assert 'Een opdracht "task weg" ken ik niet' in await anna.runs("task.weg")


# -- language ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "locale", "room", "language"),
    [
        ("Nederlands", "en-GB", ENGLISH, "nl"),
        ("Engels", "nl", ANNOUNCEMENTS, "en"),
        (None, "en-GB", ANNOUNCEMENTS, "en"),
        (None, "nl-BE", ENGLISH, "nl"),
        (None, "NL", ENGLISH, "nl"),
        (None, "de", ENGLISH, "en"),
        (None, None, ENGLISH, "en"),
        (None, None, ANNOUNCEMENTS, "nl"),
        (None, None, "#elsewhere", "nl"),
        (None, "fr-BE", None, "nl"),
    ],
)
@pytest.mark.parametrize("line", ["hulp", "proef schrijf x", "onzin", "proef kleur", "bericht lijst", "proef knal"])
async def test_language(
    talk: Talk, anna: Talker, chosen: str | None, locale: str | None, room: str | None, language: str, line: str
) -> None:
    """The person's choice, else the platform's, the room's, the campaign's: in answers and errors alike."""
    if chosen:
        await anna.says(f"/mijn taal {chosen}")
    anna.locale = locale
    await anna.says(f"/{line}", room=room)
    assert anna.answer
    assert anna.answer.language == language


# -- who sees it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "room", "private"),
    [
        ("proef schrijf x", VOLUNTEERS, False),
        ("proef schrijf x", None, True),
        ("proef geheim", VOLUNTEERS, True),
        ("proef geheim", ORGANISERS, True),
        ("proef bestuur", VOLUNTEERS, True),
        ("proef bestuur", "#elsewhere", True),
        ("proef bestuur", ORGANISERS, False),
        ("proef bestuur", None, True),
        ("onzin", VOLUNTEERS, False),
        ("proef kleur paars", VOLUNTEERS, False),
        ("bericht nieuw", VOLUNTEERS, True),
        ("vraag Kan ik mijn mailadres houden?", VOLUNTEERS, False),
    ],
)
async def test_who_sees_it(sjoera: Talker, line: str, room: str | None, private: bool) -> None:
    """What is for the asker or for organisers is not said where others read; nor is an error about it."""
    await sjoera.says(f"/{line}", room=room)
    assert sjoera.answer
    assert sjoera.answer.private is private


# -- mistakes of people -----------------------------------------------------------------------------------


async def test_unknown_command(talk: Talk, anna: Talker) -> None:
    """The nearest commands are named; one that needs nothing more is a tap away."""
    assert "Bedoel je /hulp" in await anna.says("/hulpp")
    assert (await anna.taps("hulp")).startswith("Hallo!")
    text = await anna.says("/proef schrijff x")
    assert "/proef schrijf" in text
    assert "[" not in text
    assert "Met /hulp zie je wat er wel is" in await anna.says("/xyzzy")


async def test_wrong_value(talk: Talk, anna: Talker) -> None:
    """The choices are buttons that fill in the one value and keep the others."""
    text = await anna.says("/proef kleur paars reden:mooi")
    assert '"paars" kan niet bij **kleur**. Kies uit rood en blauw.' in text
    assert text.endswith("Kies er een:\n[rood]\n[blauw]")
    assert await anna.taps("blauw") == "blue mooi"


async def test_missing_value(anna: Talker) -> None:
    assert (
        await anna.says("/proef kleur") == "Er mist nog iets: **kleur** (Welke kleur).\nKies er een:\n[rood]\n[blauw]"
    )
    assert "/hulp en /proef schrijf" in await anna.says("/proef schrijf")


async def test_choices_that_fit_no_button(anna: Talker) -> None:
    """With a long text beside it the choices are named in words."""
    text = await anna.says(f"/proef kleur paars reden:{'x' * 100}")
    assert "Bedoel je rood en blauw?" in text
    assert "[" not in text


async def test_wrong_name(anna: Talker) -> None:
    assert 'Bedoel je "kleur:"?' in await anna.says("/proef kleur kleurr:rood")
    assert "staat er twee keer" in await anna.says("/proef kleur kleur:rood colour:blauw")
    assert 'Wat moet ik met "veel meer"?' in await anna.says("/mijn taal nl veel meer")


async def test_mistakes_are_no_faults(talk: Talk, anna: Talker, logs: list[EventDict]) -> None:
    for line in ("onzin", "proef kleur paars", "proef kleur", "bericht lijst", "x" * 10_001, "proef nee"):
        await anna.says(f"/{line}")
        assert anna.answer
        assert anna.answer.reply.kind is Kind.ERROR
    assert logs == []


# -- mistakes of ours -------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["proef knal", "proef laat"])
async def test_unexpected(talk: Talk, anna: Talker, logs: list[EventDict], line: str) -> None:
    """The person reads a short code, the log has the same code and the cause; neither says more."""
    text = await anna.says(f"/{line}")
    code = re.search(r"code ([A-Z2-9]{4})\b", text)
    assert code
    assert "wachtwoord123" not in text
    assert "Traceback" not in text
    (entry,) = [entry for entry in logs if entry["event"] == "a call failed"]
    assert entry["code"] == code[1]
    assert str(entry["exc_info"]) == "wachtwoord123"
    assert "anna" not in str(entry)


async def test_full_disk(talk: Talk, anna: Talker) -> None:
    """Below 100 MB nothing is written, and questions are answered."""
    talk.free = 100 * 1024 * 1024 - 1
    assert "bijna vol" in await anna.says("/proef schrijf x")
    assert (await anna.says("/hulp")).startswith("Hallo!")
    talk.free += 1
    assert await anna.says("/proef schrijf x") == "x 1"
    assert await noted(talk) == ["x"]


def _every_call(who: Talker) -> list[Invocation]:
    return [
        Invocation(f"e:{n}", who.who, who.who, private=True, groups=who.groups, **what)
        for n, what in enumerate[dict[str, Any]](
            (
                {"line": "hulp"}, {"line": "status"}, {"line": "proef schrijf x"}, {"line": "onzin"}, {"line": ""},
                {"line": "proef kleur"}, {"line": "\x00"}, {"command": "niets"}, {"line": "mijn taal nl"}, {},
                {"command": "t.note", "values": {"text": "x"}, "press": Press("a", who.who, to_ms(NOON))},
            )
        )
    ]  # fmt: skip


async def test_broken_database(talk: Talk, sjoera: Talker) -> None:
    """Whatever the database says, every call has an answer that can be printed."""
    async with talk.database.write() as tx:
        await tx.run("DROP TABLE pressed")
        await tx.run("DROP TABLE handled")
        await tx.run("DROP TABLE outbox")
        await tx.run("ALTER TABLE person RENAME TO persona")
    for call in _every_call(sjoera):
        answer = await talk.dispatcher.handle(call)
        assert talk.plain(answer.reply, answer.language, answer.zone)
        await talk.dispatcher.said(call)
        assert await talk.dispatcher.suggest(call, "colour", "") == ()


async def test_closed_database(url: str) -> None:
    """The same when it is gone."""
    async with Database.connect(url) as database:
        talk = Talk(database, bot(CATALOGUE))
    for call in _every_call(talk.person("sjoera")):
        answer = await talk.dispatcher.handle(call)
        assert talk.plain(answer.reply, answer.language, answer.zone)


async def test_locked_database(tmp_path: pathlib.Path, logs: list[EventDict]) -> None:
    """When another program holds the file, the person hears that nothing was done; questions are answered."""
    path = tmp_path / "bot.db"
    async with Database.connect(f"sqlite:///{path}", patience=0.05) as database:
        talk = Talk(database, bot(CATALOGUE))
        anna = talk.person("anna")
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert "kan nu niet bij mijn gegevens. Er is niets gedaan" in await anna.says("/proef schrijf x")
            assert (await anna.says("/hulp")).startswith("Hallo!")
            assert anna.call
            await talk.dispatcher.said(anna.call)
            other.execute("ROLLBACK")
        assert await anna.says("/proef schrijf x") == "x 1"


async def test_cancelled(talk: Talk, anna: Talker) -> None:
    """A stop of the program stops a call, which then leaves nothing behind."""
    task = asyncio.create_task(anna.says("/proef schrijf x"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await noted(talk) == []
    assert await anna.says("/proef schrijf x") == "x 1"


# -- lines that may be questions, and lines that others read ------------------------------------------------


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("Kan ik mijn mailadres houden?", "faq"),
        ("hulp nodig bij overstappen: kan ik mijn mailadres houden?", "faq"),
        ("help, mijn mail doet het niet meer", "faq"),
        ("status van mijn overstap?", "faq"),
        ("hulp", "help.intro"),
        ("hulp vraag", "help.one"),
        ("rehcten", "command.unknown"),
        ("mijn taaal nl", "command.unknown"),
        ("mijn taal paars", "value.choice"),
        ("mijn taal houden ze in de gaten, klopt dat?", "faq"),
    ],
)
async def test_perhaps_a_question(talk: Talk, line: str, key: str) -> None:
    """Where a line may be a question, what is no command is asked of the answers; a slip of the pen is met."""
    sjoera = talk.person("sjoera")
    call = Invocation(talk.next_id(), sjoera.who, sjoera.who, private=True, line=line, perhaps=True)
    answer = await talk.dispatcher.handle(call)
    assert answer.reply.lead.key.startswith(key)
    assert (await talk.dispatcher.handle(dataclasses.replace(call, perhaps=False))).reply.lead.key.startswith(
        key if key != "faq" else ("command", "value", "line", "help")
    )


async def test_personal_line_read_by_others(talk: Talk, anna: Talker) -> None:
    """A line with what is nobody's business is not carried out where others read it, and is to be taken away."""
    room = Address("terminal", VOLUNTEERS)
    call = Invocation(
        "m:1", anna.who, room, private=False, line="mijn rust 22:00 8:00", groups=anna.groups, aloud=True
    )  # fmt: skip
    answer = await talk.dispatcher.handle(call)
    assert (answer.reply.lead.key, answer.unsay, answer.private) == ("command.aloud", True, False)
    async with talk.database.read() as tx:
        assert await tx.value("SELECT count(*) FROM person") == 0
    unheard = await talk.dispatcher.handle(dataclasses.replace(call, id="m:2", aloud=False))
    assert (unheard.reply.lead.key, unheard.unsay, unheard.private) == ("me.quiet_chosen", False, True)
    other = await talk.dispatcher.handle(dataclasses.replace(call, id="m:3", line="mijn taal nl"))
    assert (other.reply.lead.key, other.unsay) == ("me.language_chosen", False)


# -- budgets ----------------------------------------------------------------------------------------------


async def test_person_budget(limited: Talk) -> None:
    """Over twenty a minute one hears from when one may go on; a minute later one may."""
    anna, bram = limited.person("anna"), limited.person("bram")
    for n in range(20):
        limited.machine = n / 10
        assert (await anna.says("/hulp")).startswith("Hallo!")
    assert "Vanaf 12:01 kun je weer verder" in await anna.says("/hulp")
    assert "Vanaf 12:01" in await anna.runs("help", room=VOLUNTEERS)
    assert (await bram.says("/hulp")).startswith("Hallo!")
    limited.machine = 59.9
    assert anna.key == "budget.spent"
    limited.machine = 60.0
    assert (await anna.says("/hulp")).startswith("Hallo!")
    assert "Vanaf" in await anna.says("/hulp")


async def test_refused_calls_do_not_count(limited: Talk) -> None:
    """Trying again and again does not put the moment off."""
    anna = limited.person("anna")
    for _ in range(200):
        await anna.says("/hulp")
    limited.machine = 60.0
    assert (await anna.says("/hulp")).startswith("Hallo!")


async def test_guest_budget(limited: Talk) -> None:
    gast = limited.person("gast", member=False)
    for _ in range(5):
        assert (await gast.says("/hulp")).startswith("Hallo!")
    await gast.says("/hulp")
    assert gast.key == "budget.spent"


async def test_room_budget(limited: Talk) -> None:
    """A room has a budget of its own; in private, and for taps, it does not count."""
    people_ = [limited.person(f"v{n}") for n in range(5)]
    for n in range(60):
        assert (await people_[n % 4].says("/hulp", room=VOLUNTEERS)).startswith("Hallo!")
    last = people_[4]
    await last.says("/hulp", room=VOLUNTEERS)
    assert last.key == "budget.spent"
    assert (await last.says("/hulp")).startswith("Hallo!")
    assert (await last.says("/hulp", room=ANNOUNCEMENTS)).startswith("Hallo!")
    assert (await last.runs("help", room=VOLUNTEERS)).startswith("Hallo!")


async def test_told_once(limited: Talk) -> None:
    """That a budget is spent is news once in each place, until the moment that was named has passed."""
    gast = limited.person("gast", member=False)

    async def told(room: str | None = None) -> bool:
        await gast.says("/hulp", room=room)
        assert gast.answer
        assert gast.key == "budget.spent"
        return gast.answer.told

    for _ in range(5):
        await gast.says("/hulp")
        assert gast.answer
        assert not gast.answer.told
    assert [await told(), await told(), await told(VOLUNTEERS), await told(VOLUNTEERS)] == [False, True, False, True]
    limited.machine = 61.0
    for _ in range(5):
        await gast.says("/hulp")
    assert not await told()


async def test_no_budget_in_a_played_run(anna: Talker) -> None:
    for _ in range(100):
        assert (await anna.says("/hulp", room=VOLUNTEERS)).startswith("Hallo!")


# -- suggestions ------------------------------------------------------------------------------------------


async def test_suggest(talk: Talk, anna: Talker, gast: Talker) -> None:
    """Values for whoever may use the command, in the reader's language; nothing rather than late or broken."""

    async def suggest(
        who: Talker, parameter: str, partial: str = "", command_: str = "t.find"
    ) -> list[tuple[str, str]]:
        call = Invocation("s", who.who, who.who, private=True, command=command_, groups=who.groups)
        return list(await talk.dispatcher.suggest(call, parameter, partial))

    assert await suggest(anna, "colour") == [("rood", "red"), ("blauw", "blue")]
    assert await suggest(anna, "colour", "blau") == [("blauw", "blue")]
    assert await suggest(gast, "colour") == []
    assert await suggest(anna, "nothing") == []
    assert await suggest(anna, "colour", command_="nothing") == []
    assert await suggest(anna, "broken") == []
    started = asyncio.get_running_loop().time()
    assert await suggest(anna, "slow") == []
    assert asyncio.get_running_loop().time() - started < 2


async def test_reply_kept_as_it_was(talk: Talk, anna: Talker) -> None:
    """The kept reply is the one that was answered."""
    await anna.says("/proef schrijf hallo", again="m:1")
    assert anna.answer
    async with talk.database.read() as tx:
        assert await handled.reply_to(tx, "m:1") == anna.answer.reply
        assert await handled.reply_to(tx, "m:2") is None
