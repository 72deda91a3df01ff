"""What stands beneath a message in a frame (an embed): paragraphs, then fields; in several where it is too long."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.platforms.discord.cutting import parts
from bot.platforms.discord.lines import Line, joined, units

MOST_DESCRIPTION, MOST_NAME, MOST_VALUE, MOST_FIELDS = 4096, 256, 1024, 25
MOST = 5900  # of 6000 in one message; the rest is for the footer
_NAMELESS = "\u200b"  # Discord wants a name and a value
_EMPTY = "–"

Lines = Sequence[Line]


def frames(
    body: Lines, fields: Sequence[tuple[Lines, Lines]], rest: Lines, look: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Frames, one a message.

    Args:
        body: The paragraphs.
        fields: Names and values.
        rest: What comes after the fields, each apart.
        look: Of every frame; a title stands above the first alone.
    """
    written = [field for name, value in fields for field in _fields(name, value)]
    if written and rest:
        written += _fields((), rest)
    elif rest:
        body = [*body, *rest]
    frame: dict[str, Any] = dict(look)
    for part in parts(body, MOST_DESCRIPTION):
        if "description" in frame:
            yield frame
            frame = _next(look)
        frame["description"] = joined(part)
    for field in written:
        if len(frame.get("fields", ())) == MOST_FIELDS or _taken(frame) + _taken({"fields": [field]}) > MOST:
            yield frame
            frame = _next(look)
        frame.setdefault("fields", []).append(field)
    if "description" in frame or "fields" in frame:
        yield frame


def _next(look: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in look.items() if name != "title"}


def _fields(name: Lines, value: Lines) -> Iterator[dict[str, Any]]:
    """A field, and others without a name for what is too long for it."""
    names = [joined(part) for part in parts(name, MOST_NAME)] or [_NAMELESS]
    values = [joined(part) for part in parts(value, MOST_VALUE)] or [_EMPTY]
    for extra in names[:-1]:
        yield _field(extra, _NAMELESS)
    for index, text in enumerate(values):
        yield _field(_NAMELESS if index else names[-1], text)


def _field(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value, "inline": False}


def _taken(frame: Mapping[str, Any]) -> int:
    fields: Iterable[Mapping[str, str]] = frame.get("fields", ())
    own = units(frame.get("title", "")) + units(frame.get("description", ""))
    return own + sum(units(field["name"]) + units(field["value"]) for field in fields)
