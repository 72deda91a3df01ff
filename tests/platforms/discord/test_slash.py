"""Slash commands: what Discord gets, and what comes back from it.

discord.py runs as it is, against a loopback server that keeps what it was sent; interactions are handed to it as the
gateway does.
"""

import asyncio
import contextlib
import dataclasses
import json
import pathlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import discord
import pytest
import yaml
from aiohttp import web
from discord import app_commands
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

import commands
from bot.core import parsing
from bot.core.command import Catalogue, Command, Declared
from bot.core.reply import Money
from bot.core.texts import Texts
from bot.platforms.discord import slash, upload
from bot.platforms.discord.modal import Form
from bot.platforms.discord.slash import Hands, Slash
from bot.store.database import Database
from bot.store.memory import Memory
from tests.core import small_catalogue as small

ROOT = pathlib.Path(__file__).parents[3]
DESCRIPTION = ROOT.parent / "shared/discord/openapi.json"
TEXTS = Texts(yaml.safe_load((ROOT / "bot/platforms/discord/texts.yaml").read_text("utf-8")))
NAME = re.compile(r"[-_\w]{1,32}")
APPLICATION = 7
Payload = dict[str, Any]


# -- a loopback Discord that keeps what it was sent -----------------------------------------------------


def answered(data: Any, *, status: int = 200) -> web.Response:
    """JSON as discord.py reads it: a charset in the content type would make it text (http.py, json_or_text)."""
    return web.Response(body=json.dumps(data).encode(), content_type="application/json", status=status)


@dataclasses.dataclass
class Discord:
    """What discord.py sent: commands by path, and the answers to interactions."""

    uploads: list[tuple[str, list[Payload]]] = dataclasses.field(default_factory=list)
    answers: list[Payload] = dataclasses.field(default_factory=list)
    application: int = APPLICATION
    closed: set[str] = dataclasses.field(default_factory=set)
    silent: bool = False

    async def me(self, request: web.Request) -> web.Response:
        return answered({"id": "7", "username": "actiebot", "discriminator": "0", "avatar": None})

    async def about(self, request: web.Request) -> web.Response:
        owner = {"id": "8", "username": "anna", "discriminator": "0", "avatar": None}
        return answered({
            "id": str(self.application), "name": "Actiebot", "description": "", "icon": None, "bot_public": False,
            "bot_require_code_grant": False, "owner": owner, "verify_key": "", "team": None, "summary": "",
        })  # fmt: skip

    async def put(self, request: web.Request) -> web.Response:
        place = request.match_info.get("guild", "global")
        if place in self.closed:
            return answered({"code": 50001, "message": "Missing Access"}, status=403)
        self.uploads.append((place, await request.json()))
        return answered([])

    async def get(self, request: web.Request) -> web.Response:
        place = request.match_info.get("guild", "global")
        sent = next((sent for at, sent in reversed(self.uploads) if at == place), [])
        more = {"id": "9", "application_id": str(self.application), "version": "1"}
        return answered([one | more for one in sent], status=503 if self.silent else 200)

    async def callback(self, request: web.Request) -> web.Response:
        self.answers.append(await request.json())
        return answered({"interaction": {"id": request.match_info["id"], "type": 2}})


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Discord]:
    kept = Discord()
    app = web.Application()
    app.add_routes([
        web.get("/users/@me", kept.me),
        web.get("/oauth2/applications/@me", kept.about),
        web.put("/applications/{app}/commands", kept.put),
        web.put("/applications/{app}/guilds/{guild}/commands", kept.put),
        web.get("/applications/{app}/commands", kept.get),
        web.get("/applications/{app}/guilds/{guild}/commands", kept.get),
        web.post("/interactions/{id}/{token}/callback", kept.callback),
    ])  # fmt: skip
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setattr(discord.http.Route, "BASE", f"http://127.0.0.1:{runner.addresses[0][1]}")
    yield kept
    await runner.cleanup()


@dataclasses.dataclass
class Heard:
    """What came out of interactions."""

    calls: list[tuple[str, Mapping[str, str]]] = dataclasses.field(default_factory=list)
    typed: list[tuple[str, str, str, Mapping[str, str]]] = dataclasses.field(default_factory=list)
    forms: list[tuple[str, Mapping[str, str], list[str]]] = dataclasses.field(default_factory=list)
    errors: list[Exception] = dataclasses.field(default_factory=list)
    offers: Sequence[tuple[str, str]] = ()
    delay: float = 0.0
    fault: Exception | None = None

    def hands(self) -> Hands:
        return Hands(self.on_call, self.on_type, self.on_modal)

    async def on_call(self, interaction: discord.Interaction, command: Command, values: Mapping[str, str]) -> None:
        if self.fault:
            raise self.fault
        self.calls.append((command.id, values))

    async def on_type(
        self, interaction: discord.Interaction, command: Command, declared: Declared, partial: str,
        values: Mapping[str, str],
    ) -> Sequence[tuple[str, str]]:  # fmt: skip
        if self.fault:
            raise self.fault
        self.typed.append((command.id, declared.name, partial, values))
        await asyncio.sleep(self.delay)
        return self.offers

    async def on_modal(
        self, interaction: discord.Interaction, command: Command, values: Mapping[str, str], texts: tuple[Declared, ...]
    ) -> None:
        self.forms.append((command.id, values, [p.name for p in texts]))
        form = Form(command, values, texts, language="nl", names="nl", on_sent=self.on_call, on_error=self.on_error)
        await interaction.response.send_modal(form)

    async def on_error(self, interaction: discord.Interaction, error: Exception) -> None:
        self.errors.append(error)


@contextlib.asynccontextmanager
async def bot(
    catalogue: Catalogue = commands.CATALOGUE, language: str = "nl", heard: Heard | None = None
) -> AsyncIterator[app_commands.CommandTree]:
    """A client that is logged in, with its tree."""
    async with discord.Client(intents=discord.Intents(guilds=True)) as client:
        tree = app_commands.CommandTree(client)
        await Slash(catalogue, language, TEXTS, (heard or Heard()).hands()).put_on(tree)
        await client.login("token")
        yield tree


async def give(tree: app_commands.CommandTree, name: str, *, kind: int = 2, **options: Any) -> None:
    """Give a command as the gateway does; an option with a trailing underscore is the one being typed."""
    *group, last = name.split()
    types = {bool: 5, discord.Object: 6}
    filled: list[Payload] = [
        {
            "name": label.rstrip("_"), "type": types.get(type(value), 3), "focused": label.endswith("_"),
            "value": str(value.id) if isinstance(value, discord.Object) else value,
        }
        for label, value in options.items()
    ]  # fmt: skip
    data: Payload = {"name": last, "type": 1, "options": filled, "id": "5"}
    if group:
        data = {"name": group[0], "type": 1, "options": [data], "id": "5"}
    await tree._call(interaction(tree, data, kind))


def interaction(tree: app_commands.CommandTree, data: Payload, kind: int) -> discord.Interaction:
    user = {"id": "42", "username": "bram", "discriminator": "0", "avatar": None, "global_name": None}
    payload: Any = {
        "id": "100", "application_id": "7", "type": kind, "data": data, "token": "t", "version": 1, "locale": "nl",
        "user": user, "channel": {"id": "9", "type": 1, "recipients": [user]}, "channel_id": "9", "context": 1,
        "app_permissions": "0", "attachment_size_limit": 0, "entitlements": [], "authorizing_integration_owners": {},
    }  # fmt: skip
    return discord.Interaction(data=payload, state=tree.client._connection)


async def payload_of(catalogue: Catalogue, language: str) -> list[Payload]:
    """What is uploaded, made without a server."""
    async with discord.Client(intents=discord.Intents.none()) as client:
        tree = app_commands.CommandTree(client)
        await Slash(catalogue, language, TEXTS, Heard().hands()).put_on(tree)
        assert tree.translator
        return [await one.get_translated_payload(tree, tree.translator) for one in tree.get_commands()]


def nested(one: Payload) -> Iterator[Payload]:
    """A command with all its actions and options."""
    yield one
    for inner in one.get("options", ()):
        yield from nested(inner)


# -- what Discord gets ----------------------------------------------------------------------------------


def described(schema: str) -> Draft202012Validator:
    """Discord's own description of one thing."""
    if not DESCRIPTION.exists():
        pytest.skip(f"Discord's own description is not at {DESCRIPTION}")
    whole = DRAFT202012.create_resource(json.loads(DESCRIPTION.read_bytes()))
    registry: Registry[Any] = Registry().with_resource("urn:discord", whole)
    return Draft202012Validator({"$ref": f"urn:discord#/components/schemas/{schema}"}, registry=registry)


@pytest.mark.parametrize("catalogue", [commands.CATALOGUE, small.CATALOGUE], ids=["real", "small"])
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_described(catalogue: Catalogue, language: str) -> None:
    """Every command is what Discord's own description asks for."""
    validator = described("ApplicationCommandUpdateRequest")
    for one in await payload_of(catalogue, language):
        validator.validate(one)


@pytest.mark.parametrize("catalogue", [commands.CATALOGUE, small.CATALOGUE], ids=["real", "small"])
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_limits(catalogue: Catalogue, language: str) -> None:
    """Names, descriptions, options, choices and totals are within the limits that Discord tells at upload only."""
    tops = await payload_of(catalogue, language)
    assert len(tops) <= 100
    for top in tops:
        total = 0
        for one in nested(top):
            assert NAME.fullmatch(one["name"])
            assert one["name"] == one["name"].lower()
            abouts = [one["description"], *one["description_localizations"].values()]
            assert all(1 <= len(about) <= 100 for about in abouts), one
            inner = one.get("options", [])
            assert len(inner) <= 25
            assert len({i["name"] for i in inner}) == len(inner)
            required = [i.get("required", False) for i in inner]
            assert required == sorted(required, reverse=True)
            choices = one.get("choices", [])
            assert len(choices) <= 25
            assert not (choices and one.get("autocomplete"))
            assert all(1 <= len(c["name"]) <= 100 and 1 <= len(c["value"]) <= 100 for c in choices)
            total += len(one["name"]) + max(map(len, abouts)) + sum(len(c["name"]) + len(c["value"]) for c in choices)
        assert total <= 4000, top["name"]


async def test_languages() -> None:
    """Names stand in the campaign's language; descriptions and choices in the reader's."""
    tops = {one["name"]: one for one in await payload_of(small.CATALOGUE, "nl")}
    counter = next(one for one in tops["teller"]["options"] if one["name"] == "zetten")
    chosen = counter["options"][0]
    assert chosen["name"] == "teller"
    assert chosen["description"] == chosen["description_localizations"]["nl"] == "Welke teller"
    assert {chosen["description_localizations"][lang] for lang in ("en-GB", "en-US")} == {"Which counter"}
    assert chosen["choices"][0] == {
        "name": "petitie", "value": "petition",
        "name_localizations": {"nl": "petitie", "en-GB": "petition", "en-US": "petition"},
    }  # fmt: skip
    assert not any(one.get("name_localizations") for top in tops.values() for one in nested(top))
    assert {one["name"] for one in await payload_of(small.CATALOGUE, "en")} == {"task", "remind", "counter", "faq"}


async def test_same_word() -> None:
    """A command and its option with the same words in Dutch have their own in English."""
    words = small.words("vraag", "faq", question="vraag")
    for language, (about, other) in {"nl": ("Vraag", "Vraag"), "en": ("Ask", "Your question")}.items():
        words[language]["help"] = about
        words[language]["parameters"]["question"][1] = other
    (one,) = await payload_of(Catalogue([small.faq], {"faq": words}), "nl")
    (option,) = one["options"]
    assert one["name"] == option["name"] == "vraag"
    assert one["description"] == option["description"] == "Vraag"
    assert one["description_localizations"]["en-GB"] == "Ask"
    assert option["description_localizations"]["en-GB"] == "Your question"


async def test_group() -> None:
    """A group says what can be done with it, however much that is."""
    tops = {one["name"]: one for one in await payload_of(commands.CATALOGUE, "nl")}
    assert tops["bericht"]["description"] == "Kies uit: nieuw, versturen, lijst, wijzigen en intrekken"
    many = [dataclasses.replace(small.faq, id=f"taak.{n}") for n in range(25)]
    words = {c.id: small.words(f"taak actie_{n}", f"task action_{n}", question="vraag") for n, c in enumerate(many)}
    (group,) = await payload_of(Catalogue(many, words), "nl")
    assert group["description"].startswith("Kies uit: actie_0, actie_1")
    assert group["description"].endswith(" …")
    assert len(group["description"]) <= 100


async def test_organisers_alone() -> None:
    """What is organisers' alone is shown to administrators only; a group with anything for others is not hidden."""
    hidden = {one["name"]: one["default_member_permissions"] for one in await payload_of(commands.CATALOGUE, "nl")}
    assert {name for name, shown in hidden.items() if shown == 0} >= {"status", "antwoord", "bericht"}
    assert {hidden[name] for name in ("hulp", "rechten", "vraag", "mijn")} == {None}
    mixed = {one["name"]: one["default_member_permissions"] for one in await payload_of(small.CATALOGUE, "nl")}
    assert mixed == {"taak": None, "herinner": None, "teller": 0, "vraag": None}


async def test_where() -> None:
    """Every command is there in servers and in private talks with the bot, never in a person's own collection."""
    for one in await payload_of(commands.CATALOGUE, "nl"):
        assert (one["contexts"], one["integration_types"]) == ([0, 1], [0])


async def test_kinds() -> None:
    """Yes or no, people and choices have their own kind of option; numbers and moments are typed."""
    taak, _, teller, _ = await payload_of(small.CATALOGUE, "nl")
    options = {f"{c['name']} {o['name']}": o for c in (*taak["options"], *teller["options"]) for o in c["options"]}
    assert options["oppakken wachten"]["type"] == 5
    assert options["bedanken wie"]["type"] == 6
    assert options["oppakken taak"]["autocomplete"]
    typed = ("nieuw plekken", "nieuw uiterlijk", "zetten waarde", "zetten bedrag", "zetten vooraf")
    assert {(options[name]["type"], options[name].get("autocomplete")) for name in typed} == {(3, None)}
    assert options["nieuw titel"]["max_length"] == 6000
    assert options["nieuw waar"]["max_length"] == 1500


# -- what comes back ------------------------------------------------------------------------------------


async def test_raw_values(server: Discord) -> None:
    """What is filled in comes by its English name, as it would be typed; what is left out does not come."""
    heard = Heard()
    async with bot(small.CATALOGUE, "nl", heard) as tree:
        await give(tree, "taak oppakken", taak="T12", wachten=True)
        await give(tree, "taak oppakken", taak="T12", wachten=False)
        await give(tree, "taak bedanken", taak="12", reden="x", tekst="Dank", wie=discord.Object(42))
        await give(tree, "taak lijst")
        await give(tree, "vraag", vraag="Wat is 45.500?")
    assert heard.calls == [
        ("task.claim", {"task": "T12", "wait": "ja"}),
        ("task.claim", {"task": "T12", "wait": "nee"}),
        ("task.thank", {"task": "12", "reason": "x", "text": "Dank", "member": "<@42>"}),
        ("task.list", {}),
        ("faq", {"question": "Wat is 45.500?"}),
    ]


async def test_english_campaign(server: Discord) -> None:
    """In an English campaign names and values are English; a name that is a word of Python's works."""
    heard = Heard()
    async with bot(small.CATALOGUE, "en", heard) as tree:
        await give(tree, "task claim", task="12", wait=True)
    async with bot(heard=heard) as tree:
        await give(tree, "mijn rust", van="22:00", tot="8:00")
    assert heard.calls == [
        ("task.claim", {"task": "12", "wait": "yes"}),
        ("me.quiet", {"from": "22:00", "until": "8:00"}),
    ]


async def test_core_reads_them(server: Discord) -> None:
    """The core reads the raw values, chosen and typed, as it reads a typed line."""
    heard = Heard()
    async with bot(small.CATALOGUE, "nl", heard) as tree:
        await give(tree, "teller zetten", teller="petition", waarde="45.500", bedrag="€ 25,50")
        await give(tree, "taak oppakken", taak="T12", wachten=True)
    bound = [await parsing.bind(small.CATALOGUE[id_], values, small.Scope()) for id_, values in heard.calls]
    assert bound == [{"counter": "petition", "value": 45_500, "amount": Money(2550)}, {"task": "12", "wait": True}]


async def test_stale_or_forged(server: Discord) -> None:
    """A command that is gone, or comes without what it needs, is an error for the tree to answer; nothing is called."""
    heard = Heard()
    async with bot(small.CATALOGUE, "nl", heard) as tree:
        tree.error(heard.on_error)
        with pytest.raises(app_commands.CommandNotFound):
            await give(tree, "taak weggooien")
        await give(tree, "taak oppakken", wachten=True)
        await give(tree, "taak oppakken", taak=True, onbekend="x")
    assert [type(error) for error in heard.errors] == [app_commands.CommandSignatureMismatch]
    assert heard.calls == [("task.claim", {"task": "ja"})]


# -- while somebody types -------------------------------------------------------------------------------


async def test_suggestions(server: Discord) -> None:
    """The value being typed is offered values, given what else is filled in."""
    heard = Heard(offers=[("T12 Flyers uitdelen", "12"), ("T13 Koffie zetten", "13")])
    async with bot(small.CATALOGUE, "nl", heard) as tree:
        await give(tree, "taak bedanken", kind=4, taak_="fly", reden="x", wie=discord.Object(42))
    assert heard.typed == [("task.thank", "task", "fly", {"reason": "x", "member": "<@42>"})]
    (answer,) = server.answers
    assert answer["type"] == 8
    assert answer["data"]["choices"] == [
        {"name": "T12 Flyers uitdelen", "value": "12"},
        {"name": "T13 Koffie zetten", "value": "13"},
    ]


async def test_suggestions_fit(server: Discord) -> None:
    """At most 25 are offered, labels are cut, and values that do not fit are left out."""
    wild = [("lang", "x" * 101), ("leeg", ""), ("", "geen"), ("y" * 300, "1"), *((f"{n}", f"v{n}") for n in range(40))]
    async with bot(small.CATALOGUE, "nl", Heard(offers=wild)) as tree:
        await give(tree, "taak oppakken", kind=4, taak_="")
    choices = server.answers[0]["data"]["choices"]
    described("ApplicationCommandAutocompleteCallbackRequest").validate(server.answers[0])
    assert len(choices) == 25
    assert choices[0] == {"name": "geen", "value": "geen"}
    assert choices[1] == {"name": "y" * 99 + "…", "value": "1"}
    assert all(1 <= len(c["name"]) <= 100 and 1 <= len(c["value"]) <= 100 for c in choices)


@pytest.mark.parametrize("heard", [Heard(delay=30), Heard(fault=ValueError("broken"))], ids=["late", "broken"])
async def test_no_suggestions(server: Discord, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    """When what to offer comes late or not at all, nothing is offered, in time."""
    monkeypatch.setattr(slash, "SUGGEST_SECONDS", 0.05)
    async with bot(small.CATALOGUE, "nl", heard) as tree, asyncio.timeout(2):
        await give(tree, "taak oppakken", kind=4, taak_="12")
    assert [answer["data"]["choices"] for answer in server.answers] == [[]]


# -- long texts -----------------------------------------------------------------------------------------


async def test_form_asks_what_is_missing(server: Discord) -> None:
    """An announcement without its text opens a form, with what was filled in kept; with its text it does not."""
    heard = Heard()
    async with bot(heard=heard) as tree:
        await give(tree, "bericht nieuw", kamer="volunteers", dringend=True)
        await give(tree, "bericht wijzigen", bericht="B3", engels="Hello")
        await give(tree, "bericht nieuw", tekst="Hallo")
    assert heard.forms == [
        ("announcement.add", {"room": "volunteers", "urgent": "ja"}, ["text", "text_en"]),
        ("announcement.edit", {"announcement": "B3", "text_en": "Hello"}, ["text"]),
    ]
    assert heard.calls == [("announcement.add", {"text": "Hallo"})]
    for answer in server.answers:
        described("ModalInteractionCallbackRequest").validate(answer)
    form = server.answers[0]["data"]
    assert form["title"] == "/bericht nieuw"
    assert [(one["label"], one["component"]["required"]) for one in form["components"]] == [
        ("De tekst van het bericht", True),
        ("De tekst in het Engels", False),
    ]
    assert {one["component"]["style"] for one in form["components"]} == {2}


async def test_form_sent(server: Discord) -> None:
    """A form that is sent brings all values together, lines and all; a second time it does nothing."""
    heard = Heard()
    async with bot(heard=heard) as tree:
        await give(tree, "bericht nieuw", kamer="volunteers")
        for _ in range(2):
            await send_form(tree, server.answers[0]["data"]["custom_id"], text="Hallo\n\nallemaal", text_en="  ")
    assert heard.calls == [("announcement.add", {"room": "volunteers", "text": "Hallo\n\nallemaal"})]


async def test_form_fails(server: Discord) -> None:
    """What goes wrong behind a form is handed on, so that the person hears of it."""
    heard = Heard()
    async with bot(heard=heard) as tree:
        await give(tree, "bericht nieuw")
        heard.fault = ValueError("broken")
        await send_form(tree, server.answers[0]["data"]["custom_id"], text="Hallo")
    assert heard.errors == [heard.fault]


async def test_no_form_for_others(server: Discord) -> None:
    """A question may be long too, but it is asked in one line by whoever asks: no form, and still required."""
    (one,) = [top for top in await payload_of(commands.CATALOGUE, "nl") if top["name"] == "vraag"]
    assert one["options"][0]["required"]


async def send_form(tree: app_commands.CommandTree, custom_id: str, **written: str) -> None:
    fields = [
        {"type": 18, "id": n, "component": {"type": 4, "id": n + 10, "custom_id": name, "value": value}}
        for n, (name, value) in enumerate(written.items())
    ]
    data = {"custom_id": custom_id, "components": fields, "resolved": {}}
    store = tree.client._connection._view_store
    store.dispatch_modal(custom_id, interaction(tree, data, 5), fields, {})  # type: ignore[arg-type]
    for _ in range(10):  # discord.py runs it in a task of its own
        await asyncio.sleep(0)


# -- uploading ------------------------------------------------------------------------------------------


@pytest.fixture
async def memory(tmp_path: pathlib.Path) -> AsyncIterator[Memory]:
    async with Database.connect(f"sqlite:///{tmp_path}/bot.db") as database:
        yield Memory(database, "discord", machine=lambda: 0)


async def test_uploaded_once(server: Discord, memory: Memory) -> None:
    """Commands are uploaded once, and again when a word changed or the application is another."""
    changed = dict(small.WORDS)
    changed["faq"] = small.words("vraag", "faq", question="vraag")
    changed["faq"]["en"]["help"] = "Ask away"
    for catalogue in (small.CATALOGUE, small.CATALOGUE, Catalogue(small.COMMANDS, changed)):
        async with bot(catalogue) as tree:
            await upload.upload(tree, memory, [])
    assert [place for place, _ in server.uploads] == ["global", "global"]
    server.application = 77
    async with bot(Catalogue(small.COMMANDS, changed)) as tree:
        assert await upload.upload(tree, memory, []) == ("global",)
        assert await upload.upload(tree, memory, []) == ()


async def test_what_is_hashed_is_sent(server: Discord, memory: Memory) -> None:
    """discord.py sends what its undocumented `get_translated_payload` gives us to hash, options from our signature."""
    async with bot() as tree:
        await upload.upload(tree, memory, [])
    ((_, sent),) = server.uploads
    assert sent == await payload_of(commands.CATALOGUE, "nl")
    for top in sent:
        for one in nested(top):
            name = one["name"] if one is top else f"{top['name']} {one['name']}"
            if (c := commands.CATALOGUE.named(name)) and (one is top or one["type"] == 1):
                assert {o["name"] for o in one["options"]} == {p.labels["nl"] for p in c.parameters}


async def test_trial_guild(server: Discord, memory: Memory) -> None:
    """On a trial the commands stand in its guild alone, afterwards everywhere: nowhere twice."""
    async with bot() as tree:
        count = len(tree.get_commands())
        assert await upload.upload(tree, memory, [5]) == ("global",)
        assert await upload.upload(tree, memory, [5], to=[5]) == ("5",)
        assert await upload.upload(tree, memory, [5], to=[5]) == ()
        assert await upload.upload(tree, memory, [5]) == ("global",)
        assert len(tree.get_commands()) == count
    assert [(place, len(sent)) for place, sent in server.uploads] == [
        ("global", count), ("5", count), ("global", 0), ("global", count), ("5", 0),
    ]  # fmt: skip


async def test_guild_that_left(server: Discord, memory: Memory) -> None:
    """A guild that shows us the door has no commands to take back: it does not come up again."""
    async with bot() as tree:
        await upload.upload(tree, memory, [5], to=[5])
        server.closed.add("5")
        await upload.upload(tree, memory, [5])
        assert await memory.get("device.discord.commands.5") is None


async def test_taken_away(server: Discord, memory: Memory) -> None:
    """Where Discord has other commands than were uploaded they are uploaded again; where it does not tell, not."""
    async with bot() as tree:
        await upload.upload(tree, memory, [])
        server.uploads.append(("global", [{"name": "ander", "description": "x", "options": [], "type": 1}]))
        server.silent = True
        assert await upload.upload(tree, memory, []) == ()
        server.silent = False
        assert await upload.upload(tree, memory, []) == ("global",)
        assert await upload.upload(tree, memory, []) == ()


async def test_stays_on_this_machine(server: Discord, memory: Memory) -> None:
    """What was uploaded is kept under a name that no backup takes along: it may be long ago when that comes back."""
    async with bot() as tree:
        await upload.upload(tree, memory, [])
    assert upload.UPLOADED.startswith("device.")
    assert await memory.get(upload.UPLOADED)


async def test_refused(server: Discord, memory: Memory) -> None:
    """What Discord did not take is tried again."""
    async with bot() as tree:
        server.closed.add("global")
        with pytest.raises(discord.Forbidden):
            await upload.upload(tree, memory, [])
        server.closed.clear()
        assert await upload.upload(tree, memory, []) == ("global",)
