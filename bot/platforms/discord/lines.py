"""Lines of a message, in Discord's Markdown; each knows how it reads, so that it can be cut where nothing breaks."""

import dataclasses
import enum
from collections.abc import Iterable, Sequence
from typing import Self

from bot.platforms.discord.escaping import bare, block, code, escaped, urls

PARAGRAPH, LINE = "\n\n", "\n"
BOLD, ITALIC = "**", "*"
_APART = "\u200b"  # between marks that would be read as one


def units(text: str) -> int:
    """The length as Discord may count it: in UTF-16, which is never less than the characters."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


class Shape(enum.Enum):
    WORDS = enum.auto()
    CODE = enum.auto()
    BLOCK = enum.auto()
    FIXED = enum.auto()  # a link or a moment: never cut


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line that looks the same all over.

    Attributes:
        text: As it is read.
        marks: Around it, outermost first.
        fixed: As it is written, where it is `FIXED`.
    """

    text: str
    marks: tuple[str, ...] = ()
    shape: Shape = Shape.WORDS
    fixed: str = ""

    def written(self, *, followed: bool = False) -> str:
        match self.shape:
            case Shape.CODE:
                return code(self.text)
            case Shape.BLOCK:
                return block(self.text)
            case Shape.FIXED:
                return self.fixed
        return escaped(self.text, followed=followed)

    def loose(self) -> Self:
        """The same in words alone."""
        return dataclasses.replace(self, shape=Shape.WORDS, fixed="")


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One line, or a block of code.

    Attributes:
        start: Before its first word: "- ", "> ", "## ", "-# ".
        glue: Between it and the line before it.
        again: Before what is left of it, when it is cut.
    """

    runs: tuple[Run, ...]
    start: str = ""
    glue: str = PARAGRAPH
    again: str = ""

    def written(self) -> str:
        parts: list[str] = []
        opened: tuple[str, ...] = ()
        for index, run in enumerate(self.runs, start=1):
            # Within marks a star would end them; in words it is escaped.
            marks = () if run.shape is not Shape.WORDS and "*" in run.written() else run.marks
            parts += [_turn(opened, marks), run.written(followed=index < len(self.runs))]
            opened = marks
        text = "".join((*parts, _turn(opened, ())))
        return self.start + (_heading(text) if "#" in self.start else text)

    def taken(self) -> int:
        """What it takes of a message."""
        return units(self.glue) + units(self.written())


def _heading(text: str) -> str:
    """Signs of a heading around the words are words too."""
    return ("\\" if text.startswith(("#", "-#")) else "") + text + (_APART if text.endswith("#") else "")


def _turn(opened: Sequence[str], wanted: Sequence[str]) -> str:
    """The marks that close, and those that open."""
    same = next((n for n, pair in enumerate(zip(opened, wanted, strict=False)) if pair[0] != pair[1]), None)
    kept = min(len(opened), len(wanted)) if same is None else same
    closed, begun = "".join(reversed(opened[kept:])), "".join(wanted[kept:])
    return f"{closed}{_APART if closed and begun else ''}{begun}"


def words(text: str, marks: tuple[str, ...] = ()) -> list[Run]:
    """Words, with the addresses in them as what Discord makes of them anyway, but without a preview."""
    runs, at = [], 0
    for start, end in urls(text):
        runs += [Run(text[at:start], marks), Run(text[start:end], marks, Shape.FIXED, bare(text[start:end]))]
        at = end
    return [run for run in (*runs, Run(text[at:], marks)) if run.text]


def joined(lines: Iterable[Line]) -> str:
    """Lines under one another."""
    return "".join((line.glue if index else "") + line.written() for index, line in enumerate(lines))
