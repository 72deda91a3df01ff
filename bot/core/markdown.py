"""CommonMark -> plain text: lists with bullets, links with their address, no marks of emphasis."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Protocol

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.core.parameters import clean

_PARSER = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
_BULLET = "• "
_RULE = "────────"
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~\n])")
# Paragraphs of lines with hard breaks, in which nothing is markup but escaped characters: no parser is needed. A line
# of this kind begins with nothing that could open a list, a heading or a block of code.
_START = r"(?!\s|[-+#=~]|\d+[.)])"
_INLINE = r"(?:[^\\`*_\[\]<>&\n]++|\\[!-/:-@\[-`{-~])*+"
_SIMPLE = re.compile(rf"{_START}{_INLINE}(?:(?:(?<![\s\\])\n\n|(?<=[\S\n])\\\n){_START}{_INLINE})*+(?<!\s)")


class Marks(Protocol):
    """What is put around words that stand out."""

    def bold(self, text: str) -> str: ...

    def italic(self, text: str) -> str: ...

    def underlined(self, text: str) -> str: ...


class Bare:
    """No marks at all."""

    def bold(self, text: str) -> str:
        return text

    def italic(self, text: str) -> str:
        return text

    def underlined(self, text: str) -> str:
        return text


BARE = Bare()


def is_simple(text: str) -> bool:
    """Whether the text holds no markup at all."""
    return _SIMPLE.fullmatch(text) is not None


def unescaped(text: str) -> str:
    """Simple text as it is read: without backslashes before characters and line ends."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def plain(text: str) -> str:
    """CommonMark as text."""
    text = clean(text)
    return unescaped(text) if is_simple(text) else laid_out(parsed(text), BARE)


def written(text: str, marks: Marks) -> str:
    """CommonMark as text with bold words and underlined links."""
    return laid_out(parsed(clean(text)), marks)


def parsed(text: str) -> Sequence[Token]:
    """Cleaned CommonMark as the parser's tokens."""
    return _PARSER.parse(text)


def laid_out(tokens: Sequence[Token], marks: Marks) -> str:
    """The parser's tokens as text."""
    page = _Page(marks)
    for token in tokens:
        page.take(token)
    return clean_ends("\n".join(page.lines))


def clean_ends(text: str) -> str:
    """Without empty lines around it and spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


@dataclasses.dataclass(slots=True)
class _List:
    """A list that is open: the number of its next item, None where items have bullets."""

    number: int | None
    begun: bool = False  # its first item is behind us


@dataclasses.dataclass(slots=True)
class _Page:
    """Lines so far, and what is open around the next one."""

    marks: Marks
    lines: list[str] = dataclasses.field(default_factory=list)
    margins: list[str] = dataclasses.field(default_factory=list)
    lists: list[_List] = dataclasses.field(default_factory=list)
    mark: str = ""  # a bullet or number that the next line wears instead of its last margin
    heading: bool = False

    def take(self, token: Token) -> None:
        match token.type:
            case "inline":
                text = inline(token.children or (), self.marks)
                self.block(self.marks.bold(text) if self.heading else text)
            case "fence" | "code_block":
                self.apart()
                self.block(clean(token.content).rstrip("\n"))
            case "hr":
                self.apart()
                self.block(_RULE)
            case "paragraph_open":
                if not token.hidden:
                    self.apart()
            case "heading_open" | "heading_close":
                self.heading = token.nesting == 1
                self.apart()
            case _:
                self.nest(token)

    def nest(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self.open(None)
            case "ordered_list_open":
                self.open(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
            case "list_item_open":
                self.item()
            case "list_item_close":
                self.flush()
                self.margins.pop()
                self.lists[-1].begun = True
            case "blockquote_open":
                self.apart()
                self.margins.append("> ")
            case "blockquote_close":
                self.margins.pop()

    def open(self, number: int | None) -> None:
        if not self.lists:
            self.apart()
        self.lists.append(_List(number))

    def item(self) -> None:
        self.flush()
        items = self.lists[-1]
        self.mark = _BULLET
        if items.number is not None:
            self.mark = f"{items.number}. "
            items.number += 1
        self.margins.append(" " * len(self.mark))

    def apart(self) -> None:
        """An empty line between what was and what comes; between a list's first bullet and its words there is none."""
        first = self.mark and not self.lists[-1].begun
        if self.lines and self.lines[-1].strip() and not first:
            self.lines.append("".join(self.margins[:-1] if self.mark else self.margins))

    def block(self, text: str) -> None:
        for line in text.split("\n"):
            self.lines.append("".join((*self.margins[:-1], self.mark or "".join(self.margins[-1:]))) + line)
            self.mark = ""

    def flush(self) -> None:
        """An item without any text is still an item."""
        if self.mark:
            self.block("")


def inline(tokens: Sequence[Token], marks: Marks) -> str:
    """The words of one paragraph."""
    parts: list[str] = []
    opened: list[tuple[int, Callable[[str], str]]] = []  # where a span began, and what is done to it
    for token in tokens:
        match token.type:
            case "softbreak":
                parts.append(" ")
            case "hardbreak":
                parts.append("\n")
            case "image":
                parts.append(_with_address(inline(token.children or (), BARE), str(token.attrs.get("src", "")), marks))
            case _ if token.nesting == 1:
                opened.append((len(parts), _span(token, marks)))
            case _ if token.nesting == -1:
                at, change = opened.pop()
                parts[at:] = [change("".join(parts[at:]))]
            case _:
                parts.append(clean(token.content))
    return "".join(parts)


def _span(token: Token, marks: Marks) -> Callable[[str], str]:
    match token.type:
        case "strong_open":
            return marks.bold
        case "em_open":
            return marks.italic
    address = str(token.attrs.get("href", ""))
    return lambda label: _with_address(label, address, marks)


def _with_address(label: str, address: str, marks: Marks) -> str:
    """`title (url)`, or only the url when the two are equal."""
    address = clean(address)
    if not address or address in {label, f"mailto:{label}"}:
        return marks.underlined(label)
    return f"{label} ({marks.underlined(address)})" if label else marks.underlined(address)
