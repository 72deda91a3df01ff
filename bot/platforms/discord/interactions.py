"""Commands, buttons and forms: called in time, done once, and always answered (platforms.md D3-D5)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import discord
import structlog

from bot.core.command import Catalogue, Command, Declared, Seen
from bot.core.invocation import Invocation
from bot.core.platform import Answer, Dispatcher, Payload, PlatformRefused
from bot.core.reply import Kind, Phrase, Reply
from bot.platforms.discord.buttons import PREFIX, decode
from bot.platforms.discord.calls import Calls, press
from bot.platforms.discord.failing import ANSWERED, UNCLEAR
from bot.platforms.discord.message import parts
from bot.platforms.discord.modal import Form
from bot.platforms.discord.renderer import Renderer
from bot.platforms.discord.setting import Setting

SLOW_SECONDS = 1.5
"""Discord waits 3 s for the first word; after this long we say that we are at it."""
_TRIES, _DEFER_TRIES = 6, 3
_FIRST_PAUSE_SECONDS = 0.5

log = structlog.get_logger()


class Interactions:
    """Takes what people do with the bot's commands and buttons."""

    def __init__(
        self, dispatcher: Dispatcher, catalogue: Catalogue, renderer: Renderer, setting: Setting, calls: Calls
    ) -> None:
        self._dispatcher = dispatcher
        self._catalogue = catalogue
        self._renderer = renderer
        self._setting = setting
        self._calls = calls
        self._forms: dict[str, Form] = {}

    # -- what people do ---------------------------------------------------------------------------------

    async def called(self, interaction: discord.Interaction, command: Command, values: Mapping[str, str]) -> None:
        """A command was given with its values."""
        if not await self._is_ours(interaction):
            return
        await self._carry_out(interaction, command, await self._calls.given(interaction, command.id, values))

    async def typing(
        self, interaction: discord.Interaction, command: Command, declared: Declared, partial: str,
        values: Mapping[str, str],
    ) -> Sequence[tuple[str, str]]:  # fmt: skip
        """Somebody types a value."""
        if interaction.guild_id is not None and interaction.guild_id not in self._setting.guilds:
            return ()
        call = await self._calls.given(interaction, command.id, values)
        return await self._dispatcher.suggest(call, declared.name, partial)

    async def left_out(
        self, interaction: discord.Interaction, command: Command, values: Mapping[str, str],
        texts: tuple[Declared, ...],
    ) -> None:  # fmt: skip
        """A command was given without its long text: ask for it in a form."""
        if not await self._is_ours(interaction):
            return
        form = Form(
            command, values, texts, language=self._language(interaction), on_sent=self._sent, on_error=self.failed
        )  # fmt: skip
        self._forms = {id_: open_ for id_, open_ in self._forms.items() if not open_.is_finished()}
        self._forms[form.custom_id] = form
        await interaction.response.send_modal(form)

    async def _sent(self, interaction: discord.Interaction, command: Command, values: Mapping[str, str]) -> None:
        await self.called(interaction, command, values)

    async def tapped(self, interaction: discord.Interaction, custom_id: str, chosen: str) -> None:
        """A button was tapped, or an option of a menu chosen."""
        coded = decode(custom_id, chosen)
        if coded is None:
            await self._remark(interaction, "discord.no_button")
            return
        if not await self._is_ours(interaction):
            return
        message = interaction.message.id if interaction.message else 0
        own = press(coded, f"{message}:{custom_id}:{chosen}", interaction.user)
        call = await self._calls.given(interaction, coded.command, coded.values, press=own)
        await self._carry_out(interaction, self._catalogue.commands.get(coded.command), call)

    async def seen(self, interaction: discord.Interaction) -> None:
        """Every interaction comes by here; those that nothing else takes get an answer too."""
        data: Mapping[str, object] = dict(interaction.data or {})
        custom_id = str(data.get("custom_id", ""))
        if interaction.type is discord.InteractionType.modal_submit and custom_id not in self._forms:
            await self._remark(interaction, "discord.old_form", texts=tuple(_written(data)))
        if interaction.type is discord.InteractionType.component and not _stands(interaction, custom_id):
            await self._remark(interaction, "discord.no_button")

    async def failed(self, interaction: discord.Interaction, error: Exception) -> None:
        """A command that is not known any more, options that are others now, or a fault of our own."""
        if isinstance(error, discord.app_commands.CommandNotFound | discord.app_commands.CommandSignatureMismatch):
            log.info("a command of an older menu", error=str(error))
            await self._remark(interaction, "discord.old_command")
            return
        log.error("an interaction failed", exc_info=error)
        await self._remark(interaction, "discord.broken")

    # -- doing it ---------------------------------------------------------------------------------------

    async def _carry_out(self, interaction: discord.Interaction, command: Command | None, call: Invocation) -> None:
        """Run a call; one that writes is not begun unless Discord knows that an answer will come."""
        hidden = self._hidden(command, call)
        if command is not None and command.writes and not await self._defer(interaction, hidden=hidden):
            return
        work = asyncio.create_task(self._dispatcher.handle(call))
        try:
            done, _ = await asyncio.wait({work}, timeout=SLOW_SECONDS)
            if not done and not interaction.response.is_done():
                await self._defer(interaction, hidden=hidden)
            answer = await work
        except asyncio.CancelledError:
            work.cancel()
            raise
        if await self._give(interaction, answer, call, hidden=hidden):
            await self._dispatcher.said(call)

    def _hidden(self, command: Command | None, call: Invocation) -> bool:
        """Whether the answer is likely to be for the asker alone; it has to be said before it is known."""
        if call.private or command is None:
            return False
        if call.press and call.press.owner != call.who:
            return True
        among_organisers = call.where.id in self._setting.organisers
        return command.seen_by is Seen.ASKER or (command.seen_by is Seen.ORGANISERS and not among_organisers)

    async def _defer(self, interaction: discord.Interaction, *, hidden: bool) -> bool:
        """Say that an answer will come; False: that did not arrive in time, so nothing may be done."""
        try:
            # A tap is answered with a message of its own: what stands above the button stays.
            await _surely(lambda: interaction.response.defer(ephemeral=hidden, thinking=True), _DEFER_TRIES)
        except (discord.HTTPException, *UNCLEAR) as error:
            log.info("an interaction was not taken", error=repr(error))
            return False
        return True

    # -- answering --------------------------------------------------------------------------------------

    async def _give(self, interaction: discord.Interaction, answer: Answer, call: Invocation, *, hidden: bool) -> bool:
        """Say an answer; whether it arrived."""
        alone = answer.private and not call.private
        if answer.told:
            return await self._nothing_more(interaction)
        payloads = self._renderer.render(answer.reply, language=answer.language, zone=answer.zone)
        return await self._say(interaction, payloads, owner=call.who.id, until=answer.until, alone=alone, hidden=hidden)

    async def _say(
        self, interaction: discord.Interaction, payloads: Sequence[Payload], *, owner: str, until: int, alone: bool,
        hidden: bool,
    ) -> bool:  # fmt: skip
        first, *rest = payloads
        deferred = interaction.response.is_done()
        try:
            if not deferred:
                await _surely(lambda: interaction.response.send_message(**parts(first, owner, until), ephemeral=alone))
            elif alone and not hidden:
                # What was announced for everybody cannot become private; it is taken away.
                with contextlib.suppress(discord.HTTPException):
                    await interaction.delete_original_response()
                rest = [first, *rest]
            else:
                await _surely(lambda: interaction.edit_original_response(**_edit(first, owner, until)))
            for payload in rest:
                await interaction.followup.send(**parts(payload, owner, until), ephemeral=alone)
        except (discord.HTTPException, PlatformRefused, *UNCLEAR) as error:
            log.warning("an answer was not given", error=repr(error))
            return False
        return True

    async def _nothing_more(self, interaction: discord.Interaction) -> bool:
        """The asker heard the same a moment ago; Discord wants something all the same."""
        if interaction.response.is_done():
            with contextlib.suppress(discord.HTTPException, *UNCLEAR):
                await interaction.delete_original_response()
        return True

    async def _is_ours(self, interaction: discord.Interaction) -> bool:
        """Whether it is in a guild of the campaign or in private; elsewhere one line is all there is."""
        if interaction.guild_id is None or interaction.guild_id in self._setting.guilds:
            return True
        await self._remark(interaction, "discord.strange_guild", campaign=self._setting.campaign)
        return False

    async def _remark(self, interaction: discord.Interaction, key: str, **values: str | tuple[str, ...]) -> None:
        """A line of the platform's own, for the asker alone."""
        reply = Reply(Phrase(key, values), kind=Kind.ERROR)
        payloads = self._renderer.render(reply, language=self._language(interaction), zone=self._setting.zone)
        await self._say(
            interaction, payloads, owner=str(interaction.user.id), until=0, alone=interaction.guild_id is not None,
            hidden=True,
        )  # fmt: skip

    def _language(self, interaction: discord.Interaction) -> str:
        short = str(interaction.locale)[:2]
        return short if short in {"nl", "en"} else self._setting.language


async def _surely(act: Callable[[], Awaitable[object]], tries: int = _TRIES) -> None:
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


def _edit(payload: Payload, owner: str, until: int) -> dict[str, Any]:
    said = parts(payload, owner, until)
    return {**said, **({"attachments": said.pop("files")} if "files" in said else {})}


def _stands(interaction: discord.Interaction, custom_id: str) -> bool:
    """Whether a button that we made is in the message under which it was tapped."""
    if interaction.message is None or not custom_id.startswith(PREFIX):
        return False
    rows = (row for row in interaction.message.components if isinstance(row, discord.ActionRow))
    return any(getattr(part, "custom_id", None) == custom_id for row in rows for part in row.children)


def _written(data: Mapping[str, object]) -> list[str]:
    """The texts of a form that was sent, wherever they stand in it."""
    found = []
    todo: list[object] = [data.get("components")]
    while todo:
        match todo.pop(0):
            case list() as several:
                todo = [*several, *todo]
            case {"value": str(text)} if text.strip():
                found.append(text)
            case dict() as part:
                todo = [part.get("component"), part.get("components"), *todo]
    return found
