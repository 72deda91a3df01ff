"""Whether Discord has the bot's commands as they are now, and whether organisers see theirs."""

import asyncio
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from bot.core.command import Catalogue
from bot.core.finding import Finding
from bot.core.reply import Phrase, Value, phrase
from bot.core.texts import Texts
from bot.platforms.discord.client import Client
from bot.platforms.discord.guild_doctor import Grants, Seen
from bot.platforms.discord.slash import Hands, Slash
from bot.platforms.discord.upload import fingerprint, has


class CommandDoctor:
    """Examines the commands, by a client that has logged in and hears nothing."""

    def __init__(self, client: Client, catalogue: Catalogue, texts: Texts, language: str) -> None:
        """Take the commands as the bot would upload them."""
        self._client = client
        self._slash = Slash(catalogue, language, texts, Hands(_deaf, _deaf, _deaf))
        self._theirs: Sequence[app_commands.AppCommand] = ()

    async def examine(self, uploaded: str | None, *, running: bool) -> list[Finding]:
        """What there is to say of the upload.

        Args:
            uploaded: The hash that the bot keeps of what it uploaded.
            running: The bot is at work.

        Raises:
            discord.HTTPException, discord.RateLimited: Discord gave no clear answer.
        """
        tree = self._client.tree
        await self._slash.put_on(tree)
        self._theirs = await tree.fetch_commands()
        start = Phrase("discord.do_restart" if running else "discord.do_start")
        if not self._theirs:
            return [Finding(None, Phrase("discord.commands_none"), start)]
        if uploaded == await fingerprint(tree) and await has(tree):
            return [Finding(True, Phrase("discord.commands_good"))]
        return [Finding(None, Phrase("discord.commands_old"), start)]

    async def shown(self, seen: Sequence[Seen], grants: Grants) -> list[Finding]:
        """Whether organisers see what is theirs alone, server by server; after `examine`.

        Raises:
            discord.HTTPException, discord.RateLimited: Discord gave no clear answer.
        """
        theirs = [one for one in self._theirs if _is_hidden(one)]
        if not theirs:
            return []
        found = await asyncio.gather(*(self._in_guild(one.guild, theirs, grants) for one in seen))
        return [finding for each in found for finding in each]

    async def _in_guild(
        self, guild: discord.Guild, hidden: Sequence[app_commands.AppCommand], grants: Grants
    ) -> list[Finding]:
        """Administrators see everything; whom they let see a command besides, Discord tells."""
        roles = [role for id_ in grants.organisers if (role := guild.get_role(id_))]
        named: dict[str, Value] = {"guild": guild.name, "commands": _named(hidden)}
        if not roles:
            todo = phrase("discord.do_show", bot=self._bot)
            return [Finding(None, Phrase("discord.shown_to_administrators", named), todo)]
        allowed = await asyncio.gather(*(_allowed(one, guild) for one in hidden))
        unseen = [
            self._unseen(guild, role, commands)
            for role in roles if not role.permissions.administrator
            if (commands := [c for c, ids in zip(hidden, allowed, strict=True) if not {role.id, guild.id} & ids])
        ]  # fmt: skip
        return unseen or [Finding(True, Phrase("discord.shown", named))]

    def _unseen(self, guild: discord.Guild, role: discord.Role, commands: Sequence[app_commands.AppCommand]) -> Finding:
        what = phrase("discord.unseen", guild=guild.name, role=role.name, commands=_named(commands))
        return Finding(False, what, phrase("discord.do_show_role", bot=self._bot, role=role.name))

    @property
    def _bot(self) -> str:
        return self._client.user.name if self._client.user else ""


async def _allowed(command: app_commands.AppCommand, guild: discord.Guild) -> set[int]:
    """The roles and people to whom a server's administrators show a command."""
    try:
        given = await command.fetch_permissions(guild)
    except discord.NotFound:  # they changed nothing
        return set()
    return {one.id for one in given.permissions if one.permission}


def _is_hidden(command: app_commands.AppCommand) -> bool:
    needs = command.default_member_permissions
    return needs is not None and needs.value == 0


def _named(commands: Sequence[app_commands.AppCommand]) -> tuple[str, ...]:
    return tuple(sorted(f"/{one.name}" for one in commands))


async def _deaf(*_: object) -> Any:
    """Nothing is heard without the gateway."""
    raise NotImplementedError
