"""What can be typed next: commands, the names of their values, and the values themselves."""

import dataclasses
from collections.abc import AsyncIterator, Iterator, Sequence

from bot.core.command import Catalogue, Command, Declared
from bot.core.markup import Markup
from bot.core.parameters import clean
from bot.core.parsing import Word, split
from bot.core.platform import Dispatcher
from bot.core.reply import Phrase
from bot.core.texts import LANGUAGES, Texts
from bot.platforms.terminal.buttons import Buttons
from bot.platforms.terminal.own import NAMES
from bot.platforms.terminal.session import Session

_LONGEST = 500  # something that long was pasted


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """Something to type: `text` instead of the last `replaces` characters."""

    text: str
    replaces: int
    label: str
    about: str = ""


class Completion:
    """Offers for a line that is being typed, in the speaker's language."""

    def __init__(
        self, texts: Texts, catalogue: Catalogue, dispatcher: Dispatcher, *, session: Session, buttons: Buttons,
        language: str, zone: str, rooms: Sequence[str], people: Sequence[str],
    ) -> None:  # fmt: skip
        self._texts = texts
        self._catalogue = catalogue
        self._dispatcher = dispatcher
        self._session = session
        self._buttons = buttons
        self._campaign_language = language
        self._zone = zone
        self._rooms = rooms
        self._people = people
        self._style = Markup(catalogue)

    async def offers(self, line: str) -> AsyncIterator[Offer]:
        """Everything that may come at the end of the line, best first."""
        if not line.startswith("/") or len(line) > _LONGEST:
            return
        name, space, rest = line[1:].partition(" ")
        if space and name in NAMES:
            for offer in self._own_values(name, rest):
                yield offer
            return
        words = split(line[1:])
        command, used = self._command(words)
        if command and (len(words) > used or line.endswith(" ")):
            async for offer in self._values(command, line, words[used:]):
                yield offer
            return
        for offer in self._names(line[1:]):
            yield offer

    @property
    def _language(self) -> str:
        return self._session.language or self._campaign_language

    def _command(self, words: Sequence[Word]) -> tuple[Command | None, int]:
        typed = [word.text.casefold() for word in words[:2]]
        for count in range(len(typed), 0, -1):
            if found := self._catalogue.named(" ".join(typed[:count])):
                return found, count
        return None, 0

    def _names(self, typed: str) -> Iterator[Offer]:
        """Commands that begin like this; in the other language too, once a letter was typed."""
        typed = typed.casefold()
        for command in self._catalogue.commands.values():
            names = [command.names[self._language]]
            if typed:
                names += [*command.names.values(), *(s for both in command.synonyms.values() for s in both)]
            if name := next((name for name in names if name.startswith(typed)), None):
                yield Offer(name, len(typed), f"/{name}", command.helps[self._language])
        for name in NAMES:
            if name.startswith(typed):
                yield Offer(name, len(typed), f"/{name}", self._say(f"terminal.about.{name}"))

    def _own_values(self, name: str, partial: str) -> Iterator[Offer]:
        choices: Sequence[tuple[str, str]] = ()
        match name:
            case "as":
                choices = [(person, "") for person in self._people]
            case "in":
                choices = [(room, "") for room in (*self._rooms, self._say("terminal.private"))]
            case "lang":
                choices = [(language, "") for language in LANGUAGES]
            case "press":
                shown = self._buttons.last(self._session.speaker, self._session.room)
                choices = [(str(n), label) for n, label in enumerate(shown.labels if shown else (), start=1)]
        wanted = partial.casefold().removeprefix("#")
        for text, about in choices:
            if text.removeprefix("#").startswith(wanted):
                yield Offer(text, len(partial), text, about)

    async def _values(self, command: Command, line: str, words: Sequence[Word]) -> AsyncIterator[Offer]:
        """Names of values that were not given yet, and values for the one that is being typed."""
        at_new_word = line.endswith(" ")
        before, current = (words, "") if at_new_word else (words[:-1], words[-1].text)
        given = {p.name for p in command.parameters for word in before if _names_it(p, word.text)}
        loose = [word for word in before if not any(_names_it(p, word.text) for p in command.parameters)]
        waiting = [p for p in command.parameters if p.name not in given]
        named = next((p for p in waiting if _names_it(p, current)), None)
        if named:
            async for offer in self._suggested(command, named, current.partition(":")[2]):
                yield offer
            return
        required = [p for p in waiting if p.required] or waiting[:1]
        if required:
            # The last of them takes all that is left, so all that is left is what its values are compared with.
            index = min(len(loose), len(required) - 1)
            partial = line[1 + loose[index].start :] if index < len(loose) else current
            async for offer in self._suggested(command, required[index], partial):
                yield offer
        for parameter in (p for p in waiting if p not in required[: len(loose)]):
            label = parameter.labels[self._language]
            if label.startswith(current.casefold()):
                yield Offer(f"{label}:", len(current), f"{label}:", parameter.abouts[self._language])

    async def _suggested(self, command: Command, parameter: Declared, partial: str) -> AsyncIterator[Offer]:
        call = self._session.call(command=command.id)
        for label, value in await self._dispatcher.suggest(call, parameter.name, partial.strip("\"'“”„«»")):
            text = clean(value)
            quoted = f'"{text}"' if " " in text else text
            yield Offer(quoted, len(partial), clean(label).replace("\n", " "), parameter.labels[self._language])

    def _say(self, key: str) -> str:
        return self._texts.render(Phrase(key), language=self._language, zone=self._zone, style=self._style)


def _names_it(parameter: Declared, word: str) -> bool:
    """Whether a word begins with the name of this value and a colon."""
    name, colon, _ = word.partition(":")
    return bool(colon) and name.casefold() in {parameter.name, *parameter.labels.values()}
