"""Names of discord.py that are not public, and what else of it we lean on: who raises its version looks here first."""

import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.platforms.discord.client import Client, point_at
from bot.platforms.discord.message import view
from tests.platforms.discord.conftest import Scene


def test_addresses() -> None:
    """Where discord.py finds Discord stands in two names; we put others there in tests alone."""
    point_at("http://127.0.0.1:1/api/v10/", "ws://127.0.0.1:1/gateway/")
    assert Route("GET", "/users/@me").url == "http://127.0.0.1:1/api/v10/users/@me"
    point_at(None, None)
    assert yarl.URL("ws://127.0.0.1:1/gateway/") == DiscordWebSocket.DEFAULT_GATEWAY


def test_roles_of_a_member() -> None:
    """The ids of a member's roles, as they came, are in a name of their own."""
    assert "_roles" in discord.Member.__slots__


async def test_settings_of_the_client() -> None:
    """discord.py takes unknown settings without a word; ours are known to it."""
    async with Client() as client:
        assert client.intents.value == 1 << 0 | 1 << 9 | 1 << 12
        assert client.http.max_ratelimit_timeout == 30.0
        assert client._connection.guild_ready_timeout == 0.0
        assert client._connection.max_messages is None
        assert client._connection.member_cache_flags == discord.MemberCacheFlags.none()
        assert client.allowed_mentions is not None
        assert str(client.allowed_mentions.to_dict()) == str({"parse": []})


async def test_views_are_not_kept(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message with buttons leaves nothing behind: discord.py keeps no view that has ended."""
    rows = [{"components": [{"type": 2, "style": 1, "label": "Ja", "custom_id": "act:1:a::0:help"}]}]
    assert view(rows).is_finished()
    clients: list[Client] = []
    real = Client.setup_hook

    async def remembered(client: Client) -> None:
        clients.append(client)
        await real(client)

    monkeypatch.setattr(Client, "setup_hook", remembered)
    async with scene.home.running():
        for _ in range(3):
            shown = await (await scene.anna.slash(scene.room, "proef plek")).answer()
            await (await scene.bram.tap(shown, "Ik kom")).answer()
        (client,) = clients
        assert not any(client._connection._view_store._views.values())
