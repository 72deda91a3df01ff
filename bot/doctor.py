"""`actiebot doctor`: what works, and what to do about what does not; only looks, also beside the running bot."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import commands
from bot import check
from bot.config import Config
from bot.core.document import Problem
from bot.core.finding import Finding
from bot.core.moments import EPOCH
from bot.core.reply import Phrase, phrase
from bot.core.texts import Verbatim
from bot.discord import setting_of
from bot.engine.clock import machine_ms
from bot.engine.housekeeping import LOW_DISK
from bot.engine.played import LIVE, PLAYED
from bot.logs import Masked
from bot.matrix import account_of, rooms_of
from bot.parts import free_disk, read_texts, secrets_of, storage_url
from bot.store import settings
from bot.store.backup import MUTED
from bot.store.database import Database, StoreError
from bot.store.instance import Running, running
from bot.store.look import behind, look
from bot.store.memory import Memory

_MARKS = {True: "✓", False: "✗", None: "–"}
_INDENT = "    "
_MODE = "mode"  # where `bot.engine.played` marks a database
_SERVERS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_MEGABYTE = 1024 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """What the database tells that other parts want to know.

    Attributes:
        running: A bot is at work on it.
        kept: What the platforms keep there, as far as it is of use to their doctors.
    """

    running: bool = False
    kept: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)

    def of(self, platform: str) -> Mapping[str, str]:
        """What one of them keeps."""
        return self.kept.get(platform, {})


async def examine(config: Config | None, problems: Sequence[Problem], language: str) -> list[Finding]:
    """Everything that can be looked at; takes some seconds at most.

    Args:
        config: None: it has mistakes, and the rest has to wait.
        problems: The mistakes in it and in the campaign's files.
        language: Of the problems' words.
    """
    found = [Finding(False, phrase("doctor.mistake", mistake=check.render(one, language))) for one in problems]
    if config is None:
        return [*found, Finding(None, Phrase("doctor.rest_waits"))]
    found = found or [Finding(True, Phrase("doctor.files"))]
    stored, known = await _database(config)
    on = [*await _matrix(config, known), *await _discord(config, known)]
    return [*found, *stored, _disk(config), *_platforms(config), *on]


def told(findings: Sequence[Finding], config: Config | None, language: str) -> Iterator[str]:
    """The lines to print: each finding, what to do indented under it, and a verdict; no secret is in them."""
    texts, mask = read_texts(), Masked(secrets_of(config) if config else ()).mask
    zone = config.campaign.timezone if config else "UTC"

    def said(sentence: Phrase) -> str:
        return mask(texts.render(sentence, language=language, zone=zone, style=_OneLine()))

    for finding in findings:
        yield f"{_MARKS[finding.good]} {said(finding.what)}"
        if finding.todo:
            yield from (f"{_INDENT}{line}" for line in said(finding.todo).splitlines())
    wrong = sum(finding.good is False for finding in findings)
    yield said(Phrase("doctor.wrong", {"count": wrong}) if wrong else Phrase("doctor.fine"))


class _OneLine(Verbatim):
    """What others wrote may hold anything: here it is words on one line."""

    def quote(self, text: str) -> str:
        return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


# -- the database ---------------------------------------------------------------------------------------


async def _database(config: Config) -> tuple[list[Finding], _Known]:
    url = storage_url(config)
    try:
        async with look(url) as database:
            if database is None:
                place = url.removeprefix("sqlite:///")
                return [Finding(None, phrase("doctor.no_database", place=place)), _running(None)], _Known()
            return await _looked(database, config)
    except StoreError as error:
        why = Phrase(f"store.{error.reason.value}", {"place": error.place})
        return [Finding(False, phrase("doctor.database_wrong", why=why))], _Known()


async def _looked(database: Database, config: Config) -> tuple[list[Finding], _Known]:
    named = {"place": database.place, "kind": _SERVERS[database.kind]}
    old = await behind(database)
    if old is None:
        return [Finding(None, Phrase("doctor.database_empty", named)), _running(None)], _Known()
    async with database.read() as tx:
        mode, muted = await settings.get(tx, _MODE), await settings.get(tx, MUTED)
    key = f"doctor.database_{mode}" if mode in {LIVE, PLAYED} else "doctor.database_unused"
    found = [Finding(True, Phrase(key, named))]
    if old:
        found.append(Finding(None, Phrase("doctor.database_old")))
    if muted is not None:
        found.append(Finding(False, Phrase("doctor.muted"), Phrase("doctor.do_muted")))
    bot = await running(database)
    return [*found, _running(bot)], _Known(bot is not None, await _kept(database, config))


def _running(bot: Running | None) -> Finding:
    if bot is None:
        return Finding(None, Phrase("doctor.stopped"), Phrase("doctor.do_stopped"))
    if bot.since == EPOCH:
        return Finding(True, Phrase("doctor.starting"))
    return Finding(True, phrase("doctor.running", host=bot.host, pid=str(bot.pid), since=bot.since))


async def _kept(database: Database, config: Config) -> dict[str, dict[str, str]]:
    """What the platforms that are on keep, as far as it is of use to their doctors."""
    kept: dict[str, dict[str, str]] = {}
    for platform, names in _names(config).items():
        memory = Memory(database, platform, machine=machine_ms)
        values = {name: await memory.get(name) for name in names}
        kept[platform] = {name: value for name, value in values.items() if value is not None}
    return kept


def _names(config: Config) -> dict[str, Sequence[str]]:
    names: dict[str, Sequence[str]] = {}
    if config.platforms.matrix:
        from bot.platforms.matrix.doctor import KEPT as MATRIX_KEPT

        names["matrix"] = MATRIX_KEPT
    if config.platforms.discord:
        from bot.platforms.discord.doctor import KEPT as DISCORD_KEPT

        names["discord"] = DISCORD_KEPT
    return names


def _disk(config: Config) -> Finding:
    free = free_disk(config)
    what = phrase("doctor.disk", free=free // _MEGABYTE)
    return Finding(True, what) if free >= LOW_DISK else Finding(False, what, Phrase("doctor.do_disk"))


# -- the platforms --------------------------------------------------------------------------------------


def _platforms(config: Config) -> Iterator[Finding]:
    on = config.platforms
    yield Finding(True, Phrase("doctor.terminal_on")) if on.terminal else Finding(None, Phrase("doctor.terminal_off"))
    if not on.matrix:
        yield Finding(None, Phrase("doctor.matrix_off"))
    if not on.discord:
        yield Finding(None, Phrase("doctor.discord_off"))


async def _matrix(config: Config, known: _Known) -> list[Finding]:
    if config.platforms.matrix is None:
        return []
    from bot.platforms.matrix.doctor import Case
    from bot.platforms.matrix.doctor import examine as examine_matrix

    roles = (*config.roles.organiser, *config.roles.volunteer)
    grants = [grant for grant in roles if grant.startswith("matrix:power")]
    case = Case(
        account_of(config), rooms_of(config), rooms_of(config, "organisers"), grants, known.of("matrix"), known.running
    )  # fmt: skip
    found: list[Finding] = await examine_matrix(case)
    return found


async def _discord(config: Config, known: _Known) -> list[Finding]:
    if config.platforms.discord is None:
        return []
    from bot.platforms.discord.doctor import Case
    from bot.platforms.discord.doctor import examine as examine_discord

    case = Case(
        setting_of(config), commands.CATALOGUE, read_texts(), _grants(config.roles.organiser),
        _grants(config.roles.volunteer), known.of("discord"), known.running,
    )  # fmt: skip
    return await examine_discord(case)


def _grants(grants: Sequence[str]) -> list[str]:
    """Those of Discord."""
    return [grant for grant in grants if grant.startswith("discord:")]
