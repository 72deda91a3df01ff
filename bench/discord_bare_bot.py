"""What we are measured beside: a bot on discord.py with the same commands, that says `pong` and nothing else."""

import asyncio
import logging
import sys

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route


class Bot(discord.Client):
    """It answers what reads at once, and defers what writes."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none())
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        @self.tree.command(name="hulp")
        async def read(interaction: discord.Interaction, opdracht: str | None = None) -> None:
            await interaction.response.send_message("pong")

        own = app_commands.Group(name="mijn", description="mijn")

        @own.command(name="taal")
        async def write(interaction: discord.Interaction, taal: str) -> None:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await interaction.edit_original_response(content="pong")

        self.tree.add_command(own)
        await self.tree.sync()


async def main(api_url: str, gateway_url: str, token: str) -> None:
    """Answer until stopped."""
    Route.BASE = api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
    async with Bot() as bot:
        await bot.start(token)


discord.utils.setup_logging(level=logging.WARNING)  # discord.py is silent otherwise
asyncio.run(main(*sys.argv[1:]))
