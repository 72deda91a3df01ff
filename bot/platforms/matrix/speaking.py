"""Saying what was drawn up: as a new message or a change of one, with its uploads, buttons and reactions."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from bot.core.invocation import Address
from bot.core.platform import Payload, PlatformRefused, TryAfter, Unknown
from bot.platforms.matrix.buttons import FIELD, REACTIONS, Buttons, Shown, keycap
from bot.platforms.matrix.homeserver import Rejected
from bot.platforms.matrix.post import Post
from bot.platforms.matrix.turns import Rank

_TYPE = "m.room.message"
_STARRED = 500
_MOST_REACTIONS = 100  # messages whose numbers wait for their turn; they can be typed as well

log = structlog.get_logger()


class Speaker:
    """Puts messages into rooms."""

    def __init__(self, post: Post, buttons: Buttons) -> None:
        self._post = post
        self._buttons = buttons
        self._reacting: set[asyncio.Task[None]] = set()

    async def say(
        self, room: str, payload: Payload, *, key: str, rank: Rank, owner: Address, until: int = 0,
        relation: Mapping[str, Any] | None = None, edits: str | None = None, now: bool = False,
    ) -> str:  # fmt: skip
        """Say one message; its event.

        Args:
            room: Its id.
            payload: As `payload.Renderer` draws it up.
            key: The same for every attempt.
            rank: What goes first.
            owner: Whom it is said to: own buttons are theirs.
            until: Own buttons act until this moment, UTC milliseconds of the campaign's clock.
            relation: What it answers.
            edits: The event that it changes.
            now: Raise rather than wait for others.

        Raises:
            Unknown, PlatformRefused, TryAfter: as `bot.core.platform.Platform.send` says.
        """
        content = dict(payload["content"])
        if upload := payload.get("upload"):
            content |= await self._post.upload(room, upload)
        shown = Shown("", owner, until, payload["buttons"]) if payload.get("buttons") else None
        if shown:
            content[FIELD] = shown.field()
        if edits:
            content = _change(content, edits)
        elif relation:
            content["m.relates_to"] = relation
        event = await self._post.send(room, _TYPE, content, key=key, rank=rank, now=now)
        if edits:
            self._buttons.forget(edits)
        elif shown:
            self._buttons.keep(Shown(event, owner, until, shown.buttons))
            self._react(room, event, len(shown.buttons), key)
        return event

    def _react(self, room: str, event: str, count: int, key: str) -> None:
        """Put the first numbers under a message, so that they need only be tapped."""
        if len(self._reacting) < _MOST_REACTIONS:
            task = asyncio.create_task(self._reactions(room, event, min(count, REACTIONS), key))
            self._reacting.add(task)
            task.add_done_callback(self._reacting.discard)

    async def _reactions(self, room: str, event: str, count: int, key: str) -> None:
        """One after the other: clients show them in the order in which they came."""
        for number in range(1, count + 1):
            await self._reaction(room, event, number, f"{key}/tap/{number}")

    async def _reaction(self, room: str, event: str, number: int, key: str) -> None:
        content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": keycap(number)}}
        try:
            await self._post.send(room, "m.reaction", content, key=key, rank=Rank.OWN)
        except Rejected as error:
            if error.code != "M_DUPLICATE_ANNOTATION":
                log.info("a reaction was refused", code=error.code)
        except (Unknown, PlatformRefused, TryAfter) as error:
            log.info("a reaction was not put", error=repr(error))

    async def close(self) -> None:
        for task in self._reacting:
            task.cancel()
        await asyncio.gather(*self._reacting, return_exceptions=True)


def _change(content: Mapping[str, Any], event: str) -> dict[str, Any]:
    """A content as the change of an earlier event.

    Clients that know no changes show the words behind a star; a few of them, or a long message would not fit twice.
    """
    body = f"* {content['body']}"
    return {
        "msgtype": content["msgtype"],
        "body": body if len(body) <= _STARRED else body[: _STARRED - 1] + "…",
        "m.mentions": content["m.mentions"],
        "m.new_content": dict(content),
        "m.relates_to": {"rel_type": "m.replace", "event_id": event},
    }
