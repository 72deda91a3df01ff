"""What Discord knows of an account: whether it is among us, and the roles that it has there."""

import time
from collections.abc import Callable, Collection
from typing import Protocol

import discord
import structlog

from bot.platforms.discord.failing import UNCLEAR

KEPT_SECONDS = 300.0
_MOST_KEPT = 5000

log = structlog.get_logger()


class Guilds(Protocol):
    """Where members are looked up: the client."""

    def get_guild(self, id: int, /) -> discord.Guild | None: ...  # noqa: A002 - discord.py's name


class Standing:
    """Groups of accounts, as `bot.core.invocation.Invocation.groups` has them."""

    def __init__(self, ours: Collection[int], *, seconds: Callable[[], float] = time.monotonic) -> None:
        """Look in the guilds of the campaign, by their ids."""
        self._ours = ours
        self._seconds = seconds
        self._kept: dict[int, tuple[float, frozenset[str]]] = {}

    def here(self, user: discord.abc.User) -> frozenset[str]:
        """Of somebody who speaks in a guild; with the roles that came with what they said."""
        if isinstance(user, discord.Member) and user.guild.id in self._ours:
            return _groups(user)
        return _account(user.id)

    async def anywhere(self, user: discord.abc.User, guilds: Guilds) -> frozenset[str]:
        """Of somebody who speaks in private: looked up in each guild of ours, and kept for five minutes.

        What cannot be looked up counts as no role, and is looked up again the next time.
        """
        until, kept = self._kept.get(user.id, (0.0, frozenset()))
        if self._seconds() < until:
            return kept
        found, whole = _account(user.id), True
        for id_ in self._ours:
            try:
                found |= await _member(guilds, id_, user.id)
            except discord.NotFound:
                continue
            except (discord.DiscordException, *UNCLEAR) as error:
                log.warning("roles could not be looked up", guild=id_, error=repr(error))
                whole = False
        if whole:
            self._keep(user.id, found)
        return found

    def _keep(self, user: int, found: frozenset[str]) -> None:
        while len(self._kept) >= _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[user] = (self._seconds() + KEPT_SECONDS, found)


async def _member(guilds: Guilds, guild: int, user: int) -> frozenset[str]:
    place = guilds.get_guild(guild)
    if place is None:
        return frozenset()  # the bot is not there
    return _groups(await place.fetch_member(user))


def _account(user: int) -> frozenset[str]:
    return frozenset({f"discord:user:{user}"})


def _groups(member: discord.Member) -> frozenset[str]:
    # `member.roles` leaves out what is not in discord.py's memory, and breaks off while a guild has an outage.
    roles = (member.guild.id, *member._roles)  # noqa: SLF001 - and everybody has the role with the guild's own id
    return _account(member.id) | {"member"} | {f"discord:role:{role}" for role in roles}
