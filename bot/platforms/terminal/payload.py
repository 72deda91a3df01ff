"""A reply -> one message of the terminal, and its line of JSON.

What stands under "_" is for the terminal itself and is never printed as JSON: the language, the text as CommonMark
where it has markup, the picture's and the file's words, and what each button does.
"""

import json
from collections.abc import Mapping
from typing import Any

from bot.core.markdown import is_simple, plain
from bot.core.markup import Markup
from bot.core.parameters import clean
from bot.core.platform import Payload
from bot.core.reply import Button, Phrase, Reply
from bot.core.texts import Texts

OWN = "_"
_ORDER = ("to", "private", "text", "fields", "progress", "picture", "file", "links", "buttons", "kind", "key", "edits")


class Renderer:
    """Replies in words."""

    def __init__(self, texts: Texts, style: Markup) -> None:
        self._texts = texts
        self._style = style

    def render(self, reply: Reply, *, language: str, zone: str) -> Payload:
        """The message; `to`, `private` and `key` are filled in when it is sent."""
        language = reply.language or language

        def marked(phrase: Phrase) -> str:
            return self._texts.render(phrase, language=language, zone=zone, style=self._style)

        def words(phrase: Phrase) -> str:
            return plain(marked(phrase))

        text = "\n\n".join(part for part in map(marked, (reply.lead, *reply.body)) if part)
        progress, picture, file = reply.progress, reply.picture, reply.file
        return {
            "to": None,
            "private": False,
            "text": plain(text),
            "fields": [{"name": words(field.name), "value": words(field.value)} for field in reply.fields],
            "progress": {"value": progress.value, "of": progress.of} if progress else None,
            "picture": clean(picture.path) if picture else None,
            "file": clean(file.path) if file else None,
            "links": [{"label": words(link.label), "url": clean(link.url)} for link in reply.links],
            "buttons": [{"label": words(b.label), "command": self._line(b, language)} for b in reply.buttons],
            "kind": reply.kind.value,
            "key": None,
            OWN: {
                "language": language,
                "markdown": None if is_simple(text) else text,
                "alt": words(picture.alt) if picture else None,
                "name": clean(file.name) if file else None,
                "press": [_press(button) for button in reply.buttons],
            },
        }

    def _line(self, button: Button, language: str) -> str:
        return self._style.line(button.command, button.values, language)


def _press(button: Button) -> Mapping[str, Any]:
    return {"command": button.command, "values": dict(button.values), "whose": button.whose.value}


def addressed(payload: Payload, *, to: str, key: str | None, edits: bool = False) -> Payload:
    """The message with its destination: a room `#name`, or a person, who alone reads it."""
    filled = {**payload, "to": clean(to), "private": not to.startswith("#"), "key": key and clean(key)}
    return {**filled, "edits": True} if edits else filled


def as_json(payload: Payload) -> str:
    """The message as one line of JSON."""
    return json.dumps({name: payload[name] for name in _ORDER if name in payload}, ensure_ascii=False)
