"""A reply -> the messages that it becomes on Discord.

The lead is the text of the message, which notifications show and screen readers say first; the rest is framed beneath
it. A payload is a dict with, of these, what there is:

    content: Markdown, at most 2000 characters.
    embeds: one, as Discord's REST API wants it; its footer is left free.
    components: rows as the REST API wants them, but with `button` in place of `custom_id`, until `buttons.finished`.
    files: `{"path", "name", "alt"}`, which an embed may refer to as `attachment://name`.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from bot.core.command import Catalogue
from bot.core.parameters import clean
from bot.core.platform import Payload
from bot.core.reply import Kind, Reply
from bot.core.texts import Texts
from bot.platforms.discord.cutting import parts
from bot.platforms.discord.frame import frames
from bot.platforms.discord.lines import BOLD, Line, Run, joined
from bot.platforms.discord.markup import Slash, Timed
from bot.platforms.discord.page import Page, is_short
from bot.platforms.discord.rows import rows

MOST_CONTENT = 2000
_NOTHING = "\u200b"  # where there must be something
_LONGEST_ALT = 1024
_LONGEST_NAME = 100
_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")
_COLOURS = {Kind.ERROR: 0xDA373C, Kind.PREVIEW: 0xF0B232, Kind.ANNOUNCEMENT: 0x1A6FB5}


class Renderer:
    """Replies in words, for channels and private talks of Discord."""

    def __init__(self, texts: Texts, catalogue: Catalogue, names: str) -> None:
        """Write by a catalogue; `names`: the language in which its commands are named here."""
        self._texts = texts
        self._slash = Slash(catalogue, names)
        self._timed = Timed(catalogue, names)

    def render(self, reply: Reply, *, language: str, zone: str) -> tuple[Payload, ...]:
        """The messages in their order; pictures, files and buttons go with the last one."""
        page = Page(self._texts, self._slash, self._timed, reply.language or language, zone)
        components, unplaced = rows(reply.buttons, page)
        above, framed = _written(reply, page, list(page.rest(reply, unplaced)))
        messages = _together([joined(part) for part in parts(above, MOST_CONTENT)], framed)
        _attach(messages[-1], reply, page)
        if components:
            messages[-1]["components"] = components
        # A message without anything would be refused.
        return tuple(message or {"content": _NOTHING} for message in messages)


def _written(reply: Reply, page: Page, rest: Sequence[Line]) -> tuple[list[Line], list[dict[str, Any]]]:
    """The text, and the frames beneath it."""
    head, body = page.head(reply), page.body(reply)
    if is_short(reply, body):
        title = [Line((Run(page.own("discord.preview"), (BOLD,)),))] if reply.kind is Kind.PREVIEW else []
        return [*title, *head, *body, *rest], []
    look: dict[str, Any] = {"color": _COLOURS[reply.kind]} if reply.kind in _COLOURS else {}
    if reply.kind is Kind.PREVIEW:
        look["title"] = page.own("discord.preview")
    return head, list(frames(body, [page.field(field) for field in reply.fields], rest, look))


def _together(texts: Sequence[str], framed: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first frame goes with the last text."""
    messages: list[dict[str, Any]] = [{"content": text} for text in texts] or [{}]
    for index, frame in enumerate(framed):
        if index:
            messages.append({})
        messages[-1]["embeds"] = [frame]
    return messages


def _attach(message: dict[str, Any], reply: Reply, page: Page) -> None:
    """The picture stands in the frame where there is one."""
    files = list(_files(reply, page))
    if files:
        message["files"] = files
    if reply.picture and "embeds" in message:
        message["embeds"][-1]["image"] = {"url": f"attachment://{files[0]['name']}"}


def _files(reply: Reply, page: Page) -> Iterator[dict[str, str]]:
    if reply.picture:
        path = clean(reply.picture.path)
        yield {"path": path, "name": _name(PurePath(path).name), "alt": page.label(reply.picture.alt, _LONGEST_ALT)}
    if reply.file:
        name = _name(reply.file.name)
        same = reply.picture is not None and _name(PurePath(clean(reply.picture.path)).name) == name
        yield {"path": clean(reply.file.path), "name": f"2-{name}" if same else name, "alt": ""}


def _name(name: str) -> str:
    """As Discord keeps it, which is how a frame must call it."""
    return _STRANGE.sub("_", clean(name))[-_LONGEST_NAME:].lstrip(".") or "_"
