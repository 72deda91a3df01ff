"""The answer to an interaction: promised in time, said once, or taken back (platforms.md D2, D3)."""

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord
import structlog

from bot.core.platform import Payload, PlatformRefused
from bot.core.reply import Kind, Phrase, Reply
from bot.platforms.discord.failing import ANSWERED, UNCLEAR
from bot.platforms.discord.message import parts
from bot.platforms.discord.renderer import Renderer
from bot.platforms.discord.setting import Setting

_TRIES, _PROMISE_TRIES = 6, 3
_FIRST_PAUSE_SECONDS = 0.5
_HIDDEN = "hidden"  # of what was promised: only the asker sees it
_FAILED = (discord.HTTPException, PlatformRefused, *UNCLEAR)

log = structlog.get_logger()


class Responses:
    """What Discord is told about an interaction.

    Whether an answer was promised stands in the interaction's own `extras`: its `is_done` does not know of a promise
    that arrived while the connection was cut.
    """

    def __init__(self, renderer: Renderer, setting: Setting) -> None:
        self._renderer = renderer
        self._setting = setting

    async def promise(self, interaction: discord.Interaction, *, hidden: bool) -> bool:
        """Say that an answer will come; False: that did not arrive in time, so nothing may be done.

        Args:
            interaction: Not answered yet.
            hidden: What will come is the asker's alone; it cannot be changed afterwards.
        """
        try:
            # A tap is answered with a message of its own: what stands above the button stays.
            await surely(lambda: interaction.response.defer(ephemeral=hidden, thinking=True), _PROMISE_TRIES)
        except _FAILED as error:
            log.info("an interaction was not taken", error=repr(error))
            return False
        interaction.extras[_HIDDEN] = hidden
        return True

    async def say(
        self, interaction: discord.Interaction, payloads: Sequence[Payload], *, owner: str, until: int, alone: bool
    ) -> bool:
        """Say an answer, as what was promised or as the first word; whether it arrived.

        Args:
            interaction: To which it is the answer.
            payloads: At least one.
            owner: Whose its own buttons are.
            until: Until when those act, UTC milliseconds of the campaign's clock.
            alone: Only the asker may read it.
        """
        try:
            await _say(interaction, [functools.partial(parts, p, owner, until) for p in payloads], alone=alone)
        except _FAILED as error:
            log.warning("an answer was not given", error=repr(error))
            if _is_our_fault(error):
                await self._apologise(interaction)
            return False
        return True

    async def nothing(self, interaction: discord.Interaction) -> None:
        """Say nothing at all: where no answer comes, Discord shows that the bot failed."""
        with contextlib.suppress(*_FAILED):
            if _HIDDEN in interaction.extras or await self._begun(interaction):
                await _surely_gone(interaction)

    async def remark(self, interaction: discord.Interaction, key: str, **values: str | tuple[str, ...]) -> None:
        """A line of the platform's own, for the asker alone."""
        payloads = self._rendered(interaction, key, **values)
        alone = interaction.guild_id is not None
        await self.say(interaction, payloads, owner=str(interaction.user.id), until=0, alone=alone)

    async def add(self, interaction: discord.Interaction, key: str, **values: str | tuple[str, ...]) -> None:
        """A line of the platform's own beneath an answer, for the asker alone."""
        alone = interaction.guild_id is not None
        with contextlib.suppress(*_FAILED):
            for payload in self._rendered(interaction, key, **values):
                said = parts(payload, None, 0)
                await surely(functools.partial(interaction.followup.send, **said, ephemeral=alone))

    def _rendered(
        self, interaction: discord.Interaction, key: str, **values: str | tuple[str, ...]
    ) -> Sequence[Payload]:
        reply = Reply(Phrase(key, values), kind=Kind.ERROR)
        return self._renderer.render(reply, language=self.language(interaction), zone=self._setting.zone)

    def language(self, interaction: discord.Interaction) -> str:
        """In which the platform itself speaks."""
        short = str(interaction.locale)[:2]
        return short if short in {"nl", "en"} else self._setting.language

    async def _begun(self, interaction: discord.Interaction) -> bool:
        """Keep Discord from showing a failure; whether that shows something which is to be taken away."""
        if interaction.type is discord.InteractionType.component:
            await surely(interaction.response.defer, _PROMISE_TRIES)
            return False
        return await self.promise(interaction, hidden=True)

    async def _apologise(self, interaction: discord.Interaction) -> None:
        """Discord does not take what we made of the answer: say at least that."""
        payload, *_ = self._rendered(interaction, "discord.unsayable")
        with contextlib.suppress(*_FAILED):
            await _say(interaction, [lambda: parts(payload, None, 0)], alone=interaction.guild_id is not None)


Made = Callable[[], dict[str, Any]]
"""What discord.py takes to say a message, new for each attempt: its files are read while they are sent."""


async def _say(interaction: discord.Interaction, messages: Sequence[Made], *, alone: bool) -> None:
    first, *rest = messages
    if _HIDDEN not in interaction.extras:
        await surely(lambda: interaction.response.send_message(**first(), ephemeral=alone))
    elif alone and not interaction.extras[_HIDDEN]:
        # What was promised to everybody cannot become private, and as long as it is there what follows takes its place.
        await _surely_gone(interaction)
        rest = [first, *rest]
    else:
        await surely(lambda: interaction.edit_original_response(**_edit(first())))
    for message in rest:
        await surely(lambda message=message: interaction.followup.send(**message(), ephemeral=alone))  # type: ignore[misc]


async def _surely_gone(interaction: discord.Interaction) -> None:
    with contextlib.suppress(discord.NotFound):
        await surely(interaction.delete_original_response)


async def surely(act: Callable[[], Awaitable[object]], tries: int = _TRIES) -> None:
    """Do something until it is known that it was done: a second time Discord refuses it, or changes nothing."""
    for number in range(tries):
        try:
            await act()
        except discord.InteractionResponded:
            return
        except (discord.HTTPException, *UNCLEAR) as error:
            if isinstance(error, discord.HTTPException) and error.code == ANSWERED:
                return
            if number + 1 == tries or not _is_unclear(error):
                raise
        else:
            return
        await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2**number)


def _is_unclear(error: Exception) -> bool:
    return error.status >= 500 if isinstance(error, discord.HTTPException) else True


def _is_our_fault(error: Exception) -> bool:
    """Whether the same message will never be taken."""
    return error.status == 400 if isinstance(error, discord.HTTPException) else isinstance(error, PlatformRefused)


def _edit(said: dict[str, Any]) -> dict[str, Any]:
    return {**said, **({"attachments": said.pop("files")} if "files" in said else {})}
