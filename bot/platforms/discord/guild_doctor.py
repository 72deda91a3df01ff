"""How the bot stands in the servers of the campaign: in or not, what it may do in each room, and which roles exist."""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Self

import discord

from bot.core.finding import Finding
from bot.core.reply import Phrase, phrase
from bot.platforms.discord.client import Client
from bot.platforms.discord.invitation import invitation, missing
from bot.platforms.discord.setting import Setting

_ROLE = "discord:role:"


@dataclasses.dataclass(frozen=True, slots=True)
class Grants:
    """Roles on Discord that give a role of the campaign, by id.

    Attributes:
        people: Somebody is organiser by account.
    """

    organisers: tuple[int, ...]
    volunteers: tuple[int, ...]
    people: bool

    @classmethod
    def read(cls, organisers: Sequence[str], volunteers: Sequence[str]) -> Self:
        """From the settings: `discord:role:42` and `discord:user:43`."""
        roles = _roles(organisers)
        return cls(roles, _roles(volunteers), len(roles) < len(organisers))


def _roles(grants: Sequence[str]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(one.removeprefix(_ROLE)) for one in grants if one.startswith(_ROLE)))


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """A server that the bot is in."""

    guild: discord.Guild
    me: discord.Member
    channels: Mapping[int, discord.abc.GuildChannel]


class GuildDoctor:
    """Examines the servers of the campaign, and what is in them.

    Attributes:
        seen: The servers that the bot is in, once they were looked at.
    """

    def __init__(self, client: Client, setting: Setting, grants: Grants) -> None:
        """Ask by a client that has logged in."""
        self._client = client
        self._setting = setting
        self._grants = grants
        self.seen: list[Seen] = []

    async def examine(self) -> list[Finding]:
        """What there is to say of the servers, the rooms and the roles.

        Raises:
            discord.HTTPException, discord.RateLimited: Discord gave no clear answer.
        """
        joined = [guild async for guild in self._client.fetch_guilds(with_counts=False)]
        ours = sorted(self._setting.guilds)
        if not ours:
            return [_no_guilds(joined)]  # of rooms and roles nothing can be said
        looked = await asyncio.gather(*(self._look(id_) for id_ in ours))
        self.seen = [one for one in looked if one]
        guilds = [self._guild(id_, one) for id_, one in zip(ours, looked, strict=True)]
        others = [_other(guild) for guild in joined if guild.id not in self._setting.guilds]
        rooms = await asyncio.gather(*(self._room(int(id_)) for id_ in dict.fromkeys(self._setting.rooms)))
        return [*guilds, *others, *(rooms or [_nowhere()]), *self._roles()]

    # -- the servers ------------------------------------------------------------------------------------

    async def _look(self, id_: int) -> Seen | None:
        try:
            guild = await self._client.fetch_guild(id_, with_counts=False)
        except (discord.NotFound, discord.Forbidden):
            return None
        me = await guild.fetch_member(self._me)
        return Seen(guild, me, {channel.id: channel for channel in await guild.fetch_channels()})

    def _guild(self, id_: int, seen: Seen | None) -> Finding:
        if seen:
            return Finding(True, phrase("discord.doctor_guild", guild=seen.guild.name))
        todo = phrase("discord.do_outside", link=invitation(self._application, id_))
        return Finding(False, phrase("discord.doctor_outside", id=str(id_)), todo)

    @property
    def _me(self) -> int:
        return self._client.user.id if self._client.user else 0

    @property
    def _application(self) -> int:
        return self._client.application_id or 0

    # -- the rooms --------------------------------------------------------------------------------------

    async def _room(self, id_: int) -> Finding:
        for one in self.seen:
            if id_ in one.channels:
                return self._inside(one, one.channels[id_])
        try:
            return self._elsewhere(await self._client.fetch_channel(id_))
        except discord.NotFound:
            return Finding(False, phrase("discord.room_unknown", id=str(id_)), Phrase("discord.do_room_unknown"))
        except discord.Forbidden:
            return Finding(False, phrase("discord.room_hidden", id=str(id_)), Phrase("discord.do_room_hidden"))

    def _inside(self, seen: Seen, channel: discord.abc.GuildChannel) -> Finding:
        named = {"room": f"#{channel.name}", "guild": seen.guild.name}
        if not isinstance(channel, discord.abc.Messageable):
            what = phrase("discord.room_kind", place=channel.name, guild=seen.guild.name)
            return Finding(False, what, Phrase("discord.do_room_kind"))
        if lacks := missing(channel, seen.me):
            rights = tuple(Phrase(f"discord.may_{name}") for name in lacks)
            todo = phrase("discord.do_room_rights", room=f"#{channel.name}", bot=seen.me.name)
            return Finding(False, Phrase("discord.room_rights", {**named, "rights": rights}), todo)
        return Finding(True, Phrase("discord.room_good", named))

    def _elsewhere(self, channel: object) -> Finding:
        """A thread, or a room in a server that is not in the settings."""
        guild = getattr(channel, "guild", None)
        if isinstance(channel, discord.Thread):
            what = phrase("discord.room_thread", room=f"#{channel.name}")
            return Finding(False, what, phrase("discord.do_room_thread", id=str(channel.parent_id)))
        if isinstance(channel, discord.abc.GuildChannel) and guild:
            what = phrase("discord.room_elsewhere", room=f"#{channel.name}")
            return Finding(False, what, phrase("discord.do_room_elsewhere", id=str(guild.id)))
        id_ = str(getattr(channel, "id", ""))
        return Finding(False, phrase("discord.room_unknown", id=id_), Phrase("discord.do_room_unknown"))

    # -- the roles --------------------------------------------------------------------------------------

    def _roles(self) -> list[Finding]:
        """Those in the settings; one that is nowhere is only told when every server was seen."""
        grants = self._grants
        found = [one for id_ in grants.organisers for one in self._role(id_, "organiser")]
        found += [one for id_ in grants.volunteers for one in self._role(id_, "volunteer")]
        if grants.organisers or grants.people:
            return found
        return [*found, Finding(None, Phrase("discord.no_organisers"), Phrase("discord.do_no_organisers"))]

    def _role(self, id_: int, gives: str) -> list[Finding]:
        for one in self.seen:
            if role := one.guild.get_role(id_):
                return [_existing(role, one.guild, gives)]
        if len(self.seen) < len(self._setting.guilds):
            return []
        return [Finding(False, phrase("discord.role_unknown", id=str(id_)), Phrase("discord.do_role_unknown"))]


def _existing(role: discord.Role, guild: discord.Guild, gives: str) -> Finding:
    named = {"role": role.name, "guild": guild.name}
    if role.is_default() and gives == "organiser":
        return Finding(False, phrase("discord.role_everybody", guild=guild.name), Phrase("discord.do_role_everybody"))
    return Finding(True, Phrase(f"discord.role_{gives}", named))


def _no_guilds(joined: Sequence[discord.Guild]) -> Finding:
    what = Phrase("discord.doctor_no_guilds")
    if not joined:
        return Finding(False, what, Phrase("discord.do_no_guilds"))
    named = tuple(phrase("discord.guild", guild=one.name, id=str(one.id)) for one in joined)
    return Finding(False, what, phrase("discord.do_pick_guild", guilds=named))


def _other(guild: discord.Guild) -> Finding:
    todo = phrase("discord.do_other", id=str(guild.id))
    return Finding(None, phrase("discord.doctor_other", guild=guild.name), todo)


def _nowhere() -> Finding:
    return Finding(None, Phrase("discord.doctor_no_rooms"), Phrase("discord.do_no_rooms"))
