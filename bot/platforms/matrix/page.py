"""A reply in words, block by block, in the order in which every platform shows it."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from bot.core.bar import bar
from bot.core.markup import Markup
from bot.core.parameters import clean
from bot.core.reply import Button, Field, Kind, Link, Phrase, Reply
from bot.core.texts import Texts
from bot.platforms.matrix.blocks import Block, Glue, field, lines_of, linked, of_markdown
from bot.platforms.matrix.html import escaped

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """How one reply is written: the language of its words, the zone of its moments."""

    texts: Texts
    markup: Markup
    language: str
    zone: str

    def blocks(self, reply: Reply) -> Iterator[Block]:
        """Everything but picture and file."""
        if reply.kind is Kind.PREVIEW:
            yield self._said("matrix.preview")
        yield from (block for block in map(self._block, (reply.lead, *reply.body)) if block.text)
        yield from self._fields(reply.fields)
        if reply.progress:
            yield lines_of(bar(reply.progress, self.language))
        yield from self._links(reply.links)
        if reply.buttons:
            yield self._choices(reply.buttons)

    def mark(self, phrase: Phrase) -> str:
        """A sentence as CommonMark."""
        return self.texts.render(phrase, language=self.language, zone=self.zone, style=self.markup)

    def _block(self, phrase: Phrase) -> Block:
        return of_markdown(self.mark(phrase))

    def _said(self, key: str) -> Block:
        return self._block(Phrase(key))

    def _fields(self, fields: Sequence[Field]) -> Iterator[Block]:
        for one, glue in _under(fields, Glue.ITEM):
            yield field(self._block(one.name), self._block(one.value), glue)

    def _links(self, links: Sequence[Link]) -> Iterator[Block]:
        for one, glue in _under(links, Glue.LINE):
            yield linked(self._block(one.label), clean(one.url), glue)

    def _choices(self, buttons: Sequence[Button]) -> Block:
        """Buttons as a numbered list, and how to answer."""
        html, text = "", ""
        for number, button in enumerate(buttons, start=1):
            label = self._block(button.label)
            typed = self.markup.line(button.command, button.values, self.language)
            html += f"<li>{label.words} — <code>{escaped(typed)}</code></li>"
            text += f"{number}. {label.text} — {typed}\n"
        count = ("one", "two", "more")[min(len(buttons), 3) - 1]
        how = self._said(f"matrix.choose.{count}")
        return Block(f"<ol>{html}</ol><p>{how.words}</p>", f"{text}\n{how.text}", inline=False)


def _under(things: Iterable[T], glue: Glue) -> Iterator[tuple[T, Glue]]:
    """Things that belong together: the first stands apart from what was before."""
    for index, thing in enumerate(things):
        yield thing, glue if index else Glue.PARAGRAPH
