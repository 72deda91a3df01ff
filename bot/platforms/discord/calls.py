"""What somebody does on Discord as a call."""

import dataclasses
from collections.abc import Mapping

import discord

from bot.core.invocation import Address, Invocation, Press
from bot.core.reply import For
from bot.platforms.discord.buttons import Coded
from bot.platforms.discord.client import Client
from bot.platforms.discord.setting import Setting
from bot.platforms.discord.standing import Standing


class Calls:
    """Makes calls; roles that do not come with what somebody does are looked up."""

    def __init__(self, client: Client, setting: Setting) -> None:
        self._client = client
        self._standing = Standing(setting.guilds)

    def given(
        self, interaction: discord.Interaction, command: str, values: Mapping[str, str], *, press: Press | None = None
    ) -> Invocation:
        """Of a command that was given, or a button that was tapped; without what is known of the account."""
        user = interaction.user
        private = interaction.guild_id is None
        return Invocation(
            id=f"discord:{interaction.id}",
            who=account(user),
            where=account(user) if private else place(interaction.channel, interaction.channel_id),
            private=private,
            command=command,
            values=values,
            language=str(interaction.locale),
            press=press,
            name=user.name,
        )

    async def known(self, user: discord.abc.User, call: Invocation) -> Invocation:
        """A call with what is known of the account that makes it."""
        return dataclasses.replace(call, groups=await self._groups(user, private=call.private))

    async def typed(self, message: discord.Message, line: str) -> Invocation:
        """Of something that was said to the bot."""
        private = message.guild is None
        return Invocation(
            id=f"discord:{message.id}",
            who=account(message.author),
            where=account(message.author) if private else place(message.channel, message.channel.id),
            private=private,
            line=line,
            groups=await self._groups(message.author, private=private),
            aloud=not private,
            perhaps=True,
            name=message.author.name,
        )

    async def tapped(self, message: discord.Message, coded: Coded, button: str) -> Invocation:
        """Of a word in a private talk that stands for a button; `button` as for a tap on it (`press`)."""
        return Invocation(
            id=f"discord:{message.id}",
            who=account(message.author),
            where=account(message.author),
            private=True,
            command=coded.command,
            values=coded.values,
            groups=await self._groups(message.author, private=True),
            press=press(coded, button, message.author),
            name=message.author.name,
        )

    async def _groups(self, user: discord.abc.User, *, private: bool) -> frozenset[str]:
        return await self._standing.anywhere(user, self._client) if private else self._standing.here(user)


def account(user: discord.abc.User) -> Address:
    return Address("discord", str(user.id))


def place(channel: object, id_: int | None) -> Address:
    """A channel; a thread counts as the channel that it belongs to."""
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    return Address("discord", str(parent or id_))


def button_of(message: int, custom_id: str, chosen: str) -> str:
    """Which button it is: the message that it stands beneath, its id there, and of a menu the option."""
    return f"{message}:{custom_id}:{chosen}"


def press(coded: Coded, button: str, who: discord.abc.User) -> Press | None:
    """What keeps a button the asker's own; `button` (`button_of`) tells it from every other one.

    One that has no owner stands in a message to one person: whoever sees it is that person.
    """
    if coded.whose is not For.ASKER:
        return None
    return Press(f"discord:{button}", Address("discord", coded.owner or str(who.id)), coded.until)
