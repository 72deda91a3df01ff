"""Commands, buttons and forms: called in time, done once, and always answered (platforms.md D3-D5)."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence

import discord
import structlog

from bot.core.command import Catalogue, Command, Declared, Seen
from bot.core.invocation import Invocation
from bot.core.platform import Answer, Dispatcher
from bot.core.reply import Kind
from bot.platforms.discord.buttons import PREFIX, decode
from bot.platforms.discord.calls import Calls, button_of, press
from bot.platforms.discord.modal import Form
from bot.platforms.discord.renderer import Renderer
from bot.platforms.discord.responses import Responses
from bot.platforms.discord.setting import Setting
from bot.platforms.discord.under_way import UnderWay

SLOW_SECONDS = 1.5
"""Discord waits 3 s for the first word; after this long we say that we are at it."""
_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that look alike when read out

log = structlog.get_logger()


class NotTaken(Exception):
    """Discord does not know that an answer will come, so nothing was done: a form stays open, and can be sent again."""


class Interactions:
    """Takes what people do with the bot's commands and buttons."""

    def __init__(
        self, dispatcher: Dispatcher, catalogue: Catalogue, renderer: Renderer, setting: Setting, calls: Calls,
        under_way: UnderWay,
    ) -> None:  # fmt: skip
        self._dispatcher = dispatcher
        self._catalogue = catalogue
        self._renderer = renderer
        self._setting = setting
        self._calls = calls
        self._under_way = under_way
        self._responses = Responses(renderer, setting)
        self._forms: dict[str, Form] = {}

    # -- what people do ---------------------------------------------------------------------------------

    async def called(self, interaction: discord.Interaction, command: Command, values: Mapping[str, str]) -> None:
        """A command was given with its values."""
        with self._under_way.one():
            if await self._is_ours(interaction):
                await self._carry_out(interaction, command, self._calls.given(interaction, command.id, values))

    async def typing(
        self, interaction: discord.Interaction, command: Command, declared: Declared, partial: str,
        values: Mapping[str, str],
    ) -> Sequence[tuple[str, str]]:  # fmt: skip
        """Somebody types a value."""
        if interaction.guild_id is not None and interaction.guild_id not in self._setting.guilds:
            return ()
        call = await self._calls.known(interaction.user, self._calls.given(interaction, command.id, values))
        return await self._dispatcher.suggest(call, declared.name, partial)

    async def left_out(
        self, interaction: discord.Interaction, command: Command, values: Mapping[str, str],
        texts: tuple[Declared, ...],
    ) -> None:  # fmt: skip
        """A command was given without its long text: ask for it in a form."""
        with self._under_way.one():
            if not await self._is_ours(interaction):
                return
            language = self._responses.language(interaction)
            form = Form(
                command, values, texts, language=language, names=self._setting.language, on_sent=self._sent,
                on_error=self.failed,
            )  # fmt: skip
            self._forms = {id_: open_ for id_, open_ in self._forms.items() if not open_.is_finished()}
            self._forms[form.custom_id] = form
            await interaction.response.send_modal(form)

    async def _sent(self, interaction: discord.Interaction, command: Command, values: Mapping[str, str]) -> None:
        """A form was sent; whatever comes of it, its texts are not lost."""
        with self._under_way.one():
            call = self._calls.given(interaction, command.id, values)
            answer = await self._carry_out(interaction, command, call)
            if answer is None:
                raise NotTaken
            if answer.reply.kind is Kind.ERROR:
                await self._responses.add(interaction, "discord.written", texts=tuple(_written(interaction)))

    async def tapped(self, interaction: discord.Interaction, custom_id: str, chosen: str) -> None:
        """A button was tapped, or an option of a menu chosen."""
        with self._under_way.one():
            try:
                await self._tap(interaction, custom_id, chosen)
            except Exception as error:  # noqa: BLE001 - discord.py would only log it
                await self.failed(interaction, error)

    async def _tap(self, interaction: discord.Interaction, custom_id: str, chosen: str) -> None:
        if not await self._is_ours(interaction):
            return
        coded = decode(custom_id, chosen)
        command = self._catalogue.commands.get(coded.command) if coded else None
        if coded is None or command is None:  # of a command that there is no more, too
            await self._responses.remark(interaction, "discord.no_button")
            return
        message = interaction.message.id if interaction.message else 0
        own = press(coded, button_of(message, custom_id, chosen), interaction.user)
        call = self._calls.given(interaction, coded.command, coded.values, press=own)
        await self._carry_out(interaction, command, call)

    async def seen(self, interaction: discord.Interaction) -> None:
        """Every interaction comes by here; those that nothing else takes get an answer too."""
        custom_id = str(dict(interaction.data or {}).get("custom_id", ""))
        with self._under_way.one():
            if interaction.type is discord.InteractionType.modal_submit and not self._is_open(custom_id):
                await self._responses.remark(interaction, "discord.old_form", texts=tuple(_written(interaction)))
            if interaction.type is discord.InteractionType.component and not _stands(interaction, custom_id):
                await self._responses.remark(interaction, "discord.no_button")

    async def failed(self, interaction: discord.Interaction, error: Exception) -> None:
        """A command that is not known any more, options that are others now, or a fault of our own."""
        if isinstance(error, NotTaken):
            return
        with self._under_way.one():
            if isinstance(error, discord.app_commands.CommandNotFound | discord.app_commands.CommandSignatureMismatch):
                log.info("a command of an older menu", error=str(error))
                await self._responses.remark(interaction, "discord.old_command")
                return
            code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(4))
            log.error("an interaction failed", code=code, exc_info=error)
            await self._responses.remark(interaction, "discord.broken", code=code)

    # -- doing it ---------------------------------------------------------------------------------------

    async def _carry_out(self, interaction: discord.Interaction, command: Command, call: Invocation) -> Answer | None:
        """Run a call; one that writes is not begun unless Discord knows that an answer will come (None)."""
        hidden = self._hidden(command, call)
        if command.writes and not await self._responses.promise(interaction, hidden=hidden):
            return None
        async with self._in_time(interaction, hidden=hidden, promised=command.writes):
            # To look up roles may take a while, so it is not done before the first word.
            answer = await self._dispatcher.handle(await self._calls.known(interaction.user, call))
        if await self._give(interaction, answer, call):
            await self._dispatcher.said(call)
        return answer

    @contextlib.asynccontextmanager
    async def _in_time(self, interaction: discord.Interaction, *, hidden: bool, promised: bool) -> AsyncIterator[None]:
        """Promise an answer when what is done in between takes long."""
        promising: list[asyncio.Task[bool]] = []

        def promise() -> None:
            promising.append(asyncio.create_task(self._responses.promise(interaction, hidden=hidden)))

        alarm = None if promised else asyncio.get_running_loop().call_later(SLOW_SECONDS, promise)
        try:
            yield
        finally:
            if alarm:
                alarm.cancel()
            await asyncio.gather(*promising)

    def _hidden(self, command: Command, call: Invocation) -> bool:
        """Whether the answer is likely to be for the asker alone; it has to be said before it is known."""
        if call.private:
            return False
        if call.press and call.press.owner != call.who:
            return True
        among_organisers = call.where.id in self._setting.organisers
        return command.seen_by is Seen.ASKER or (command.seen_by is Seen.ORGANISERS and not among_organisers)

    async def _give(self, interaction: discord.Interaction, answer: Answer, call: Invocation) -> bool:
        """Say an answer; whether it arrived."""
        if answer.told:
            await self._responses.nothing(interaction)
            return True
        payloads = self._renderer.render(answer.reply, language=answer.language, zone=answer.zone)
        alone = answer.private and not call.private
        return await self._responses.say(
            interaction, payloads, owner=call.who.id, until=answer.until, alone=alone
        )  # fmt: skip

    async def _is_ours(self, interaction: discord.Interaction) -> bool:
        """Whether it is in a guild of the campaign or in private; elsewhere one line is all there is."""
        if interaction.guild_id is None or interaction.guild_id in self._setting.guilds:
            return True
        await self._responses.remark(interaction, "discord.strange_guild", campaign=self._setting.campaign)
        return False

    def _is_open(self, custom_id: str) -> bool:
        form = self._forms.get(custom_id)
        return form is not None and not form.is_finished()


def _stands(interaction: discord.Interaction, custom_id: str) -> bool:
    """Whether a button that we made is in the message under which it was tapped."""
    if interaction.message is None or not custom_id.startswith(PREFIX):
        return False
    rows = (row for row in interaction.message.components if isinstance(row, discord.ActionRow))
    return any(getattr(part, "custom_id", None) == custom_id for row in rows for part in row.children)


def _written(interaction: discord.Interaction) -> list[str]:
    """The texts of a form that was sent, wherever they stand in it."""
    found = []
    todo: list[object] = [dict(interaction.data or {}).get("components")]
    while todo:
        match todo.pop(0):
            case list() as several:
                todo = [*several, *todo]
            case {"value": str(text)} if text.strip():
                found.append(text)
            case dict() as part:
                todo = [part.get("component"), part.get("components"), *todo]
    return found
