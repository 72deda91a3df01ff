"""YAML files that people write: plain values, and the line of each of them.

Read as YAML 1.2 reads it: only `true` and `false` are booleans, `06` and `22:00` are text, and a date stays text until
somebody who knows the campaign's zone reads it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import yaml

Place = tuple[str | int, ...]
Value = Any  # str, int, float, bool, None, or lists and dicts of these

MAX_DEPTH = 60
LEAST_LIKENESS = 60  # of 100; "kampaign" and "campaign" have 88

_PLAIN, _TEXT = "plain", "text"
_CONSTANTS: Mapping[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_BROKEN = re.compile(r"[-+]?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?")
_TAGS = ("str", "int", "float", "bool", "null", "timestamp", "seq", "map")

# What libyaml and PyYAML say, in the order in which it is looked for, and what we say.
_COMPLAINTS = (
    ("mapping values are not allowed", "document.colon"),
    ("could not find expected ':'", "document.no-colon"),
    ("undefined alias", "document.alias"),
    ("cannot start any token", "document.start"),
    ("expected a single document", "document.several"),
    ("unexpected end of stream", "document.unclosed"),
    ("expected ',' or", "document.unclosed"),
    ("escape", "document.escape"),
    ("did not find expected", "document.indent"),
    ("expected <block end>", "document.indent"),
)


class Severity(StrEnum):
    """A mistake stops the bot from starting; a note is worth knowing."""

    MISTAKE = "mistake"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place in one file; `key` and `values` say it, in any language."""

    file: str
    line: int
    path: str
    key: str
    values: Mapping[str, str | int] = field(default_factory=dict)
    severity: Severity = Severity.MISTAKE

    def said(self, words: Mapping[str, Mapping[str, str]], language: str) -> str:
        """`FILE:LINE: path: what is wrong, what would be right`, on one line."""
        path = self.path or words["document.whole"][language]
        sentence = words[self.key][language].format_map(self.values)
        if self.severity is Severity.NOTE:
            sentence = words["document.note"][language].format(sentence=sentence)
        return " ".join(f"{self.file}:{self.line}: {path}: {sentence}".split())


def mistakes(problems: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity is Severity.MISTAKE]


class Document:
    """One parsed file. `broken` when its text is no YAML at all; then its value is None."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.value: Value = None
        self.problems: list[Problem] = []
        self._root: yaml.Node | None = None
        self._done: dict[int, Value] = {}  # by node: an alias is the same value, built once
        try:
            self._root = compose(text)
        except yaml.YAMLError as error:
            self.problems.append(_explained(file, text, error))
        else:
            if self._root is not None:
                self.value = self._built(self._root, (), ())
        self.broken = bool(self.problems) and self._root is None

    def line(self, place: Place) -> int:
        """The line of a place; of what surrounds it where it is not there. The first line is 1."""
        node = self._root
        line = node.start_mark.line if node is not None else 0
        for step in place:
            if isinstance(node, yaml.MappingNode):
                pair = next(((key, value) for key, value in node.value if key.value == step), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line, pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line
            else:
                break
        return line + 1

    def has(self, place: Place) -> bool:
        return self.at(place, missing=_MISSING) is not _MISSING

    def at(self, place: Place, missing: Value = None) -> Value:
        """The value of a place, or `missing`."""
        value = self.value
        for step in place:
            if not _inside(value, step):
                return missing
            value = value[step]
        return value

    def problem(
        self,
        place: Place,
        key: str,
        values: Mapping[str, str | int] | None = None,
        severity: Severity = Severity.MISTAKE,
    ) -> Problem:
        """A problem at a place of this file."""
        return Problem(self.file, self.line(place), shown(place), key, values or {}, severity)

    def _built(self, node: yaml.Node, place: Place, inside: tuple[yaml.Node, ...]) -> Value:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, place)
        if any(node is outer for outer in inside) or len(inside) > MAX_DEPTH:
            return self._refused(node, place, "document.depth")
        if node.tag not in _KNOWN_TAGS:
            return self._refused(node, place, "document.tag")
        if id(node) not in self._done:
            self._done[id(node)] = self._collection(node, place, (*inside, node))
        return self._done[id(node)]

    def _collection(self, node: yaml.Node, place: Place, inside: tuple[yaml.Node, ...]) -> Value:
        if isinstance(node, yaml.SequenceNode):
            return [self._built(item, (*place, index), inside) for index, item in enumerate(node.value)]
        return self._mapping(node, place, inside)

    def _mapping(self, node: yaml.Node, place: Place, inside: tuple[yaml.Node, ...]) -> dict[str, Value]:
        built: dict[str, Value] = {}
        first: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._refused(key, place, "document.name")
            elif key.value in built:
                self._refused(key, (*place, key.value), "document.twice", first=first[key.value])
            else:
                first[key.value] = key.start_mark.line + 1
                built[key.value] = self._built(value, (*place, key.value), inside)
        return built

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Value:
        if node.tag == _PLAIN:
            return plain(node.value)
        if node.tag in {_TEXT, _tag("str"), _tag("timestamp")}:
            return node.value
        if node.tag in _KNOWN_TAGS:
            return plain(node.value)
        return self._refused(node, place, "document.tag")

    def _refused(self, node: yaml.Node, place: Place, key: str, **values: str | int) -> None:
        self.problems.append(Problem(self.file, node.start_mark.line + 1, shown(place), key, values))


def _inside(value: Value, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def shown(place: Place) -> str:
    """`rooms.announcements.1`: names and positions, the first position is 0."""
    return ".".join(str(step) for step in place)


def plain(text: str) -> Value:
    """The value of a word without quotes."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in "-+0123456789":
        if _WHOLE.fullmatch(text):
            return int(text)
        if _BROKEN.fullmatch(text):
            return float(text)
    return text


def suggestion(given: str, known: Iterable[str]) -> str | None:
    """The known word that somebody probably meant."""
    from rapidfuzz import fuzz, process  # 40 ms, only when something is wrong

    found = process.extractOne(given, list(known), scorer=fuzz.ratio, processor=str.lower, score_cutoff=LEAST_LIKENESS)
    return str(found[0]) if found else None


class _Untyped:
    """Leaves it to `plain` what a word means; PyYAML's own resolver is YAML 1.1 and half of its time."""

    def resolve(self, kind: type[yaml.Node], value: Value, implicit: Value) -> str:
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _TEXT
        return _tag("seq") if kind is yaml.SequenceNode else _tag("map")

    def descend_resolver(self, parent: yaml.Node | None, index: Value) -> None:
        """Nothing depends on the place."""

    def ascend_resolver(self) -> None:
        """Nothing depends on the place."""


def composer(loader: type) -> Callable[[str], Any]:
    """A loader of PyYAML, in C or in Python, that composes without guessing types."""
    return type("Composer", (_Untyped, loader), {})


def compose(text: str) -> yaml.Node | None:
    """The nodes of a text; None when it holds nothing.

    Raises:
        yaml.YAMLError: this is no YAML.
    """
    node: yaml.Node | None = _compose(text).get_single_node()
    return node


def _tag(name: str) -> str:
    return f"tag:yaml.org,2002:{name}"


def _explained(file: str, text: str, error: yaml.YAMLError) -> Problem:
    """What a person did, from what the parser says. Its own words and the text stay out: they may hold a secret."""
    if isinstance(error, yaml.MarkedYAMLError):
        complaint = f"{error.context} {error.problem}"
        key = next((ours for theirs, ours in _COMPLAINTS if theirs in complaint), "document.broken")
        scanning = "scanning" in f"{error.context}"  # then the context is where the unfinished thing began
        mark = (error.context_mark if scanning else None) or error.problem_mark or error.context_mark
        return Problem(file, mark.line + 1 if mark else 1, "", key)
    return Problem(file, _strange(text), "", "document.character")


def _strange(text: str) -> int:
    """The line of the first character that YAML does not take."""
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


_compose = composer(getattr(yaml, "CSafeLoader", yaml.SafeLoader))
_KNOWN_TAGS = frozenset(_tag(name) for name in _TAGS)
_MISSING = object()
