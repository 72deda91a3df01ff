"""A typed line -> raw values -> arguments.

    /taak nieuw Flyers uitdelen bij Waag plekken:2 uiterlijk:"morgen 20:00"

Values come in order or by name, in either language; a value by name runs to the next known name unless it is
quoted; after ` -- ` nothing is a name. Platforms with forms of their own skip `read` and end in `bind` alike.
"""

import dataclasses
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.core.command import Catalogue, Command, Declared, Role
from bot.core.errors import Invalid, NotFound, UserError
from bot.core.parameters import Choice, Reference, Scope, Text, clean
from bot.core.reply import Typed

MAX_LINE = 10_000
SLIP_WORDS = 4
_CLOSERS = {
    '"': '"', "“": '”“"', "”": "”", "„": '”“"',
    "'": "'", "‘": "’‘'", "’": "’", "‚": "’‘'",
    "«": "»", "»": "«",
}  # fmt: skip
_CLOSING = {opener: re.compile(rf"[{closers}](?=\s|\Z|\.\s*\Z)") for opener, closers in _CLOSERS.items()}
_WORD = re.compile(r"\S+")
_NAMED = re.compile(r"([^\W\d]\w*):(?=\S)(?!//)")


class UnknownCommand(NotFound):
    """No command is called that.

    Attributes:
        like: The nearest that the caller may use.
        slip: It is a command with a slip of the pen, rather than a sentence that happens to begin like one.
    """

    def __init__(self, text: str, like: Sequence[Command], *, slip: bool = False) -> None:
        super().__init__("command.unknown" if like else "command.nothing_like", text=text)
        self.like = tuple(like)
        self.slip = slip


class BadValue(UserError):
    """A value is missing or cannot be read.

    Attributes:
        command: The command that wants it.
        parameter: Which value.
        raw: The other raw values, so that a corrected one can be added to them.
        offers: (label, value) pairs to pick from.
    """

    def __init__(
        self, error: UserError, command: Command, parameter: Declared, raw: Mapping[str, str],
        offers: Sequence[tuple[str, str]],
    ) -> None:  # fmt: skip
        super().__init__(error.key, **error.values)
        self.command = command
        self.parameter = parameter
        self.raw = dict(raw)
        self.offers = tuple(offers)


@dataclasses.dataclass(frozen=True, slots=True)
class Word:
    """A word of the line, or everything between two quotes, and where it stands."""

    text: str
    start: int
    end: int
    quoted: bool = False


def split(line: str) -> list[Word]:
    """The words of a line.

    A quote opens at the start of a word or value and closes before a space or the end of the line; one that is never
    closed is an ordinary character ('s avonds). The full stop of a line may stand behind its last quote.
    """
    words: list[Word] = []
    unclosed: set[str] = set()
    at = 0
    while found := _WORD.search(line, at):
        start = value = found.start()
        if named := _NAMED.match(line, start):
            value = named.end()
        closed = None if line[value] in unclosed else _closing(line, value)
        if closed is None:
            unclosed.add(line[value])  # nor is a later one of its kind
            words.append(Word(found[0], start, found.end()))
            at = found.end()
        else:
            words.append(Word(line[start:value] + line[value + 1 : closed], start, closed + 1, quoted=True))
            at = len(line) if line[closed + 1 :].strip() == "." else closed + 1
    return words


def _closing(line: str, at: int) -> int | None:
    """Where the quote that opens at a position is closed, or None."""
    closing = _CLOSING.get(line[at])
    found = closing.search(line, at + 1) if closing else None
    return found.start() if found else None


def read(line: str, catalogue: Catalogue, *, role: Role = Role.ORGANISER) -> tuple[Command, dict[str, str]]:
    """The command of a typed line and its raw values by parameter name.

    Raises:
        UnknownCommand: with the nearest that this role may use.
        Invalid: a misspelt name before a colon, a name twice, words left over, or a line that is too long.
    """
    if len(line) > MAX_LINE:
        raise Invalid("line.long", length=len(line), limit=MAX_LINE)
    line = clean(line).strip()
    words = split(line)
    command, used = _command(words, catalogue, role)
    loose, raw = _by_name(words[used:], line, command)
    _in_order(loose, line, command, raw)
    return command, raw


def _command(words: Sequence[Word], catalogue: Catalogue, role: Role) -> tuple[Command, int]:
    typed = [word.text.casefold() for word in words[:2]]
    for count in (2, 1):
        name = " ".join(typed[:count])
        if len(typed) >= count and (found := catalogue.named(name) or catalogue.named(name.rstrip(".?!"))):
            return found, count
    first = typed[0].rstrip(".") if typed else ""
    group = [c for c in catalogue.group(first) if c.allow <= role]
    slips = catalogue.misspelt(first, allowed=role)
    like = catalogue.like(" ".join(typed), allowed=role) or group or catalogue.like(first, allowed=role) or slips
    few = len(words) <= SLIP_WORDS and not words[-1].text.endswith("?") if words else False
    raise UnknownCommand(" ".join(word.text for word in words[:2])[:60], like, slip=few and bool(slips or group))


def _by_name(words: Sequence[Word], line: str, command: Command) -> tuple[list[Word], dict[str, str]]:
    """The words before the first known name, and the named values."""
    labels = {label.casefold(): p.name for p in command.parameters for label in (*p.labels.values(), p.name)}
    loose: list[Word] = []
    spans: list[tuple[str, list[Word]]] = []
    literal = False
    for word in words:
        if word.text == "--" and not (literal or word.quoted):
            literal = True
            continue
        named = None if literal else _NAMED.match(line, word.start)
        if named and (name := labels.get(named[1].casefold())):
            if any(name == other for other, _ in spans):
                raise Invalid("parameter.twice", name=named[1])
            spans.append((name, [dataclasses.replace(word, text=word.text[len(named[0]) :], start=named.end())]))
            continue
        if named and (near := process.extractOne(named[1].casefold(), list(labels), scorer=OSA.normalized_similarity)):
            _refuse_misspelt(named[1], near[0], near[1])
        if word.quoted and line[word.start] not in _CLOSERS:  # zaal:"De Waag", where `zaal` is no name
            word = Word(line[word.start : word.end], word.start, word.end)  # noqa: PLW2901
        in_span = spans and not spans[-1][1][0].quoted and not literal
        (spans[-1][1] if in_span else loose).append(word)
    return loose, {name: _text(value, line) for name, value in spans}


def _refuse_misspelt(name: str, nearest: str, likeness: float) -> None:
    if likeness >= 0.7 and len(name) > 3:  # "om:" and "zie:" are words
        raise Invalid("parameter.unknown", name=name, nearest=nearest)


def _in_order(words: list[Word], line: str, command: Command, raw: dict[str, str]) -> None:
    """Give the loose words to the values that were not named, in their order."""
    waiting = [p for p in command.parameters if p.name not in raw]
    text_taken = False
    for index, parameter in enumerate(waiting):
        later = waiting[index + 1 :]
        is_text = isinstance(parameter.kind, Text)
        # Behind a text of one quoted word what is not quoted may be its rest: ask, rather than take it for another.
        if not words or (text_taken and is_text and not words[0].quoted):
            break
        # An optional text after the last required value may still swallow what is left, but never before it.
        last = not any(p.required for p in later) if parameter.required else not later
        if words[0].quoted and not (is_text and not later):
            count = 1
        else:
            count = parameter.kind.take([word.text for word in words], last=last)
        raw[parameter.name] = _text(words[:count], line)
        words = words[count:]
        text_taken = text_taken or (is_text and last)
    if left := " ".join(word.text for word in words).strip("."):
        raise Invalid("line.leftover", text=left[:200], command=Typed(command.id))


def _text(words: Sequence[Word], line: str) -> str:
    """What was typed, with its own spaces; without the quotes when they hold all of it."""
    if len(words) == 1:
        return words[0].text
    parts = [line[words[0].start : words[0].end]]
    for before, word in itertools.pairwise(words):
        between = line[before.end : word.start]
        # A named value or the ` -- ` may have stood between the two.
        parts.append((between if between.isspace() else " ") + line[word.start : word.end])
    return "".join(parts)


async def bind(command: Command, raw: Mapping[str, str], scope: Scope) -> dict[str, Any]:
    """Arguments for a command; every platform ends here, so that limits and messages are equal everywhere.

    Raises:
        BadValue: a required value is missing, or one cannot be read; with what may be picked instead.
    """
    arguments: dict[str, Any] = {}
    for parameter in command.parameters:
        typed = clean(raw.get(parameter.name, ""))
        if not isinstance(parameter.kind, Text):
            typed = typed.strip().rstrip(".")
        if not typed and not parameter.required:
            continue
        try:
            if not typed:
                raise Invalid("value.missing")  # noqa: TRY301 - met by the same hands as a wrong one
            arguments[parameter.argument] = await parameter.kind.parse(typed, scope)
        except (Invalid, NotFound) as error:
            raise BadValue(error, command, parameter, raw, await _offers(error, parameter, scope)) from error
    return arguments


async def _offers(error: UserError, parameter: Declared, scope: Scope) -> Sequence[tuple[str, str]]:
    near = error.values.pop("near", ())
    if near:
        return near if isinstance(near, tuple) else ()
    if isinstance(parameter.kind, Choice | Reference):
        return (await parameter.kind.suggest("", scope))[:5]
    return ()
