"""Matrix from a configuration: plain values for the platform, which is loaded only when it is on."""

from typing import Any

from pydantic import SecretStr

import commands
from bot.config import Config
from bot.core.platform import Desk
from bot.core.texts import Texts
from bot.engine.clock import machine_ms
from bot.store.database import Database
from bot.store.memory import Memory


def account_of(config: Config) -> Any:
    """Who the bot is on Matrix, by the settings."""
    from bot.platforms.matrix.login import Account

    own = config.platforms.matrix
    if own is None:
        raise ValueError("Matrix is off")
    return Account(
        own.homeserver.rstrip("/"), own.user_id, own.device_id, _plain(own.access_token), _plain(own.password),
        own.store, own.store_key.get_secret_value(),
    )  # fmt: skip


def matrix_platform(config: Config, texts: Texts, database: Database, desk: Desk) -> Any:
    """The platform."""
    from bot.platforms.matrix.matrix import Matrix
    from bot.platforms.matrix.setting import Setting

    own, campaign = config.platforms.matrix, config.campaign
    if own is None:
        raise ValueError("Matrix is off")
    setting = Setting(
        account_of(config), own.prefix, own.invites_from, rooms_of(config), rooms_of(config, "organisers"),
        [grant for grant in (*config.roles.organiser, *config.roles.volunteer) if grant.startswith("matrix:power")],
        campaign.language, campaign.timezone, campaign.name,
    )  # fmt: skip
    return Matrix(texts, commands.CATALOGUE, setting, Memory(database, "matrix", machine=machine_ms), desk)


def rooms_of(config: Config, *kinds: str) -> list[str]:
    """The configured rooms on Matrix, of some kinds or of all."""
    found = [room.address for kind in kinds or type(config.rooms).model_fields for room in getattr(config.rooms, kind)]
    return [address.id for address in found if address.platform == "matrix"]


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
