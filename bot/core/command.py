"""A command, declared once for every platform.

    @command("task.claim", allow=Role.VOLUNTEER, seen_by=Seen.ROOM, writes=True)
    async def claim(context: Context, task: Annotated[str, Reference(tasks.open_like, letter="T")]) -> Reply:

Its words (name, synonyms, help, parameters) stand in YAML beside it; `Catalogue` puts the two together and
refuses at import what the tightest platform cannot show, in either language.
"""

import dataclasses
import enum
import inspect
import re
import types
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.core.errors import Misdeclared
from bot.core.parameters import Choice, Parameter, by_type
from bot.core.reply import Reply
from bot.core.texts import LANGUAGES

Run = Callable[..., Awaitable[Reply]]

# Discord's limits are the tightest; discord.py lets most of them through (platforms.md D6).
_NAME = re.compile(r"[-_a-z0-9\u00e0-\u00ff]{1,32}")
_MAX_ABOUT, _MAX_OPTIONS, _MAX_CHOICES, _MAX_IN_GROUP, _MAX_TOP, _MAX_TOTAL = 100, 25, 25, 25, 100, 4000


class Role(enum.IntEnum):
    """Of the account that speaks; each may do what those before it may."""

    GUEST = 0
    MEMBER = 1
    VOLUNTEER = 2
    ORGANISER = 3


class Seen(enum.Enum):
    """Who sees the answer: everybody where it was asked, the asker alone, or organisers."""

    ROOM = "room"
    ASKER = "asker"
    ORGANISERS = "organisers"


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """One parameter.

    Attributes:
        name: In English, as in raw values.
        argument: What the function calls it; `from_` where the name is a word of Python's.
        labels: Its name per language.
        abouts: Per language, what it is, in a few words.
    """

    name: str
    kind: Parameter
    required: bool
    argument: str = ""
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    abouts: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        names: Per language, one or two words: "taak oppakken".
        synonyms: Per language, accepted where commands are typed.
        personal: Its line may hold what is nobody else's business: not carried out where others read the line.
        overheard: Of a personal one: it is carried out there all the same, to make what was said worthless.
        parameters: In the order in which they are typed.
    """

    id: str
    run: Run
    allow: Role
    seen_by: Seen
    writes: bool
    parameters: tuple[Declared, ...]
    personal: bool = False
    overheard: bool = False
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    synonyms: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    helps: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def typed_names(self) -> frozenset[str]:
        """Everything that may be typed for it, in every language."""
        return frozenset(self.names.values()).union(*self.synonyms.values())


def command(
    id_: str, *, allow: Role, seen_by: Seen = Seen.ROOM, writes: bool = False, personal: bool = False,
    overheard: bool = False,
) -> Callable[[Run], Command]:  # fmt: skip
    """Declare a command over a typed async function; the first argument is its context.

    Raises:
        Misdeclared: at import, a parameter without a kind, or an optional one before a required one.
    """

    def declare(run: Run) -> Command:
        return Command(id_, run, allow, seen_by, writes, tuple(_parameters(id_, run)), personal, overheard)

    return declare


def _parameters(id_: str, run: Run) -> Iterable[Declared]:
    hints = typing.get_type_hints(run, include_extras=True)
    optional_seen = False
    for name, parameter in list(inspect.signature(run).parameters.items())[1:]:
        kind = _kind(hints[name])
        if kind is None:
            raise Misdeclared(f"{id_}: {name} has no kind")
        required = parameter.default is inspect.Parameter.empty
        if required and optional_seen:
            raise Misdeclared(f"{id_}: {name} is required, after an optional one")
        optional_seen = optional_seen or not required
        yield Declared(name.rstrip("_"), kind, required, name)


def _kind(hint: Any) -> Parameter | None:
    """The kind in `Annotated`, else the one that goes with the type; `X | None` is X."""
    if typing.get_origin(hint) is Annotated:
        base, *extras = typing.get_args(hint)
        return next((extra for extra in extras if isinstance(extra, Parameter)), None) or _kind(base)
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        kinds = [_kind(one) for one in typing.get_args(hint) if one is not type(None)]
        return kinds[0] if len(kinds) == 1 else None
    return by_type(hint)


class Catalogue:
    """Every command with its words; the readable menu of the bot."""

    def __init__(self, commands: Iterable[Command], words: Mapping[str, Any]) -> None:
        """Join commands with their words.

        Args:
            commands: In the order in which help shows them.
            words: By command id, per language: `{name, synonyms?, help, parameters?: {name: [label, about]}}`.

        Raises:
            Misdeclared: no words, a name twice, a word that is a command and a group, or over a platform's limits.
        """
        self.commands = {c.id: _with_words(c, words.get(c.id)) for c in commands}
        self._typed = self._names()
        self._check_groups()

    def __getitem__(self, id_: str) -> Command:
        return self.commands[id_]

    def named(self, name: str) -> Command | None:
        """The command that a typed name stands for, in any language."""
        return self._typed.get(name)

    def like(self, words: str, *, allowed: Role = Role.ORGANISER, limit: int = 3) -> list[Command]:
        """Commands whose typed name is near to what was typed, nearest first; only those a role may use."""
        names = [name for name, c in self._typed.items() if c.allow <= allowed]
        # Two words may hold two slips, one word of four letters one.
        near = process.extract(words[:60], names, scorer=OSA.normalized_similarity, score_cutoff=0.65, limit=limit * 2)
        return list({self._typed[name].id: self._typed[name] for name, _, _ in near}.values())[:limit]

    def misspelt(self, word: str, *, allowed: Role = Role.ORGANISER, limit: int = 3) -> list[Command]:
        """Commands whose first word is at most two slips of the pen away, one in a word of three letters."""
        most = min(len(word) - 2, 2)
        if most < 1:
            return []
        near: dict[str, int] = {}
        for name, c in self._typed.items():
            slips = OSA.distance(word, name.split()[0], score_cutoff=most)
            if slips <= most and c.allow <= allowed:
                near[c.id] = min(slips, near.get(c.id, slips))
        return [self.commands[id_] for id_ in sorted(near, key=near.__getitem__)[:limit]]

    def group(self, word: str) -> list[Command]:
        """The commands that begin with this word, in any language."""
        found = {c.id: c for name, c in self._typed.items() if name.split()[0] == word and " " in name}
        return [found[id_] for id_ in self.commands if id_ in found]

    def _names(self) -> dict[str, Command]:
        typed: dict[str, Command] = {}
        for c in self.commands.values():
            for name in c.typed_names():
                if name in typed:
                    raise Misdeclared(f"{name}: both {typed[name].id} and {c.id}")
                typed[name] = c
        return typed

    def _check_groups(self) -> None:
        single = {name for name in self._typed if " " not in name}
        groups: dict[tuple[str, str], int] = {}
        tops: dict[str, set[str]] = {lang: set() for lang in LANGUAGES}
        for c in self.commands.values():
            for lang in LANGUAGES:
                first = c.names[lang].split()[0]
                tops[lang].add(first)
                groups[lang, first] = groups.get((lang, first), 0) + 1
        if both := single & {name.split()[0] for name in self._typed if " " in name}:
            raise Misdeclared(f"a command and a group of commands: {sorted(both)}")
        if max(groups.values(), default=0) > _MAX_IN_GROUP or max(map(len, tops.values())) > _MAX_TOP:
            raise Misdeclared("too many commands for one menu")


def _with_words(c: Command, words: Any) -> Command:
    if not isinstance(words, Mapping) or set(words) != set(LANGUAGES):
        raise Misdeclared(f"{c.id}: words are wanted in {LANGUAGES}")
    labels = {lang: words[lang].get("parameters", {}) for lang in LANGUAGES}
    for lang in LANGUAGES:
        if set(labels[lang]) != {p.name for p in c.parameters}:
            raise Misdeclared(f"{c.id}: words for other parameters than it has, in {lang}")
    joined = dataclasses.replace(
        c,
        names={lang: words[lang]["name"] for lang in LANGUAGES},
        synonyms={lang: tuple(words[lang].get("synonyms", ())) for lang in LANGUAGES},
        helps={lang: words[lang]["help"] for lang in LANGUAGES},
        parameters=tuple(
            dataclasses.replace(
                p,
                labels={lang: labels[lang][p.name][0] for lang in LANGUAGES},
                abouts={lang: labels[lang][p.name][1] for lang in LANGUAGES},
            )
            for p in c.parameters
        ),
    )
    _check_limits(joined)
    return joined


def _check_limits(c: Command) -> None:
    """Refuse what Discord would refuse at run time, or show cut off."""
    for lang in LANGUAGES:
        labels = [p.labels[lang] for p in c.parameters]
        names = [*c.names[lang].split(), *labels]
        synonyms = [word for name in c.synonyms[lang] for word in name.split()]
        abouts = [c.helps[lang], *(p.abouts[lang] for p in c.parameters)]
        choices = [[o.label(lang) for o in p.kind.options] for p in c.parameters if isinstance(p.kind, Choice)]
        options = [option for of_one in choices for option in of_one]
        most_choices = max(map(len, choices), default=0)
        mistakes = {
            "a name": [n for n in (*names, *synonyms) if not _NAME.fullmatch(n)],
            "a label that cannot be typed": [label for label in labels if not label.isidentifier()],
            "a name of more than two words": [n for n in c.typed_names() if len(n.split()) > 2],
            "a description": [a for a in abouts if not 1 <= len(a) <= _MAX_ABOUT],
            "a choice": [o for o in options if not 1 <= len(o) <= _MAX_ABOUT],
            "a label of two": [p.labels[lang] for p in c.parameters if _labelled(c, p.labels[lang]) > 1],
            "too many": [c.id] * (len(c.parameters) > _MAX_OPTIONS or most_choices > _MAX_CHOICES),
            "too long in all": [c.id] * (sum(map(len, (*names, *abouts, *options))) > _MAX_TOTAL),
        }
        for what, which in mistakes.items():
            if which:
                raise Misdeclared(f"{c.id} in {lang}: {what}: {which}")


def _labelled(c: Command, label: str) -> int:
    """How many parameters a typed label may mean, in whatever language it is."""
    return sum(label in {p.name, *p.labels.values()} for p in c.parameters)
