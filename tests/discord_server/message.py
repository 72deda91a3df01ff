"""A message as the stand-in keeps it, and as it gives it back."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from tests.discord_server.place import Channel
from tests.discord_server.user import User

JSON = dict[str, Any]

EPHEMERAL, LOADING = 1 << 6, 1 << 7


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """Something that was uploaded with a message."""

    id: str
    name: str
    data: bytes
    content_type: str
    description: str | None
    url: str

    def payload(self) -> JSON:
        described = {"description": self.description} if self.description else {}
        return described | {
            "id": self.id,
            "filename": self.name,
            "size": len(self.data),
            "url": self.url,
            "proxy_url": self.url,
            "content_type": self.content_type,
        }


@dataclasses.dataclass(eq=False)
class Message:
    """One message with the content that it has now.

    Attributes:
        embeds: As they were sent.
        edited: When it was last changed; None: never.
        metadata: Of the interaction that it answers.
        only_for: The one person who sees it, for an ephemeral one.
        loading: "The bot is thinking": an answer that is still to come.
        deleted: It is gone; kept for who asks what there was.
    """

    id: str
    channel: Channel
    author: User
    at: str
    content: str = ""
    embeds: list[JSON] = dataclasses.field(default_factory=list)
    components: list[JSON] = dataclasses.field(default_factory=list)
    attachments: list[File] = dataclasses.field(default_factory=list)
    nonce: str | int | None = None
    flags: int = 0
    edited: str | None = None
    mentions: list[User] = dataclasses.field(default_factory=list)
    metadata: JSON | None = None
    application: str | None = None
    reference: JSON | None = None
    only_for: User | None = None
    loading: bool = False
    deleted: bool = False

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def text(self) -> str:
        """What a person reads: the content, then the embeds."""
        return "\n".join(line for line in (self.content, *_lines(self.embeds)) if line)

    @property
    def parts(self) -> list[JSON]:
        """The buttons and selects, in order."""
        return [part for row in self.components for part in row.get("components", [])]

    @property
    def buttons(self) -> list[str]:
        """The labels of the buttons."""
        return [str(part.get("label", "")) for part in self.parts if part["type"] == 2]

    def payload(self) -> JSON:
        """As REST and the gateway give it."""
        return self._optional() | {
            "id": self.id,
            "type": 0 if self.reference is None else 19,
            "channel_id": self.channel.id,
            "author": self.author.payload(),
            "content": self.content,
            "timestamp": self.at,
            "edited_timestamp": self.edited,
            "flags": self.flags | (LOADING if self.loading else 0),
            "mentions": [user.payload() for user in self.mentions],
            "mention_roles": [],
            "mention_everyone": False,
            "attachments": [file.payload() for file in self.attachments if not self._embedded(file)],
            "embeds": [self._embed(embed) for embed in self.embeds],
            "components": _numbered(self.components),
            "pinned": False,
            "tts": False,
        }

    def _optional(self) -> JSON:
        found: JSON = {
            "nonce": self.nonce,
            "interaction_metadata": self.metadata,
            "application_id": self.application,
            "webhook_id": self.application if self.metadata else None,
            "message_reference": self.reference,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _embedded(self, file: File) -> bool:
        """A picture that an embed shows is no attachment any more."""
        return any(_pictures(embed, f"attachment://{file.name}") for embed in self.embeds)

    def _embed(self, embed: JSON) -> JSON:
        given = {"type": "rich"} | {name: value for name, value in embed.items() if value is not None}
        given["fields"] = [{"inline": False} | field for field in embed.get("fields") or []]
        for name in ("image", "thumbnail"):
            if embed.get(name):
                given[name] = {"url": self._address(embed[name]["url"])}
        return given

    def _address(self, url: str) -> str:
        found = (file.url for file in self.attachments if url == f"attachment://{file.name}")
        return next(found, url)


def _pictures(embed: JSON, url: str) -> bool:
    return any((embed.get(name) or {}).get("url") == url for name in ("image", "thumbnail"))


def _lines(embeds: list[JSON]) -> Iterator[str]:
    for embed in embeds:
        yield (embed.get("author") or {}).get("name", "")
        yield embed.get("title") or ""
        yield embed.get("description") or ""
        for field in embed.get("fields") or []:
            yield f"{field['name']}\n{field['value']}"
        yield (embed.get("footer") or {}).get("text", "")


def _numbered(rows: list[JSON]) -> list[JSON]:
    """The components with the ids that Discord gives them."""
    numbers = iter(range(1, 1000))
    return [_filled(row) | {"id": next(numbers), "components": [
        _filled(part) | {"id": next(numbers)} for part in row.get("components", [])
    ]} for row in rows]  # fmt: skip


def _filled(part: JSON) -> JSON:
    defaults = {"min_values": 1, "max_values": 1} if part["type"] in {3, 5, 6, 7, 8} else {}
    return defaults | {name: value for name, value in part.items() if value is not None}
