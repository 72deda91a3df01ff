"""How CommonMark holds what is not ours to write: text of people, and commands as they are typed."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping

from bot.core.command import Catalogue, Command, Declared
from bot.core.invocation import Address
from bot.core.parameters import Choice, Duration, Moment, Money, clean

# What opens or closes something within a line, and, at the start of one, a heading, a list or a rule.
_MARKUP = re.compile(r"[\\`*_\[\]()<>&]")
_OPENING = re.compile(r"^(\d{0,9})([#+\-=~.])", re.MULTILINE)
_LINES = re.compile(r"[ \t]*\n[ \t]*")
_PAIRS = {'""': '"', "''": "'", "“”": '”"“', "«»": "»"}  # and what closes each, to the reader of typed lines
_OPENERS = "\"'“”„‘’‚«»"
_TICKS = re.compile(r"`+")
_LIKE_NAMED = re.compile(r"[^\W\d]\w*:")


class Markup:
    """The `bot.core.texts.Style` of platforms where commands are typed.

    Args:
        catalogue: The commands that there are.
        prefix: What stands before a command: "/" or "!".
        code: Typed commands stand out as code.
    """

    def __init__(self, catalogue: Catalogue, prefix: str = "/", *, code: bool = False) -> None:
        self._catalogue = catalogue
        self._prefix = prefix
        self._code = code

    def quote(self, text: str) -> str:
        """Text of people as CommonMark in which nothing is markup; line ends become hard breaks."""
        lines = _LINES.sub("\n", clean(text).strip())
        return _OPENING.sub(r"\1\\\2", _MARKUP.sub(r"\\\g<0>", lines)).replace("\n", "\\\n")

    def typed(self, command: str, values: Mapping[str, str], language: str) -> str:
        """A command as it is typed, as CommonMark."""
        line = self.line(command, values, language)
        return code_span(line) if self._code else self.quote(line)

    def place(self, address: Address) -> str:
        """A room by its id."""
        return self.quote(address.short)

    def moment(self, moment: dt.datetime, form: str, words: str) -> str:
        """A moment, in words."""
        return words

    def line(self, command: str, values: Mapping[str, str], language: str) -> str:
        """A command as it is typed, as it is: `/taak teruggeven 12 reden:"geen tijd"`."""
        if command not in self._catalogue.commands:
            return self._prefix + command.replace(".", " ")
        known = self._catalogue[command]
        return " ".join((self._prefix + known.names[language], *_arguments(known, values, language)))


def code_span(line: str) -> str:
    """A line as code: between more backticks than it has itself, and apart from those at its ends."""
    fence = "`" * (max(map(len, _TICKS.findall(line)), default=0) + 1)
    space = " " if "`" in {line[0], line[-1]} else ""
    return f"{fence}{space}{line}{space}{fence}"


def _arguments(command: Command, values: Mapping[str, str], language: str) -> Iterator[str]:
    """Values in their order: required ones bare, optional ones by name; one that comes first needs no name."""
    cleaned = [
        (index, p, " ".join(clean(shown(p, values.get(p.name, ""), language)).split()))
        for index, p in enumerate(command.parameters)
    ]
    given = [one for one in cleaned if one[2]]
    for position, (index, parameter, value) in enumerate(given):
        bare = index == position and (parameter.required or index == 0)
        quoted = _word(parameter, value, followed=len(given) > 1, bare=bare)
        yield quoted if bare else f"{parameter.labels[language]}:{quoted}"


def shown(parameter: Declared, value: str, language: str) -> str:
    """A value as people type it: "rood" for the choice "red"."""
    options = parameter.kind.options if isinstance(parameter.kind, Choice) else ()
    return next((option.label(language) for option in options if option.value == value), value)


def _word(parameter: Declared, value: str, *, followed: bool, bare: bool) -> str:
    """A value as one word of a typed line, between quotes where it would be read otherwise."""
    # A moment, an amount or a span takes as many of the words after it as it can.
    greedy = followed and isinstance(parameter.kind, Duration | Moment | Money)
    misread = bare and (value == "--" or _LIKE_NAMED.match(value))
    if not (greedy or misread or " " in value or value[0] in _OPENERS):
        return value
    pair = next((pair for pair, closers in _PAIRS.items() if not set(closers) & set(value)), '""')
    return f"{pair[0]}{value.replace(pair[1], '’')}{pair[1]}"
