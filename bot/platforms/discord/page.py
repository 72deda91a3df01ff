"""A reply in words: what people are told first, and what stands beneath it."""

import dataclasses
from collections.abc import Iterator, Sequence

from bot.core.bar import bar
from bot.core.markdown import plain
from bot.core.parameters import clean
from bot.core.reply import Button, Field, Kind, Link, Phrase, Reply, Typed
from bot.core.seam import seam
from bot.core.texts import Texts
from bot.platforms.discord.lines import LINE, PARAGRAPH, Line, Run, Shape, units
from bot.platforms.discord.markdown import lines_of, linked
from bot.platforms.discord.markup import Slash, Timed

_SMALL = "-# "
_LONGEST_LABEL = 300
_SHORT = 300  # units of what is read beneath the lead


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """How one reply is written: the language of its words, and the zone of the moments that are words too."""

    texts: Texts
    slash: Slash
    timed: Timed
    language: str
    zone: str

    def lines(self, phrase: Phrase) -> tuple[Line, ...]:
        return lines_of(self.texts.render(phrase, language=self.language, zone=self.zone, style=self.timed))

    def label(self, phrase: Phrase, most: int) -> str:
        """Words without any markup, on one line, cut off where there is no room."""
        marked = self.texts.render(phrase, language=self.language, zone=self.zone, style=self.slash)
        return shortened(" ".join(plain(marked).split()), most)

    def own(self, key: str) -> str:
        """A text of ours without values."""
        return self.texts.render(Phrase(key), language=self.language, zone=self.zone, style=self.slash)

    def head(self, reply: Reply) -> list[Line]:
        """What a notification shows and is read out first."""
        return list(self.lines(reply.lead))

    def body(self, reply: Reply) -> list[Line]:
        return [line for phrase in reply.body for line in self.lines(phrase)]

    def field(self, field: Field) -> tuple[list[Line], list[Line]]:
        """A name, in which Discord shows no links and no moments, and a value."""
        name = lines_of(self.texts.render(field.name, language=self.language, zone=self.zone, style=self.slash))
        return [_unlinked(line) for line in name], list(self.lines(field.value))

    def rest(self, reply: Reply, unplaced: Sequence[Button]) -> Iterator[Line]:
        """What comes after the fields: progress, links, and how to type what has no button."""
        if reply.progress:
            yield Line((Run(bar(reply.progress, self.language)),))
        if reply.links:
            yield from _under([self._link(link) for link in reply.links])
        if unplaced:
            yield from _under([line for button in unplaced for line in self._typed(button)])

    def _link(self, link: Link) -> Line:
        label = self.label(link.label, _LONGEST_LABEL)
        return Line(tuple(linked(label, clean(link.url))), "- ")

    def _typed(self, button: Button) -> tuple[Line, ...]:
        command = Typed(button.command, button.values)
        said = self.lines(Phrase("discord.typed", {"label": button.label, "command": command}))
        return tuple(dataclasses.replace(line, start=_SMALL, again=_SMALL) for line in said)


def is_short(reply: Reply, body: Sequence[Line]) -> bool:
    """Whether it reads best as a few plain lines, without a frame around what comes beneath the lead."""
    if reply.fields or reply.progress or (reply.kind is Kind.PREVIEW and body):
        return False
    has_links = any(run.shape is Shape.FIXED and "](" in run.fixed for line in body for run in line.runs)
    return not has_links and sum(units(run.text) for line in body for run in line.runs) <= _SHORT


def shortened(text: str, most: int) -> str:
    """A text of at most so many units; what is cut off is missed."""
    if units(text) <= most:
        return text
    end = min(len(text), most - 1)
    while units(text[:end]) > most - 1:
        end -= 1
    return text[: seam(text, 0, end)].rstrip() + "…"


def _unlinked(line: Line) -> Line:
    return dataclasses.replace(line, runs=tuple(r.loose() if r.shape is Shape.FIXED else r for r in line.runs))


def _under(lines: Sequence[Line]) -> list[Line]:
    return [dataclasses.replace(line, glue=LINE if index else PARAGRAPH) for index, line in enumerate(lines)]
