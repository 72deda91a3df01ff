"""A message as a person reads it in the terminal."""

from collections.abc import Iterator

from bot.core.markdown import written
from bot.core.markup import Markup
from bot.core.platform import Payload
from bot.core.reply import Kind, Phrase
from bot.core.texts import Texts, write_value
from bot.platforms.terminal.ink import Ink
from bot.platforms.terminal.payload import OWN

_BAR_WIDTH = 24


class Sheet:
    """Draws messages: to whom, the text, and everything that hangs beneath it, in the order of a reply."""

    def __init__(self, texts: Texts, style: Markup, ink: Ink, zone: str) -> None:
        self._texts = texts
        self._style = style
        self._ink = ink
        self._zone = zone

    def draw(self, payload: Payload) -> str:
        """The message, with an empty line after it."""
        blocks = [f"{self._header(payload)}\n{self._text(payload)}"]
        blocks += ["\n".join(lines) for lines in (list(self._details(payload)), list(self._buttons(payload))) if lines]
        return "\n".join(blocks) + "\n"

    def _header(self, payload: Payload) -> str:
        marks = [
            key for key, on in (("edited", payload.get("edits")), ("preview", self._is(payload, Kind.PREVIEW))) if on
        ]
        words = [payload["to"], *(self._say(f"terminal.{mark}", payload) for mark in marks)]
        line = f"→ {' · '.join(words)}"
        return self._ink.yellow(line) if self._is(payload, Kind.ERROR) else self._ink.cyan(line)

    def _text(self, payload: Payload) -> str:
        marked: str | None = payload[OWN]["markdown"]
        text: str = payload["text"]
        return written(marked, self._ink) if marked is not None and self._ink.on else text

    def _details(self, payload: Payload) -> Iterator[str]:
        own = payload[OWN]
        for field in payload["fields"]:
            yield f"  {self._ink.bold(field['name'])}: {_indented(field['value'])}"
        if progress := payload["progress"]:
            yield f"  {self._bar(progress['value'], progress['of'], own['language'])}"
        if payload["picture"]:
            yield f"  {self._say('terminal.picture', payload, path=payload['picture'], alt=own['alt'])}"
        if payload["file"]:
            yield f"  {self._say('terminal.file', payload, path=payload['file'], name=own['name'])}"
        for link in payload["links"]:
            yield f"  {link['label']}: {self._ink.underlined(link['url'])}"

    def _buttons(self, payload: Payload) -> Iterator[str]:
        for number, button in enumerate(payload["buttons"], start=1):
            yield f"  {self._ink.green(f'[{number}]')} {button['label']}  {self._ink.dim(button['command'])}"

    def _bar(self, value: int, of: int, language: str) -> str:
        full = max(0, min(_BAR_WIDTH, _BAR_WIDTH * value // of)) if of > 0 else _BAR_WIDTH
        numbers = [write_value(number, language=language, zone=self._zone) for number in (value, of)]
        return f"{self._ink.green('█' * full)}{'░' * (_BAR_WIDTH - full)} {' / '.join(numbers)}"

    def _say(self, key: str, payload: Payload, **values: str) -> str:
        phrase = Phrase(key, values)
        marked = self._texts.render(phrase, language=payload[OWN]["language"], zone=self._zone, style=self._style)
        return written(marked, self._ink)

    @staticmethod
    def _is(payload: Payload, kind: Kind) -> bool:
        return bool(payload["kind"] == kind)


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")
