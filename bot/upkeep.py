"""What is done beside the running bot: backup, restore, reload, and answering one question."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import commands
from bot.campaign import faq
from bot.campaign.faq import Answer, Stop
from bot.config import Config
from bot.core.platform import Off, Platform
from bot.core.reply import Phrase, Reply, phrase
from bot.core.texts import Texts
from bot.desk import NobodyAtTheDesk
from bot.discord import discord_platform
from bot.engine import played
from bot.engine import resume as resuming
from bot.engine.resume import Question
from bot.matrix import matrix_platform
from bot.opening import WRONG, lock, open_database
from bot.parts import Stopped, campaign_of, read_texts, said, storage_url
from bot.reloading import RELOADED
from bot.store import settings
from bot.store.backup import BackupError, Summary, check_backup, read_backup, write_backup
from bot.store.database import Database
from bot.store.instance import running
from commands.faq import reply_to

RELOAD_SECONDS = 15.0
REACH_SECONDS = 30.0


async def stops(config: Config) -> dict[str, Stop]:
    """The answers that are withdrawn; none where there is no database yet."""
    if not _exists(config):
        return {}
    async with open_database(config) as database, database.read() as tx:
        return await faq.stops(tx)


def in_plain_words(answer: Answer, language: str, config: Config, texts: Texts) -> str:
    """An answer as the terminal prints it, without its links and buttons."""
    from bot.core.markup import Markup
    from bot.platforms.terminal.payload import Renderer

    reply = reply_to(answer, language=language, contact=campaign_of(config).contact)
    renderer = Renderer(texts, Markup(commands.CATALOGUE))
    text: str = renderer.render(reply, language=language, zone=config.campaign.timezone)["text"]
    return text


async def backup(config: Config, file: Path, key: str) -> str:
    """Write a backup; the sentence that says so."""
    if not _exists(config):
        raise Stopped(WRONG, Phrase("store.empty", {"place": _place(config)}), config.campaign.language)
    with _backup_errors(config):
        async with open_database(config) as database:
            now = await played.now_of(database)
            return _told("written", file, await write_backup(database, file, key, now=now), config)


async def restore(config: Config, file: Path, key: str, *, check_only: bool) -> str:
    """Put a backup into an empty database, or only look whether that would do."""
    with _backup_errors(config):
        if check_only:
            return _told("sound", file, check_backup(file, key), config)
        async with open_database(config) as database:
            return _told("restored", file, await read_backup(file, key, database), config)


@contextlib.contextmanager
def _backup_errors(config: Config) -> Iterator[None]:
    try:
        yield
    except BackupError as error:
        phrase = Phrase(f"backup.{error.reason.value}", {"place": error.place})
        raise Stopped(WRONG, phrase, config.campaign.language) from None


def _told(what: str, file: Path, summary: Summary, config: Config) -> str:
    told = phrase(f"backup.{what}", file=str(file), count=summary.total, moment=summary.created)
    return said(told, config.campaign.language, zone=config.campaign.timezone)


async def resume(config: Config, *, ask: Callable[[str], bool]) -> str:
    """Decide what came due since the backup, and let the bot speak again.

    Args:
        config: Of a bot that is stopped.
        ask: Whether to say something still.
    """
    language, zone = config.campaign.language, config.campaign.timezone
    async with open_database(config) as database, lock(database, config):
        async with database.read() as tx:
            muted = await resuming.muted_since(tx)
        if muted is None:
            return said(Phrase("resume.not_muted"), language)
        now = await played.now_of(database)
        rooms = campaign_of(config).rooms
        due = await resuming.due_since(database, now)
        async with _within_reach(config, database) as platforms:
            lookup = resuming.Lookup(database, platforms, language=language, zone=zone, rooms=rooms)
            questions = await lookup.settle(due, now)
        kept = [question for question in questions if ask(said(_asked(question), language, zone=zone))]
        for question in questions:
            if question in kept:
                await resuming.say(database, question.entry, now)
            else:
                await resuming.drop(database, question.entry, now, reason="dropped after a restore")
        await resuming.unmute(database, now)
    counts = {"said": len(kept), "dropped": len(questions) - len(kept), "found": len(due) - len(questions)}
    return said(phrase("resume.done", **counts), language)


@contextlib.asynccontextmanager
async def _within_reach(config: Config, database: Database) -> AsyncIterator[Mapping[str, Platform]]:
    """The platforms in whose rooms one can look now; the others leave it to whoever is asked."""
    async with contextlib.AsyncExitStack() as stack:
        found: dict[str, Platform] = {}
        for platform in _with_rooms(config, database):
            try:
                async with asyncio.timeout(REACH_SECONDS):
                    found[platform.name] = await stack.enter_async_context(platform.looking())
            except Off as off:
                print(said(off.why, config.campaign.language), file=sys.stderr)  # noqa: T201
            except TimeoutError:
                away = Phrase("resume.away", {"platform": platform.name.capitalize()})
                print(said(away, config.campaign.language), file=sys.stderr)  # noqa: T201
        yield found


class _Looking(Platform, Protocol):
    def looking(self) -> contextlib.AbstractAsyncContextManager[Platform]:
        """Be able to `find`, without hearing anything."""


def _with_rooms(config: Config, database: Database) -> Iterator[_Looking]:
    """The platforms that keep what was said where it can be looked up."""
    if config.platforms.matrix is not None:
        yield matrix_platform(config, read_texts(), database, NobodyAtTheDesk())
    if config.platforms.discord is not None:
        yield discord_platform(config, read_texts(), database, NobodyAtTheDesk())


def _asked(question: Question) -> Phrase:
    entry = question.entry
    what = Phrase(f"delivery.what_{Reply.from_json(entry.reply).kind.value}")
    return phrase("resume.ask", kind=what, place=entry.destination, moment=entry.due)


async def reload(config: Config) -> str:
    """Let the running bot take the campaign's files over; the sentence that says what came of it.

    Raises:
        Stopped: the bot runs on another computer, or does not answer.
    """
    language = config.campaign.language
    if not _exists(config):
        return said(Phrase("reload.next"), language)
    async with open_database(config) as database:
        found = await running(database)
        if found is None:
            return said(Phrase("reload.next"), language)
        if found.host != socket.gethostname():
            raise Stopped(WRONG, Phrase("reload.elsewhere", {"host": found.host}), language)
        before = await _outcome(database)
        try:
            os.kill(found.pid, signal.SIGHUP)
        except ProcessLookupError:
            return said(Phrase("reload.gone"), language)
        return await _answered(database, before.get("serial", 0), language)


async def refuse(config: Config) -> None:
    """Let a running bot find the mistakes in the campaign's files too: it tells its organisers."""
    if not _exists(config):
        return
    async with open_database(config) as database:
        found = await running(database)
        if found and found.host == socket.gethostname():
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.pid, signal.SIGHUP)


async def _answered(database: Database, before: int, language: str) -> str:
    until = time.monotonic() + RELOAD_SECONDS
    while time.monotonic() < until:
        await asyncio.sleep(0.05)  # another process answers, through the database
        outcome = await _outcome(database)
        if outcome.get("serial", 0) <= before:
            continue
        if "answers" in outcome:
            return said(Phrase("reload.done", {"count": outcome["answers"]}), language)
        raise Stopped(WRONG, Phrase("reload.mistakes", {"count": outcome["mistakes"]}), language)
    raise Stopped(WRONG, Phrase("reload.silent", {"seconds": int(RELOAD_SECONDS)}), language)


async def _outcome(database: Database) -> dict[str, int]:
    async with database.read() as tx:
        outcome: dict[str, int] = json.loads(await settings.get(tx, RELOADED) or "{}")
    return outcome


def _exists(config: Config) -> bool:
    url = storage_url(config)
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).exists()


def _place(config: Config) -> str:
    return storage_url(config).removeprefix("sqlite:///").rpartition("@")[2]
