"""What a bot hears, and what it hears again after its connection was lost."""

import discord
import pytest

from tests.discord_server.home import Home
from tests.discord_server.people import Person
from tests.discord_server.place import Channel
from tests.discord_server.server import DiscordServer
from tests.discord_server.small_bot import SmallBot, eventually, running


async def test_dropped_and_resumed(server: DiscordServer, bot: SmallBot, room: Channel, anna: Person) -> None:
    """What happened while the connection was down comes after resuming, once and in order."""
    await server.gateway.drop()
    for number in range(3):
        await anna.says(await anna.dm(), str(number))
    await eventually(lambda: bot.resumed == 1)
    assert bot.heard == ["0", "1", "2"]
    assert (server.gateway.identified, server.gateway.resumed) == (1, 1)


async def test_told_to_reconnect(server: DiscordServer, bot: SmallBot, room: Channel, anna: Person) -> None:
    """An order to reconnect is followed by resuming; a command meanwhile is answered."""
    await server.gateway.reconnect()
    assert (await (await anna.slash(room, "hallo", {"naam": "Bram"})).answer()).text == "Hallo Bram"
    await eventually(lambda: bot.resumed == 1)


async def test_session_over(
    server: DiscordServer, bot: SmallBot, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an invalid session the bot begins anew, and what it missed is lost."""

    async def at_once(*_: object, initial: bool = False) -> None:
        """discord.py waits five seconds before it begins anew."""

    monkeypatch.setattr(bot, "before_identify_hook", at_once)
    await server.gateway.invalidate()
    await anna.says(await anna.dm(), "Gemist")
    await eventually(lambda: server.gateway.identified == 2)
    await anna.says(await anna.dm(), "Gehoord")
    await eventually(lambda: bool(bot.heard))
    assert bot.heard == ["Gehoord"]


async def test_new_process_missed_it(server: DiscordServer, room: Channel, anna: Person) -> None:
    """A bot that is closed leaves nothing to resume: what happened meanwhile is lost for the next one."""
    async with running(server):
        pass
    await anna.says(await anna.dm(), "Gemist")
    async with running(server) as bot:
        await anna.says(await anna.dm(), "Gehoord")
        await eventually(lambda: bool(bot.heard))
        assert bot.heard == ["Gehoord"]


@pytest.mark.parametrize(("intents", "token", "refused"), [
    (1 << 15, "", discord.PrivilegedIntentsRequired),
    (1, "wrong", discord.LoginFailure),
])  # fmt: skip
async def test_refused(server: DiscordServer, intents: int, token: str, refused: type[Exception]) -> None:
    """A wrong token, and an intent that is not switched on, end the bot with discord.py's own errors."""
    async with running(server):
        pass
    bot = SmallBot(intents)
    try:
        with pytest.raises(refused):
            await bot.start(token or server.token)
    finally:
        await bot.close()


async def test_acknowledged_is_not_told_again(server: DiscordServer, room: Channel, anna: Person) -> None:
    """What the bot said it had by its heartbeat is forgotten, and resuming brings only the rest."""
    server.gateway.heartbeat_seconds = 0.05
    async with running(server) as bot:
        (session,) = server.gateway.sessions.values()
        await anna.says(await anna.dm(), "Een")
        await eventually(lambda: not session.events)
        await server.gateway.drop()
        await anna.says(await anna.dm(), "Twee")
        await eventually(lambda: bot.resumed == 1)
        assert bot.heard == ["Een", "Twee"]
        assert server.gateway.identified == 1


async def test_away_for_a_while(server: DiscordServer, bot: SmallBot, room: Channel, anna: Person) -> None:
    """A server that goes away and comes back knows what it knew, and the bot finds it again."""
    assert (await (await anna.slash(room, "hallo", {"naam": "Bram"})).answer()).text == "Hallo Bram"
    await server.stop()
    await server.listen(server.port)
    await server.gateway.ready()
    assert (await (await anna.slash(room, "hallo", {"naam": "Cor"})).answer()).text == "Hallo Cor"
    assert [one.content for one in server.messages(room)] == ["Hallo Bram", "Hallo Cor"]


async def test_sent_away(server: DiscordServer, bot: SmallBot, home: Home, room: Channel) -> None:
    """A guild that sends the bot away is gone from what it knows, and its channels are closed."""
    home.dismisses_bot()
    await eventually(lambda: not bot.guilds)
    with pytest.raises(discord.Forbidden):
        await bot.get_partial_messageable(int(room.id)).send("Hoi")
