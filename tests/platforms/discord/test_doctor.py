"""`actiebot doctor` on Discord: in good order, and with each fault, by the sentences that whoever asks reads."""

import dataclasses
import pathlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import discord.http
import pytest

import commands
from bot.core.finding import Finding
from bot.doctor import told
from bot.parts import read_texts
from bot.platforms.discord.doctor import KEPT, Case, examine
from bot.platforms.discord.invitation import NEEDED, invitation
from bot.platforms.discord.setting import Setting
from tests.discord_server import Channel, DiscordServer, Home, May, Role, faults
from tests.platforms.discord import running


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    async with await DiscordServer.start() as server:
        yield server
        assert server.violations == []
        assert {method for method, _ in server.rest.calls} <= {"GET", "PUT"}


@dataclasses.dataclass
class Place:
    """A server with a room and the organisers' role, and what the settings say."""

    server: DiscordServer
    home: Home
    room: Channel
    role: Role
    guilds: Sequence[int]
    rooms: Sequence[str]
    organisers: Sequence[str]
    volunteers: Sequence[str] = ()
    kept: Mapping[str, str] = dataclasses.field(default_factory=dict)
    running: bool = False
    token: str | None = None

    async def ask(self) -> list[Finding]:
        setting = Setting(
            self.token or self.server.token, frozenset(self.guilds), self.rooms, frozenset(), "nl",
            "Europe/Amsterdam", "Proef", self.server.api_url, self.server.gateway_url,
        )  # fmt: skip
        started = time.monotonic()
        found = await examine(Case(
            setting, commands.CATALOGUE, read_texts(), self.organisers, self.volunteers, self.kept, self.running
        ))  # fmt: skip
        assert time.monotonic() - started < 20, "whoever asks does not wait for long"
        return found

    async def lines(self, mark: str = "", language: str = "nl") -> list[str]:
        """What is printed, findings with a mark alone; what to do stands behind each."""
        found = [one for one in await self.ask() if not mark or {"✓": True, "✗": False, "–": None}[mark] is one.good]
        printed = "\n".join([*told(found, None, language)][:-1]).replace("\n    ", " ¶ ")
        return [line[2:] for line in printed.splitlines()]


@pytest.fixture
def place(server: DiscordServer) -> Place:
    home = server.guild("Actie")
    room, role = home.channel("actie"), home.role("Organisatie")
    return Place(server, home, room, role, [int(home.id)], [room.id], [f"discord:role:{role.id}"])


async def uploaded(place: Place, folder: pathlib.Path) -> None:
    """Let the bot itself run until it has given Discord its commands; the doctor knows what it kept."""
    home = running.Home(place.server, folder, guilds=place.guilds)
    async with home.running() as bot:
        place.kept = {name: await bot.memory.get(name) or "" for name in KEPT}


# -- all is well ----------------------------------------------------------------------------------------


async def test_all_is_well(place: Place, tmp_path: pathlib.Path) -> None:
    """Where everything works it says whose token it is, and of every server, room and role that it is good."""
    await uploaded(place, tmp_path)
    for group in ("antwoord", "bericht", "status"):
        place.home.shows(group, place.role)
    assert await place.lines("✗") == []
    assert await place.lines("✓") == [
        "Discord: het token werkt. Het is van de bot actiebot, van de applicatie Actiebot.",
        "Discord: de bot is op de server Actie.",
        "Discord: kamer #actie op Actie: de bot mag er alles wat nodig is.",
        "Discord: wie op Actie de rol Organisatie heeft, is organisator.",
        "Discord kent de opdrachten van de bot, en ze zijn bijgewerkt.",
        "Discord: organisatoren op Actie zien hun eigen opdrachten: /antwoord, /bericht en /status.",
    ]


async def test_only_looks(place: Place) -> None:
    """It asks over REST and changes nothing: no gateway, no upload, no message."""
    await place.ask()
    assert {method for method, _ in place.server.rest.calls} == {"GET"}
    assert not [path for _, path in place.server.rest.calls if "gateway" in path]


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_both_languages(place: Place, language: str) -> None:
    """Every line is there in both languages."""
    place.guilds = [*place.guilds, 77]
    place.rooms = [place.room.id, "1"]
    place.organisers = []
    assert len(await place.lines(language=language)) == 8


# -- the invitation -------------------------------------------------------------------------------------


def test_invitation() -> None:
    """The link asks for the bot, its commands, and no right that is not needed but Manage Messages."""
    link = invitation(42, 43)
    assert link.startswith("https://discord.com/oauth2/authorize?client_id=42&scope=bot+applications.commands")
    number = (1 << 10) + (1 << 11) + (1 << 13) + (1 << 14) + (1 << 15) + (1 << 16) + (1 << 38)
    assert f"permissions={number}" in link
    assert "guild_id=43" in link


async def test_invitation_is_told(place: Place) -> None:
    """The link is there from the start, and says which right may be left out."""
    (line,) = [line for line in await place.lines("–") if "nodig je de bot uit" in line]
    assert invitation(int(place.server.world.bot.id)) in line
    assert "Berichten beheren (Manage Messages) mag je uitzetten" in line


# -- the login ------------------------------------------------------------------------------------------


async def test_wrong_token(place: Place) -> None:
    """A token that Discord does not know is one line that says where to make another."""
    place.token = "wrong-" + "x" * 20
    (line,) = await place.lines("✗")
    assert "neemt het token in de instellingen niet aan" in line
    assert place.token not in line


async def test_out_of_reach(place: Place) -> None:
    """Without a network it says so at once."""
    await place.server.stop()
    assert await place.lines() == [
        "Discord is niet te bereiken. ¶ Kijk of deze computer internet heeft, en of hij discord.com mag bereiken."
    ]


@pytest.mark.parametrize("fault", [faults.error(503), faults.error(500), faults.delay(30)])
async def test_trouble_at_discord(place: Place, fault: faults.Fault) -> None:
    """An outage, or an answer that does not come, is Discord's, and does not keep anybody waiting."""
    place.server.faults.plan(fault, times=9)
    (line,) = await place.lines()
    assert line.startswith("Discord geeft op dit moment geen goed antwoord. ¶ Kijk op https://discordstatus.com")


@pytest.mark.parametrize("path", ["/users/@me$", "/channels$"])
async def test_asked_too_much(place: Place, path: str) -> None:
    """A wait that Discord asks for is told, in seconds; a short one is waited for."""
    place.server.faults.plan(faults.limited(40), path=path)
    (line,) = [line for line in await place.lines("–") if "te veel" in line]
    assert "over 40 seconden" in line
    place.server.faults.plan(faults.limited(0.1), path=path)
    assert not [line for line in await place.lines() if "te veel" in line]


async def test_a_ban_of_our_address(place: Place) -> None:
    """A 429 of whoever stands before Discord is told as a wait as well."""
    place.server.faults.plan(faults.banned())
    (line,) = await place.lines()
    assert "te veel" in line


async def test_one_part_without_an_answer(place: Place) -> None:
    """Where one part fails the others are told all the same."""
    place.server.faults.plan(faults.error(503), path="/commands$", times=9)
    (line,) = await place.lines("✗")
    assert line.startswith("Discord: over de opdrachten van de bot kwam geen duidelijk antwoord.")
    assert len(await place.lines("✓")) >= 4


@pytest.mark.parametrize(
    ("portal", "mark", "says"),
    [
        ({"interactions_endpoint_url": "https://example.org/x"}, "✗", "Interactions Endpoint URL"),
        ({"bot_require_code_grant": True}, "✗", "OAuth2 Code Grant"),
        ({"bot_public": True}, "–", "Public Bot"),
    ],
)
async def test_developer_portal(place: Place, portal: dict[str, Any], mark: str, says: str) -> None:
    """What is set in the Developer Portal, and stands in the way, is said with where to find it."""
    assert not [line for line in await place.lines(mark) if says in line]
    place.server.world.portal.update(portal)
    (line,) = [line for line in await place.lines(mark) if says in line]
    assert "Developer Portal" in line


# -- the servers ----------------------------------------------------------------------------------------


async def test_not_on_the_server(place: Place) -> None:
    """Of a server that the bot is not on it gives a link for just that server; its roles are not judged."""
    place.home.dismisses_bot()
    outside, hidden = await place.lines("✗")
    assert outside.startswith(f"Discord: de bot is niet op een server met nummer {place.home.id}.")
    assert f"guild_id={place.home.id}" in outside
    assert hidden.startswith(f"Discord: de bot mag de kamer met nummer {place.room.id} niet zien.")


async def test_no_server_in_the_settings(place: Place) -> None:
    """With none in the settings it says which numbers there are to put there, and judges nothing else."""
    place.guilds = []
    (line,) = await place.lines("✗")
    assert line.endswith(f"De bot is op: {place.home.id} (Actie).")
    place.home.dismisses_bot()
    (line,) = await place.lines("✗")
    assert "Nodig de bot uit met de link hierboven" in line


async def test_on_another_server(place: Place) -> None:
    """A server that is not in the settings is named, with its number."""
    other = place.server.guild("Speeltuin")
    (line,) = [line for line in await place.lines("–") if "Speeltuin" in line]
    assert f"Zet dan {other.id} erbij" in line


# -- the rooms ------------------------------------------------------------------------------------------


async def rights(place: Place) -> str:
    """What a room's line says of missing rights."""
    found = [line for line in await place.lines("✗") if "mag de bot er niet" in line]
    return found[0].split(": ", 3)[3].split(" ¶ ")[0] if found else ""


async def test_rights_in_a_room(place: Place) -> None:
    """Exactly the rights that are missing are named, as Discord calls them, and what to click."""
    place.home.overwrites(place.room, deny=May.EMBED_LINKS | May.ATTACH_FILES)
    (line,) = await place.lines("✗")
    assert line.startswith(
        "Discord: kamer #actie op Actie: dit mag de bot er niet: Links insluiten (Embed Links) en "
        "Bestanden bijvoegen (Attach Files). ¶ Een beheerder van de server klikt met rechts op #actie"
    )


async def test_a_room_that_is_hidden(place: Place) -> None:
    """One switch that is off is one right that is missing, though nothing works without it."""
    place.home.overwrites(place.room, deny=May.VIEW_CHANNEL)
    assert await rights(place) == "Kanaal bekijken (View Channel)."


async def test_where_rights_come_from(place: Place) -> None:
    """Everybody, then roles, then the bot itself: the last of them decides; an administrator may everything."""
    home, bots = place.home, place.home.role("Bots")
    home.guild.bot.roles = [bots]
    home.overwrites(place.room, deny=May.SEND_MESSAGES)
    assert await rights(place) == "Berichten versturen (Send Messages)."
    home.overwrites(place.room, bots, allow=May.SEND_MESSAGES)
    assert await rights(place) == ""
    place.room.overwrites["bot"] = dataclasses.replace(
        place.room.overwrites[bots.id], id=home.guild.bot.user.id, member=True, allow=0, deny=int(May.SEND_MESSAGES)
    )
    assert await rights(place) == "Berichten versturen (Send Messages)."
    home.guild.bot.roles = [home.role("Beheer", administrator=True)]
    assert await rights(place) == ""


async def test_no_rights_on_the_server(place: Place) -> None:
    """A bot that was let in with nothing hears of all that it needs."""
    place.home.guild.roles[place.home.id].permissions = 0
    assert (await rights(place)).count("(") == len(NEEDED)


async def test_optional_rights(place: Place) -> None:
    """That it cannot take lines away is no fault."""
    place.home.overwrites(place.room, deny=May.MANAGE_MESSAGES)
    assert await place.lines("✗") == []


async def test_strange_rooms(place: Place) -> None:
    """Numbers of what is no room of ours are told apart: nothing, a thread, a category, another server's room."""
    elsewhere = place.server.guild("Speeltuin").channel("zandbak")
    thread, category = place.home.thread(place.room, "praatje"), place.home.category("KAMERS")
    place.rooms = ["1", thread.id, category.id, elsewhere.id]
    nothing, thread_line, kind, other = await place.lines("✗")
    assert nothing.startswith("Discord: er is geen kamer met nummer 1. ¶ Kijk het nummer na")
    assert f"Zet onder `rooms` de kamer waar de thread in zit: discord:{place.room.id}." in thread_line
    assert "KAMERS op Actie is geen kamer om in te praten" in kind
    assert "kamer #zandbak is op een server die niet in de instellingen staat" in other


async def test_no_rooms(place: Place) -> None:
    """Without rooms nothing is wrong; it says how to put one in the settings."""
    place.rooms = []
    assert await place.lines("✗") == []
    assert any('announcements: ["discord:1001"]' in line for line in await place.lines("–"))


async def test_names_of_others(place: Place) -> None:
    """What people called a server stays words on one line."""
    place.home.guild.name = "Ac\ntie\x1b[31m"
    assert "Discord: de bot is op de server Ac tie [31m." in await place.lines("✓")


# -- the roles and the commands -------------------------------------------------------------------------


async def test_roles(place: Place) -> None:
    """A role that no server has is a fault, and one that everybody has makes everybody an organiser."""
    place.organisers = [f"discord:role:{place.home.id}", "discord:role:1"]
    place.volunteers = [f"discord:role:{place.role.id}"]
    everybody, unknown = await place.lines("✗")
    assert everybody.startswith("Discord: iedereen op Actie is organisator")
    assert unknown.startswith("Discord: er is geen rol met nummer 1 op jullie server")
    assert "Discord: wie op Actie de rol Organisatie heeft, is vrijwilliger." in await place.lines("✓")


async def test_no_organisers(place: Place) -> None:
    """That nobody is an organiser on Discord is said; an account is enough."""
    place.organisers = []
    assert any("niemand is daar organisator" in line for line in await place.lines("–"))
    place.organisers = ["discord:user:5"]
    assert not any("niemand is daar organisator" in line for line in await place.lines("–"))


async def test_commands_that_discord_does_not_have(place: Place, tmp_path: pathlib.Path) -> None:
    """Before the first start there are none; those of another version or program are told; a start mends both."""
    assert any("kent de opdrachten van de bot nog niet. ¶ Start de bot" in line for line in await place.lines("–"))
    await uploaded(place, tmp_path)
    good = place.kept
    place.kept = {}
    assert any("kent andere opdrachten" in line for line in await place.lines("–"))
    place.kept, place.running = good, True
    assert "Discord kent de opdrachten van de bot, en ze zijn bijgewerkt." in await place.lines("✓")
    place.server.world.commands[None].pop()
    (line,) = [line for line in await place.lines("–") if "kent andere opdrachten" in line]
    assert "Start de bot opnieuw" in line
    await uploaded(place, tmp_path)
    assert "Discord kent de opdrachten van de bot, en ze zijn bijgewerkt." in await place.lines("✓")


async def test_organisers_do_not_see_their_commands(place: Place, tmp_path: pathlib.Path) -> None:
    """Which commands the organisers' role does not see is said, and what an administrator clicks."""
    await uploaded(place, tmp_path)
    place.home.shows("bericht", place.role)
    (line,) = await place.lines("✗")
    assert line.startswith(
        "Discord: wie op Actie de rol Organisatie heeft, ziet deze opdrachten nog niet: /antwoord en /status. ¶ "
        "Een beheerder opent Serverinstellingen > Integraties > actiebot"
    )
    assert line.endswith("en voegt bij elk de rol Organisatie toe.")
    place.organisers = [*place.organisers, f"discord:role:{place.home.role('Pers').id}"]
    ours, press = await place.lines("✗")
    assert "de rol Organisatie heeft, ziet deze opdrachten nog niet: /antwoord en /status." in ours
    assert "de rol Pers heeft, ziet deze opdrachten nog niet: /antwoord, /bericht en /status." in press
    sjoera = place.home.person("sjoera", roles=[place.role])
    await sjoera.slash(place.room, "bericht lijst")  # Discord offers it


async def test_administrators_see_everything(place: Place, tmp_path: pathlib.Path) -> None:
    """A role of administrators needs nothing; where organisers are named by account alone, what to do is advice."""
    await uploaded(place, tmp_path)
    place.role.permissions = int(May.ADMINISTRATOR)
    assert await place.lines("✗") == []
    place.organisers = ["discord:user:5"]
    assert await place.lines("✗") == []
    assert any("zien alleen beheerders van de server deze opdrachten" in line for line in await place.lines("–"))
