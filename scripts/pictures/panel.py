"""A room as a picture shows it: its name, and the messages one beneath the other."""

import dataclasses
import datetime as dt
import html
import pathlib
import re
import zoneinfo
from collections.abc import Sequence

from tests.talk import ZONE

FOLDER = pathlib.Path(__file__).parent
_COLOURS = {"anna": "#c2410c", "sjoera": "#0f766e"}
_BOT = "#4f46e5"
_TAG = re.compile(r"<[^>]+>")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One message.

    Attributes:
        author: As people see them.
        at: When it was said.
        body: HTML of what was said.
        beneath: HTML of its buttons or reactions.
        above: HTML of what it answers.
        typed: HTML of the line that was typed for it and that others do not see.
        bot: The author is none of the people.
    """

    author: str
    at: dt.datetime
    body: str
    beneath: str = ""
    above: str = ""
    typed: str = ""
    bot: bool = False

    def html(self) -> str:
        colour = _BOT if self.bot else _COLOURS[self.author]
        badge = ' <span class="badge">bot</span>' if self.bot else ""
        time = self.at.astimezone(zoneinfo.ZoneInfo(ZONE)).strftime("%H:%M")
        typed = f'<div class="typed">{self.typed}</div>' if self.typed else ""
        above = f'<div class="above">{self.above}</div>' if self.above else ""
        return (
            f'{typed}<article><span class="face" style="background: {colour}">{html.escape(self.author[0].upper())}'
            f'</span><div class="said">{above}<header><b style="color: {colour}">{html.escape(self.author)}</b>{badge}'
            f'<span class="at">{time}</span></header><div class="body">{self.body}</div>{self.beneath}</div></article>'
        )


def reply(author: str, body: str) -> str:
    """What stands above an answer: whose message it answers, and its first words.

    Args:
        author: Of that message.
        body: Of that message, HTML.
    """
    words = " ".join(_TAG.sub(" ", body).split())
    return f"↱ <b>{html.escape(author)}</b> {words}"


@dataclasses.dataclass(frozen=True, slots=True)
class Panel:
    """A room.

    Attributes:
        title: Its name.
        remark: What a reader has to know of it.
        entries: Oldest first.
    """

    title: str
    remark: str
    entries: Sequence[Entry]

    def html(self) -> str:
        said = "".join(entry.html() for entry in self.entries)
        heading = f"<h2>{html.escape(self.title)} <small>{html.escape(self.remark)}</small></h2>"
        return f"<main>{heading}{said}</main>"


def page(platform: str, panels: Sequence[Panel]) -> str:
    """A whole page; the platform's name is the class of its body."""
    look = (FOLDER / "look.css").read_text()
    shown = "".join(panel.html() for panel in panels)
    head = f'<meta charset="utf-8"><style>{look}</style>'
    return f'<!doctype html><html lang="nl"><head>{head}</head><body class="{platform}">{shown}</body></html>'
