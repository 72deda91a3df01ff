"""A message that is too long for one event becomes several: whole blocks first, then lines, then words."""

import dataclasses
import functools
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence

from markdown_it.token import Token

from bot.core.markdown import parsed
from bot.core.seam import seam
from bot.platforms.matrix.blocks import GLUE_BYTES, Block, Glue, lines_of, of_tokens
from bot.platforms.matrix.html import escaped

_QUOTES_BYTES = 4  # around a piece of text in JSON, twice


def parts(blocks: Iterable[Block], most: int) -> Iterator[list[Block]]:
    """Blocks that go together in one message of at most so many bytes."""
    part: list[Block] = []
    taken = 0
    for piece in (piece for block in blocks for piece in _fitting(block, most)):
        if part and taken + piece.bytes > most:
            yield part
            part, taken = [], 0
        part.append(piece)
        taken += piece.bytes
    yield part


def _fitting(block: Block, most: int) -> Iterator[Block]:
    """A block in pieces of at most so many bytes each."""
    if block.bytes <= most:
        yield block
        return
    finer = list(_finer(block, most)) or _chunks(block.text, most - GLUE_BYTES - _QUOTES_BYTES)
    for index, piece in enumerate(finer):
        yield from _fitting(piece if index else dataclasses.replace(piece, glue=block.glue), most)


def _finer(block: Block, most: int) -> Iterator[Block]:
    """The same in smaller blocks: paragraphs and items of lists, or else lines; none when it is one line.

    What is no longer together with its whole paragraph or item loses its marks, never its words.
    """
    if block.markdown:
        for section in _sections(parsed(block.markdown)):
            whole = of_tokens(section)
            yield from [whole] if whole.bytes <= most else list(_items(section)) or [whole]
        return
    for glue in (Glue.PARAGRAPH, Glue.LINE):
        if glue.text in block.text:
            yield from (lines_of(part, glue) for part in block.text.split(glue.text))
            return


def _sections(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Paragraphs, lists and so on that stand under one another."""
    start = 0
    for index, token in enumerate(tokens, start=1):
        if token.level == 0 and token.nesting <= 0:
            yield tokens[start:index]
            start = index


def _items(section: Sequence[Token]) -> Iterator[Block]:
    """The items of a list, each as a list of its own that counts on; nothing when it is no list."""
    opening, closing = section[0], section[-1]
    begins = [index for index, token in enumerate(section) if token.type == "list_item_open" and token.level == 1]
    number = int(opening.attrs.get("start", 1))
    for count, (begin, end) in enumerate(itertools.pairwise([*begins, len(section) - 1])):
        start = {"start": number + count} if opening.type == "ordered_list_open" else {}
        item = dataclasses.replace(opening, attrs={**opening.attrs, **start})
        yield of_tokens([item, *section[begin:end], closing], Glue.ITEM if count else Glue.PARAGRAPH)


def _chunks(line: str, most: int) -> Iterator[Block]:
    """A line in pieces, between words where there are any."""
    start, glue = 0, Glue.LINE
    while start < len(line):
        end = _reach(line, start, most)
        space = line.rfind(" ", start + 1, end + 1) if end < len(line) else -1
        end = space if space > start else seam(line, start, end)
        yield lines_of(line[start:end], glue)
        start, glue = (end + 1, Glue.SPACE) if end == space else (end, Glue.NOTHING)


def _reach(line: str, start: int, most: int) -> int:
    """How far a piece comes that takes at most so many bytes; one character at least."""
    taken = 0
    for index in range(start, len(line)):
        taken += _bytes(line[index])
        if taken > most and index > start:
            return index
    return len(line)


@functools.lru_cache(maxsize=4096)
def _bytes(character: str) -> int:
    return len(json.dumps(character)) + len(json.dumps(escaped(character))) - _QUOTES_BYTES
