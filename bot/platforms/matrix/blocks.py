"""What stands under one another in a message: paragraphs, lists and lines, in HTML and in plain text."""

import dataclasses
import enum
import functools
import json
from collections.abc import Sequence

from markdown_it.token import Token

from bot.core.markdown import BARE, is_simple, laid_out, parsed, unescaped
from bot.core.parameters import clean
from bot.platforms.matrix.html import drawn, escaped, link, simple_html

GLUE_BYTES = 24  # at most, of what stands between two blocks in HTML and in text
_LONGEST_KNOWN = 4000
_LIST_ENDS = ("</ul>", "</ol>")


class Glue(enum.Enum):
    """How a block follows the one before it: in HTML, where both are lines of one paragraph, and in text."""

    PARAGRAPH = (None, "\n\n")
    ITEM = (None, "\n")
    LINE = ("<br>", "\n")
    SPACE = (" ", " ")
    NOTHING = ("", "")

    def __init__(self, html: str | None, text: str) -> None:
        self.html = html
        self.text = text


@dataclasses.dataclass(frozen=True, slots=True)
class Block:
    """Something that is not cut if it need not be.

    Attributes:
        html: Without a paragraph around it when it is `inline`.
        inline: It is words of a paragraph, not a paragraph, a list or the like of its own.
        markdown: Of which it was made; empty where that has no markup, and where it was made otherwise.
    """

    html: str
    text: str
    glue: Glue = Glue.PARAGRAPH
    inline: bool = True
    markdown: str = ""

    @property
    def words(self) -> str:
        """HTML for within a line."""
        return self.html if self.inline else lines_of(self.text).html

    @property
    def bytes(self) -> int:
        """What it takes of an event, in which all but ASCII is escaped."""
        return len(json.dumps(self.html)) + len(json.dumps(self.text)) + GLUE_BYTES


def of_markdown(text: str) -> Block:
    """CommonMark."""
    text = clean(text)
    if is_simple(text):
        return _framed(simple_html(text), unescaped(text))
    return _known(text) if len(text) <= _LONGEST_KNOWN else _marked(text)


def of_tokens(tokens: Sequence[Token], glue: Glue = Glue.PARAGRAPH) -> Block:
    """CommonMark that was parsed."""
    return dataclasses.replace(_framed(drawn(tokens), laid_out(tokens, BARE)), glue=glue)


def _marked(text: str) -> Block:
    return dataclasses.replace(of_tokens(parsed(text)), markdown=text)


# The parser takes half a millisecond for an answer, and answers and their sources are said again and again.
_known = functools.lru_cache(maxsize=256)(_marked)


def lines_of(text: str, glue: Glue = Glue.PARAGRAPH) -> Block:
    """Plain text, line by line."""
    return Block(escaped(text).replace("\n", "<br>"), text, glue)


def field(name: Block, value: Block, glue: Glue) -> Block:
    """`name: value` as an item of a list, since on a phone most of them take two lines."""
    space, line = (" ", " ") if value.inline else ("", "\n")
    html = f"<ul><li><strong>{name.words}</strong>:{space}{value.html}</li></ul>"
    return Block(html, f"{name.text}:{line}{value.text}", glue, inline=False)


def linked(label: Block, address: str, glue: Glue) -> Block:
    """A link, with its address in the plain text."""
    return Block(link(label.words, address), f"{label.text}: {address}", glue)


def as_html(blocks: Sequence[Block]) -> str:
    """Blocks under one another; words that are all there is need no paragraph around them."""
    if len(blocks) == 1:
        return blocks[0].html
    written: list[str] = []
    opened = False  # a paragraph
    for block in blocks:
        if opened and block.inline and block.glue.html is not None:
            written += (block.glue.html, block.html)
        elif block.glue is Glue.ITEM and not block.inline and written and written[-1].endswith(_LIST_ENDS):
            written[-1:] = written[-1][: -len(_LIST_ENDS[0])], block.html.partition(">")[2]
        else:
            written += ("</p>" if opened else "", "<p>" if block.inline else "", block.html)
            opened = block.inline
    return "".join((*written, "</p>" if opened else ""))


def as_text(blocks: Sequence[Block]) -> str:
    return "".join((block.glue.text if index else "") + block.text for index, block in enumerate(blocks))


def _framed(html: str, text: str) -> Block:
    if html.startswith("<p>") and html.endswith("</p>") and html.count("<p>") == 1:
        return Block(html[3:-4], text)
    return Block(html, text, inline=not html)
