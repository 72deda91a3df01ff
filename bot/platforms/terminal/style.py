"""How the terminal writes what is not ours to write: text of people, and commands as they are typed."""

import re
from collections.abc import Iterator, Mapping

from bot.core.command import Catalogue, Command, Declared
from bot.core.parameters import Duration, Moment, Money, clean

# What opens or closes something within a line, and, at the start of one, a heading, a list or a rule.
_MARKUP = re.compile(r"[\\`*_\[\]()<>&]")
_OPENING = re.compile(r"^(\d{0,9})([#+\-=~.])", re.MULTILINE)
_LINES = re.compile(r"[ \t]*\n[ \t]*")
_PAIRS = {'""': '"', "''": "'", "“”": '”"“', "«»": "»"}  # and what closes each, to the reader of typed lines
_OPENERS = "\"'“”„‘’‚«»"
_LIKE_NAMED = re.compile(r"[^\W\d]\w*:")


class Style:
    """The `bot.core.texts.Style` of the terminal."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def quote(self, text: str) -> str:
        """Text of people as CommonMark in which nothing is markup; line ends become hard breaks."""
        lines = _LINES.sub("\n", clean(text).strip())
        return _OPENING.sub(r"\1\\\2", _MARKUP.sub(r"\\\g<0>", lines)).replace("\n", "\\\n")

    def typed(self, command: str, values: Mapping[str, str], language: str) -> str:
        """A command as it is typed, as CommonMark."""
        return self.quote(self.line(command, values, language))

    def line(self, command: str, values: Mapping[str, str], language: str) -> str:
        """A command as it is typed, as it is: `/taak teruggeven 12 reden:"geen tijd"`."""
        if command not in self._catalogue.commands:
            return "/" + command.replace(".", " ")
        known = self._catalogue[command]
        return " ".join((f"/{known.names[language]}", *_arguments(known, values, language)))


def _arguments(command: Command, values: Mapping[str, str], language: str) -> Iterator[str]:
    """Values in their order: required ones bare, optional ones by name; one that comes first needs no name."""
    cleaned = [
        (index, p, " ".join(clean(values.get(p.name, "")).split())) for index, p in enumerate(command.parameters)
    ]
    given = [one for one in cleaned if one[2]]
    for position, (index, parameter, value) in enumerate(given):
        bare = index == position and (parameter.required or index == 0)
        quoted = _word(parameter, value, followed=len(given) > 1, bare=bare)
        yield quoted if bare else f"{parameter.labels[language]}:{quoted}"


def _word(parameter: Declared, value: str, *, followed: bool, bare: bool) -> str:
    """A value as one word of a typed line, between quotes where it would be read otherwise."""
    # A moment, an amount or a span takes as many of the words after it as it can.
    greedy = followed and isinstance(parameter.kind, Duration | Moment | Money)
    misread = bare and (value == "--" or _LIKE_NAMED.match(value))
    if not (greedy or misread or " " in value or value[0] in _OPENERS):
        return value
    pair = next((pair for pair, closers in _PAIRS.items() if not set(closers) & set(value)), '""')
    return f"{pair[0]}{value.replace(pair[1], '’')}{pair[1]}"
