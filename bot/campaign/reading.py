"""Reading what people wrote in a campaign file: typed values out, and every mistake collected on the way."""

import datetime as dt
import re
import zoneinfo
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from bot.core.document import Document, Place, Problem, Severity, Value, suggestion

LANGUAGES = ("nl", "en")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?")
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _File:
    document: Document
    zone: str
    problems: list[Problem]


class Node:
    """One place in a file. What is not there, or null, reads as nothing; what cannot be read is a problem and nothing.

    Attributes:
        value: As parsed; None when nothing stands here.
        path: How the place is named to people: an entry of a list by its id where it has one.
    """

    def __init__(self, file: _File, place: Place, path: str, value: Value) -> None:
        self.value = value
        self.path = path
        self._file = file
        self._place = place

    @classmethod
    def root(cls, document: Document, zone: str) -> Self:
        """The whole of a file; a date in it is the whole day in the zone."""
        return cls(_File(document, zone, list(document.problems)), (), "", document.value)

    @property
    def problems(self) -> list[Problem]:
        """Of the whole file."""
        return self._file.problems

    def __getitem__(self, name: str) -> "Node":
        return self._below(name, name, self.value.get(name) if isinstance(self.value, dict) else None)

    def __bool__(self) -> bool:
        return self.value is not None

    def _below(self, step: str | int, name: str, value: Value) -> "Node":
        return Node(self._file, (*self._place, step), f"{self.path}.{name}" if self.path else name, value)

    def mistake(self, key: str, **values: str | int) -> None:
        self._say(Severity.MISTAKE, key, values)

    def note(self, key: str, **values: str | int) -> None:
        self._say(Severity.NOTE, key, values)

    def _say(self, severity: Severity, key: str, values: Mapping[str, str | int]) -> None:
        document = self._file.document
        self.problems.append(Problem(document.file, document.line(self._place), self.path, key, values, severity))

    def required(self) -> Self:
        """This place, and a problem when nothing stands here."""
        if self.value is None:
            self.mistake("content.missing")
        return self

    def pairs(self) -> Iterator[tuple[str, "Node"]]:
        """The names and places of a mapping."""
        if isinstance(self.value, dict):
            for name in self.value:
                yield name, self[name]
        elif self.value is not None:
            self.mistake("content.mapping")

    def known(self, names: Collection[str]) -> bool:
        """Whether this is a mapping; names that it may not have are problems."""
        for name, node in self.pairs():
            if name not in names:
                meant = suggestion(name, names)
                if meant:
                    node.mistake("content.unknown-like", meant=meant)
                else:
                    node.mistake("content.unknown", names=", ".join(names))
        return isinstance(self.value, dict)

    def items(self) -> "list[Node]":
        """The places of a list."""
        if self.value is not None and not isinstance(self.value, list):
            self.mistake("content.list")
        if not isinstance(self.value, list):
            return []
        nodes = [self._below(index, _name(item, index), item) for index, item in enumerate(self.value)]
        return [node.required() for node in nodes]

    def text(self) -> str:
        if self.value is None:
            return ""
        if not isinstance(self.value, str):
            self.mistake("content.text")
            return ""
        if not self.value.strip():
            self.mistake("content.blank")
        return self.value.strip()

    def texts(self) -> tuple[str, ...]:
        """A list of texts; a whole number among them is taken as text."""
        if isinstance(self.value, list) and all(isinstance(item, str) and item.strip() for item in self.value):
            return tuple(item.strip() for item in self.value)
        return tuple(str(item.value) if type(item.value) is int else item.text() for item in self.items())

    def both(self) -> dict[str, str]:
        """A text in Dutch and English; both must be there when the place is."""
        if self.value is None or not self.known(LANGUAGES):
            return dict.fromkeys(LANGUAGES, "")
        for language in LANGUAGES:
            if self.value.get(language) is None:
                self[language].mistake("content.language")
        return {language: self[language].text() for language in LANGUAGES}

    def lists(self) -> dict[str, tuple[str, ...]]:
        """Lists of texts per language; a language may be left out."""
        self.known(LANGUAGES)
        return {language: self[language].texts() for language in LANGUAGES}

    def flag(self) -> bool:
        if self.value is not None and not isinstance(self.value, bool):
            self.mistake("content.flag")
        return self.value is True

    def choice(self, choices: Collection[str], default: str) -> str:
        if self.value is None or self.value in choices:
            return default if self.value is None else str(self.value)
        self.mistake("content.choice", choices=", ".join(choices))
        return default

    def day(self) -> dt.date | None:
        """A day; of a moment, the day that is written."""
        if self.value is None:
            return None
        try:
            return dt.date.fromisoformat(self._written()[:10])
        except ValueError:
            self.mistake("content.day")
            return None

    def start(self) -> dt.datetime | None:
        """The moment from which something holds: of a day, its first."""
        return self._moment(after=dt.timedelta(0))

    def end(self) -> dt.datetime | None:
        """The moment at which something ends: of a day, the first of the next."""
        return self._moment(after=_ONE_DAY)

    def is_day(self) -> bool:
        return isinstance(self.value, str) and bool(_DAY.fullmatch(self.value))

    def _written(self) -> str:
        text = self.value if isinstance(self.value, str) else ""
        if not (_DAY.fullmatch(text) or _MOMENT.fullmatch(text)):
            raise ValueError(text)
        return text

    def _moment(self, *, after: dt.timedelta) -> dt.datetime | None:
        if self.value is None:
            return None
        try:
            local = dt.datetime.fromisoformat(self._written())
            if self.is_day():
                local += after
            return self._in_utc(local)
        except (ValueError, OverflowError):
            self.mistake("content.moment")
            return None

    def _in_utc(self, local: dt.datetime) -> dt.datetime:
        if local.tzinfo is not None:
            return local.astimezone(dt.UTC)
        moment = local.replace(tzinfo=zoneinfo.ZoneInfo(self._file.zone)).astimezone(dt.UTC)
        if moment.astimezone(zoneinfo.ZoneInfo(self._file.zone)).replace(tzinfo=None) != local:
            self.mistake("content.skipped")
        return moment


def _name(item: Value, index: int) -> str:
    name = item.get("id") if isinstance(item, dict) else None
    return name if isinstance(name, str) and name else str(index)
