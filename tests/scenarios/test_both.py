"""One bot on two platforms at once: nobody is served twice, and neither platform waits for the other."""

import asyncio
import collections
import contextlib
import dataclasses
import pathlib
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from typing import Self

import pytest

from bot.core.reply import Phrase, Reply
from bot.platforms.matrix.buttons import keycap
from bot.platforms.matrix.post import KEY, mark
from bot.store import settings
from tests.discord_server import DiscordServer, Interaction
from tests.discord_server import Person as DiscordPerson
from tests.matrix_people import Person, wait
from tests.scenarios.both import Both
from tests.scenarios.on_discord import DiscordActor, DiscordStage
from tests.scenarios.stage import Actor, Asked, Place, Post, Stage
from tests.scenarios.test_scenarios import CARD, GONE, GOT, TAKE
from tests.small_campaign import CONFIG, SmallCampaign, small
from tests.synapse import Synapse
from tests.unruly import Unruly

__all__ = ["small"]

YES = "Ja, dat ben ik"
CARDS = 10  # on Matrix everybody reacts once to each: the homeserver takes no reaction twice
BACK_SECONDS = 60.0
PATIENCE_SECONDS = 300.0
OFF = {"discord": "Discord neemt het token", "matrix": "De server van Matrix laat me niet inloggen met dit wachtwoord"}

Told = tuple[str, str]
"""An account, and what it read."""


@pytest.fixture
async def both(synapse: Synapse, tmp_path: pathlib.Path) -> AsyncIterator[Both]:
    """Both servers; the bot is down."""
    async with Both.set(synapse, tmp_path) as made:
        yield made


# -- one last place -------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Rush:
    """Many people on both platforms before one place.

    Attributes:
        reactions: By the reaction's id, whose it is.
        taps: Of the people on Discord.
    """

    both: Both
    room: Place
    channel: Place
    matrix: Sequence[Person]
    discord: Sequence[DiscordPerson]
    reactions: dict[str, Person] = dataclasses.field(default_factory=dict)
    taps: list[Interaction] = dataclasses.field(default_factory=list)

    @classmethod
    async def gathered(cls, both: Both, count: int) -> Self:
        """So many taps of each platform are to come."""
        home, synapse = both.matrix.home, both.matrix.home.synapse
        people = [await Person.new(synapse, "iemand") for _ in range(count // CARDS)]
        room = await people[0].create_room(home.user_id, public=True)
        for person in people[1:]:
            await person.join(room)
        home.rooms = {"announcements": [room]}
        channel = await both.discord.room("announcements", await both.discord.actor("joris"))
        others = [both.discord.guild.person(f"iemand{number}") for number in range(count)]
        return cls(both, Place(f"matrix:{room}"), channel, people, others)

    async def taps_all(self) -> None:
        """Everybody at once; on Discord they follow as reactions reach the homeserver, so that either may be first."""
        for number in range(CARDS):
            await self.both.matrix.post(f"card:{number}", CARD, self.room, *([] if number else [self.channel]))
        await self.both.matrix.settled()
        cards = await self.both.matrix.posts(self.room)
        (card,) = await self.both.discord.posts(self.channel)
        pairs = zip([(person, one) for one in cards for person in self.matrix], self.discord, strict=True)
        await asyncio.gather(*(self._tap_both(person, one, other, card) for (person, one), other in pairs))

    async def _tap_both(self, person: Person, on_matrix: Post, other: DiscordPerson, on_discord: Post) -> None:
        self.reactions[await person.reacts(self._room, on_matrix.id, keycap(1))] = person
        self.taps.append(await other.tap(on_discord.id, TAKE))

    async def told_on_discord(self) -> list[Told]:
        """What each tap was answered with."""
        answers = await asyncio.gather(*(tap.answer(timeout=BACK_SECONDS) for tap in self.taps))
        return [(f"discord:{tap.user.id}", answer.text) for tap, answer in zip(self.taps, answers, strict=True)]

    async def told_on_matrix(self) -> list[Told]:
        """What each reaction was answered with; nothing else is said there."""
        while len(said := await self._said()) < CARDS + len(self.reactions):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(1)  # a look at the whole room takes long
        assert len(said) == CARDS + len(self.reactions)
        answers = dict(said)
        assert len(answers) == len(said), "said twice"
        return [(f"matrix:{one.user_id}", answers[mark(f"reply:{id_}/0")]) for id_, one in self.reactions.items()]

    async def _said(self) -> list[tuple[str, str]]:
        """The bot's messages: the mark of what each is for, and its text."""
        home = self.both.matrix.home
        contents = [e["content"] for e in await home.synapse.stored(self._room) if e["sender"] == home.user_id]
        return [(content[KEY], content["body"]) for content in contents if KEY in content]

    @property
    def _room(self) -> str:
        return self.room.address.removeprefix("matrix:")


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.slow)])
async def test_one_last_place(both: Both, count: int) -> None:
    """Of all who tap at once on both platforms one gets the last place; everybody else hears that it is gone."""
    rush = await Rush.gathered(both, count)
    async with both.up(), asyncio.timeout(PATIENCE_SECONDS):
        await rush.taps_all()
        told = await rush.told_on_discord() + await rush.told_on_matrix()
        async with both.matrix.database.read() as tx:
            seat = await settings.get(tx, "seat")
    assert collections.Counter(text for _, text in told) == {GOT: 1, GONE: 2 * count - 1}
    assert [account for account, text in told if text == GOT] == [seat]


# -- one of them fails ----------------------------------------------------------------------------------------


NEWS = Reply(Phrase("trial.news", {"text": "morgen om acht uur"}))


@dataclasses.dataclass(frozen=True, slots=True)
class Side:
    """A platform as a test of the other one sees it.

    Attributes:
        stage: Its own.
        anna: Somebody there.
        room: A room of the campaign there.
    """

    stage: Stage
    anna: Actor
    room: Place

    @classmethod
    async def of(cls, stage: Stage) -> Self:
        anna = await stage.actor("anna")
        return cls(stage, anna, await stage.room("announcements", anna))

    async def is_heard(self) -> bool:
        """Whether a command is answered here."""
        return (await self.anna.asks(self.room, "hulp")).text.startswith("Hallo!")

    async def has_news(self) -> bool:
        return "Nieuws: morgen om acht uur" in [post.text for post in await self.stage.posts(self.room)]


@pytest.mark.parametrize("away", ["discord", "matrix"])
async def test_server_goes_away(both: Both, away: str) -> None:
    """While one server is away the other is answered and gets its news; the one that is back gets both, once."""
    async with Unruly(both.matrix.home.synapse.url).running() as proxy:
        both.matrix.home.address = proxy.url
        discord, matrix = await Side.of(both.discord), await Side.of(both.matrix)
        here, there = (matrix, discord) if away == "discord" else (discord, matrix)
        async with both.up():
            assert await here.is_heard()
            assert await there.is_heard()
            async with _away(both.discord.server if away == "discord" else proxy):
                await both.matrix.post("news:1", NEWS, here.room, there.room)
                await wait(here.has_news)
                assert await here.is_heard()
                assert not await there.has_news()
            await wait(there.has_news, seconds=BACK_SECONDS)
            assert await there.is_heard()
            await both.matrix.settled()
            assert [len(await side.stage.posts(side.room)) for side in (here, there)] == [3, 3]


@contextlib.asynccontextmanager
async def _away(server: DiscordServer | Unruly) -> AsyncIterator[None]:
    """Nothing comes through for the length of a block."""
    if isinstance(server, Unruly):
        server.fails("", "502", times=-1)
        yield
        server.faults.clear()
    else:
        await server.stop()
        yield
        await server.listen(server.port)
        await server.gateway.ready(BACK_SECONDS)


@pytest.mark.parametrize("refused", ["discord", "matrix"])
async def test_refused_credentials(synapse: Synapse, small: SmallCampaign, refused: str) -> None:
    """The program says once that one platform does not let it in, stays, and answers on the other."""
    anna = await Person.new(synapse, "anna")
    async with DiscordStage.set(small.folder) as stage:
        bram = await stage.actor("bram")
        channel = await stage.room("announcements", bram)
        bot = await synapse.register(synapse.unique("bot"), password="wachtwoord")
        room = await anna.create_room(bot.user_id)
        small.write("config.yaml", _config(synapse, bot.user_id, room, stage))
        secrets = {"MATRIX_PASSWORD": "wachtwoord", "DISCORD_TOKEN": stage.server.token}
        secrets["DISCORD_TOKEN" if refused == "discord" else "MATRIX_PASSWORD"] = "van-iemand-anders"
        async with _started(small.among(MATRIX_STORE_KEY="sleutel", **secrets)) as process:
            if refused == "matrix":
                await stage.server.gateway.ready(BACK_SECONDS)
                assert (await bram.asks(channel, "hulp")).text.startswith("Hallo!")
            else:
                await wait(lambda: _hears(anna, room, bot.user_id), seconds=BACK_SECONDS)
            await _says(process, OFF[refused])
            assert process.returncode is None


def _config(synapse: Synapse, user_id: str, room: str, stage: DiscordStage) -> str:
    matrix = (
        f"{{homeserver: '{synapse.url}', user_id: '{user_id}', store: data/matrix, invites_from: ['*:actie.test'], "
        "password: '${MATRIX_PASSWORD}', store_key: '${MATRIX_STORE_KEY}'}"
    )
    server = stage.server
    discord = (
        f"{{token: '${{DISCORD_TOKEN}}', guilds: [{stage.guild.id}], api_url: '{server.api_url}', "
        f"gateway_url: '{server.gateway_url}'}}"
    )
    (channel,) = stage.home.rooms["announcements"]
    text = CONFIG.replace("  terminal: {}\n", f"  matrix: {matrix}\n  discord: {discord}\n")
    rooms = f'  announcements: ["matrix:{room}", "discord:{channel}"]\n'
    return re.sub(r"  announcements: .*\n  organisers: .*\n", rooms, text).replace("terminal:sjoera", "discord:user:1")


@contextlib.asynccontextmanager
async def _started(made: SmallCampaign) -> AsyncIterator[Process]:
    """The program, until it is told to stop; it then ends well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", cwd=made.folder, env=made._environment(), stdin=DEVNULL, stdout=PIPE,
        stderr=PIPE,
    )  # fmt: skip
    try:
        yield process
        process.terminate()
        _, err = await asyncio.wait_for(process.communicate(), BACK_SECONDS)
        assert (process.returncode, b"Traceback" in err) == (0, False)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        out, err = await process.communicate()
        sys.stderr.write((out + err).decode())  # for whoever reads of a failure


async def _says(process: Process, words: str) -> None:
    """Wait until it says something on standard error."""
    assert process.stderr
    async with asyncio.timeout(BACK_SECONDS):
        while words not in (line := (await process.stderr.readline()).decode()):
            assert line, "it ended"


async def _hears(anna: Person, room: str, bot: str) -> bool:
    """Whether she is answered; the bot may not be in the room yet."""
    asked = await anna.says(room, "!hulp")
    with contextlib.suppress(AssertionError):
        return str((await anna.hears(room, by=bot, after=asked, seconds=2))["body"]).startswith("Hallo!")
    return False


# -- one person -----------------------------------------------------------------------------------------------


async def test_linked_accounts(both: Both) -> None:
    """A code from Discord, typed on Matrix, a yes on both: what is chosen on one holds on the other."""
    on_discord, on_matrix = await both.discord.actor("anna"), await both.matrix.actor("anna")
    assert isinstance(on_discord, DiscordActor)
    channel = await both.discord.room("announcements", on_discord)
    async with both.up():
        there, here = await both.discord.private_talk(on_discord), await both.matrix.private_talk(on_matrix)
        typed = await on_discord.person.says(both.discord.channel(there), "mijn koppeling")
        code = re.search(r"\b[A-Z2-7]{8}\b", (await on_discord.hears(Asked(there, typed.id))).text)
        assert code
        asked = await on_matrix.asks(here, f"mijn koppeling {code[0]}")
        assert "Discord: anna" in asked.text
        await on_matrix.hears(await on_matrix.taps(asked, YES))
        await both.matrix.settled()
        question = (await both.discord.posts(there))[-1]
        assert on_matrix.address.removeprefix("matrix:") in question.text
        linked = await on_discord.hears(await on_discord.taps(question, YES))
        assert "zijn gekoppeld" in linked.text
        assert (await on_discord.asks(channel, "hulp")).text.startswith("Hallo!")
        assert "in English" in (await on_matrix.asks(here, "mijn taal en")).text
        assert (await on_discord.asks(channel, "hulp")).text.startswith("Hello!")
