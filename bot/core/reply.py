"""What the bot has to say, before it is in any language or on any platform.

A reply is a value: commands return it, the outbox keeps it, platforms draw it. Everything that a person
reads is a `Phrase`, the key of a text and its values, so that words, language and escaping are chosen at the edge.
"""

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Callable, Mapping
from typing import Any, Self

from bot.core.invocation import Address


@dataclasses.dataclass(frozen=True, slots=True)
class Money:
    cents: int
    currency: str = "EUR"


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """Text that organisers wrote in files, per language; CommonMark, trusted, never from chat.

    A language that is missing falls back to the other one.
    """

    nl: str = ""
    en: str = ""

    def within(self, language: str) -> str:
        return (self.en or self.nl) if language == "en" else (self.nl or self.en)


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """Text that a person typed in two languages; escaped by the platform that prints it."""

    nl: str = ""
    en: str = ""

    def within(self, language: str) -> str:
        return (self.en or self.nl) if language == "en" else (self.nl or self.en)


@dataclasses.dataclass(frozen=True, slots=True)
class Typed:
    """A command as it is typed on the platform that shows it: `/taak oppakken 12`."""

    command: str
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence: the key of a text, and the values that stand in it.

    Values may be str (from people: escaped), int (written with the language's thousands), Money, an aware
    datetime, a date, a timedelta, Words, Said, Typed, an Address (a room), another Phrase, a Listing, or a tuple of
    these (a list in words).
    """

    key: str
    values: Mapping[str, "Value"] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Listing:
    """Sentences under one another, as a list."""

    items: tuple[Phrase, ...]


Value = (
    str
    | int
    | Money
    | dt.datetime
    | dt.date
    | dt.timedelta
    | Words
    | Said
    | Typed
    | Address
    | Phrase
    | Listing
    | tuple["Value", ...]
    | None
)


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    name: Phrase
    value: Phrase


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    value: int
    of: int


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    path: str
    alt: Phrase


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    path: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Link:
    url: str
    label: Phrase


class For(enum.StrEnum):
    """Whose button it is."""

    ANYONE = "anyone"  # acts for whoever taps
    ADDRESSED = "addressed"  # the person or role addressed, as long as the matter is open
    ASKER = "asker"  # the asker, for 15 minutes, once


@dataclasses.dataclass(frozen=True, slots=True)
class Button:
    """A command with short values; every button can be typed too.

    Attributes:
        back: What is offered to whoever takes the tap back, where a platform can see that: "give T12 back".
    """

    label: Phrase
    command: str
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    whose: For = For.ASKER
    back: "Button | None" = None


class Kind(enum.StrEnum):
    REPLY = "reply"
    PREVIEW = "preview"
    ANNOUNCEMENT = "announcement"
    REMINDER = "reminder"
    NOTICE = "notice"
    ERROR = "error"


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """One message, in the order in which every platform shows it.

    Attributes:
        lead: The first sentence: what happened.
        body: Paragraphs beneath it.
        language: Set when the words must be in this language, whoever reads (the answer to a question in English).
        private: The asker's alone, whatever the command's declaration says.
        again: Of a reply that holds a secret: what is kept, and said to a call that comes again, in its place.
    """

    lead: Phrase
    body: tuple[Phrase, ...] = ()
    fields: tuple[Field, ...] = ()
    progress: Progress | None = None
    picture: Picture | None = None
    file: File | None = None
    links: tuple[Link, ...] = ()
    buttons: tuple[Button, ...] = ()
    kind: Kind = Kind.REPLY
    language: str | None = None
    private: bool = False
    again: Phrase | None = None

    def to_json(self) -> str:
        return json.dumps(_pack(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The reply that `to_json` wrote.

        Raises:
            ValueError: it is not one.
        """
        try:
            match _unpack(json.loads(text)):
                case cls() as reply:
                    return reply
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(text) from error
        raise ValueError(text)


def phrase(key: str, /, **values: Value) -> Phrase:
    """A sentence with its values."""
    return Phrase(key, values)


def say(key: str, /, **values: Value) -> Reply:
    """A reply of one sentence."""
    return Reply(Phrase(key, values))


_CLASSES: dict[str, Any] = {
    c.__name__: c
    for c in (Address, Money, Words, Said, Typed, Phrase, Listing, Field, Progress, Picture, File, Link, Button, Reply)
}
_FIELDS = {name: tuple((f.name, f.default) for f in dataclasses.fields(c)) for name, c in _CLASSES.items()}
_MICROSECOND = dt.timedelta(microseconds=1)
_ENUMS = {"kind": Kind, "whose": For}


def _pack(value: object) -> object:
    """A JSON value: ours become objects with their class under "type", defaults left out."""
    name = type(value).__name__
    if name in _FIELDS:
        parts = ((part, default, getattr(value, part)) for part, default in _FIELDS[name])
        return {"type": name, **{part: _pack(v) for part, default, v in parts if v != default and v != {}}}
    match value:
        case dt.date():
            return {"type": "moment" if isinstance(value, dt.datetime) else "date", "iso": value.isoformat()}
        case dt.timedelta():
            return {"type": "span", "microseconds": value // _MICROSECOND}
        case tuple():
            return [_pack(item) for item in value]
        case Mapping():
            return {"type": "values", "values": {k: _pack(v) for k, v in value.items()}}
    return value


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_unpack(item) for item in value)
    if not isinstance(value, dict):
        return value
    name = value["type"]
    if name in _CLASSES:
        parts = {part: _unpack(v) for part, v in value.items() if part != "type"}
        return _CLASSES[name](**{part: _ENUMS[part](v) if part in _ENUMS else v for part, v in parts.items()})
    return _PLAIN[name](value)


_PLAIN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "moment": lambda packed: dt.datetime.fromisoformat(packed["iso"]),
    "date": lambda packed: dt.date.fromisoformat(packed["iso"]),
    "span": lambda packed: packed["microseconds"] * _MICROSECOND,
    "values": lambda packed: {k: _unpack(v) for k, v in packed["values"].items()},
}
