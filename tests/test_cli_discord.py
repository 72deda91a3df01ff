"""The program on Discord: how it starts and ends, and how it comes back from a backup."""

import asyncio
import contextlib
import dataclasses
import subprocess
from collections.abc import AsyncIterator
from typing import Self

import pytest

from bot.core.reply import Phrase, Reply
from bot.store import outbox
from bot.store.database import Database
from bot.store.message import Message
from tests.discord_server import Channel, DiscordServer, Person
from tests.matrix_people import wait
from tests.small_campaign import CONFIG, KEY, KILL, TERM, SmallCampaign, small
from tests.talk import NOON

__all__ = ["small"]

START_SECONDS = 30.0


@dataclasses.dataclass(frozen=True)
class Campaign:
    """A campaign with a channel on Discord."""

    server: DiscordServer
    small: SmallCampaign
    room: Channel
    anna: Person

    @classmethod
    def new(cls, server: DiscordServer, small: SmallCampaign) -> Self:
        guild = server.guild("Actie")
        made = cls(server, small.among(DISCORD_TOKEN=server.token, **KEY), guild.channel("actie"), guild.person("anna"))
        made.configure()
        return made

    def configure(self, *, database: str = "data/bot.db") -> None:
        guild = self.room.guild
        assert guild
        discord = (
            f"  discord: {{token: '${{DISCORD_TOKEN}}', guilds: [{guild.id}], api_url: '{self.server.api_url}', "
            f"gateway_url: '{self.server.gateway_url}'}}\n"
        )
        text = CONFIG.replace("  terminal: {}\n", f"  terminal: {{}}\n{discord}").replace("data/bot.db", database)
        self.small.write("config.yaml", text.replace("#announcements", f'#announcements", "discord:{self.room.id}', 1))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[subprocess.Popen[str]]:
        """The bot on Discord alone, until it hears."""
        with self.small.started("run", "--only", "discord") as process:
            await self.server.gateway.ready(START_SECONDS)
            yield process

    async def end(self, process: subprocess.Popen[str], number: int) -> tuple[int, str]:
        process.send_signal(number)
        out, err = await asyncio.to_thread(process.communicate, timeout=30)
        await wait(lambda: not self.server.gateway.connected)  # or the next one is taken for this one
        self.server.gateway.forget()
        for text in (self.server.token, "Traceback"):
            assert text not in out + err
        return process.returncode, err

    async def put(self, *texts: str) -> None:
        """Messages that the bot is to say."""
        async with Database.connect(f"sqlite:///{self.small.folder / 'data/bot.db'}") as opened, opened.write() as tx:
            messages = [
                Message(
                    f"news:{text}", f"discord:{self.room.id}", Reply(Phrase("button.option", {"label": text})), due=NOON
                )
                for text in texts
            ]
            await outbox.put(tx, messages, now=NOON)

    def said(self) -> list[str]:
        return [one.text.split("\n")[0] for one in self.server.messages(self.room)]


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server
        assert server.violations == []


async def test_start_and_stop(server: DiscordServer, small: SmallCampaign) -> None:
    """It logs in, answers, stops when it is told to, and goes on after a kill, with its commands uploaded once."""
    campaign = Campaign.new(server, small)
    for number in (TERM, KILL, TERM):
        async with campaign.running() as process:
            shown = await (await campaign.anna.slash(campaign.room, "hulp")).answer()
            assert "/vraag" in shown.text
            assert (await campaign.end(process, number))[0] == (0 if number == TERM else -KILL)
    assert sum(method == "PUT" for method, _ in server.rest.calls) == 1


async def test_refused_token(server: DiscordServer, small: SmallCampaign) -> None:
    """With a token that Discord refuses the program says so in one line, and ends with 77."""
    campaign = Campaign.new(server, small)
    wrong = campaign.small.among(DISCORD_TOKEN="een-ander")
    done = await asyncio.to_thread(wrong.do, "run", "--only", "discord")
    assert done.code == 77
    assert sum("DISCORD_TOKEN" in line for line in done.err.splitlines()) == 1
    assert "een-ander" not in done.err


async def test_resumed_from_a_backup(server: DiscordServer, small: SmallCampaign) -> None:
    """What was said after the backup is found in the channel by `resume`, and is not said twice."""
    campaign = Campaign.new(server, small)
    async with campaign.running() as process:
        await campaign.end(process, TERM)
    await campaign.put("een", "twee")
    assert (await asyncio.to_thread(campaign.small.do, "backup", "b1")).code == 0
    async with campaign.running() as process:  # it says both, and then its machine is lost
        await server.until(lambda: campaign.said() == ["een", "twee"])
        await campaign.end(process, KILL)
    campaign.configure(database="new/bot.db")
    assert (await asyncio.to_thread(campaign.small.do, "restore", "b1")).code == 0
    resumed = await asyncio.to_thread(campaign.small.do, "resume")
    assert resumed.code == 0, resumed
    assert "Stond er al: 2" in resumed.out, resumed
    async with campaign.running() as process:
        await campaign.end(process, TERM)
    assert campaign.said() == ["een", "twee"]


async def test_resumed_without_discord(server: DiscordServer, small: SmallCampaign) -> None:
    """Where Discord refuses the token, `resume` says so and asks about each message."""
    campaign = Campaign.new(server, small)
    async with campaign.running() as process:
        await campaign.end(process, TERM)
    await campaign.put("een")
    assert (await asyncio.to_thread(campaign.small.do, "backup", "b1")).code == 0
    campaign.configure(database="new/bot.db")
    wrong = campaign.small.among(DISCORD_TOKEN="een-ander")
    assert (await asyncio.to_thread(wrong.do, "restore", "b1")).code == 0
    resumed = await asyncio.to_thread(wrong.do, "resume", typed="n\n")
    assert (resumed.code, "DISCORD_TOKEN" in resumed.err, "Vervallen: 1" in resumed.out) == (0, True, True)
