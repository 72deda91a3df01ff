"""A form for long texts: an option on Discord is one line, what organisers write has several."""

from collections.abc import Awaitable, Callable, Mapping

import discord

from bot.core.command import Command, Declared, Role
from bot.core.parameters import Text

OnSent = Callable[[discord.Interaction, Command, Mapping[str, str]], Awaitable[None]]
OnError = Callable[[discord.Interaction, Exception], Awaitable[None]]

_LONG = 1000  # characters; more than this is written, not filled in
_MAX_INPUT, _MAX_TITLE, _MAX_INPUTS = 4000, 45, 5
_OPEN_SECONDS = 3600.0  # after that a form is forgotten; Discord then keeps it open, with what was written


def long_texts(command: Command) -> tuple[Declared, ...]:
    """The texts of an organisers' writing command that a form asks for; none where no required one is long."""
    if command.allow is not Role.ORGANISER or not command.writes:
        return ()
    found = [p for p in command.parameters if isinstance(p.kind, Text) and p.kind.limit > _LONG]
    return tuple(found[:_MAX_INPUTS]) if any(p.required for p in found) else ()


def asked(command: Command, values: Mapping[str, str]) -> tuple[Declared, ...]:
    """What a form has to ask, given the values that are there; nothing when no required text is missing."""
    missing = tuple(p for p in long_texts(command) if p.name not in values)
    return missing if any(p.required for p in missing) else ()


class Form(discord.ui.Modal):
    """The texts that were left out, each in a field of its own."""

    def __init__(
        self, command: Command, values: Mapping[str, str], texts: tuple[Declared, ...],
        *, language: str, names: str, on_sent: OnSent, on_error: OnError,
    ) -> None:  # fmt: skip
        """Ask for texts.

        Args:
            command: The command that was given.
            values: Its raw values so far.
            texts: What to ask, as `asked` has it.
            language: In which the form is read.
            names: The language of the commands' names.
            on_sent: Gets the command with all its raw values, those of the form among them.
            on_error: Gets what went wrong in `on_sent`; discord.py by itself only logs it.
        """
        super().__init__(title=f"/{command.names[names]}"[:_MAX_TITLE], timeout=_OPEN_SECONDS)
        self._command = command
        self._given = dict(values)
        self._on_sent = on_sent
        self._on_error = on_error
        self._inputs = {p.name: _input(p) for p in texts}
        for p in texts:
            self.add_item(discord.ui.Label(text=p.abouts[language][:_MAX_TITLE], component=self._inputs[p.name]))

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        written = {name: field.value for name, field in self._inputs.items() if field.value.strip()}
        await self._on_sent(interaction, self._command, self._given | written)

    async def on_error(  # type: ignore[override]  # discord.py's own forms leave the item out too
        self, interaction: discord.Interaction, error: Exception, /
    ) -> None:
        await self._on_error(interaction, error)


def _input(p: Declared) -> "discord.ui.TextInput[Form]":
    limit = p.kind.limit if isinstance(p.kind, Text) else _MAX_INPUT
    return discord.ui.TextInput(
        style=discord.TextStyle.paragraph, custom_id=p.name, required=p.required, max_length=min(limit, _MAX_INPUT)
    )
