"""One person, two platforms: a code, a yes from both accounts, one person, and two again."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import re
from typing import Any

import pytest

from bot.campaign import joining, people
from bot.core.errors import Refused
from bot.core.invocation import Address, Invocation
from bot.core.reply import Button, For, Reply
from bot.engine.context import OWN_BUTTONS
from bot.engine.housekeeping import Housekeeping
from bot.store.database import Conflict, Database, Row
from bot.store.outbox import Message, Priority
from tests.engine.posting import deliver, put, text
from tests.engine.test_housekeeping import KEEP
from tests.receiver import Receiver
from tests.talk import MINUTE, NOON, ORGANISERS, VOLUNTEERS, ZONE, Talk, Talker

CODE = re.compile(r"\b[A-Z2-7]{8}\b")
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def discord(talk: Talk) -> Talker:
    """Anna on Discord."""
    return Talker(talk, Address("discord", "4242"), frozenset({"member"}))


@pytest.fixture
def matrix(talk: Talk) -> Talker:
    """Anna on Matrix."""
    return Talker(talk, Address("matrix", "@anna:example.org"), frozenset({"member"}))


@pytest.fixture
def mallory(talk: Talk) -> Talker:
    """Somebody else."""
    return Talker(talk, Address("matrix", "@mallory:example.org"), frozenset())


async def code_of(maker: Talker) -> str:
    found = CODE.search(await maker.says("/mijn koppeling"))
    assert found
    return found[0]


async def ask(maker: Talker, typer: Talker) -> None:
    """Until the account that made the code is asked."""
    await typer.says(f"/mijn koppeling {await code_of(maker)}")
    await typer.taps("Ja, dat ben ik")
    assert typer.key == "link.asked"


async def link(maker: Talker, typer: Talker) -> str:
    await ask(maker, typer)
    return await tap(maker, "Ja, dat ben ik")


async def letters(to: Talker) -> list[Reply]:
    """What the outbox has for an account, oldest first."""
    async with to.talk.database.read() as tx:
        rows = await tx.all("SELECT reply FROM outbox WHERE destination = :to ORDER BY id", to=str(to.who))
    return [Reply.from_json(row["reply"]) for row in rows]


async def read(to: Talker, language: str = "nl") -> str:
    """The last of them."""
    return to.talk.plain((await letters(to))[-1], language)


async def tap(who: Talker, label: str, *, again: str | None = None) -> str:
    """Tap a button of the last message from the outbox: it is addressed, so it comes without a press."""
    found: list[Button] = [b for letter in await letters(who) for b in letter.buttons]
    button = next(b for b in reversed(found) if who.talk.text(b.label, "nl") == label)
    assert button.whose is For.ADDRESSED
    return await who.runs(button.command, id=again, **button.values)


async def row(talk: Talk, who: Talker) -> Row:
    """A person as the account's own row has it, whomever it is linked to."""
    async with talk.database.read() as tx:
        found = await tx.first(
            "SELECT person.* FROM account JOIN person ON person.id = account.person WHERE address = :who",
            who=str(who.who),
        )
    assert found
    return found


async def number(talk: Talk, who: Talker) -> int | None:
    async with talk.database.read() as tx:
        return (await people.find(tx, who.who)).id


async def are_one(talk: Talk, *who: Talker) -> bool:
    return len({await number(talk, one) for one in who}) == 1


async def count(talk: Talk, sql: str, **values: Any) -> int:
    async with talk.database.read() as tx:
        return int(await tx.value(f"SELECT count(*) FROM {sql}", **values))


# -- to one person ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["discord to matrix", "matrix to discord"])
async def test_linked(talk: Talk, discord: Talker, matrix: Talker, way: str) -> None:
    """A code of either, a yes from both, each told to whom: then language and answers are one person's."""
    maker, typer = (discord, matrix) if way == "discord to matrix" else (matrix, discord)
    labels = {"discord": "Discord: 4242", "matrix": "Matrix: @anna:example.org"}
    shown = await typer.says(f"/mijn koppeling {(await code_of(maker)).lower()}")
    assert f"Je koppelt aan **{labels[maker.who.platform]}**" in shown
    assert "ook jouw taken, herinneringen en antwoorden. Ben jij dat zelf?" in shown
    assert not await are_one(talk, maker, typer)
    assert await letters(maker) == []
    assert labels[maker.who.platform] in await typer.taps("Ja, dat ben ik")
    assert not await are_one(talk, maker, typer)
    assert f"**{labels[typer.who.platform]}** heeft jouw code getypt" in await read(maker)
    done = await tap(maker, "Ja, dat ben ik")
    assert "zijn gekoppeld" in done
    assert labels[typer.who.platform] in done
    assert await are_one(talk, maker, typer)
    assert labels[maker.who.platform] in await read(typer)
    for told in (done, await read(typer)):
        assert "/mijn ontkoppelen" in told
        assert "[Weer losmaken]" in told
    await typer.says("/mijn taal en")
    assert "Hello!" in await maker.says("/help")


async def test_all_of_it_typed(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """Every button has a typed form: with the number of the question, or without while there is one."""
    await matrix.says(f"/my link code:{await code_of(discord)}")
    await matrix.says("/mijn koppeling ja")
    assert matrix.key == "link.asked"
    async with talk.database.read() as tx:
        kept = re.search(r'"(ja-\d+)"', await tx.value("SELECT reply FROM outbox"))
    assert kept
    await discord.says(f"/mijn koppeling {kept[1]}.")
    assert discord.key == "link.linked"
    assert await are_one(talk, discord, matrix)


async def test_in_each_ones_language(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """The account that made the code is asked in the language in which it asked, with times in its own zone."""
    discord.locale = "en-GB"
    await discord.runs("me.timezone", timezone="Asia/Kolkata")
    await matrix.says(f"/mijn koppeling {await code_of(discord)}")
    await matrix.taps("Ja, dat ben ik")
    async with talk.database.read() as tx:
        (asked,) = await tx.all("SELECT language, reply FROM outbox")
    assert asked["language"] == "en"
    assert "until 16:45." in talk.plain(Reply.from_json(asked["reply"]), "en")


async def test_known_by_name(talk: Talk, matrix: Talker) -> None:
    """Where the platform says what people know an account by, that is shown, and not its number; escaped as ever."""
    who = Address("discord", "4242")
    call = Invocation("m:1", who, who, private=True, command="me.link", name="anna")
    made = await talk.dispatcher.handle(call)
    assert "Discord: anna**" in await matrix.says(f"/mijn koppeling {made.reply.lead.values['code']}")


async def test_settings(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """What the first chose holds; what they never chose comes from the other; parted, each has their own again."""
    await discord.says("/mijn taal nl")
    for line in ("mijn taal en", "mijn tijdzone Asia/Kolkata", "mijn rust uit", "mijn berichten uit"):
        await matrix.says(f"/{line}")
    before = {name: await row(talk, who) for name, who in (("discord", discord), ("matrix", matrix))}
    await matrix.says(f"/my link {await code_of(discord)}")
    await matrix.says("/my link yes")
    await discord.says("/mijn koppeling ja")
    async with talk.database.read() as tx:
        for who in (discord, matrix):
            one = await people.find(tx, who.who)
            assert (one.language, one.zone, one.quiet, one.quiet_off) == ("nl", "Asia/Kolkata", None, True)
            assert one.unasked_off
    await matrix.says("/mijn ontkoppelen")
    assert {"discord": await row(talk, discord), "matrix": await row(talk, matrix)} == before


async def test_chosen_while_linked(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """What was chosen while linked, from whichever account, stays with the first."""
    await matrix.says("/mijn tijdzone Asia/Kolkata")
    await link(discord, matrix)
    await matrix.runs("me.timezone", timezone="Europe/London")
    await discord.says("/mijn ontkoppelen")
    assert ((await row(talk, discord))["zone"], (await row(talk, matrix))["zone"]) == ("Europe/London", "Asia/Kolkata")


async def test_moment_is_kept(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """When they were linked is kept, for what stays closed for a day; parted, it is forgotten."""
    talk.clock.moment += MINUTE
    await link(discord, matrix)
    linked = (await row(talk, matrix))["linked_at"]
    assert dt.datetime.fromtimestamp(linked / 1000, dt.UTC) == NOON + MINUTE
    await matrix.says("/mijn ontkoppelen")
    assert (await row(talk, matrix))["linked_at"] is None


# -- roles ----------------------------------------------------------------------------------------------------


async def test_roles_stay_with_accounts(talk: Talk, sjoera: Talker, mallory: Talker) -> None:
    """Linked to an organiser, a guest's account still may nothing; nor does the organiser lose anything."""
    await link(sjoera, mallory)
    assert await are_one(talk, sjoera, mallory)
    await mallory.says("/bericht lijst")
    assert mallory.key == "denied.organiser"
    await sjoera.says("/bericht lijst", room=ORGANISERS)
    assert sjoera.key == "announcement.none"
    await mallory.says("/mijn taal nl")
    async with talk.database.read() as tx:
        assert [await people.last_role(tx, one.who) for one in (sjoera, mallory)] == ["organiser", "guest"]


# -- codes that do not work -----------------------------------------------------------------------------------


async def test_only_hashed(talk: Talk, discord: Talker) -> None:
    """The code stands nowhere in the database, in no table, and is shown once: a replay hears that it was."""
    code = CODE.search(await discord.says("/mijn koppeling", again="m:1"))
    assert code
    for table in await talk.database.tables():
        async with talk.database.read() as tx:
            assert code[0] not in str([dict(one) for one in await tx.all(f"SELECT * FROM {table}")])
    again = await discord.says("/mijn koppeling", again="m:1")
    assert discord.key == "link.code_again"
    assert not CODE.search(again)
    assert await count(talk, "link") == 1


@pytest.mark.parametrize(("waited", "key"), [(5 * MINUTE, "link.ask_typer"), (5 * MINUTE + SECOND, "link.wrong")])
async def test_five_minutes(talk: Talk, discord: Talker, matrix: Talker, waited: dt.timedelta, key: str) -> None:
    """A code works for five minutes by the campaign's clock."""
    code = await code_of(discord)
    talk.clock.moment += waited
    await matrix.says(f"/mijn koppeling {code}")
    assert matrix.key == key


@pytest.mark.parametrize("last", ["typer", "maker"])
async def test_answered_too_late(talk: Talk, discord: Talker, matrix: Talker, last: str) -> None:
    """Both questions are open for a quarter of an hour; after it nothing is linked."""
    await matrix.says(f"/mijn koppeling {await code_of(discord)}")
    if last == "maker":
        await matrix.taps("Ja, dat ben ik")
    talk.clock.moment += OWN_BUTTONS + SECOND
    slow = matrix if last == "typer" else discord
    assert "niet meer open" in await slow.says("/mijn koppeling ja")
    assert not await are_one(talk, discord, matrix)


async def test_five_tries_of_an_account(talk: Talk, discord: Talker, mallory: Talker) -> None:
    """Five wrong codes, whatever they look like, and even the right one is refused for an hour."""
    code = await code_of(discord)
    told = [await mallory.says(f"/mijn koppeling {wrong}") for wrong in ("AAAAAAA2", "aaaa-aaa3", "22222222", "7" * 8)]
    assert ["nog 4 keer" in told[0], "nog één keer" in told[3]] == [True, True]
    assert "Vanaf 13:00 kun je het weer proberen" in await mallory.says("/mijn koppeling ZZZZZZZ2")
    talk.clock.moment += 4 * MINUTE
    assert "Vanaf 13:00" in await mallory.says(f"/mijn koppeling {code}")
    talk.clock.moment = NOON + dt.timedelta(hours=1)
    await mallory.says(f"/mijn koppeling {await code_of(discord)}")
    assert mallory.key == "link.ask_typer"


async def test_tries_add_up(talk: Talk, discord: Talker, mallory: Talker) -> None:
    """A right code in between does not give an account new tries; one that comes again counts once."""
    for n in range(4):
        for _ in range(2):
            await mallory.says(f"/mijn koppeling AAAAAAA{n + 2}", again=f"m:{n}")
    await mallory.says(f"/mijn koppeling {await code_of(discord)}")
    assert mallory.key == "link.ask_typer"
    await mallory.says("/mijn koppeling AAAAAAAA")
    assert mallory.key == "link.closed"


async def test_twenty_at_once(talk: Talk, discord: Talker, mallory: Talker) -> None:
    """Twenty wrong codes typed at the same time are no more than five tries."""
    await discord.says("/mijn taal nl")
    calls = [
        Invocation(f"m:{n}", mallory.who, mallory.who, private=True, command="me.link", values={"code": f"AAAAAA{n}"})
        for n in range(22, 77) if not set(str(n)) & set("0189")
    ][:20]  # fmt: skip
    answers = await asyncio.gather(*(talk.dispatcher.handle(call) for call in calls))
    assert sorted(answer.reply.lead.key for answer in answers) == ["link.closed"] * 16 + ["link.wrong"] * 4


async def test_five_tries_of_a_code(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """Five wrong ones that resemble a code, from whichever accounts, and the right one works no more."""
    code = await code_of(discord)
    wrong = code[:7] + ("A" if code[7] != "A" else "B")
    for n in range(5):
        await Talker(talk, Address("matrix", f"@m{n}:example.org"), frozenset()).says(f"/mijn koppeling {wrong}")
    await matrix.says(f"/mijn koppeling {code}")
    assert matrix.key == "link.wrong"
    assert await count(talk, "link") == 0


async def test_one_use(talk: Talk, discord: Talker) -> None:
    """Of ten accounts that type a code at the same time one is asked."""
    code = await code_of(discord)
    typers = [Address("matrix", f"@m{n}:example.org") for n in range(10)]
    calls = [Invocation(str(who), who, who, private=True, line=f"mijn koppeling {code}") for who in typers]
    answers = await asyncio.gather(*(talk.dispatcher.handle(call) for call in calls))
    assert sorted(answer.reply.lead.key for answer in answers) == ["link.ask_typer"] + ["link.wrong"] * 9


async def test_new_code(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """A new code takes the place of the old one, and of the questions that the old one led to."""
    old = await code_of(discord)
    new = await code_of(discord)
    await matrix.says(f"/mijn koppeling {old}")
    assert matrix.key == "link.wrong"
    await matrix.says(f"/mijn koppeling {new}")
    await code_of(discord)
    assert "niet meer open" in await matrix.taps("Ja, dat ben ik")


async def test_own_code(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """One's own code on the same account is no use, and still works on the other."""
    code = await code_of(discord)
    assert "Typ hem op je andere account" in await discord.says(f"/mijn koppeling {code}")
    await matrix.says(f"/mijn koppeling {code}")
    assert matrix.key == "link.ask_typer"


async def test_already_one(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """A code of the same person says that there is nothing to do."""
    await link(discord, matrix)
    assert "al gekoppeld" in await discord.says(f"/mijn koppeling {await code_of(matrix)}")


@pytest.mark.parametrize("line", ["ABCDEFG", "ABCDEFGHI", "ABCDEFG9", "jaja", "ABC/EFG?"])
async def test_no_code(talk: Talk, matrix: Talker, line: str) -> None:
    """What does not look like a code is no try."""
    assert "is geen code" in await matrix.says(f"/mijn koppeling {line}")
    assert await count(talk, "account") == 0


@pytest.mark.parametrize(
    "written",
    [lambda c: c.lower(), lambda c: f"{c[:4]} {c[4:]}", lambda c: f"{c[:4]}-{c[4:]}.", lambda c: c.replace("O", "0")],
)
async def test_written_otherwise(discord: Talker, matrix: Talker, written: Any) -> None:
    """Small letters, groups, a full stop and a nought for an O do not matter."""
    await matrix.says(f"/mijn koppeling {written(await code_of(discord))}")
    assert matrix.key == "link.ask_typer"


# -- in a room ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("aloud", [True, False])
async def test_typed_in_a_room(talk: Talk, discord: Talker, matrix: Talker, aloud: bool) -> None:
    """Where others read the line nothing is made or linked, and a code that was typed there is worth nothing more."""
    code = await code_of(discord)
    where = Address("terminal", VOLUNTEERS)
    call = Invocation("m:1", matrix.who, where, private=False, line=f"mijn koppeling {code}", aloud=aloud)
    answer = await talk.dispatcher.handle(call)
    assert (answer.reply.lead.key, answer.unsay, answer.private) == ("link.aloud", aloud, not aloud)
    await matrix.says(f"/mijn koppeling {code}")
    assert matrix.key == "link.wrong"
    made = await talk.dispatcher.handle(dataclasses.replace(call, id="m:2", line="mijn koppeling"))
    assert made.reply.lead.key == "link.aloud"
    assert await count(talk, "link") == 0


async def test_wrong_code_in_a_room(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """A code that only resembles one burns nothing."""
    code = await code_of(discord)
    await matrix.says(f"/mijn koppeling {code[:7]}{'A' if code[7] != 'A' else 'B'}", room=VOLUNTEERS)
    await matrix.says("/mijn koppeling niks", room=VOLUNTEERS)
    await matrix.says(f"/mijn koppeling {code}")
    assert matrix.key == "link.ask_typer"


async def test_menu_in_a_room(talk: Talk, discord: Talker) -> None:
    """A menu's values are nobody else's to read, so there it goes on, and the answer is the asker's alone."""
    assert CODE.search(await discord.runs("me.link", room=VOLUNTEERS))
    assert discord.answer
    assert discord.answer.private


# -- no -------------------------------------------------------------------------------------------------------


async def test_typer_says_no(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """A no of the account that typed ends it, and the other hears so."""
    code = await code_of(discord)
    await matrix.says(f"/mijn koppeling {code}")
    assert "er is niets gekoppeld" in await matrix.taps("Nee")
    assert "Matrix: @anna:example.org** gaat niet door" in await read(discord)
    await discord.says("/mijn koppeling ja")
    assert discord.key == "link.gone"
    await matrix.says(f"/mijn koppeling {code}")
    assert matrix.key == "link.wrong"


async def test_maker_says_no(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """A no of the account that made the code ends it, and the other hears so."""
    await ask(discord, matrix)
    await tap(discord, "Nee")
    assert "Discord: 4242** gaat niet door" in await read(matrix)
    assert "niets veranderd" in await tap(discord, "Ja, dat ben ik")
    assert not await are_one(talk, discord, matrix)


async def test_code_taken_back(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """A code that nobody typed yet can be taken back."""
    code = await code_of(discord)
    await discord.says("/mijn koppeling nee")
    assert discord.key == "link.stopped"
    await matrix.says(f"/mijn koppeling {code}")
    assert matrix.key == "link.wrong"


async def test_maker_cannot_be_first(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """The account that made the code cannot say yes before the one that typed it did."""
    code = await code_of(discord)
    for _ in range(2):
        await discord.says("/mijn koppeling ja")
        assert discord.key == "link.not_yet"
        await matrix.says(f"/mijn koppeling {code}")
    assert not await are_one(talk, discord, matrix)


async def test_nobody_elses(talk: Talk, discord: Talker, matrix: Talker, mallory: Talker) -> None:
    """An account that is no part of it can answer neither question, whatever it taps or types."""
    await ask(discord, matrix)
    found = [b for letter in await letters(discord) for b in letter.buttons]
    for button in found:
        await mallory.runs(button.command, **button.values)
        assert mallory.key == "link.gone"
    assert await count(talk, "link") == 1


async def test_yes_of_an_older_question(talk: Talk, discord: Talker, matrix: Talker, mallory: Talker) -> None:
    """A button acts for its own question only, not for a newer one."""
    await ask(discord, matrix)
    (old,) = await letters(discord)
    await ask(discord, mallory)
    await discord.runs(old.buttons[0].command, **old.buttons[0].values)
    assert discord.key == "link.gone"
    assert not await are_one(talk, discord, mallory)


# -- once -----------------------------------------------------------------------------------------------------


async def test_replayed(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """Every step that comes again gets the same answer, and nothing is done or told again."""
    code = await code_of(discord)
    steps: list[tuple[Talker, str]] = [(matrix, code), (matrix, "ja"), (discord, "ja")]
    for n, (who, line) in enumerate(steps):
        first = await who.says(f"/mijn koppeling {line}", again=f"m:{n}")
        assert await who.says(f"/mijn koppeling {line}", again=f"m:{n}") == first
    first = await matrix.says("/mijn ontkoppelen", again="m:9")
    assert await matrix.says("/mijn ontkoppelen", again="m:9") == first
    assert not await are_one(talk, discord, matrix)
    assert await count(talk, "outbox") == 3  # asked, linked, parted
    assert await count(talk, "audit") == 2


async def test_tapped_twice_at_once(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """Of ten taps on the last yes at the same time one links."""
    await ask(discord, matrix)
    (asked,) = await letters(discord)
    yes = asked.buttons[0]
    calls = [
        Invocation(f"tap:{n}", discord.who, discord.who, private=True, command=yes.command, values=yes.values)
        for n in range(10)
    ]
    answers = await asyncio.gather(*(talk.dispatcher.handle(call) for call in calls))
    assert sorted(answer.reply.lead.key for answer in answers) == ["link.gone"] * 9 + ["link.linked"]
    assert await are_one(talk, discord, matrix)


async def test_yes_and_no_at_once(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """A yes and a no at the same time: one of them holds, and both accounts hear the same."""
    await ask(discord, matrix)
    calls = [
        Invocation(f"m:{one.who}", one.who, one.who, private=True, line=f"mijn koppeling {word}")
        for one, word in ((discord, "ja"), (matrix, "nee"))
    ]
    yes, no = [answer.reply.lead.key for answer in await asyncio.gather(*map(talk.dispatcher.handle, calls))]
    assert (yes, no) in {("link.linked", "link.gone"), ("link.gone", "link.stopped")}
    assert await are_one(talk, discord, matrix) == (yes == "link.linked")


# -- and two again --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["maker", "typer"])
async def test_parted(talk: Talk, discord: Talker, matrix: Talker, who: str) -> None:
    """Either account takes it back, by a tap or typed; then there are the same two persons as before."""
    for one in (discord, matrix):
        await one.says("/mijn taal nl")
    before = await number(talk, discord), await number(talk, matrix)
    done = await link(discord, matrix)
    assert "[Weer losmaken]" in done
    leaving, staying = (discord, matrix) if who == "maker" else (matrix, discord)
    if who == "maker":
        assert discord.answer
        button = discord.answer.reply.buttons[0]
        await discord.runs(button.command, **button.values)
    else:
        await tap(matrix, "Weer losmaken")
    assert leaving.key == "link.parted"
    assert "losgemaakt van dit account" in await read(staying)
    assert (await number(talk, discord), await number(talk, matrix)) == before
    assert "niet gekoppeld" in await staying.says("/mijn ontkoppelen")
    await link(matrix, discord)
    assert await number(talk, discord) == before[1]


async def test_parted_by_both_at_once(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """Of two that part at the same time one does it."""
    await link(discord, matrix)
    calls = [
        Invocation(f"m:{one.who}", one.who, one.who, private=True, line="mijn ontkoppelen") for one in (discord, matrix)
    ]
    answers = await asyncio.gather(*map(talk.dispatcher.handle, calls))
    assert sorted(answer.reply.lead.key for answer in answers) == ["link.alone", "link.parted"]


async def test_three_accounts(talk: Talk, discord: Talker, matrix: Talker, anna: Talker) -> None:
    """A third account joins from any of the first two; every other one hears; when the first leaves, two are left."""
    await link(discord, matrix)
    await link(matrix, anna)
    assert await are_one(talk, discord, matrix, anna)
    assert "Terminal: anna" in await read(discord)
    assert "Matrix: @anna:example.org" in await read(anna)
    async with talk.database.read() as tx:
        assert await people.count(tx) == 1
    await discord.says("/mijn ontkoppelen")
    assert await are_one(talk, matrix, anna)
    assert not await are_one(talk, discord, anna)
    for one in (matrix, anna):
        assert "Discord: 4242** is losgemaakt" in await read(one)
    await matrix.says("/mijn ontkoppelen")
    assert not await are_one(talk, matrix, anna)
    async with talk.database.read() as tx:
        assert await people.count(tx) == 3


@pytest.mark.parametrize("order", [("ab", "ca"), ("ca", "ab")])
async def test_two_links_at_once(database: Database, order: tuple[str, str]) -> None:
    """Who is linked to two others at the same moment ends with all of them as one person, on one level."""
    named = {name: Address("matrix", f"@{name}:example.org") for name in "abc"}
    async with database.write() as tx:
        for one in named.values():
            await people.meet(tx, one, role="member", now=NOON)

    async def join(pair: str) -> None:
        for _ in range(4):
            with contextlib.suppress(Conflict):
                async with database.write() as tx:
                    await joining.join(tx, named[pair[0]], named[pair[1]], now=NOON)
                return

    async with database.write() as tx:
        await joining.join(tx, named[order[0][0]], named[order[0][1]], now=NOON)
        second = asyncio.create_task(join(order[1]))
        await asyncio.sleep(0.2)  # on PostgreSQL it is under way by now
    await second
    async with database.read() as tx:
        assert len({(await people.find(tx, one)).id for one in named.values()}) == 1
        assert await people.count(tx) == 1
    async with database.write() as tx:
        with pytest.raises(Refused):
            await joining.join(tx, named["b"], named["c"], now=NOON)


# -- messages -------------------------------------------------------------------------------------------------


async def test_messages_to_a_person(talk: Talk, discord: Talker, matrix: Talker, receiver: Receiver) -> None:
    """What is for either number reaches the account last used, once, before, during and after."""
    for one in (matrix, discord):
        await one.says("/mijn taal nl")
        talk.clock.moment += MINUTE
    first, other = await number(talk, discord), await number(talk, matrix)

    async def write(cause: str) -> list[tuple[str, str]]:
        held = len(await receiver.held())
        for person in (first, other):
            message = Message(f"{cause} {person}", f"person:{person}", text(cause), priority=Priority.PRIVATE)
            await put(talk.database, message)
        await deliver(talk.database, receiver)
        return sorted(
            (stored.room, stored.texts[-1]) for stored in (await receiver.held())[held:] if cause in stored.key
        )

    assert await write("before") == [("4242", "nl: before"), ("@anna:example.org", "nl: before")]
    await link(discord, matrix)
    talk.clock.moment += MINUTE
    await discord.says("/mijn taal en")
    assert await write("during") == [("4242", "en: during")] * 2
    await matrix.says("/mijn ontkoppelen")
    assert await write("after") == [("4242", "en: after"), ("@anna:example.org", "nl: after")]


async def test_questions_reach_their_accounts(talk: Talk, discord: Talker, matrix: Talker, receiver: Receiver) -> None:
    """The question goes to the account that made the code, the notice to the one that typed it."""
    await link(discord, matrix)
    await deliver(talk.database, receiver)
    heard = {room: " ".join(await receiver.texts(room)) for room in ("4242", "@anna:example.org")}
    assert "link.ask_maker" in heard["4242"]
    assert "link.linked" in heard["@anna:example.org"]


# -- what is kept ---------------------------------------------------------------------------------------------


async def test_lapsed_goes(talk: Talk, discord: Talker) -> None:
    """A code that nobody typed does not stay in the database."""
    await code_of(discord)
    nightly = Housekeeping(talk.database, KEEP, zone=ZONE)
    for days, left in ((0.5, 1), (2, 0)):
        await nightly.run(NOON + dt.timedelta(days=days))
        assert await count(talk, "link") == left


async def test_no_code_free(talk: Talk, discord: Talker, matrix: Talker) -> None:
    """Where every code is taken one hears so, and nobody's is taken over; five minutes later there are codes again."""
    await discord.says("/mijn taal nl")
    letters_ = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    async with talk.database.write() as tx:
        await tx.many(
            """
            INSERT INTO link (prefix, hash, maker, maker_language, ends_at)
            VALUES (:prefix, '', 'discord:4242', 'nl', :ends)""",
            [{"prefix": a + b, "ends": NOON + 5 * MINUTE} for a in letters_ for b in letters_],
        )
    assert "over vijf minuten" in await matrix.says("/mijn koppeling")
    assert await count(talk, "link") == 1024
    talk.clock.moment += 5 * MINUTE + SECOND
    await code_of(matrix)
    assert await count(talk, "link") == 1
