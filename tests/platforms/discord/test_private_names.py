"""Names of discord.py that are not public, and that we use: who raises its version looks here first."""

import inspect

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.platforms.discord.client import Client, point_at
from bot.platforms.discord.page import __name__ as _
from bot.platforms.discord.responses import Responses


def test_addresses() -> None:
    """Where discord.py finds Discord stands in two names, of which it makes every address."""
