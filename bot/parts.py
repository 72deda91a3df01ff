"""The parts that every command of the program builds from a configuration: texts, answers, settings."""

import datetime as dt
import importlib.resources
import os
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

import commands
from bot.campaign.faq import Faq
from bot.campaign.quiet import QuietHours
from bot.campaign.rooms import Room, Rooms
from bot.check import content_paths
from bot.config import Config
from bot.core.document import Document, Problem
from bot.core.reply import Phrase, Words
from bot.core.texts import Texts, Verbatim
from bot.engine.context import Campaign
from bot.engine.housekeeping import disk_free
from bot.engine.roles import Roles
from bot.prepared import prepare

BACKUP_KEY = "ACTIEBOT_BACKUP_KEY"
"""The name in the environment of what encrypts backups."""
_TEXT_FILES = (
    ("bot", "cli.yaml"),
    ("bot.engine", "texts.yaml"),
    ("bot.engine", "delivery.yaml"),
    ("bot.engine", "housekeeping.yaml"),
    ("bot.platforms.terminal", "texts.yaml"),
    ("bot.platforms.matrix", "texts.yaml"),
    ("bot.platforms.discord", "texts.yaml"),
)


class Stopped(Exception):
    """The program cannot go on: an exit code, and one sentence for whoever started it."""

    def __init__(self, code: int, why: Phrase, language: str, *, zone: str = "UTC") -> None:
        super().__init__(why.key)
        self.code = code
        self._why = why
        self._language = language
        self._zone = zone

    def said(self) -> str:
        return said(self._why, self._language, zone=self._zone)


def read_texts() -> Texts:
    """Every sentence of the bot.

    Raises:
        Misdeclared: one is missing in a language, or has other values there.
    """
    found: dict[str, Any] = dict(commands.TEXTS)
    for package, name in _TEXT_FILES:
        found |= Document(name, (importlib.resources.files(package) / name).read_text("utf-8")).value
    return Texts(found)


def said(phrase: Phrase, language: str, *, zone: str = "UTC") -> str:
    """A sentence for the command line."""
    return read_texts().render(phrase, language=language, zone=zone, style=Verbatim())


def read_faq(config: Config, texts: Texts) -> tuple[Faq | None, list[Problem]]:
    """The answers of the campaign's files; None when there is a mistake in them."""
    zone = config.campaign.timezone
    prepared, problems = prepare(content_paths(config.content), zone)
    return (Faq(prepared.content, prepared.index, texts, zone) if prepared else None), problems


def campaign_of(config: Config) -> Campaign:
    """The settings that commands and rules need."""
    own, language = config.campaign, config.campaign.language
    contact = Words(own.contact.nl, own.contact.en) if own.contact else Words()
    rooms = {
        kind: tuple(Room(room.address, room.language or language) for room in getattr(config.rooms, kind))
        for kind in type(config.rooms).model_fields
    }
    quiet = config.quiet_hours
    return Campaign(
        own.name, language, own.timezone, own.website or "", contact,
        Rooms({kind: found for kind, found in rooms.items() if found}),
        Roles(frozenset(config.roles.organiser), frozenset(config.roles.volunteer)),
        QuietHours(quiet.start, quiet.until) if quiet else None,
        config.limits.person, config.limits.room, config.limits.guest,
    )  # fmt: skip


def storage_url(config: Config) -> str:
    return config.storage.url.get_secret_value()


def free_disk(config: Config) -> int:
    """Bytes free where SQLite's file stands; for another database, where the program was started."""
    url = storage_url(config)
    return disk_free(Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else Path.cwd())


def secrets_of(config: Config) -> list[str]:
    """Every secret that we know, to be kept out of whatever is written down."""
    found = [value.get_secret_value() for value in _secrets(config)]
    return [
        *found,
        os.environ.get(BACKUP_KEY, ""),
        *(urllib.parse.unquote(password) for url in found if (password := urllib.parse.urlsplit(url).password)),
    ]


def _secrets(model: BaseModel) -> Iterator[SecretStr]:
    for value in dict(model).values():
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, SecretStr):
                yield one
            elif isinstance(one, BaseModel):
                yield from _secrets(one)


def real_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
