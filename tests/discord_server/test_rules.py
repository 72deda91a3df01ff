"""Each rule refuses what it must, and says so."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.discord_server.interaction import COMMAND, Interaction
from tests.discord_server.people import Person
from tests.discord_server.place import Channel
from tests.discord_server.server import DiscordServer

JSON = dict[str, Any]
Ask = Callable[..., Awaitable[tuple[int, Any]]]

SILENT: JSON = {"allowed_mentions": {"parse": []}}


@pytest.fixture
async def ask(server: DiscordServer) -> AsyncIterator[Ask]:
    """Send a request by hand; the answer is status and body."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"}) as session:

        async def asked(method: str, path: str, body: Any = None, **rest: Any) -> tuple[int, Any]:
            sent: dict[str, Any] = (
                {} if body is None else {"data": json.dumps(body), "headers": {"Content-Type": "application/json"}}
            )
            async with session.request(method, server.api_url + path, **sent, **rest) as answer:
                return answer.status, json.loads(await answer.read() or "null")

        yield asked


def row(*parts: JSON) -> JSON:
    return {"type": 1, "components": list(parts)}


def button(label: str = "Ja", custom_id: str | None = "a", **rest: Any) -> JSON:
    return {"type": 2, "style": 1, "label": label, "custom_id": custom_id} | rest


def select(count: int, **rest: Any) -> JSON:
    options = [{"label": str(number), "value": str(number)} for number in range(count)]
    return {"type": 3, "custom_id": "s", "options": options} | rest


@pytest.mark.parametrize(("fields", "why"), [
    ({"content": "x" * 2001}, "2001 characters"),
    ({"content": ""}, "empty"),
    ({"content": " \n"}, "empty"),
    ({"content": "x", "colour": "red"}, "colour"),
    ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "all users and some"),
    ({"content": "x", "nonce": "n" * 26}, "26 characters"),
    ({"content": "x", "enforce_nonce": True}, "without a nonce"),
    ({"content": "x", "flags": 1 << 15}, "components v2"),
    ({"content": "x", "attachments": [{"id": n} for n in range(11)]}, "11"),
    ({"embeds": [{"title": "x" * 257}]}, "257 characters"),
    ({"embeds": [{"description": "x" * 4097}]}, "4097 characters"),
    ({"embeds": [{"title": "x", "footer": {"text": "x" * 2049}}]}, "2049 characters"),
    ({"embeds": [{"description": "x" * 3001}, {"description": "x" * 3000}]}, "6001 characters"),
    ({"embeds": [{"fields": [{"name": "x" * 257, "value": "x"}]}]}, "257 characters"),
    ({"embeds": [{"fields": [{"name": "x", "value": "x" * 1025}]}]}, "1025 characters"),
    ({"embeds": [{"fields": [{"name": "x", "value": " "}]}]}, "without a name or value"),
    ({"embeds": [{"fields": [{"name": "x", "value": "x"}] * 26}]}, "26 fields"),
    ({"embeds": [{"title": "x"}] * 11}, "11, at most 10"),
    ({"embeds": [{"color": 1}]}, "embed: empty"),
    ({"embeds": [{"image": {"url": "attachment://weg.png"}}]}, "weg.png"),
    ({"embeds": [{"image": {"url": "balk.png"}}]}, "no address"),
    ({"components": [row(button())] * 6}, "6 rows"),
    ({"components": [row(*[button(custom_id=str(n)) for n in range(6)])]}, "6 in a row"),
    ({"components": [row(button(), button())]}, "'a' 2 times"),
    ({"components": [row(button(custom_id="x" * 101))]}, "101 characters"),
    ({"components": [row(button(custom_id=""))]}, "0 characters"),
    ({"components": [row(button("x" * 81))]}, "81 characters"),
    ({"components": [row(button(""))]}, "without a label"),
    ({"components": [row(button(custom_id=None))]}, "has a custom_id"),
    ({"components": [row(button(style=5, url="https://x.nl"))]}, "no custom_id"),
    ({"components": [row(select(26))]}, "26 options"),
    ({"components": [row(select(0))]}, "0 options"),
    ({"components": [row(select(1), button())]}, "a row to itself"),
    ({"components": [button()]}, "outside a row"),
])  # fmt: skip
async def test_messages(server: DiscordServer, room: Channel, ask: Ask, fields: JSON, why: str) -> None:
    """A message against the rules is refused and leaves nothing."""
    status, answer = await ask("POST", f"/channels/{room.id}/messages", SILENT | fields)
    assert (status, answer["code"], server.messages(room)) == (400, 50035, [])
    assert why in answer["message"]
    assert len(server.violations) == 1
    assert why in server.violations[0]


async def test_mentions_are_said(server: DiscordServer, room: Channel, ask: Ask) -> None:
    """A new message says whom it may call."""
    assert (await ask("POST", f"/channels/{room.id}/messages", {"content": "x"}))[0] == 400
    assert "allowed_mentions: not said" in server.violations[0]


async def test_what_is_just_allowed(server: DiscordServer, room: Channel, ask: Ask) -> None:
    """At the limits nothing is refused."""
    parts = [row(*[button("x" * 80, f"{line}.{n}" + "x" * 97) for n in range(5)]) for line in range(5)]
    fields = {
        "content": "x" * 2000,
        "nonce": "n" * 25,
        "embeds": [{"description": "x" * 3000}] * 2,
        "components": parts,
    }
    status, answer = await ask("POST", f"/channels/{room.id}/messages", SILENT | fields)
    assert (status, server.violations) == (200, []), answer


def command(**rest: Any) -> JSON:
    return {"name": "taak", "type": 1, "description": "Taken", "options": []} | rest


def option(name: str = "nummer", **rest: Any) -> JSON:
    return {"type": 3, "name": name, "description": "Welke"} | rest


def choices(count: int, **rest: Any) -> list[JSON]:
    return [{"name": str(number), "value": str(number)} | rest for number in range(count)]


@pytest.mark.parametrize(("commands", "why"), [
    ([command(name=str(n)) for n in range(101)], "101, at most 100"),
    ([command(), command()], "2 times"),
    ([command(name="Taak")], "'Taak'"),
    ([command(name="taak nu")], "'taak nu'"),
    ([command(name="x" * 33)], "x" * 33),
    ([command(name_localizations={"nl": "Taak"})], "'Taak'"),
    ([command(description="")], "0 characters"),
    ([command(description="x" * 101)], "101 characters"),
    ([command(description_localizations={"nl": "x" * 101})], "101 characters"),
    ([command(default_member_permissions="alles")], "'alles'"),
    ([command(options=[option(str(n)) for n in range(26)])], "26, at most 25"),
    ([command(options=[option(), option("b", required=True)])], "a required one after"),
    ([command(options=[option(), option()])], "2 times"),
    ([command(options=[option(), {"type": 1, "name": "sub", "description": "x"}])], "beside sub-commands"),
    ([command(options=[option("a", name_localizations={"nl": "c"}), option("b", name_localizations={"nl": "c"})])],
     "'c' 2 times in nl"),
    ([command(options=[option(choices=choices(26))])], "26, at most 25"),
    ([command(options=[option(choices=choices(1, value="x" * 101))])], "101 characters"),
    ([command(options=[option(choices=choices(1, name=""))])], "0 characters"),
    ([command(options=[option(choices=choices(2, value="x"))])], "a value twice"),
    ([command(options=[option(choices=choices(1), autocomplete=True)])], "beside autocomplete"),
    ([command(options=[option(f"o{n}", choices=choices(20, name="x" * 100)) for n in range(2)])], "at most 4000"),
])  # fmt: skip
async def test_commands(server: DiscordServer, ask: Ask, commands: list[JSON], why: str) -> None:
    """Commands against the rules are refused all together."""
    status, answer = await ask("PUT", f"/applications/{server.world.bot.id}/commands", commands)
    assert (status, server.commands()) == (400, [])
    assert why in answer["message"]
    assert len(server.violations) == 1


async def interaction(server: DiscordServer, anna: Person, room: Channel, kind: int = COMMAND) -> Interaction:
    return anna._interact(kind, room, {"id": "1", "name": "x", "type": 1, "options": []})


def form(**rest: Any) -> JSON:
    field = {"type": 4, "custom_id": "t", "style": 2, "label": "Tekst"} | rest.pop("field", {})
    return {"custom_id": "f", "title": "Vraag", "components": [row(field)]} | rest


@pytest.mark.parametrize(("kind", "answer", "why"), [
    (2, {"type": 4, "data": {"content": "x"}}, "not said"),
    (2, {"type": 4, "data": SILENT | {"content": "x", "nonce": "1"}}, "nonce"),
    (2, {"type": 4, "data": SILENT}, "empty"),
    (2, {"type": 7, "data": {"content": "x"}}, "does not answer"),
    (2, {"type": 8, "data": {"choices": []}}, "does not answer"),
    (4, {"type": 8, "data": {"choices": choices(26)}}, "26"),
    (4, {"type": 8, "data": {"choices": choices(1, value="x" * 101)}}, "101"),
    (4, {"type": 8, "data": {"choices": choices(1, name="")}}, "0 characters"),
    (2, {"type": 9, "data": form(title="x" * 46)}, "46"),
    (2, {"type": 9, "data": form(components=[])}, "0 parts"),
    (2, {"type": 9, "data": form(field={"label": "x" * 46})}, "46"),
    (2, {"type": 9, "data": form(field={"value": "xx", "max_length": 1})}, "filled in beforehand"),
    (2, {"type": 9, "data": form(field={"custom_id": "x" * 101})}, "101"),
    (5, {"type": 9, "data": form()}, "does not answer"),
])  # fmt: skip
async def test_answers(
    server: DiscordServer, anna: Person, room: Channel, ask: Ask, kind: int, answer: JSON, why: str
) -> None:
    """An answer against the rules is none: the interaction still waits."""
    asked = await interaction(server, anna, room, kind)
    status, body = await ask("POST", f"/interactions/{asked.id}/{asked.token}/callback", answer)
    assert (status, asked.acknowledged) == (400, None)
    assert why in body["message"]
    assert len(server.violations) == 1


async def test_nothing_is_left_of_a_message(server: DiscordServer, room: Channel, ask: Ask) -> None:
    """A change that would empty a message is refused."""
    _, made = await ask("POST", f"/channels/{room.id}/messages", SILENT | {"content": "x"})
    status, answer = await ask("PATCH", f"/channels/{room.id}/messages/{made['id']}", {"content": ""})
    assert (status, answer["code"], server.messages(room)[0].content) == (400, 50006, "x")


async def test_paths(server: DiscordServer, room: Channel, ask: Ask) -> None:
    """A path that Discord does not have, a value that it does not know and no token are refused."""
    assert (await ask("GET", "/nonsense"))[0] == 404
    if server.rest.description.present:
        assert (await ask("GET", f"/channels/{room.id}/messages?limit=101"))[0] == 400
        assert (await ask("GET", f"/channels/{room.id}/messages?colour=red"))[0] == 400
        assert (await ask("GET", "/channels/abc"))[0] == 400
        assert len(server.violations) == 4
    assert (await ask("GET", "/users/@me", headers={"Authorization": "Bot wrong"}))[0] == 401


async def test_pages_of_history(server: DiscordServer, room: Channel, ask: Ask) -> None:
    """History comes newest first, and a page of it before, after or around a message."""
    path = f"/channels/{room.id}/messages"
    ids = [(await ask("POST", path, SILENT | {"content": str(n)}))[1]["id"] for n in range(6)]
    for query, expected in (
        ("limit=2", "54"), (f"before={ids[4]}&limit=2", "32"), (f"after={ids[1]}&limit=2", "32"),
        (f"around={ids[2]}&limit=3", "321"),
    ):  # fmt: skip
        assert "".join(one["content"] for one in (await ask("GET", f"{path}?{query}"))[1]) == expected
