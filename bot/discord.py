"""Discord from a configuration: plain values for the platform, which is loaded only when it is on."""

from typing import Any

import commands
from bot.config import Config
from bot.core.platform import Desk
from bot.core.texts import Texts
from bot.engine.clock import machine_ms
from bot.platforms.discord.setting import Setting
from bot.store.database import Database
from bot.store.memory import Memory


def discord_platform(config: Config, texts: Texts, database: Database, desk: Desk) -> Any:
    """The platform."""
    from bot.platforms.discord.discord import Discord

    memory = Memory(database, "discord", machine=machine_ms)
    return Discord(texts, commands.CATALOGUE, setting_of(config), memory, desk)


def setting_of(config: Config) -> Setting:
    """What the campaign tells its Discord."""
    own, campaign = config.platforms.discord, config.campaign
    if own is None:
        raise ValueError("Discord is off")
    return Setting(
        own.token.get_secret_value(), frozenset(own.guilds), rooms_of(config),
        frozenset(rooms_of(config, "organisers")),
        campaign.language, campaign.timezone, campaign.name, own.api_url, own.gateway_url,
    )  # fmt: skip


def rooms_of(config: Config, *kinds: str) -> list[str]:
    """The configured channels, of some kinds or of all."""
    found = [room.address for kind in kinds or type(config.rooms).model_fields for room in getattr(config.rooms, kind)]
    return [address.id for address in found if address.platform == "discord"]
