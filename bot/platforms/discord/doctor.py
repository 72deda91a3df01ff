"""The Discord part of `actiebot doctor`: REST alone, with the bot's token, beside a running bot; nothing is changed."""

import asyncio
import contextlib
import dataclasses
import logging
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

import aiohttp
import discord

from bot.core.command import Catalogue
from bot.core.finding import Finding
from bot.core.platform import PlatformRefused, TryAfter, Unknown
from bot.core.reply import Phrase, phrase
from bot.core.texts import Texts
from bot.platforms.discord.client import Client, point_at
from bot.platforms.discord.command_doctor import CommandDoctor
from bot.platforms.discord.failing import told
from bot.platforms.discord.guild_doctor import Grants, GuildDoctor
from bot.platforms.discord.invitation import invitation
from bot.platforms.discord.setting import Setting
from bot.platforms.discord.upload import UPLOADED

KEPT = (UPLOADED,)
"""What of the platform's memory is of use here."""
SECONDS = 6.0
"""For each part; discord.py tries a server in trouble again within it."""
_LONGEST_WAIT_SECONDS = 3.0
_SHOWN_LETTERS = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """What there is to examine.

    Attributes:
        texts: With `discord.slash.*`.
        organisers: Who has that role on Discord: `discord:role:42`, `discord:user:43`.
        volunteers: The same for volunteers.
        kept: What the bot's memory holds under the names in `KEPT`.
        running: The bot is at work at this moment.
    """

    setting: Setting
    catalogue: Catalogue
    texts: Texts
    organisers: Sequence[str]
    volunteers: Sequence[str]
    kept: Mapping[str, str]
    running: bool


async def examine(case: Case) -> list[Finding]:
    """How the bot stands on Discord; takes some seconds at most, whatever Discord does."""
    point_at(case.setting.api_url, None)
    with _quiet():
        return await _examined(case)


async def _examined(case: Case) -> list[Finding]:
    async with Client() as client:
        client.http.max_ratelimit_timeout = _LONGEST_WAIT_SECONDS  # `Client` itself takes no less than 30
        if outside := await _let_in(client, case.setting.token):
            return [outside]
        grants = Grants.read(case.organisers, case.volunteers)
        guilds = GuildDoctor(client, case.setting, grants)
        commands = CommandDoctor(client, case.catalogue, case.texts, case.setting.language)
        uploaded, about = case.kept.get(UPLOADED), Phrase("discord.about_commands")
        inside, given = await asyncio.gather(
            _clear(Phrase("discord.about_guilds"), guilds.examine),
            _clear(about, lambda: commands.examine(uploaded, running=case.running)),
        )
        shown = await _clear(about, lambda: commands.shown(guilds.seen, grants))
        return [*_application(client), *inside, *given, *shown]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What discord.py logs meanwhile is told as findings, as far as it matters."""
    logger = logging.getLogger("discord")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


# -- the login ------------------------------------------------------------------------------------------


async def _let_in(client: Client, token: str) -> Finding | None:
    """Log in; a finding: why not."""
    try:
        with told():
            async with asyncio.timeout(SECONDS):
                await client.login(token)
    except discord.LoginFailure:
        return Finding(False, phrase("discord.doctor_off", why=Phrase("discord.off_token")))
    except TryAfter as error:
        return _busy(error)
    except PlatformRefused as error:
        what = phrase("discord.doctor_refused", reason=error.reason.replace(token, "***")[:_SHOWN_LETTERS])
        return Finding(False, what, Phrase("discord.do_trouble"))
    except (Unknown, KeyError, TypeError) as error:  # the latter: what answers is not Discord
        key = "unreachable" if _is_cut_off(error) else "trouble"
        return Finding(False, Phrase(f"discord.doctor_{key}"), Phrase(f"discord.do_{key}"))
    return None


def _is_cut_off(error: Exception) -> bool:
    """Whether the network is the trouble, rather than Discord."""
    cause = error.__cause__
    return isinstance(cause, aiohttp.ClientConnectionError | OSError) and not isinstance(cause, TimeoutError)


def _application(client: Client) -> list[Finding]:
    """Whose the token is, and what in the Developer Portal stands in the way."""
    about = client.application
    if about is None or client.user is None:
        raise ValueError("not logged in")
    found = [Finding(True, phrase("discord.doctor_in", bot=client.user.name, application=about.name))]
    if about.interactions_endpoint_url:
        found.append(Finding(False, Phrase("discord.doctor_endpoint"), Phrase("discord.do_endpoint")))
    if about.bot_require_code_grant:
        found.append(Finding(False, Phrase("discord.doctor_code_grant"), Phrase("discord.do_code_grant")))
    if about.bot_public:
        found.append(Finding(None, Phrase("discord.doctor_public"), Phrase("discord.do_public")))
    link = phrase("discord.doctor_invite", link=invitation(about.id))
    return [*found, Finding(None, link, Phrase("discord.do_invite"))]


# -- answers that do not come ---------------------------------------------------------------------------


async def _clear(about: Phrase, examined: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
    """What came of one part of the examination; the others do not suffer when it gets no answer."""
    try:
        with told():
            async with asyncio.timeout(SECONDS):
                return await examined()
    except TryAfter as error:
        return [_busy(error)]
    except (Unknown, PlatformRefused, discord.ClientException):
        return [Finding(False, phrase("discord.doctor_unclear", about=about), Phrase("discord.do_trouble"))]


def _busy(error: TryAfter) -> Finding:
    return Finding(None, Phrase("discord.doctor_busy"), phrase("discord.do_busy", seconds=math.ceil(error.seconds)))
