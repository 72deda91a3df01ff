"""`actiebot doctor` on Matrix: the real command beside a real homeserver, in good order and with each fault."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import email.utils
import json
import pathlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from bot.core.finding import Finding
from bot.doctor import told
from bot.platforms.matrix import doctor
from bot.platforms.matrix.login import Account
from bot.platforms.matrix.watch import RATE_LIMIT
from bot.store.instance import Instance
from tests.matrix_people import Person
from tests.platforms.matrix.keyed_bot import Bot
from tests.platforms.matrix.running import PASSWORD, STORE_KEY, Home, Running
from tests.small_campaign import Done, SmallCampaign, small
from tests.synapse import Synapse, quoted, synapse

__all__ = ["small", "synapse"]

CANARY = "kanarie-3f9a-token"
BOT = "@bot:actie.test"
V3 = "/_matrix/client/v3"


@dataclasses.dataclass
class Host:
    """Somebody who hosts the bot and asks the doctor.

    Attributes:
        home: What the bot keeps; in the folder of the campaign.
        campaign: The folder with its configuration.
    """

    home: Home
    campaign: SmallCampaign

    @property
    def user(self) -> str:
        return self.home.user_id

    async def ask(
        self, *, address: str | None = None, language: str = "nl", secrets: tuple[str, ...] = (),
        cleanly: bool = True, **environment: str,
    ) -> Done:  # fmt: skip
        """Run the command; no secret is ever in what it prints.

        Args:
            address: Of the homeserver; None: its own.
            language: Of the campaign.
            secrets: More that must not be seen.
            cleanly: Nothing is on standard error.
            environment: What differs: TOKEN, PASSWORD, STORE_KEY.
        """
        self.campaign.write("config.yaml", self._config(address or self.home.synapse.url, language, environment))
        given = {"PASSWORD": PASSWORD, "STORE_KEY": STORE_KEY, **environment}
        started = time.monotonic()
        done = await asyncio.to_thread(self.campaign.among(**given).do, "doctor")
        assert time.monotonic() - started < 20, "whoever asks does not wait for long"
        assert not any(secret in done.out + done.err for secret in (*given.values(), *secrets) if secret)
        assert done.err == "" or not cleanly
        return done

    def _config(self, address: str, language: str, environment: dict[str, str]) -> str:
        matrix = {
            "homeserver": address, "user_id": self.user, "device_id": "ACTIEBOT", "store": self.home.store,
            "store_key": "${STORE_KEY}",
            **({"access_token": "${TOKEN}"} if "TOKEN" in environment else {}),
            **({"password": "${PASSWORD}"} if environment.get("PASSWORD") != "" else {}),
        }  # fmt: skip
        rooms = {kind: [f"matrix:{room}" for room in rooms] for kind, rooms in self.home.rooms.items()}
        return json.dumps({
            "campaign": {"name": "Proef", "language": language},
            "storage": {"url": f"sqlite:///{self.home.database}"},
            "platforms": {"matrix": matrix},
            "roles": {"organiser": ["matrix:@sjoera:actie.test", *self.home.organisers]},
            "rooms": rooms,
            "content": {"faq": "faq.yaml", "values": "values.yaml"},
        })  # fmt: skip

    async def remember(self, name: str, value: str) -> None:
        async with self.home.running(ready=False) as running:
            await running.memory.put(name, value)

    def files(self) -> dict[str, bytes]:
        """Everything in the folder but the cache."""
        files = (path for path in self.campaign.folder.rglob("*") if path.is_file() and "cache" not in path.parts)
        return {str(path): path.read_bytes() for path in files}


@pytest.fixture
async def host(synapse: Synapse, small: SmallCampaign) -> Host:
    return Host(await Home.new(synapse, small.folder), small)


def lines(done: Done, mark: str) -> list[str]:
    """The findings with a mark."""
    return [line[2:] for line in done.out.splitlines() if line.startswith(mark)]


def todo(done: Done, finding: str) -> str:
    """What stands indented under a finding that begins like this."""
    after = done.out.split(finding, 1)[1].splitlines()[1:]
    end = next((n for n, line in enumerate(after) if not line.startswith("    ")), len(after))
    return "\n".join(line.strip() for line in after[:end])


@contextlib.asynccontextmanager
async def at_work(host: Host) -> AsyncIterator[Running]:
    """The bot running, and known to be."""
    async with host.home.running() as running:
        url = f"sqlite:///{host.home.folder / host.home.database}"
        async with Instance.take(running.database, url):
            yield running


async def met(host: Host, *rooms: str) -> None:
    """Let the bot run until it is in some rooms, and stop it."""
    async with host.home.running() as running:
        for room in rooms:
            await running.in_room(room)


async def kept_token(host: Host) -> str:
    """Let the bot log in, and stop it: the token that it has kept."""
    async with host.home.running() as running:
        assert running.matrix._link
        token = running.matrix._link.server.token
    assert token
    return token


# -- in good order ----------------------------------------------------------------------------------------


async def test_well(host: Host, synapse: Synapse) -> None:
    """Beside a running bot everything is looked at and found good, in both languages, and the bot goes on."""
    anna = await Person.new(synapse, "anna")
    sealed = await anna.create_room(host.user, encrypted=True)
    plain = await anna.create_room(host.user, alias=(alias := synapse.unique("open")))
    host.home.rooms = {"announcements": [sealed, f"#{alias}:actie.test"], "organisers": [sealed]}
    host.home.organisers = [f"matrix:power>=50@{sealed}"]
    async with at_work(host) as running:
        await running.in_room(sealed)
        await running.in_room(plain)
        done, english = await host.ask(), await host.ask(language="en")
        await anna.send(plain, {"msgtype": "m.text", "body": "!hulp", "m.mentions": {}})
        await anna.hears(plain, by=host.user)
    assert (done.code, lines(done, "✗"), lines(done, "–")) == (0, [], ["De terminal staat uit.", "Discord staat uit."])
    shown = "\n".join(lines(done, "✓"))
    for part in (
        "De bot draait op ", f"{synapse.url} antwoordt", "klok van deze computer loopt gelijk",
        f"ingelogd als {host.user}, op apparaat ACTIEBOT", "is ondertekend", "er liggen 50 sleutels klaar",
        f"{sealed}: de bot is er en mag er praten; de kamer is versleuteld",
        f"#{alias}:actie.test: de bot is er en mag er praten; de kamer is niet versleuteld",
    ):  # fmt: skip
        assert part in shown
    assert done.out.splitlines()[-1] == "Er is niets mis gevonden."
    assert (english.code, len(lines(english, "✓"))) == (0, len(lines(done, "✓")))
    assert english.out.splitlines()[-1] == "Nothing wrong was found."


async def test_changes_nothing(host: Host, synapse: Synapse) -> None:
    """Of a bot that is stopped no file changes, and on the homeserver no key, device or membership."""
    anna = await Person.new(synapse, "anna")
    room, invited = await anna.create_room(host.user), await anna.create_room(host.user)
    host.home.rooms = {"announcements": [room, f"#{synapse.unique('nergens')}:actie.test"]}
    host.home.invites_from = (anna.user_id,)
    await met(host, room)
    await anna.kick(invited, host.user)
    await host.ask()
    before, seen = host.files(), await _seen(host)
    await host.ask()
    assert host.files() == before
    assert await _seen(host) == seen


async def _seen(host: Host) -> tuple[Any, ...]:
    """What the homeserver's administrator sees of the bot; the moment of a device's last call is left out."""
    admin, user = host.home.synapse.admin, quoted(host.user)
    devices = (await admin("GET", f"/_synapse/admin/v2/users/{user}/devices"))["devices"]
    rooms = (await admin("GET", f"/_synapse/admin/v1/users/{user}/joined_rooms"))["joined_rooms"]
    keys = await admin("POST", f"{V3}/keys/query", {"device_keys": {host.user: []}})
    return sorted(one["device_id"] for one in devices), sorted(rooms), keys["device_keys"], keys["master_keys"]


async def test_before_the_first_start(host: Host) -> None:
    """Where the bot was never started nothing is wrong and nothing is made: it says what the first start does."""
    done = await host.ask()
    assert (done.code, lines(done, "✗")) == (0, [])
    assert "de bot heeft nog niet ingelogd" in done.out
    assert not (host.home.folder / host.home.store).exists()
    assert not (host.home.folder / host.home.database).exists()


# -- rooms ------------------------------------------------------------------------------------------------


async def test_rooms(host: Host, synapse: Synapse) -> None:
    """Of each room in which the bot cannot speak it says why, and what helps."""
    anna = await Person.new(synapse, "anna")
    rooms = {name: await anna.create_room(host.user) for name in ("kicked", "banned", "left", "mute", "renewed")}
    rooms["open ban"] = await anna.create_room(host.user, public=True)
    host.home.rooms = {"announcements": list(rooms.values())}
    await met(host, *rooms.values())
    for how, room in (("kick", "kicked"), ("ban", "banned"), ("ban", "open ban")):
        body = {"user_id": host.user, "reason": "te\ndruk\x1b[31m"}
        await anna.call("POST", f"/rooms/{quoted(rooms[room])}/{how}", body)
    bot = Person(synapse, await synapse.login(host.user, PASSWORD))
    await bot.leave(rooms["left"])
    levels = await anna.state(rooms["mute"], "m.room.power_levels")
    await anna.set_state(rooms["mute"], "m.room.power_levels", {**levels, "events_default": 40})
    new = await anna.upgrade(rooms["renewed"], "11")
    rooms["invited"] = await anna.create_room(host.user)
    rooms["open"] = await anna.create_room(public=True)
    rooms["closed"] = await anna.create_room()
    nowhere = rooms["nowhere"] = f"#{synapse.unique('nergens')}:actie.test"
    host.home.rooms = {"announcements": list(rooms.values())}
    done = await host.ask()
    assert (done.code, len(lines(done, "✗"))) == (1, len(rooms))
    invite = f"/invite {host.user}"
    for name, what, do in (
        ("kicked", "iemand heeft de bot eruit gezet. De reden: te druk [31m", invite),
        ("banned", "de bot is er niet, en is niet uitgenodigd", f"/unban {host.user}"),
        ("open ban", "de bot is verbannen", f"/unban {host.user}"),
        ("left", "de bot heeft de kamer verlaten", invite),
        ("mute", "de bot is er, maar mag er niet praten", f"{host.user} niveau 40 te geven; nu heeft hij 0"),
        ("invited", "de bot is uitgenodigd, maar nog niet binnen", "Start de bot"),
        ("open", "iedereen mag erin, maar de bot is er nog niet", "Start de bot"),
        ("closed", "de bot is er niet, en is niet uitgenodigd", invite),
    ):  # fmt: skip
        finding = f"✗ Matrix: kamer {rooms[name]}: {what}"
        assert finding in done.out, name
        assert do in todo(done, finding)
    assert new in todo(done, f"✗ Matrix: de kamer {rooms['renewed']} is vernieuwd")
    assert "Kijk de naam na" in todo(done, f"✗ Matrix: de kamer {nowhere} bestaat niet")
    english = await host.ask(language="en")
    assert (english.code, len(lines(english, "✗"))) == (1, len(rooms))


async def test_a_renewed_room(host: Host, synapse: Synapse) -> None:
    """A room that the bot has followed is looked at where it is now."""
    anna = await Person.new(synapse, "anna")
    room = await anna.create_room(host.user, public=True)
    host.home.rooms = {"announcements": [room]}
    async with host.home.running() as running:
        await running.in_room(room)
        await running.in_room(await anna.upgrade(room, "11"))
    done = await host.ask()
    assert (done.code, f"kamer {room}: de bot is er en mag er praten" in done.out) == (0, True)


async def test_aliases(host: Host, synapse: Synapse) -> None:
    """An alias that points elsewhere by now is a fault, one that is gone is told; both rooms stay what they were."""
    anna = await Person.new(synapse, "anna")
    names = [synapse.unique("alias") for _ in range(2)]
    moved, gone = (f"#{name}:actie.test" for name in names)
    rooms = [await anna.create_room(host.user, alias=name) for name in names]
    host.home.rooms = {"announcements": [moved, gone]}
    await met(host, *rooms)
    for alias in (moved, gone):
        await anna.call("DELETE", f"/directory/room/{quoted(alias)}")
    other = await anna.create_room(alias=names[0])
    done = await host.ask()
    assert (done.code, len(lines(done, "✗"))) == (1, 1)
    assert f"matrix:{other}" in todo(done, f"✗ Matrix: de naam {moved} wijst nu naar een andere kamer")
    assert f"– Matrix: de naam {gone} bestaat niet meer" in done.out
    assert done.out.count("de bot is er en mag er praten") == 2


async def test_power_in_another_room(host: Host, synapse: Synapse) -> None:
    """A role by power in a room that turns out not to be of the organisers is a fault; in theirs it is none."""
    anna = await Person.new(synapse, "anna")
    room, other = await anna.create_room(host.user, alias=(alias := synapse.unique("org"))), "!elders"
    host.home.rooms = {"organisers": [f"#{alias}:actie.test"]}
    host.home.organisers = [f"matrix:power>=50@{room}", f"matrix:power>=50@{other}"]
    await met(host, room)
    done = await host.ask()
    assert (done.code, len(lines(done, "✗"))) == (1, 1)
    assert f"matrix:{other}" in todo(done, f"✗ Matrix: de rol matrix:power>=50@{other} geeft niemand iets")


# -- the login --------------------------------------------------------------------------------------------


async def test_token_of_another_user(host: Host, synapse: Synapse) -> None:
    """A token of somebody else wins over the kept login; one clear line names both."""
    await met(host)
    other = await synapse.register(synapse.unique("other"))
    done = await host.ask(TOKEN=other.token)
    assert done.code == 1
    (line,) = lines(done, "✗")
    assert line.startswith(f"Matrix blijft uit. Het token in de instellingen is van {other.user_id}")
    assert host.user in line
    assert todo(done, line) == ""


async def test_tokens_that_do_not_do(host: Host, synapse: Synapse) -> None:
    """A token that the homeserver does not know, or that has no device, is one line."""
    done = await host.ask(TOKEN=CANARY)
    assert (done.code, ["neemt het token" in line for line in lines(done, "✗")]) == (1, [True])
    path = f"/_synapse/admin/v1/users/{quoted(host.user)}/login"
    bare = (await synapse.admin("POST", path, {}))["access_token"]
    done = await host.ask(TOKEN=bare)
    assert (done.code, ["hoort geen apparaat" in line for line in lines(done, "✗")]) == (1, [True])


async def test_token_with_lost_keys(host: Host, synapse: Synapse) -> None:
    """A token whose device has keys that are not here is one line; one that never had any is none."""
    account = await synapse.login(host.user, PASSWORD, device_id="TOKEN")
    done = await host.ask(TOKEN=account.token)
    assert (done.code, "nog geen sleutels" in done.out) == (0, True)
    host.home.token = account.token
    await met(host)
    assert (await host.ask(TOKEN=account.token)).code == 0
    host.home.store = "elsewhere"
    done = await host.ask(TOKEN=account.token)
    assert (done.code, ["apparaat TOKEN" in line for line in lines(done, "✗")]) == (1, [True])


async def test_login_that_ended(host: Host) -> None:
    """A login that was ended elsewhere: with a password the bot helps itself, without one somebody has to."""
    token = await kept_token(host)
    assert (await host.ask(secrets=(token,))).code == 0
    await host.home.synapse.call("POST", f"{V3}/logout", {}, token=token)
    done = await host.ask(secrets=(token,))
    assert (done.code, "logt vanzelf opnieuw in" in todo(done, "– Matrix: de login die de bot bewaarde")) == (0, True)


async def test_folder(host: Host) -> None:
    """Lost keys, another `store_key` and a folder that may not be read are told with the folder."""
    await met(host)
    folder = host.home.folder / host.home.store
    done = await host.ask(STORE_KEY="een andere")
    assert (done.code, ["`store_key`" in line for line in lines(done, "✗")]) == (1, [True])
    (login,) = (path for path in folder.iterdir() if path.name == "login")
    kept = login.read_bytes()
    login.unlink()
    login.mkdir()
    done = await host.ask()
    assert (done.code, ["mijn sleutels niet gebruiken" in line for line in lines(done, "✗")]) == (1, [True])
    login.rmdir()
    login.write_bytes(kept)
    for file in folder.glob("*.db*"):
        file.unlink()
    done = await host.ask()
    assert (done.code, "ACTIEBOT" in lines(done, "✗")[0], len(lines(done, "✗"))) == (1, True, 1)
    assert "nieuw apparaat" in todo(done, "✗ Matrix: de sleutels van apparaat")


# -- keys -------------------------------------------------------------------------------------------------


def case_of(bot: Bot, *, running: bool = False, account: Any = None) -> doctor.Case:
    return doctor.Case(account or bot.account, (), (), (), bot.memory.values, running)


def wrong(found: list[Finding]) -> list[str]:
    return [finding.what.key for finding in found if finding.good is False]


async def test_unsigned(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A device without the signature of its own identity is a fault, also when another identity has come since."""
    bot = await Bot.new(synapse, tmp_path / "matrix")
    async with bot.unsigned():
        assert wrong(await doctor.examine(case_of(bot))) == ["matrix.doctor_unsigned"]
    async with bot.running():
        assert wrong(await doctor.examine(case_of(bot))) == []
    bot.memory.values.clear()
    elsewhere = bot.but(store=tmp_path / "elsewhere")
    async with elsewhere.running():
        assert wrong(await doctor.examine(case_of(elsewhere))) == []
        assert wrong(await doctor.examine(case_of(bot))) == ["matrix.doctor_unsigned"]


async def test_keys_gone(synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """That all one-time keys are used up is a fault: a stopped bot is to be started; a sync makes it good."""
    bot = await Bot.new(synapse, tmp_path / "matrix")
    async with bot.running() as running:
        while (await running.homeserver.call("POST", f"{V3}/keys/upload", {}))["one_time_key_counts"].get(
            "signed_curve25519"
        ):
            await bot.claim()
        for at_work, do in ((False, "matrix.do_start"), (True, "matrix.do_log")):
            found = await doctor.examine(case_of(bot, running=at_work))
            (gone,) = (finding for finding in found if finding.good is False)
            assert gone.what.key == "matrix.doctor_keys_gone"
            assert gone.todo
            assert gone.todo.key == do
        await running.sync()
        assert wrong(await doctor.examine(case_of(bot))) == []


# -- the limit --------------------------------------------------------------------------------------------


async def test_limit(host: Host, synapse: Synapse) -> None:
    """A limit that the bot met is told with a command that lifts it, and the command does."""
    await host.remember(RATE_LIMIT, "4.2")
    done = await host.ask()
    what = "– Matrix: de server liet de bot wachten, de laatste keer 5 seconden"
    assert (done.code, what in done.out) == (0, True)
    (command,) = (line for line in todo(done, what).splitlines() if line.startswith("curl "))
    admin = await synapse.register(synapse.unique("admin"), admin=True)
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", f"{command} --silent --fail", env={"ADMIN_TOKEN": admin.token, "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await process.communicate()
    assert process.returncode == 0
    limit = await synapse.admin("GET", f"/_synapse/admin/v1/users/{quoted(host.user)}/override_ratelimit")
    assert limit == {"messages_per_second": 0, "burst_count": 0}
    await host.remember(RATE_LIMIT, "geen getal")
    assert "liet de bot wachten" not in (await host.ask()).out


# -- the homeserver ---------------------------------------------------------------------------------------

Answer = Callable[[str], web.StreamResponse | None]
"""What a stand-in answers to a path; None: nothing, until it is hung up."""


@contextlib.asynccontextmanager
async def stand_in(answer: Answer) -> AsyncIterator[str]:
    """Something that listens where the homeserver should."""

    async def handle(request: web.Request) -> web.StreamResponse:
        found = answer(request.path)
        if found is None:
            await asyncio.sleep(60)
        return found or web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def versions(path: str, **headers: str) -> web.Response | None:
    return web.json_response({"versions": ["v1.11"]}, headers=headers) if path.endswith("/versions") else None


async def asked(address: str, *, rooms: tuple[str, ...] = ()) -> Done:
    """The same findings and lines as of the command, of a bot with a token, before a stand-in."""
    account = Account(address, BOT, "ACTIEBOT", CANARY, None, pathlib.Path("/nowhere"), STORE_KEY)
    started = time.monotonic()
    found = await doctor.examine(doctor.Case(account, rooms, (), (), {}, running=False))
    assert time.monotonic() - started < 15
    out = "\n".join(told(found, None, "nl"))
    assert CANARY not in out
    return Done(int(any(finding.good is False for finding in found)), out, "")


async def test_not_reached() -> None:
    """Whatever is the matter with the homeserver is one line, and the rest is not asked."""
    page = web.Response

    async def one(address: str) -> str:
        done = await asked(address)
        (line,) = lines(done, "✗")
        assert (done.code, address in line, todo(done, line) != "") == (1, True, True)
        return line

    assert "niet te bereiken" in await one("http://127.0.0.1:9")
    assert "geen server met het adres" in await one("http://homeserver.invalid")
    async with stand_in(lambda _: None) as address:
        assert "geeft geen antwoord" in await one(address)
        assert "certificaat" in await one(address.replace("http:", "https:"))
    for answer in (
        page(text="<html>Welkom", content_type="text/html"), page(status=302, headers={"Location": "https://a.nl"}),
        page(status=404), web.json_response({"errcode": "M_UNRECOGNIZED"}, status=404), web.json_response([1]),
        web.json_response({"versions": None}),
    ):  # fmt: skip
        async with stand_in(_always(answer)) as address:
            assert "niet als een server van Matrix" in await one(address)
    async with stand_in(lambda _: page(status=502, text="<html>")) as address:
        assert "storing" in await one(address)


async def test_not_reached_by_the_command(host: Host) -> None:
    """A homeserver that is down is one line of the command too, soon and without a traceback."""
    done = await host.ask(address="http://127.0.0.1:9", TOKEN=CANARY)
    assert (done.code, lines(done, "✗")) == (1, ["Matrix: http://127.0.0.1:9 is niet te bereiken."])


def _always(answer: web.Response) -> Answer:
    """The same each time; an answer of aiohttp can be given only once."""
    status, body, headers = answer.status, answer.body, answer.headers
    assert isinstance(body, bytes | None)
    return lambda _: web.Response(status=status, body=body, headers=headers)


STRANGE: list[Any] = [
    {}, {"user_id": 7}, {"user_id": ["@bot"]}, [], None, "x", {"device_keys": [1]}, {"joined_rooms": "x"},
]  # fmt: skip


@pytest.mark.parametrize("strange", STRANGE, ids=repr)
async def test_strange_answers(strange: Any) -> None:
    """Whatever an answer is made of, there is a clear line and no more."""

    def answer(path: str) -> web.StreamResponse:
        return versions(path) or web.json_response(strange)

    def inside(path: str) -> web.StreamResponse:
        known = {"whoami": {"user_id": BOT, "device_id": "ACTIEBOT"}, "joined_rooms": {"joined_rooms": ["!een"]}}
        return versions(path) or web.json_response(known.get(path.rpartition("/")[2], strange))

    async with stand_in(answer) as address:
        done = await asked(address)
        assert (done.code, len(lines(done, "✗"))) == (1, 1)
    async with stand_in(inside) as address:
        done = await asked(address, rooms=("!een", "#twee:actie.test", "!drie"))
        assert (done.code, "!een" in done.out, "#twee:actie.test" in done.out) == (1, True, True)


async def test_refusals(host: Host) -> None:
    """What the homeserver gives as its reason is shown on one line, without the token that it repeats."""
    token = await kept_token(host)

    def answer(path: str) -> web.StreamResponse:
        body = {"errcode": "M_USER_DEACTIVATED", "error": f"no\n{token} {CANARY}\x1b[2J for you"}
        return versions(path) or web.json_response(body, status=403)

    async with stand_in(answer) as address:
        for done in (await host.ask(address=address, secrets=(token,)), await asked(address)):
            assert (done.code, ["for you" in line for line in lines(done, "✗")]) == (1, [True])
            assert "\x1b" not in done.out


async def test_too_busy() -> None:
    """A homeserver that asks for patience is no fault of anybody's."""

    def answer(path: str) -> web.StreamResponse:
        return versions(path) or web.json_response({"retry_after_ms": 2500}, status=429)

    async with stand_in(answer) as address:
        done = await asked(address)
    assert (done.code, todo(done, "– Matrix: de server heeft het te druk")) == (
        0,
        "Probeer het over 3 seconden nog eens.",
    )


async def test_silence_after_the_login() -> None:
    """A homeserver that falls silent half-way costs a few seconds, and what it left open is told."""

    def answer(path: str) -> web.StreamResponse | None:
        if path.endswith("/whoami"):
            return web.json_response({"user_id": BOT, "device_id": "ACTIEBOT"})
        return versions(path) or (web.json_response({"joined_rooms": []}) if path.endswith("/joined_rooms") else None)

    async with stand_in(answer) as address:
        done = await asked(address, rooms=tuple(f"!{n}" for n in range(20)))
    assert (done.code, len(lines(done, "✗"))) == (1, 21)
    assert all("geen duidelijk antwoord" in line for line in lines(done, "✗"))


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ({"Date": "Tue, 01 Jan 2019 12:00:00 GMT"}, "✗ Matrix: de klok van deze computer loopt 8 jaar voor"),
        ({"Date": "Fri, 01 Jan 2100 12:00:00 GMT"}, "✗ Matrix: de klok van deze computer loopt 73 jaar achter"),
        ({"Date": "gisteren"}, None),
    ],
)
async def test_clock(headers: dict[str, str], what: str | None) -> None:
    """A clock that is off by more than a minute is told, with how much and what to do."""

    def answer(path: str) -> web.StreamResponse:
        return versions(path, **headers) or web.json_response({"retry_after_ms": 0}, status=429)

    async with stand_in(answer) as address:
        done = await asked(address)
    assert done.code == (1 if what else 0)
    if what:
        assert "timedatectl" in todo(done, what)
    else:
        assert "klok van deze computer" not in done.out


async def test_clock_behind_a_cache() -> None:
    """What a cache has kept for an hour is no clock that is an hour behind."""
    then = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)

    def answer(path: str) -> web.StreamResponse:
        kept = versions(path, Date=email.utils.format_datetime(then, usegmt=True), Age="3600")
        return kept or web.json_response({"retry_after_ms": 0}, status=429)

    async with stand_in(answer) as address:
        assert "klok van deze computer loopt gelijk" in (await asked(address)).out
