"""Rules of commands, in every language that they are uploaded in."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

JSON = dict[str, Any]

COMMANDS, OPTIONS, CHOICES, NAME, DESCRIPTION, CHOICE, TEXT = 100, 25, 25, 32, 100, 100, 4000
SUBCOMMAND, GROUP = 1, 2


def command_faults(commands: list[JSON]) -> Iterator[str]:
    """What is wrong with the commands that are uploaded together."""
    if len(commands) > COMMANDS:
        yield f"commands: {len(commands)}, at most {COMMANDS}"
    yield from _twice(commands)
    for command in commands:
        faults = [*_permission_faults(command), *_named_faults(command), *_option_faults(command)]
        if _length(command) > TEXT:
            faults.append(f"{_length(command)} characters of text in all, at most {TEXT}")
        yield from (f"command {command['name']!r}: {fault}" for fault in faults)


def _permission_faults(command: JSON) -> Iterator[str]:
    given = command.get("default_member_permissions")
    if given is not None and not str(given).isdecimal():
        yield f"default_member_permissions: {given!r} is not digits"


def _named_faults(part: JSON) -> Iterator[str]:
    """Name and description, of a command or an option."""
    for name in _all(part, "name"):
        if not _is_name(name):
            yield f"name: {name!r}"
    for text in _all(part, "description"):
        if not 1 <= len(text) <= DESCRIPTION:
            yield f"description: {len(text)} characters, 1 to {DESCRIPTION}"


def _is_name(name: str) -> bool:
    r"""Letters, digits, - and _, without capitals.

    Source: interactions/application-commands, "Application Command Naming": [-_\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}
    """
    return all(map(_is_letter, name)) and 1 <= len(name) <= NAME and name == name.lower()


def _is_letter(one: str) -> bool:
    marks = ("DEVANAGARI ", "THAI ")
    return one in "-_" or unicodedata.category(one)[0] in "LN" or unicodedata.name(one, "").startswith(marks)


def _all(part: JSON, field: str) -> list[str]:
    """A text as it is, and in each language."""
    return [part.get(field) or "", *(part.get(f"{field}_localizations") or {}).values()]


def _option_faults(part: JSON) -> Iterator[str]:
    options = part.get("options") or []
    if len(options) > OPTIONS:
        yield f"options: {len(options)}, at most {OPTIONS}"
    yield from _twice(options)
    inner = [option for option in options if option["type"] in {SUBCOMMAND, GROUP}]
    if inner and len(inner) < len(options):
        yield "options: values beside sub-commands"
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        yield "options: a required one after one that is not"
    for option in options:
        faults = [*_named_faults(option), *_choice_faults(option), *_option_faults(option)]
        yield from (f"option {option['name']!r}: {fault}" for fault in faults)


def _choice_faults(option: JSON) -> Iterator[str]:
    choices = option.get("choices") or []
    if len(choices) > CHOICES:
        yield f"choices: {len(choices)}, at most {CHOICES}"
    if choices and option.get("autocomplete"):
        yield "choices: beside autocomplete"
    for choice in choices:
        texts = [*_all(choice, "name"), str(choice["value"])]
        yield from (f"choice: {len(one)} characters, 1 to {CHOICE}" for one in texts if not 1 <= len(one) <= CHOICE)
    if len({choice["value"] for choice in choices}) < len(choices):
        yield "choices: a value twice"


def _twice(parts: list[JSON]) -> Iterator[str]:
    """Names that are the same in some language, at one level."""
    locales = {locale for part in parts for locale in part.get("name_localizations") or {}}
    for locale in (None, *sorted(locales)):
        names = Counter((part.get("name_localizations") or {}).get(locale, part["name"]) for part in parts)
        yield from (f"{name!r} {times} times in {locale or 'names'}" for name, times in names.items() if times > 1)


def _length(part: JSON) -> int:
    """Name, description and values, the longest language counted."""
    own = sum(max(map(len, _all(part, field))) for field in ("name", "description"))
    value = len(str(part["value"])) if "value" in part else 0
    inner = [*(part.get("options") or []), *(part.get("choices") or [])]
    return own + value + sum(_length(one) for one in inner)
