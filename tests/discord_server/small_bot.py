"""A bot of a few lines on plain discord.py, to try the stand-in with."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import discord
import discord.gateway
import discord.http
import yarl
from discord import app_commands

from tests.discord_server.server import DiscordServer

SUBJECTS = ("verhuizing", "begroting", "verkiezing")


class Buttons(discord.ui.View):
    """One button that says who pressed it, one that changes its message, one that opens a form, and a list."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Neem", custom_id="take")
    async def take(self, interaction: discord.Interaction, _: discord.ui.Button["Buttons"]) -> None:
        await interaction.response.send_message(f"Voor {interaction.user.display_name}", ephemeral=True)

    @discord.ui.button(label="Klaar", custom_id="done")
    async def done(self, interaction: discord.Interaction, _: discord.ui.Button["Buttons"]) -> None:
        await interaction.response.edit_message(content="Gedaan", view=None)

    @discord.ui.button(label="Schrijf", custom_id="write")
    async def write(self, interaction: discord.Interaction, _: discord.ui.Button["Buttons"]) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.select(custom_id="pick", options=[discord.SelectOption(label="Ja", value="1")])
    async def pick(self, interaction: discord.Interaction, select: discord.ui.Select["Buttons"]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"Gekozen: {select.values}")


class Form(discord.ui.Modal, title="Aankondiging"):
    text: discord.ui.TextInput["Form"] = discord.ui.TextInput(label="Tekst", max_length=100)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Gelezen: {self.text.value}")


class SmallBot(discord.Client):
    """What it hears and says is seen on the server.

    Attributes:
        heard: The texts of messages, as the gateway gave them.
        resumed: How often it picked up its session.
    """

    def __init__(self, intents: int = 1 << 0 | 1 << 9 | 1 << 12) -> None:
        none = discord.AllowedMentions.none()
        super().__init__(intents=discord.Intents._from_value(intents), allowed_mentions=none, guild_ready_timeout=0)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[str] = []
        self.resumed = 0
        for command in COMMANDS:
            self.tree.add_command(command)

    async def setup_hook(self) -> None:
        self.add_view(Buttons())
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message.content)

    async def on_resumed(self) -> None:
        self.resumed += 1


@app_commands.command(name="hallo", description="Zeg hallo")
@app_commands.describe(naam="Tegen wie", geheim="Alleen voor jou", wie="Een lid")
async def hello(
    interaction: discord.Interaction, naam: str, geheim: bool = False, wie: discord.Member | None = None
) -> None:
    await interaction.response.send_message(f"Hallo {wie.display_name if wie else naam}", ephemeral=geheim)


@app_commands.command(name="traag", description="Denk eerst na")
async def slow(interaction: discord.Interaction) -> None:
    await interaction.response.defer(ephemeral=True)
    await interaction.edit_original_response(embed=discord.Embed(title="Klaar", description="Het is zover"))
    await interaction.followup.send("En nog iets", ephemeral=True)


@app_commands.command(name="stil", description="Zeg niets")
async def silent(interaction: discord.Interaction) -> None:
    """Never answers."""


@app_commands.command(name="bord", description="Laat knoppen zien")
async def board(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("Kies", view=Buttons())


@app_commands.command(name="vraag", description="Vraag iets")
@app_commands.describe(onderwerp="Waarover")
async def question(interaction: discord.Interaction, onderwerp: str) -> None:
    await interaction.response.send_message(onderwerp)


@question.autocomplete("onderwerp")
async def _subjects(_: discord.Interaction, partial: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=one.title(), value=one) for one in SUBJECTS if partial in one]


COMMANDS: tuple[app_commands.Command[Any, ..., Any], ...] = (hello, slow, silent, board, question)


async def eventually(true: Callable[[], bool], *, seconds: float = 5) -> None:
    """Wait for something that the bot does not tell when it happens."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(server: DiscordServer, intents: int = 1 << 0 | 1 << 9 | 1 << 12) -> AsyncIterator[SmallBot]:
    """The bot, connected and ready."""
    discord.http.Route.BASE = server.api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(server.gateway_url)
    bot = SmallBot(intents)
    task = asyncio.create_task(bot.start(server.token))
    try:
        await server.gateway.ready()
        await bot.wait_until_ready()
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)
