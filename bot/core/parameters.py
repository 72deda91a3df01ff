"""The closed family of values that a command can ask for.

Each kind owns three things: `take`, how many words of a typed line belong to it; `parse`, from what was typed to
a value; `suggest`, what to offer while somebody types. Every error is an `Invalid` that a person can act on.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from rapidfuzz import fuzz, process

from bot.core import moments
from bot.core.errors import Invalid, NotFound
from bot.core.invocation import Address
from bot.core.reply import Money as Amount
from bot.core.reply import Words

MAX_SUGGESTIONS = 25
_YES = frozenset({"ja", "j", "yes", "y", "aan", "on", "true", "waar", "1"})
_NO = frozenset({"nee", "n", "no", "uit", "off", "false", "onwaar", "0"})
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[.,\u00a0\u202f' ]\d{3})+|[+-]?\d+")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Control characters (an ANSI escape begins with one), halves of characters, and what cannot be seen: marks that turn
# the direction of text, and tags. The joiners within emoji and Persian words (200c, 200d) stay.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u08e2\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_AMOUNT = re.compile(r"(?P<whole>\d{1,3}(?:[.,\u00a0 ]\d{3})+|\d+)(?:[.,](?P<cents>\d{1,2}|-{1,2}))?")
_CURRENCY = re.compile("€|euro?")
_CURRENCY_AROUND = re.compile(r"^(?:€|euro?)\s*|\s*(?:€|euro?)$")
_SPAN = re.compile(r"(\d+)\s*([a-z]+)")
_UNITS = {
    **dict.fromkeys(("s", "sec", "seconde", "seconden", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minuut", "minuten", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "u", "uur", "uren", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "dag", "dagen", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weken", "weeks"), 604_800),
}
_TEN_YEARS_SECONDS = 10 * 366 * 86_400


def clean(text: str) -> str:
    """What was typed, without what nobody can see; all kinds of line ends become one kind."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))


class Scope(Protocol):
    """What reading a value may depend on."""

    @property
    def now(self) -> dt.datetime: ...
    @property
    def zone(self) -> str: ...
    @property
    def language(self) -> str: ...

    async def member(self, text: str) -> Address:
        """The account that a mention, id or name stands for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """One thing that may be picked: its value, its title, and whether a letter and number name it (T12)."""

    value: str
    title: Words | str

    def label(self, language: str) -> str:
        return self.title.within(language) if isinstance(self.title, Words) else self.title


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """Base of the family: one word that is taken as it is."""

    def take(self, words: Sequence[str], *, last: bool) -> int:
        """How many leading words are this value; at least 1. `last`: no later value is waiting for words."""
        return 1

    async def parse(self, raw: str, scope: Scope) -> Any:
        raise NotImplementedError

    async def suggest(self, partial: str, scope: Scope) -> list[tuple[str, str]]:
        """(label, value) pairs, best first."""
        return []


@dataclasses.dataclass(frozen=True, slots=True)
class Text(Parameter):
    """Words of people, as typed; at most `limit` characters."""

    limit: int = 1500

    def take(self, words: Sequence[str], *, last: bool) -> int:
        return len(words) if last else 1

    async def parse(self, raw: str, scope: Scope) -> str:
        text = raw.strip()
        if not text:
            raise Invalid("value.empty")
        if len(text) > self.limit:
            raise Invalid("value.long", length=len(text), limit=self.limit)
        return text


@dataclasses.dataclass(frozen=True, slots=True)
class Integer(Parameter):
    """A whole number; `45.500`, `45,500` and `45 500` are 45500."""

    least: int = 0
    most: int = 10**12

    async def parse(self, raw: str, scope: Scope) -> int:
        if len(raw) > 20 or not _THOUSANDS.fullmatch(raw):
            raise Invalid("value.number", text=raw)
        number = int(re.sub(r"[^\d-]", "", raw))
        if not self.least <= number <= self.most:
            raise Invalid("value.range", text=raw, least=self.least, most=self.most)
        return number


@dataclasses.dataclass(frozen=True, slots=True)
class Money(Parameter):
    """An amount in euros: `25,50`, `€ 2.846,76`, `25`; as whole cents."""

    most: int = 10**11

    def take(self, words: Sequence[str], *, last: bool) -> int:
        signed = len(words) > 1 and any(_CURRENCY.fullmatch(word.casefold()) for word in words[:2])
        return 2 if signed else 1

    async def parse(self, raw: str, scope: Scope) -> Amount:
        bare = _CURRENCY_AROUND.sub("", raw.strip().casefold()) if len(raw) <= 40 else ""
        found = _AMOUNT.fullmatch(bare)
        if not found:
            raise Invalid("value.money", text=raw)
        cents = (found["cents"] or "0").strip("-") or "0"
        amount = int(re.sub(r"\D", "", found["whole"])) * 100 + int(cents.ljust(2, "0"))
        if amount > self.most:
            raise Invalid("value.range", text=raw, least=Amount(0), most=Amount(self.most))
        return Amount(amount)


@dataclasses.dataclass(frozen=True, slots=True)
class Boolean(Parameter):
    async def parse(self, raw: str, scope: Scope) -> bool:
        word = raw.strip().casefold()
        if word not in _YES | _NO:
            raise Invalid("value.boolean", text=raw)
        return word in _YES

    async def suggest(self, partial: str, scope: Scope) -> list[tuple[str, str]]:
        words = ("yes", "no") if scope.language == "en" else ("ja", "nee")
        return [(word, word) for word in words if word.startswith(partial.casefold())]


@dataclasses.dataclass(frozen=True, slots=True)
class Choice(Parameter):
    """One of a few words, each with its names in Dutch and English."""

    options: tuple[Option, ...]

    async def parse(self, raw: str, scope: Scope) -> str:
        named = {option.value.casefold(): option.value for option in self.options}
        named |= {option.label(lang).casefold(): option.value for option in self.options for lang in ("nl", "en")}
        if value := named.get(raw.strip().casefold()):
            return value
        raise Invalid("value.choice", text=raw, choices=tuple(option.label(scope.language) for option in self.options))

    async def suggest(self, partial: str, scope: Scope) -> list[tuple[str, str]]:
        return closest(partial, self.options, scope.language)


@dataclasses.dataclass(frozen=True, slots=True)
class Moment(Parameter):
    """A moment, in UTC; the longest run of leading words that is one."""

    longest: int = 4

    def take(self, words: Sequence[str], *, last: bool) -> int:
        for count in range(min(self.longest, len(words)), 1, -1):
            try:
                moments.parse(" ".join(words[:count]), zone="UTC")  # any zone: only whether it is one
            except Invalid:
                continue
            return count
        return 1

    async def parse(self, raw: str, scope: Scope) -> dt.datetime:
        moment = moments.parse(raw, zone=scope.zone)
        if moment <= scope.now:
            raise Invalid("moment.past", moment=moment)
        return moment


@dataclasses.dataclass(frozen=True, slots=True)
class Duration(Parameter):
    """A span: `2h`, `3 dagen`, `1d 12h`; at most ten years."""

    def take(self, words: Sequence[str], *, last: bool) -> int:
        return 2 if len(words) > 1 and words[0].isdigit() and words[1].casefold() in _UNITS else 1

    async def parse(self, raw: str, scope: Scope) -> dt.timedelta:
        text = raw.casefold().strip() if len(raw) <= 40 else ""
        parts = _SPAN.findall(text)
        if not parts or _SPAN.sub("", text).strip() or any(unit not in _UNITS for _, unit in parts):
            raise Invalid("value.duration", text=raw)
        seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
        if seconds > _TEN_YEARS_SECONDS:
            raise Invalid("value.duration", text=raw)
        return dt.timedelta(seconds=seconds)


@dataclasses.dataclass(frozen=True, slots=True)
class Member(Parameter):
    """An account, by mention, id or name."""

    async def parse(self, raw: str, scope: Scope) -> Address:
        return await scope.member(raw)


@dataclasses.dataclass(frozen=True, slots=True)
class Reference(Parameter):
    """Something of the campaign: a task, an announcement, an answer; by number (T12, 12), id or title.

    Attributes:
        find: Every one that the asker may pick, best first; it gets the command's context.
        letter: What stands before its number.
    """

    find: Callable[[Any], Awaitable[Sequence[Option]]]
    letter: str = ""

    def take(self, words: Sequence[str], *, last: bool) -> int:
        numbered = words[0].lstrip(self.letter.upper() + self.letter.lower() + "#").rstrip(".").isdigit()
        return len(words) if last and not numbered else 1

    async def parse(self, raw: str, scope: Scope) -> str:
        options = await self.find(scope)
        wanted = raw.strip().lstrip("#/!").casefold()  # as it is printed: `/taak lijst`, `#12`
        number = wanted.removeprefix(self.letter.casefold())
        for option in options:
            if option.value.casefold() in {wanted, number}:
                return option.value
        titled = {
            option.value for option in options for lang in ("nl", "en") if option.label(lang).casefold() == wanted
        }
        if len(titled) == 1:
            return titled.pop()
        near = closest(raw, options, scope.language, limit=5)
        raise NotFound("value.reference", text=raw, near=tuple(near))

    async def suggest(self, partial: str, scope: Scope) -> list[tuple[str, str]]:
        options = await self.find(scope)
        named = [Option(o.value, f"{self.letter}{o.value} {o.label(scope.language)}".strip()) for o in options]
        return closest(partial, named if self.letter else options, scope.language)


def closest(
    partial: str, options: Sequence[Option], language: str, *, limit: int = MAX_SUGGESTIONS
) -> list[tuple[str, str]]:
    """The options that look most like what was typed, as (label, value); all, in their order, when nothing was."""
    labels = {index: option.label(language) for index, option in enumerate(options)}
    if not partial.strip():
        return [(labels[index], options[index].value) for index in range(min(limit, len(options)))]
    found = process.extract(
        partial[:100].casefold(), {i: f"{options[i].value} {label}".casefold() for i, label in labels.items()},
        scorer=fuzz.partial_ratio, score_cutoff=60, limit=limit,
    )  # fmt: skip
    return [(labels[index], options[index].value) for _, _, index in found]


def by_type(annotation: object) -> Parameter | None:
    """The kind that goes with a plain type, or None."""
    plain: dict[object, Parameter] = {
        str: Text(), int: Integer(), bool: Boolean(), Amount: Money(), dt.datetime: Moment(), dt.timedelta: Duration(),
    }  # fmt: skip
    return plain.get(annotation)
