"""What a button does stands in its `custom_id`: `act:1:o:OWNER:UNTIL:task.claim:task=12`.

A menu has a capital (`act:1:O:…`), and its options hold the values. Everybody can send any such text to us, so it says
what was asked and never that it is allowed.
"""

import copy
import dataclasses
import re
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.core.reply import For

PREFIX = "act:1:"
MOST = 100  # characters of a custom_id, and of the value of an option
_WHOSE = {"a": For.ANYONE, "d": For.ADDRESSED, "o": For.ASKER}
_LETTERS = {whose: letter for letter, whose in _WHOSE.items()}
_CODED = re.compile(
    rf"{PREFIX}(?P<whose>[adoADO]):(?P<owner>[0-9a-z]{{0,13}}):(?P<until>[0-9a-z]{{1,9}}):"
    r"(?P<command>[a-z]+(?:\.[a-z_]+)?)(?::(?P<values>.+))?"
)
_SAFE = "/,;@!()*'$"  # and what never needs an escape
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LONGEST_OWNER, _LATEST = str(2**64 - 1), 36**9 - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Coded:
    """What stands in a button.

    Attributes:
        owner: The Discord account whose it is; None where it is not one person's.
        until: UTC milliseconds of the campaign's clock; 0 where it is not one person's.
    """

    command: str
    values: Mapping[str, str]
    whose: For
    owner: str | None
    until: int


def encode(button: Mapping[str, Any], owner: str | None, until: int, *, menu: bool = False) -> str | None:
    """The custom_id of a button `{"command", "values", "whose"}`; None: it is too long, or cannot be written."""
    values = _encoded(button["values"])
    if values is None or not 0 <= until <= _LATEST:
        return None
    letter = _LETTERS[For(button["whose"])]
    head = f"{PREFIX}{letter.upper() if menu else letter}:{_base36(int(owner)) if owner else ''}:{_base36(until)}"
    coded = ":".join((head, button["command"], *([values] if values else [])))
    return coded if len(coded) <= MOST and _CODED.fullmatch(coded) else None


def decode(custom_id: str, chosen: str = "") -> Coded | None:
    """What a button stands for, or a menu of which an option was chosen; None: it is none of ours."""
    found = _CODED.fullmatch(custom_id) if len(custom_id) <= MOST else None
    values, picked = _decoded(found["values"] or "" if found else ""), _decoded(chosen)
    if found is None or values is None or picked is None or values.keys() & picked.keys():
        return None
    menu = found["whose"].isupper()
    owner = str(int(found["owner"], 36)) if found["owner"] else None
    coded = Coded(found["command"], values, _WHOSE[found["whose"].lower()], owner, int(found["until"], 36))
    # One button has one custom_id: other ways to write the same are not ours.
    if menu is not bool(picked) or encode(dataclasses.asdict(coded), owner, coded.until, menu=menu) != custom_id:
        return None
    return dataclasses.replace(coded, values={**values, **picked})


def fits(button: Mapping[str, Any]) -> bool:
    """Whether it can be a button, whosever it will be."""
    return encode(button, _LONGEST_OWNER, _LATEST) is not None


def option(values: Mapping[str, str]) -> str | None:
    """What is sent when an option of a menu is chosen; None: it is too long, or empty."""
    coded = _encoded(values)
    return coded if coded and len(coded) <= MOST else None


def finished(components: Sequence[Mapping[str, Any]], owner: str | None, until: int) -> list[dict[str, Any]]:
    """Components as they are sent: what each does, written in its custom_id.

    Args:
        components: Of a payload; each part that does something has a `button` in place of a `custom_id`.
        owner: The Discord account that it is shown to.
        until: UTC milliseconds of the campaign's clock; own buttons act until then.
    """
    rows: list[dict[str, Any]] = copy.deepcopy(list(map(dict, components)))
    for part in _acting(rows):
        button = part.pop("button")
        own = button["whose"] == For.ASKER
        menu = "options" in part
        part["custom_id"] = encode(button, owner if own else None, until if own else 0, menu=menu)
    return rows


def _acting(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield from (part for part in row["components"] if "button" in part)


def _encoded(values: Mapping[str, str]) -> str | None:
    try:
        return urllib.parse.urlencode(values, safe=_SAFE, encoding="utf-8", errors="strict")
    except UnicodeEncodeError:
        return None


def _decoded(text: str) -> dict[str, str] | None:
    if not text:
        return {}
    try:
        pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        return None
    return dict(pairs) if _encoded(dict(pairs)) == text else None


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
