"""Opening a campaign's database for any command, with one clear sentence where that fails."""

import contextlib
from collections.abc import AsyncIterator

import structlog

from bot.config import Config
from bot.core.reply import Phrase, phrase
from bot.parts import Stopped, storage_url
from bot.store.database import Database, Reason, StoreError
from bot.store.instance import AlreadyRunning, Instance

WRONG, LATER = 2, 75
_LATER = {Reason.LOCKED, Reason.UNREACHABLE, Reason.FULL, Reason.CONFLICT}
_LOGGED = {Reason.VIOLATED, Reason.FAILED}  # their sentences send people to the log

log = structlog.get_logger()


def stopped(error: StoreError, language: str) -> Stopped:
    """What a database's error means to whoever started the program."""
    if error.reason in _LOGGED:
        log.error("the database failed", reason=error.reason.value, detail=error.detail)
    code = LATER if error.reason in _LATER else WRONG
    return Stopped(code, Phrase(f"store.{error.reason.value}", {"place": error.place}), language)


@contextlib.asynccontextmanager
async def open_database(config: Config) -> AsyncIterator[Database]:
    """The campaign's database, brought up to date.

    Raises:
        Stopped: it cannot be used, or could not be any more.
    """
    try:
        async with Database.connect(storage_url(config)) as database:
            yield database
    except StoreError as error:
        raise stopped(error, config.campaign.language) from error


@contextlib.asynccontextmanager
async def lock(database: Database, config: Config) -> AsyncIterator[Instance]:
    """Be the one that runs on this database.

    Raises:
        Stopped: another one is; it says where.
    """
    own = config.campaign
    try:
        async with Instance.take(database, storage_url(config)) as instance:
            yield instance
    except AlreadyRunning as error:
        why = phrase("run.already", host=error.host, pid=str(error.pid), since=error.since)
        raise Stopped(WRONG, why, own.language, zone=own.timezone) from None
