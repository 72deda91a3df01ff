"""The composition root: everything is built here from a configuration, started, and stopped in reverse."""

import asyncio
import contextlib
import datetime as dt
import gc
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import structlog

import commands
from bot import __version__, logs
from bot.campaign.faq import Faq
from bot.config import Config
from bot.core.document import Problem, mistakes
from bot.core.platform import Off, Platform
from bot.core.reply import Phrase, Reply, phrase
from bot.core.texts import Texts
from bot.desk import ReportDesk
from bot.discord import discord_platform
from bot.engine import played
from bot.engine.clock import Clock
from bot.engine.context import Bot, Campaign
from bot.engine.delivery import Delivery
from bot.engine.dispatcher import Dispatcher
from bot.engine.housekeeping import DiskWatch, Housekeeping, Keep
from bot.engine.played import OtherClock
from bot.engine.scheduler import Job, Scheduler
from bot.matrix import matrix_platform
from bot.opening import lock, open_database
from bot.parts import Stopped, campaign_of, free_disk, read_faq, read_texts, said, secrets_of
from bot.reloading import Reloading
from bot.steps import Steps
from bot.store import settings
from bot.store.backup import MUTED
from bot.store.database import Database

log = structlog.get_logger()

BEAT_SECONDS = 5.0
LOST_SECONDS = 0.5
WRONG, LATER, REFUSED = 2, 75, 77


async def run(config: Config, *, only: frozenset[str] | None, at: dt.datetime | None, json_lines: bool) -> int:
    """Run the bot until it is stopped, or until its terminal ends and nothing else is on.

    Returns:
        The exit code.

    Raises:
        Stopped: it cannot start.
        ContentProblems: the campaign's files have mistakes.
    """
    texts = read_texts()
    on = _platforms_on(config, only)
    if at is not None and (others := on - {"terminal"}):
        raise Stopped(WRONG, Phrase("run.at_among_people", {"names": tuple(sorted(others))}), config.campaign.language)
    faq, problems = read_faq(config, texts)
    if faq is None:
        raise ContentProblems(mistakes(problems))
    quiet_terminal = on == {"terminal"} and sys.stdin.isatty()
    logs.set_up("WARNING" if quiet_terminal else config.log.level, config.log.format, secrets_of(config))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # `actiebot reload` may come before we can heed it
    async with open_database(config) as database, lock(database, config) as instance:
        clock = await _clock(database, config, at)
        muted = await _is_muted(database, config)
        bot = build_bot(config, texts, database, clock, faq=faq, on=on, muted=muted)
        running = _Running(config, bot, database, clock, on, lost=instance.lost, json_lines=json_lines)
        return await running.until_stopped()


class ContentProblems(Exception):
    """The campaign's files cannot be used; `problems` says why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems in the campaign's files")
        self.problems = problems


def _platforms_on(config: Config, only: frozenset[str] | None) -> frozenset[str]:
    language = config.campaign.language
    known = {name for name in type(config.platforms).model_fields if getattr(config.platforms, name) is not None}
    if only and (strange := only - known):
        raise Stopped(WRONG, phrase("run.platform", name=min(strange), known=tuple(sorted(known))), language)
    on = frozenset(only or known)
    if not on:
        raise Stopped(WRONG, Phrase("run.nothing_on"), language)
    return on


async def _clock(database: Database, config: Config, at: dt.datetime | None) -> Clock:
    language, zone = config.campaign.language, config.campaign.timezone
    try:
        clock, goes_on = await played.clock_of(database, at)
    except OtherClock as error:
        raise Stopped(WRONG, Phrase(f"run.is_{error.mode}", {"storage": database.place}), language) from None
    if goes_on:
        print(said(Phrase("run.goes_on", {"moment": clock.now()}), language, zone=zone), file=sys.stderr)  # noqa: T201
    return clock


async def _is_muted(database: Database, config: Config) -> bool:
    """Whether the bot was restored and not resumed; it cannot change while the bot runs."""
    async with database.read() as tx:
        muted = await settings.get(tx, MUTED) is not None
    if muted:
        print(said(Phrase("run.muted"), config.campaign.language), file=sys.stderr)  # noqa: T201
    return muted


def build_bot(
    config: Config, texts: Texts, database: Database, clock: Clock, *, faq: Faq, on: frozenset[str], muted: bool = False
) -> Bot:
    """The bot as commands may know it."""
    disk = _Cached(lambda: free_disk(config), seconds=10.0)
    return Bot(
        campaign_of(config), texts, commands.CATALOGUE, faq, __version__, clock.now(), tuple(sorted(on)),
        database.kind, clock.played, disk, muted,
    )  # fmt: skip


class _Cached:
    """A number that is looked up again after some seconds."""

    def __init__(self, look: Callable[[], int], *, seconds: float) -> None:
        self._look, self._seconds = look, seconds
        self._value, self._until = 0, 0.0

    def __call__(self) -> int:
        if time.monotonic() >= self._until:
            self._value, self._until = self._look(), time.monotonic() + self._seconds
        return self._value


class _Running:
    """The parts at work together."""

    def __init__(
        self, config: Config, bot: Bot, database: Database, clock: Clock, on: frozenset[str], *, lost: asyncio.Event,
        json_lines: bool,
    ) -> None:  # fmt: skip
        self._config, self._bot, self._database, self._clock = config, bot, database, clock
        self._lost = lost
        self._off: dict[str, Off] = {}
        campaign = bot.campaign
        self._desk = ReportDesk(bot, database, now=clock.now, written=self._written)
        self._platforms = {name: self._platform(name, campaign, on, json_lines=json_lines) for name in sorted(on)}
        self._delivery = Delivery(
            database, clock, self._platforms, language=campaign.language, zone=campaign.zone,
            rooms=campaign.rooms, quiet=campaign.quiet,
        )  # fmt: skip
        self._scheduler = Scheduler(database, clock, self._delivery, self._jobs())
        self._steps = Steps(self._scheduler, database, clock, campaign.zone)
        self._dispatcher = Dispatcher(
            bot, database, clock, machine=time.monotonic, written=self._written, unlimited=clock.played
        )
        self._reloading = Reloading(config, bot, database, clock, written=self._written)

    def _platform(self, name: str, campaign: Campaign, on: frozenset[str], *, json_lines: bool) -> Platform:
        if name in {"matrix", "discord"}:
            make = matrix_platform if name == "matrix" else discord_platform
            platform: Platform = make(self._config, self._bot.texts, self._database, self._desk)
            return platform
        from bot.platforms.terminal import Terminal
        from bot.platforms.terminal.terminal import Setting

        setting = Setting(campaign.language, campaign.zone, *_terminal_places(campaign))
        return Terminal(
            self._bot.texts, self._bot.catalogue, setting,
            json=json_lines, listens=on == {"terminal"} or sys.stdin.isatty(),
            advance=self._advance if self._clock.played else None,
        )  # fmt: skip

    async def _advance(self, text: str) -> Reply:
        return await self._steps.advance(text)

    def _jobs(self) -> list[Job]:
        campaign, keep = self._bot.campaign, self._config.keep
        kept = Keep(keep.handled, keep.outbox_text, keep.outbox, keep.audit, keep.events_seen)
        housekeeping = Housekeeping(self._database, kept, zone=campaign.zone)
        if self._clock.played:
            return [housekeeping]  # the disk knows nothing of played hours
        watch = DiskWatch(
            self._database, self._bot.free_disk, organisers=campaign.rooms.of("organisers"), zone=campaign.zone,
            quiet=campaign.quiet,
        )  # fmt: skip
        return [housekeeping, watch]

    def _written(self) -> None:
        self._delivery.wake()
        self._scheduler.wake()

    async def until_stopped(self) -> int:
        stop = asyncio.Event()
        with _signals(stop, self._reloading.ask):
            await self._delivery.start()
            gc.freeze()  # texts, answers and libraries stay for the whole run: looking through them again frees nothing
            async with self._in_background(self._delivery.run(), self._scheduler.run(), self._beat()) as background:
                code = await self._hear(stop, background)
        await played.keep(self._database, self._clock)
        return code

    async def _hear(self, stop: asyncio.Event, background: list[asyncio.Task[None]]) -> int:
        """Let the platforms run; when all have ended by themselves, say what is still due."""
        from bot.platforms.terminal import Closed

        stopped, lost = asyncio.create_task(stop.wait()), asyncio.create_task(self._lost.wait())
        hearing = [asyncio.create_task(self._be_on(p)) for p in self._platforms.values()]
        try:
            while any(not task.done() for task in hearing) and not (stopped.done() or lost.done()):
                waiting = {stopped, lost, *background, *(task for task in hearing if not task.done())}
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            if len(self._off) == len(self._platforms):
                return REFUSED if all(off.refused for off in self._off.values()) else WRONG
            if not (stopped.done() or lost.done()):
                await _first(self._delivery.drain(), stopped, lost, *background)
        except Closed:
            return 1
        finally:
            for task in (stopped, lost, *hearing):
                task.cancel()
            await asyncio.gather(stopped, lost, *hearing, return_exceptions=True)
        if self._lost.is_set():
            raise Stopped(LATER, Phrase("run.lost", {"storage": self._database.place}), self._bot.campaign.language)
        return 0

    async def _be_on(self, platform: Platform) -> None:
        """Be on a platform for the whole run; one that cannot be on says why, and the others go on."""
        try:
            await platform.run(self._dispatcher)
        except Off as off:
            self._off[platform.name] = off
            self._desk.note(platform.name, off.why)
            campaign = self._bot.campaign
            print(said(off.why, campaign.language, zone=campaign.zone), file=sys.stderr)  # noqa: T201
            log.warning("a platform is off", platform=platform.name, reason=off.why.key)

    @contextlib.asynccontextmanager
    async def _in_background(self, *work: Coroutine[Any, Any, None]) -> AsyncIterator[list[asyncio.Task[None]]]:
        tasks = [asyncio.create_task(one) for one in work]
        try:
            yield tasks
        finally:
            for task in reversed(tasks):
                task.cancel()
            if self._lost.is_set():  # another run sends by now: no time for what is under way, so cancel its end too
                await asyncio.wait(tasks, timeout=LOST_SECONDS)
                for task in tasks:
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await played.keep(self._database, self._clock)


async def _first(work: Coroutine[Any, Any, None], *others: asyncio.Task[Any]) -> None:
    """Do some work, unless something else ends first; its failure is raised."""
    task = asyncio.create_task(work)
    done, _ = await asyncio.wait({task, *others}, return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    for one in done:
        one.result()


@contextlib.contextmanager
def _signals(stop: asyncio.Event, reload: Callable[[], None]) -> Any:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


def _terminal_places(campaign: Campaign) -> tuple[list[str], list[str]]:
    """The terminal's rooms, and the people in it who have a role."""
    rooms = [r.address.id for kind in campaign.rooms.kinds.values() for r in kind if r.address.platform == "terminal"]
    roles = campaign.roles.organiser | campaign.roles.volunteer
    return list(dict.fromkeys(rooms)), sorted(r.partition(":")[2] for r in roles if r.startswith("terminal:"))
