"""Texts: key + language -> sentence, with the values written as that language writes them.

A text is CommonMark with `{value}` slots and `[command.id]` references:

    task.taken:
      nl: "Taak {number} is net door iemand anders gepakt. Met [task.list] zie je wat nog open staat."
      en: {by: seats, one: "One seat is left.", other: "{seats} seats are left."}

A slot takes a form where the value is a moment: `{due:day}`, `{due:time}`.
"""

import dataclasses
import datetime as dt
import functools
import re
import zoneinfo
from collections.abc import Mapping
from typing import Protocol

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

from bot.core.errors import Misdeclared
from bot.core.invocation import Address
from bot.core.reply import Listing, Money, Phrase, Said, Typed, Value, Words

LANGUAGES = ("nl", "en")
_LOCALES = {"nl": Locale("nl"), "en": Locale("en", "GB")}
_MOMENT_FORMS = {"": "EEEE d MMMM y HH:mm", "day": "EEEE d MMMM y", "time": "HH:mm"}
_SLOT = re.compile(r"\{(?P<name>\w+)(?::(?P<form>\w+))?\}|\[(?P<command>[a-z]+(?:\.[a-z_]+)?)\](?!\()")


class Style(Protocol):
    """How one platform writes what is not ours to write."""

    def quote(self, text: str) -> str:
        """Text from people, escaped so that nothing in it is markup, a mention or a link."""

    def typed(self, command: str, values: Mapping[str, str], language: str) -> str:
        """A command as people type it here."""

    def place(self, address: Address) -> str:
        """A room as people here know it."""

    def moment(self, moment: dt.datetime, form: str, words: str) -> str:
        """An aware moment in the form of its slot; `words`: as the language writes it, in the reader's zone."""


class Verbatim:
    """A style for texts without values from people."""

    def quote(self, text: str) -> str:
        return text

    def typed(self, command: str, values: Mapping[str, str], language: str) -> str:
        return command

    def place(self, address: Address) -> str:
        return address.short

    def moment(self, moment: dt.datetime, form: str, words: str) -> str:
        return words


@dataclasses.dataclass(frozen=True, slots=True)
class _Slot:
    name: str
    form: str


@dataclasses.dataclass(frozen=True, slots=True)
class _Reference:
    command: str


_Template = tuple[str | _Slot | _Reference, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class _Plural:
    by: str
    forms: Mapping[str, _Template]


class Texts:
    """All sentences, by key and language."""

    def __init__(self, texts: Mapping[str, Mapping[str, str | Mapping[str, str]]]) -> None:
        """Take `{key: {"nl": text, "en": text}}`; a text may be `{"by": value, "one": …, "other": …}`.

        Raises:
            Misdeclared: a language is missing, the two have different slots, a plural has no "other", or a slot takes
                a form that there is not.
        """
        for key, both in texts.items():
            if set(both) != set(LANGUAGES):
                raise Misdeclared(f"text {key}: wants exactly {LANGUAGES}")
            names = [slots(both[lang]) for lang in LANGUAGES]
            if names[0] != names[1]:
                raise Misdeclared(f"text {key}: slots differ, {sorted(names[0] ^ names[1])}")
        self._texts = {(key, lang): _compile(key, text) for key, both in texts.items() for lang, text in both.items()}

    def __contains__(self, key: str) -> bool:
        return (key, LANGUAGES[0]) in self._texts

    def references(self) -> frozenset[str]:
        """Every command that some text refers to."""
        templates = (t for c in self._texts.values() for t in (c.forms.values() if isinstance(c, _Plural) else (c,)))
        return frozenset(part.command for t in templates for part in t if isinstance(part, _Reference))

    def render(self, phrase: Phrase, *, language: str, zone: str, style: Style) -> str:
        """The sentence, as CommonMark.

        Raises:
            KeyError: there is no such text, or a value is missing.
        """
        template = self._texts[phrase.key, language]
        if isinstance(template, _Plural):
            count = phrase.values[template.by]
            form = _LOCALES[language].plural_form(count) if isinstance(count, int) else "other"
            template = template.forms.get(form) or template.forms["other"]
        write = functools.partial(self._write, language=language, zone=zone, style=style)
        return "".join(
            part
            if isinstance(part, str)
            else write(phrase.values[part.name], form=part.form)
            if isinstance(part, _Slot)
            else style.typed(part.command, {}, language)
            for part in template
        )

    def _write(self, value: Value, *, language: str, zone: str, style: Style, form: str = "") -> str:
        again = functools.partial(self._write, language=language, zone=zone, style=style)
        match value:
            case Phrase():
                return self.render(value, language=language, zone=zone, style=style)
            case Typed(command=command, values=values):
                return style.typed(command, values, language)
            case Address():
                return style.place(value)
            case Words():
                return value.within(language)
            case Said():
                return style.quote(value.within(language))
            case Listing(items=items):
                return "".join(f"\n- {again(item)}" for item in items)
            case tuple():
                return format_list([again(item) for item in value], locale=_LOCALES[language]) if value else ""
            case str():
                return style.quote(value)
        words = write_value(value, language=language, zone=zone, form=form)
        return style.moment(value, form, words) if isinstance(value, dt.datetime) else words


def write_value(value: Value, *, language: str, zone: str, form: str = "") -> str:
    """A number, an amount, a moment, a date or a span as the language writes it: "€ 2.846,76", "45.500"."""
    locale = _LOCALES[language]
    match value:
        case dt.datetime():
            return _moment_format(value.astimezone(zoneinfo.ZoneInfo(zone)), _MOMENT_FORMS[form], locale)
        case dt.date():
            return format_date(value, "EEEE d MMMM y" if form == "day" else "d MMMM y", locale=locale)
        case dt.timedelta():
            return format_timedelta(value, locale=locale, threshold=1.2)
        case Money(cents=cents, currency=currency):
            return format_currency(cents / 100, currency, locale=locale).replace("\xa0", " ")
        case bool() | None:
            return ""
        case int():
            return format_decimal(value, locale=locale)
    return str(value)


def _moment_format(local: dt.datetime, form: str, locale: Locale) -> str:
    return format_datetime(local, form, tzinfo=local.tzinfo, locale=locale)


def slots(text: str | Mapping[str, str]) -> frozenset[str]:
    """The names of the values that a text wants."""
    if isinstance(text, Mapping):
        return frozenset({text.get("by", "count")}).union(*(slots(v) for k, v in text.items() if k != "by"))
    return frozenset(found["name"] for found in _SLOT.finditer(text) if found["name"])


def _compile(key: str, text: str | Mapping[str, str]) -> _Template | _Plural:
    if not isinstance(text, Mapping):
        return _checked(key, _template(text))
    forms = {form: _checked(key, _template(one)) for form, one in text.items() if form != "by"}
    if "other" not in forms:
        raise Misdeclared(f"text {key}: a plural without other")
    return _Plural(text.get("by", "count"), forms)


def _checked(key: str, template: _Template) -> _Template:
    if wrong := [part.form for part in template if isinstance(part, _Slot) and part.form not in _MOMENT_FORMS]:
        raise Misdeclared(f"text {key}: no such form, {wrong}")
    return template


def _template(text: str) -> _Template:
    parts: list[str | _Slot | _Reference] = []
    at = 0
    for found in _SLOT.finditer(text):
        parts.append(text[at : found.start()])
        parts.append(_Reference(found["command"]) if found["command"] else _Slot(found["name"], found["form"] or ""))
        at = found.end()
    return tuple(part for part in (*parts, text[at:]) if part != "")
