"""A catalogue as Discord's commands.

Names stand in the campaign's language alone, so that everybody reads and types the same ones; translated names break
groups (discord-api-docs#5105). Descriptions and choices are read in one's own language.
"""

import asyncio
import dataclasses
import inspect
import textwrap
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.core.command import Catalogue, Command, Declared, Role
from bot.core.parameters import MAX_SUGGESTIONS, Boolean, Choice, Member, Parameter, Text
from bot.core.reply import Phrase
from bot.core.texts import LANGUAGES, Texts, Verbatim
from bot.platforms.discord.modal import asked, long_texts

OnCall = Callable[[discord.Interaction, Command, Mapping[str, str]], Awaitable[None]]
OnType = Callable[
    [discord.Interaction, Command, Declared, str, Mapping[str, str]], Awaitable[Sequence[tuple[str, str]]]
]
OnModal = Callable[[discord.Interaction, Command, Mapping[str, str], tuple[Declared, ...]], Awaitable[None]]

LOCALES = {discord.Locale.dutch: "nl", discord.Locale.british_english: "en", discord.Locale.american_english: "en"}
SUGGEST_SECONDS = 0.5  # Discord waits 3 s and takes no delay; a person who types waits less
_MAX_STRING, _MAX_TEXT = 6000, 100
_SPOKEN = {"nl": ("nee", "ja"), "en": ("no", "yes")}
_CONTEXTS = app_commands.AppCommandContext(guild=True, dm_channel=True)
_INSTALLS = app_commands.AppInstallationType(guild=True)

log = structlog.get_logger()


@dataclasses.dataclass(frozen=True, slots=True)
class Hands:
    """What is done with what people fill in. Raw values come by the parameter's name in English.

    Attributes:
        on_call: A command was given.
        on_type: Somebody types a value: the parameter, what stands there, and the other values so far;
            gives (label, value) pairs, best first.
        on_modal: A command was given without its long text; with what a form is to ask.
    """

    on_call: OnCall
    on_type: OnType
    on_modal: OnModal


class Slash:
    """Every command of a catalogue, as discord.py wants them."""

    def __init__(self, catalogue: Catalogue, language: str, texts: Texts, hands: Hands) -> None:
        """Make them.

        Args:
            catalogue: In the order in which Discord is to show a group's commands.
            language: The campaign's; names and what has no translation stand in it.
            texts: With `discord.slash.*`.
            hands: What is done with what people fill in.
        """
        self._language = language
        self._texts = texts
        self._hands = hands
        tops: dict[str, list[Command]] = {}
        for c in catalogue.commands.values():
            tops.setdefault(c.names[language].split()[0], []).append(c)
        self.commands = tuple(self._top(word, members) for word, members in tops.items())

    async def put_on(self, tree: app_commands.CommandTree[Any]) -> None:
        """Give the commands and their translations to a tree."""
        for one in self.commands:
            tree.add_command(one)
        await tree.set_translator(Translator())

    def _top(self, word: str, members: Sequence[Command]) -> app_commands.Command[Any, ..., None] | app_commands.Group:
        first = members[0]
        if first.names[self._language] == word:
            return self._command(first)
        group = app_commands.Group(
            name=word, description=_localised(self._about(members), self._language), auto_locale_strings=False,
            default_permissions=_shown_to(members), allowed_contexts=_CONTEXTS, allowed_installs=_INSTALLS,
        )  # fmt: skip
        for member in members:
            group.add_command(self._command(member))
        return group

    def _about(self, members: Sequence[Command]) -> dict[str, str]:
        """What a group is, per language: its actions, as far as they fit."""
        actions = tuple(c.names[self._language].split()[1] for c in members)
        phrase = Phrase("discord.slash.group", {"actions": actions})
        about = {lang: self._texts.render(phrase, language=lang, zone="UTC", style=Verbatim()) for lang in LANGUAGES}
        return {lang: textwrap.shorten(text, _MAX_TEXT, placeholder=" …") for lang, text in about.items()}

    def _command(self, c: Command) -> app_commands.Command[Any, ..., None]:
        made: app_commands.Command[Any, ..., None] = app_commands.Command(
            name=c.names[self._language].split()[-1], description=_localised(c.helps, self._language),
            callback=self._callback(c), auto_locale_strings=False,
            allowed_contexts=_CONTEXTS, allowed_installs=_INSTALLS,
        )  # fmt: skip
        made.default_permissions = _shown_to([c])
        return made

    def _callback(self, c: Command) -> Any:
        """What discord.py calls; it reads the options from the signature."""
        names = {p.argument: p.name for p in c.parameters}

        async def callback(interaction: discord.Interaction, /, **given: str | None) -> None:
            values = {names[argument]: value for argument, value in given.items() if value is not None}
            if missing := asked(c, values):
                await self._hands.on_modal(interaction, c, values, missing)
            else:
                await self._hands.on_call(interaction, c, values)

        callback.__signature__ = self._signature(c)  # type: ignore[attr-defined]  # `inspect` looks for it
        app_commands.describe(**{p.argument: _localised(p.abouts, self._language) for p in c.parameters})(callback)
        app_commands.rename(**{p.argument: p.labels[self._language] for p in c.parameters})(callback)
        return callback

    def _signature(self, c: Command) -> inspect.Signature:
        interaction = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_ONLY)
        written_in_form = long_texts(c)
        return inspect.Signature([
            interaction,
            *(
                inspect.Parameter(
                    p.argument, inspect.Parameter.KEYWORD_ONLY, annotation=self._option(c, p),
                    default=inspect.Parameter.empty if p.required and p not in written_in_form else None,
                )
                for p in c.parameters
            ),
        ])  # fmt: skip

    def _option(self, c: Command, p: Declared) -> "Option":
        if type(p.kind).suggest is Parameter.suggest or isinstance(p.kind, Choice | Boolean | Member):
            return Option(p.kind, self._language)
        return Suggested(c, p, self._language, self._hands.on_type)


class Option(app_commands.Transformer):
    """One parameter as Discord asks for it; what is filled in becomes the raw value that the core reads.

    Numbers and amounts are asked as text: people type 45.500.
    """

    def __init__(self, kind: Parameter, language: str) -> None:
        self._kind = kind
        self._language = language

    @property
    def type(self) -> discord.AppCommandOptionType:
        if isinstance(self._kind, Boolean):
            return discord.AppCommandOptionType.boolean
        if isinstance(self._kind, Member):
            return discord.AppCommandOptionType.user
        return discord.AppCommandOptionType.string

    @property
    def max_value(self) -> int | None:
        """Characters, as this is text."""
        return min(self._kind.limit, _MAX_STRING) if isinstance(self._kind, Text) else None

    @property
    def choices(self) -> list[app_commands.Choice[str | int | float]] | None:
        if not isinstance(self._kind, Choice):
            return None
        named = [({lang: one.label(lang) for lang in LANGUAGES}, one.value) for one in self._kind.options]
        return [app_commands.Choice(name=_localised(labels, self._language), value=value) for labels, value in named]

    async def transform(self, interaction: discord.Interaction, value: Any, /) -> str:
        return _raw(value, self._language)


class Suggested(Option):
    """An option that offers values while somebody types."""

    def __init__(self, command: Command, declared: Declared, language: str, on_type: OnType) -> None:
        super().__init__(declared.kind, language)
        self._command = command
        self._declared = declared
        self._on_type = on_type

    async def autocomplete(
        self, interaction: discord.Interaction, value: str | float, /
    ) -> list[app_commands.Choice[str | int | float]]:
        """What may be picked: within Discord's limits, nothing when it is late, and never an error."""
        try:
            async with asyncio.timeout(SUGGEST_SECONDS):
                found = await self._on_type(
                    interaction, self._command, self._declared, str(value), self._others(interaction)
                )
        except TimeoutError:
            return []
        except Exception as error:  # whatever it is, people can go on typing
            log.warning("no suggestions", command=self._command.id, parameter=self._declared.name, exc_info=error)
            return []
        fitting = [(label or value, value) for label, value in found if 1 <= len(value) <= _MAX_TEXT]
        return [app_commands.Choice(name=_cut(label), value=value) for label, value in fitting[:MAX_SUGGESTIONS]]

    def _others(self, interaction: discord.Interaction) -> dict[str, str]:
        """The raw values that are there already, without the one that is being typed."""
        labels = {p.labels[self._language]: p.name for p in self._command.parameters if p is not self._declared}
        return {labels[label]: _raw(value, self._language) for label, value in interaction.namespace if label in labels}


class Translator(app_commands.Translator):
    """Translations travel with their text: one word may be a command, an option and a choice."""

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        words: Mapping[str, str] = string.extras.get("words", {})
        return words.get(LOCALES.get(locale, ""))


def _localised(words: Mapping[str, str], language: str) -> app_commands.locale_str:
    return app_commands.locale_str(words[language], words=words)


def _shown_to(members: Sequence[Command]) -> discord.Permissions | None:
    """Nobody but the server's administrators, until they decide otherwise, where all is organisers' alone."""
    return discord.Permissions.none() if all(c.allow is Role.ORGANISER for c in members) else None


def _raw(value: object, language: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return _SPOKEN[language][value]
    if isinstance(value, discord.abc.Snowflake):
        return f"<@{value.id}>"
    return str(value)


def _cut(label: str) -> str:
    return label if len(label) <= _MAX_TEXT else label[: _MAX_TEXT - 1] + "…"
