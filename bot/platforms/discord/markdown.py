"""CommonMark -> lines of Discord's Markdown."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from bot.core.markdown import BARE, inline, parsed
from bot.core.parameters import clean
from bot.platforms.discord.escaping import bare, is_web, masked
from bot.platforms.discord.lines import BOLD, ITALIC, LINE, PARAGRAPH, Line, Run, Shape, words
from bot.platforms.discord.markup import living

_RULE = "────────"
_MARKS = {"strong_open": BOLD, "em_open": ITALIC}
_LAST_HEADING = 3


@functools.lru_cache(maxsize=256)
def lines_of(text: str) -> tuple[Line, ...]:
    """CommonMark as lines; the first one stands apart from what was before."""
    page = _Page()
    for token in parsed(clean(text)):
        page.take(token)
    return tuple(page.lines)


@dataclasses.dataclass(slots=True)
class _Page:
    """Lines so far, and what is open around the next one."""

    lines: list[Line] = dataclasses.field(default_factory=list)
    glue: str = PARAGRAPH  # before the next line
    before: str = ""  # what was closed last at the outside: its lists and headings
    quotes: int = 0
    numbers: list[int | None] = dataclasses.field(default_factory=list)  # of the next item in each open list
    margins: list[str] = dataclasses.field(default_factory=list)
    mark: str = ""  # a bullet or number, instead of the last margin
    heading: str = ""

    def take(self, token: Token) -> None:
        match token.type:
            case "inline":
                for runs in _lines(token.children or ()):
                    self.put(runs)
            case "fence" | "code_block":
                self.apart()
                self.put([Run(clean(token.content).rstrip("\n"), shape=Shape.BLOCK)])
                self.before = ""
            case "hr":
                self.apart()
                self.put([Run(_RULE)])
                self.before = ""
            case "paragraph_open":
                self.apart()
            case "paragraph_close":
                self.before = ""
            case "heading_open":
                self.apart()
                self.heading = "#" * min(int(token.tag[1:]), _LAST_HEADING) + " "
            case "heading_close":
                self.heading, self.before = "", "heading"
            case _:
                self.nest(token)

    def nest(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                if not self.numbers:
                    self.glue = PARAGRAPH if self.before == "list" else LINE
                self.numbers.append(int(token.attrs.get("start", 1)) if token.type.startswith("ordered") else None)
            case "bullet_list_close" | "ordered_list_close":
                self.numbers.pop()
                self.before = "list"
            case "list_item_open":
                self.mark = self.item()
                self.margins.append(" " * len(self.mark))
            case "list_item_close":
                self.margins.pop()
                self.mark = ""
            case "blockquote_open" | "blockquote_close":
                self.quotes += token.nesting
                self.before = ""

    def item(self) -> str:
        number = self.numbers[-1]
        if number is None:
            return "- "
        self.numbers[-1] = number + 1
        return f"{number}. "

    def apart(self) -> None:
        """A new paragraph; within a list and under a heading on the next line, since Discord leaves room itself."""
        if not self.numbers:
            self.glue = LINE if self.before == "heading" else PARAGRAPH

    def put(self, runs: Sequence[Run]) -> None:
        """One line; an empty one sets the next apart. Discord has no quotes within quotes."""
        if not runs:
            self.glue = PARAGRAPH
            return
        margin = "".join((*self.margins[:-1], self.mark or "".join(self.margins[-1:])))
        quote = "> " if self.quotes else ""
        self.lines.append(Line(tuple(runs), quote + margin + self.heading, self.glue, quote + self.heading))
        self.glue, self.mark = LINE, ""


def _lines(tokens: Sequence[Token]) -> Iterator[list[Run]]:
    """The words of a paragraph, line by line."""
    line: list[Run] = []
    marks: list[str] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        match token.type:
            case "hardbreak":
                yield _trimmed(line)
                line = []
            case "softbreak":
                line.append(Run(" ", tuple(marks)))
            case "strong_open" | "em_open":
                marks.append(_MARKS[token.type])
            case "strong_close" | "em_close":
                marks.pop()
            case "link_open":
                end = next(i for i in range(index, len(tokens)) if tokens[i].type == "link_close")
                label = inline(tokens[index + 1 : end], BARE)
                line += linked(label, clean(str(token.attrs.get("href", ""))), tuple(marks))
                index = end
            case "image":
                label = inline(token.children or (), BARE)
                line += linked(label, clean(str(token.attrs.get("src", ""))), tuple(marks))
            case "code_inline":
                line.append(Run(clean(token.content), tuple(marks), Shape.CODE))
            case _:
                line += words(clean(token.content), tuple(marks))
        index += 1
    yield _trimmed(line)


def _trimmed(runs: Sequence[Run]) -> list[Run]:
    """Without spaces around the line; neighbours that look the same become one."""
    found: list[Run] = []
    for run in (run for run in runs if run.text):
        if found and run.shape is found[-1].shape is Shape.WORDS and run.marks == found[-1].marks:
            found[-1] = dataclasses.replace(run, text=found[-1].text + run.text)
        else:
            found.append(run)
    if found and found[0].shape is Shape.WORDS:
        found[0] = dataclasses.replace(found[0], text=found[0].text.lstrip())
    if found and found[-1].shape is Shape.WORDS:
        found[-1] = dataclasses.replace(found[-1], text=found[-1].text.rstrip())
    return [run for run in found if run.text]


def linked(label: str, address: str, marks: tuple[str, ...] = ()) -> list[Run]:
    """A link where its address is one of the web; else its words, and the address where they do not say it."""
    label = " ".join(label.split())  # on one line: behind a line end, "- " would begin a list
    if alive := living(address):
        return [Run(label, marks, Shape.FIXED, alive)]
    if is_web(address):
        if label in {"", address}:
            return [Run(address, marks, Shape.FIXED, bare(address))]
        if "://" not in label:  # Discord makes no link of a label that looks like an address
            return [Run(f"{label} ({address})", marks, Shape.FIXED, masked(label, address))]
        return [*words(f"{label} (", marks), Run(address, marks, Shape.FIXED, bare(address)), Run(")", marks)]
    label, address = label.removeprefix("mailto:"), address.removeprefix("mailto:")
    return words(label if address in {"", label} else f"{label} ({address})" if label else address, marks)
