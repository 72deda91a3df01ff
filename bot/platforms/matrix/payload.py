"""A reply -> the messages that it becomes in a Matrix room."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from bot.core.command import Catalogue
from bot.core.markdown import plain
from bot.core.markup import Markup
from bot.core.parameters import clean
from bot.core.platform import Payload
from bot.core.reply import Button, Reply
from bot.core.texts import Texts
from bot.platforms.matrix.blocks import Block, as_html, as_text
from bot.platforms.matrix.cutting import parts
from bot.platforms.matrix.page import Page

MOST_BYTES = 32_000
"""Of a message's content as JSON with all but ASCII escaped; encrypted it grows by a third, and an event has 65,536."""
_LONGEST_NAME = 255
_LONGEST_ALT = 1000
_LONGEST_LABEL = 60  # as it is kept with the button; people read it in the text


class Renderer:
    """Replies in words, for rooms of Matrix."""

    def __init__(self, texts: Texts, catalogue: Catalogue, prefix: str) -> None:
        self._texts = texts
        self._markup = Markup(catalogue, prefix, code=True)

    def render(self, reply: Reply, *, language: str, zone: str) -> tuple[Payload, ...]:
        """The messages in their order: the text, in parts where it is long, then a picture and a file."""
        page = Page(self._texts, self._markup, reply.language or language, zone)
        uploads = list(_uploads(reply, page))
        said: list[dict[str, Any]] = [
            {"content": _content(part)} for part in parts(page.blocks(reply), _MOST_BLOCKS) if part or not uploads
        ]
        if reply.buttons:
            said[-1]["buttons"] = [pack(button, page) for button in reply.buttons]
        return (*said, *uploads)


def pack(button: Button, page: Page) -> dict[str, Any]:
    """What a button does and is called; and what is offered to whoever takes the tap back."""
    packed: dict[str, Any] = {
        "label": plain(page.mark(button.label))[:_LONGEST_LABEL],
        "command": button.command, "values": dict(button.values), "whose": button.whose.value,
    }  # fmt: skip
    if button.back:
        label = plain(page.mark(button.back.label))
        packed["back"] = {**pack(button.back, page), "label": label, "language": page.language}
    return packed


def _content(blocks: Sequence[Block]) -> Mapping[str, Any]:
    """Of an event; it mentions nobody, whatever stands in the text."""
    return {
        "msgtype": "m.notice",
        "body": as_text(blocks),
        "format": "org.matrix.custom.html",
        "formatted_body": as_html(blocks),
        "m.mentions": {},
    }


_MOST_BLOCKS = MOST_BYTES - len(json.dumps(_content(())))


def _uploads(reply: Reply, page: Page) -> Iterator[Payload]:
    if reply.picture:
        path = clean(reply.picture.path)
        yield _upload("picture", path, name=PurePath(path).name, alt=plain(page.mark(reply.picture.alt)))
    if reply.file:
        yield _upload("file", clean(reply.file.path), name=clean(reply.file.name), alt="")


def _upload(kind: str, path: str, *, name: str, alt: str) -> Payload:
    name, alt = name[-_LONGEST_NAME:], alt[:_LONGEST_ALT]
    content: dict[str, Any] = {
        "msgtype": "m.image" if kind == "picture" else "m.file",
        "body": alt or name,
        "filename": name,
        "m.mentions": {},
    }
    return {"upload": {"path": path, "name": name, "alt": alt, "kind": kind}, "content": content}
