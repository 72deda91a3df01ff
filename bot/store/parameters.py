"""Named parameters and plain values: the same for both drivers."""

import dataclasses
import datetime as dt
import functools
import re
from collections.abc import Mapping

from bot.core.moments import to_ms

Plain = int | str | None
"""What is stored. Truth is 0 or 1, a moment is UTC milliseconds."""

Value = Plain | bool | dt.datetime
"""What callers hand in."""

_TOKENS = re.compile(
    r"""
      --[^\n]*  |  /\*.*?\*/           # comments
    | '(?:[^']|'')*'                   # a string
    | "(?:[^"]|"")*"                   # a quoted name
    | ::                               # a cast
    | :(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """A statement as a driver wants it.

    Attributes:
        names: In the order of `$1`, `$2`, …; each once.
    """

    text: str
    names: tuple[str, ...]


@functools.lru_cache(maxsize=2048)
def numbered(sql: str) -> Statement:
    """Turn `:name` into `$1`, as asyncpg wants it; a name that comes back keeps its number."""
    numbers: dict[str, int] = {}

    def replace(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return match[0]
        return f"${numbers.setdefault(name, len(numbers) + 1)}"

    text = _TOKENS.sub(replace, sql)
    return Statement(text, tuple(numbers))


@functools.lru_cache(maxsize=2048)
def named(sql: str) -> Statement:
    """The statement as it is, as SQLite wants it, and the names in it."""
    return Statement(sql, numbered(sql).names)


def plain(value: Value) -> Plain:
    """The value as it is stored.

    Raises:
        TypeError: it is of another kind.
        ValueError: it is a moment without a zone.
    """
    if value is None or type(value) is str or type(value) is int:
        return value
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise ValueError(f"a moment without a zone: {value}")
        return to_ms(value)
    if isinstance(value, str):
        return str.__str__(value)  # of an enum, its value
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"cannot store a {type(value).__name__}")


def pick(statement: Statement, values: Mapping[str, Value]) -> list[Plain]:
    """The plain values of a statement, in the order of its names; others are left out.

    Raises:
        TypeError: one is missing.
    """
    try:
        return [plain(values[name]) for name in statement.names]
    except KeyError as error:
        raise TypeError(f"no value for :{error.args[0]} in {statement.text}") from None
