"""Lines broken between words for a person's window; a pipe gets them whole."""

import re
from collections.abc import Iterator

from wcwidth import wcswidth

_INK = re.compile(r"\x1b\[[0-9;]*m")
_HANGING = re.compile(r" *(?:• |\d+\. )?")
NARROWEST = 20


def wrapped(text: str, width: int) -> str:
    """The text in lines of at most so many columns; what has no space to break at (an address) stays whole."""
    if width < NARROWEST:
        return text
    return "\n".join(part for line in text.split("\n") for part in _lines(line, width))


def _lines(line: str, width: int) -> Iterator[str]:
    if columns(line) <= width:
        yield line
        return
    start = _HANGING.match(_INK.sub("", line))
    hang = " " * (len(start[0]) if start else 0)
    begun = line[: len(line) - len(line.lstrip(" "))]
    built, used = begun, len(begun)
    for word in line.lstrip(" ").split(" "):
        size = columns(word)
        if used > len(hang) and used + 1 + size > width:
            yield built
            built, used = hang + word, len(hang) + size
        else:
            space = " " if used > len(begun) else ""
            built, used = built + space + word, used + len(space) + size
    yield built


def columns(text: str) -> int:
    """How many columns a text takes; ink takes none."""
    plain = _INK.sub("", text)
    return len(plain) if plain.isascii() else max(wcswidth(plain), 0)
