"""Messages on Discord as people see them: text, frames, buttons."""

import datetime as dt
import html
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.pictures.markdown import Markdown
from scripts.pictures.panel import Entry, reply
from tests.discord_server import DiscordServer, Interaction, Message

_BUTTON = 2
_STYLES = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link"}
ALONE = "Alleen jij kunt dit zien"


def entry(server: DiscordServer, message: Message, at: dt.datetime, markdown: Markdown) -> Entry:
    """One message with what stands above and beneath it."""
    asked = _asked(server, message)
    parts = [markdown.html(message.content), *(frame(embed, markdown) for embed in message.embeds)]
    beneath = [buttons(row["components"]) for row in message.components]
    if message.ephemeral:
        beneath.append(f'<p class="alone">◉ {ALONE}</p>')
    typed = _typed(asked) if asked and "name" in asked.data else ""
    return Entry(
        message.author.name, at, "".join(parts), "".join(beneath), _above(asked, markdown), typed, message.author.bot
    )


def _above(asked: Interaction | None, markdown: Markdown) -> str:
    """Whose command or tap a message answers."""
    if asked is None:
        return ""
    name = f"<b>{html.escape(asked.user.name)}</b>"
    if "name" in asked.data:
        return f"{name} gebruikte <em>/{html.escape(_path(asked)[0])}</em>"
    source = asked.source
    return reply(source.author.name, markdown.html(source.content)) if source else name


def frame(embed: Mapping[str, Any], markdown: Markdown) -> str:
    """An embed: a bar of its colour, a title, paragraphs, fields, a footer."""
    colour = f"#{embed['color']:06x}" if embed.get("color") is not None else "#e3e5e8"
    parts = [f"<h4>{markdown.inline(embed['title'])}</h4>"] if embed.get("title") else []
    if embed.get("description"):
        parts.append(f"<div>{markdown.html(embed['description'])}</div>")
    parts += [
        f"<h5>{markdown.inline(field['name'])}</h5><div>{markdown.html(field['value'])}</div>"
        for field in embed.get("fields") or ()
    ]
    if embed.get("footer"):
        parts.append(f"<footer>{html.escape(embed['footer']['text'])}</footer>")
    return f'<section class="frame" style="border-color: {colour}">{"".join(parts)}</section>'


def buttons(components: Sequence[Mapping[str, Any]]) -> str:
    """A row beneath a message; a menu shows what it asks for."""
    shown = ""
    for part in components:
        if part["type"] == _BUTTON:
            shown += f'<span class="button {_STYLES[part["style"]]}">{html.escape(part["label"])}</span>'
        else:
            shown += f'<span class="menu">{html.escape(part.get("placeholder") or "")}<i>⌄</i></span>'
    return f'<div class="row">{shown}</div>'


def _asked(server: DiscordServer, message: Message) -> Interaction | None:
    return server.world.interactions.get(message.metadata["id"]) if message.metadata else None


def _typed(asked: Interaction) -> str:
    """A command as it stands in the box in which it is typed, each value with its name before it."""
    name, options = _path(asked)
    values = "".join(f" <i><b>{html.escape(one['name'])}</b> {html.escape(str(one['value']))}</i>" for one in options)
    return f"<b>/{html.escape(name)}</b>{values}"


def _path(asked: Interaction) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """The whole name of a command, and what was filled in."""
    name, options = asked.data["name"], asked.data.get("options", ())
    while options and "options" in options[0]:
        name, options = f"{name} {options[0]['name']}", options[0]["options"]
    return name, options
