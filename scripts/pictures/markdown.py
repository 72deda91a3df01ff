"""Discord's Markdown as HTML, near to how its own client shows it: of what the bot writes, all."""

import datetime as dt
import html
import re
import zoneinfo
from collections.abc import Callable, Mapping, Sequence

from babel.dates import format_date, format_datetime, format_time

_FENCE = re.compile(r"```(?:[a-z0-9_+\-.#]+\n)?\n*(.*?)\n*```\n?", re.DOTALL | re.IGNORECASE)
_HEADING = re.compile(r"(#{1,3}) +(.+)")
_SMALL = re.compile(r"-# +(.+)")
_QUOTE = re.compile(r"> ?(.*)")
_ITEM = re.compile(r"( *)(?:[-*]|(\d+)\.) +(.*)")
_INLINE = re.compile(
    r"\\(?P<escaped>[^0-9A-Za-z\s])"
    r"|(?P<fence>`+)(?P<code>.*?[^`])(?P=fence)(?!`)"
    r"|<t:(?P<moment>-?\d+)(?::(?P<form>[tTdDfFR]))?>"
    r"|<(?P<mention>#|@[!&]?)(?P<id>\d+)>"
    r"|\[(?P<label>(?:\\.|[^\[\]\\])*)\]\(<?(?P<masked>https?://[^\s<>]+?)>?\)"
    r"|<(?P<quiet>https?://[^\s<>]+)>"
    r"|(?P<bare>https?://[^\s<]+[^<.,:;\"'\]\s)])"
    r"|\*\*(?P<strong>(?:\\.|[^\\])+?)\*\*(?!\*)"
    r"|__(?P<underline>(?:\\.|[^\\])+?)__(?!_)"
    r"|\*(?=\S)(?P<em>(?:\\.|\*\*|[^*\\])+?)\*(?!\*)"
    r"|\b_(?P<low>(?:\\.|[^_\\])+?)_\b"
    r"|~~(?P<strike>.+?)~~"
    r"|\|\|(?P<spoiler>.+?)\|\|",
    re.DOTALL,
)
_AROUND = {
    "strong": "strong", "underline": "u", "em": "em", "low": "em", "strike": "s", "spoiler": "mark",
}  # fmt: skip


class Markdown:
    """How one person's client shows texts: in their language and time zone, with the names that they see."""

    def __init__(self, *, language: str, zone: str, names: Mapping[str, str]) -> None:
        """Read texts.

        Args:
            language: Of dates.
            zone: Of moments.
            names: What a mention is shown as, by the number of the room or person.
        """
        self._language = language
        self._zone = zoneinfo.ZoneInfo(zone)
        self._names = names

    def html(self, text: str) -> str:
        """A message, or a part of a frame."""
        shown, at = "", 0
        for found in _FENCE.finditer(text):
            shown += self._lines(text[at : found.start()]) + f"<pre>{html.escape(found[1])}</pre>"
            at = found.end()
        return shown + self._lines(text[at:])

    def _lines(self, text: str) -> str:
        lines = text.split("\n") if text else []
        shown, at = "", 0
        while at < len(lines):
            for rule, draw in ((_QUOTE, self._quote), (_ITEM, self._items)):
                if taken := _while(rule, lines[at:]):
                    shown += draw(lines[at : at + taken])
                    at += taken
                    break
            else:
                shown += self._line(lines[at], last=at + 1 == len(lines))
                at += 1
        return shown

    def _line(self, line: str, *, last: bool) -> str:
        if found := _HEADING.fullmatch(line):
            return f"<h{len(found[1])}>{self.inline(found[2])}</h{len(found[1])}>"
        if found := _SMALL.fullmatch(line):
            return f"<small>{self.inline(found[1])}</small>"
        return self.inline(line) + ("" if last else "<br>")

    def _quote(self, lines: Sequence[str]) -> str:
        return f"<blockquote>{self._lines(_joined(_QUOTE, lines))}</blockquote>"

    def _items(self, lines: Sequence[str]) -> str:
        """A list; what is further to the right is a list within the item above it."""
        first = _item(lines[0])
        margin, number = len(first[1]), first[2]
        items: list[list[str]] = []
        for line in lines:
            if len(_item(line)[1]) <= margin:
                items.append([line])
            else:
                items[-1].append(line)
        shown = "".join(f"<li>{self.inline(_item(own)[3])}{self._under(under)}</li>" for own, *under in items)
        return f'<ol start="{number}">{shown}</ol>' if number else f"<ul>{shown}</ul>"

    def _under(self, lines: Sequence[str]) -> str:
        return self._items(lines) if lines else ""

    def inline(self, text: str) -> str:
        """Words of one line, or of a label."""
        shown, at = "", 0
        for found in _INLINE.finditer(text):
            shown += html.escape(text[at : found.start()]) + self._marked(found)
            at = found.end()
        return shown + html.escape(text[at:])

    def _marked(self, found: re.Match[str]) -> str:
        kind, text = next((name, text) for name, text in found.groupdict().items() if text is not None)
        match kind:
            case "escaped":
                return html.escape(text)
            case "fence":
                return f"<code>{html.escape(found['code'])}</code>"
            case "moment":
                return f"<time>{self.moment(int(text), found['form'] or 'f')}</time>"
            case "mention":
                return f"<b>{text[0]}{html.escape(self._names.get(found['id'], found['id']))}</b>"
            case "label":
                return _link(found["masked"], self.inline(text))
            case "quiet" | "bare":
                return _link(text, html.escape(text))
            case _:
                return f"<{_AROUND[kind]}>{self.inline(text)}</{_AROUND[kind]}>"

    def moment(self, seconds: int, form: str) -> str:
        """A moment in words, in the reader's own zone.

        Source: Discord's documentation, reference, "Timestamp Styles".
        """
        at = dt.datetime.fromtimestamp(seconds, self._zone)
        forms: Mapping[str, Callable[[], str]] = {
            "t": lambda: format_time(at, "short", locale=self._language),
            "T": lambda: format_time(at, "medium", locale=self._language),
            "d": lambda: format_date(at, "dd-MM-yyyy", locale=self._language),
            "D": lambda: format_date(at, "long", locale=self._language),
            "F": lambda: format_datetime(at, "EEEE d MMMM y HH:mm", locale=self._language),
        }
        return forms.get(form, lambda: format_datetime(at, "d MMMM y HH:mm", locale=self._language))()


def _while(rule: re.Pattern[str], lines: Sequence[str]) -> int:
    """How many of the first lines a rule takes."""
    return next((number for number, line in enumerate(lines) if not rule.fullmatch(line)), len(lines))


def _joined(rule: re.Pattern[str], lines: Sequence[str]) -> str:
    return "\n".join(rule.sub(r"\1", line) for line in lines)


def _item(line: str) -> re.Match[str]:
    found = _ITEM.fullmatch(line)
    assert found, line  # noqa: S101 - whoever calls has looked
    return found


def _link(address: str, label: str) -> str:
    return f'<a href="{html.escape(address)}">{label}</a>'
