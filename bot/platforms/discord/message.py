"""A payload as discord.py wants it, for a new message or the change of one."""

import base64
import copy
import hashlib
import io
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.core.platform import Payload, PlatformRefused
from bot.platforms.discord.buttons import finished

_BUTTON, _MENU = 2, 3
_MARK = 8  # characters of the nonce: 40 bits tell the messages of a room apart
_BEFORE = "ref. "  # so that people take it for what it is, in both languages
_SMALL = "-# "  # Discord's Markdown for small grey text
_MOST = 2000


def nonce(key: str) -> str:
    """A key of ours as the nonce of a message: 24 characters; Discord takes 25 (platforms.md, 2)."""
    return base64.b32encode(hashlib.blake2s(key.encode(), digest_size=15).digest()).decode().lower()


def mark(key: str) -> str:
    """By which a message is found again: Discord keeps no nonce in the history."""
    return nonce(key)[:_MARK]


def marked(payload: Payload, key: str) -> Payload:
    """A payload with its mark: small, beneath everything else."""
    embeds = [dict(embed) for embed in payload.get("embeds", ())]
    content = payload.get("content", "")
    if not embeds and len(below := f"{content}\n{_SMALL}{_BEFORE}{mark(key)}".lstrip("\n")) <= _MOST:
        return {**payload, "content": below}
    embeds = embeds or [{}]
    embeds[-1] = {**embeds[-1], "footer": {"text": f"{_BEFORE}{mark(key)}"}}
    return {**payload, "embeds": embeds}


def is_marked(message: discord.Message, key: str) -> bool:
    footers = [embed.footer.text for embed in message.embeds]
    return f"{_BEFORE}{mark(key)}" in footers or message.content.endswith(f"{_SMALL}{_BEFORE}{mark(key)}")


def parts(payload: Payload, owner: str | None, until: int) -> dict[str, Any]:
    """What `send` of discord.py takes, as keywords.

    Args:
        payload: As `bot.platforms.discord.renderer` writes it.
        owner: Whose its own buttons are.
        until: Until when those act, UTC milliseconds of the campaign's clock.

    Raises:
        PlatformRefused: one of its files is not there.
    """
    said: dict[str, Any] = {}
    if content := payload.get("content"):
        said["content"] = content
    if embeds := payload.get("embeds"):
        said["embeds"] = [discord.Embed.from_dict(copy.deepcopy(embed)) for embed in embeds]
    if components := payload.get("components"):
        said["view"] = view(finished(components, owner, until))
    if files := payload.get("files"):
        said["files"] = [_file(file) for file in files]
    return said


def change(payload: Payload, owner: str | None, until: int) -> dict[str, Any]:
    """What `edit` of discord.py takes: whatever the message has no longer is taken away."""
    said = parts(payload, owner, until)
    files = said.pop("files", [])
    return {"content": None, "embeds": [], "view": None, **said, "attachments": files}


def view(rows: Sequence[Mapping[str, Any]]) -> discord.ui.View:
    """Rows of components, as the REST API has them.

    It takes no taps: those reach us by their custom_id, also those of messages from before the last start.
    """
    made = discord.ui.View(timeout=None)
    for number, row in enumerate(rows):
        for part in row["components"]:
            made.add_item(_item(part, number))
    made.stop()
    return made


def _item(part: Mapping[str, Any], row: int) -> discord.ui.Item[discord.ui.View]:
    if part["type"] == _MENU:
        options = [discord.SelectOption(label=one["label"], value=one["value"]) for one in part["options"]]
        return discord.ui.Select(
            custom_id=part["custom_id"], placeholder=part.get("placeholder"), options=options, row=row
        )
    if part.get("url"):
        return discord.ui.Button(label=part["label"], url=part["url"], row=row)
    style = discord.ButtonStyle(part["style"])
    return discord.ui.Button(label=part["label"], style=style, custom_id=part["custom_id"], row=row)


def _file(file: Mapping[str, str]) -> discord.File:
    try:
        data = pathlib.Path(file["path"]).read_bytes()
    except OSError as error:
        raise PlatformRefused(f"{file['name']}: {error.strerror}") from error
    return discord.File(io.BytesIO(data), filename=file["name"], description=file["alt"] or None)
