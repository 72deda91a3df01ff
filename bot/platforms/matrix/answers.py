"""Giving answers: where they belong, to whom alone they are for, and surely."""

import asyncio
import contextlib
import dataclasses
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

import structlog

from bot.core.invocation import Address, Invocation
from bot.core.platform import Answer, PlatformRefused, TryAfter, Unknown
from bot.core.reply import Button, For, Kind, Phrase, Reply
from bot.platforms.matrix.buttons import Buttons
from bot.platforms.matrix.directs import Directs
from bot.platforms.matrix.homeserver import Homeserver, quoted
from bot.platforms.matrix.payload import Renderer
from bot.platforms.matrix.post import Post
from bot.platforms.matrix.rooms import Rooms
from bot.platforms.matrix.speaking import Speaker
from bot.platforms.matrix.turns import Rank

TYPING_AFTER_SECONDS = 1.0
_TYPING_MS = 30_000
_MOST_TRIES = 2000  # at a minute each, more than a day

T = TypeVar("T")
log = structlog.get_logger()


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """What is answered.

    Attributes:
        event: The event that asked.
        shown: The message that the answer stands under: the event, or for a tap the message with the buttons.
        thread: The first event of the thread to answer in.
        tap: It was a tap, not a line.
    """

    room: str
    event: str
    shown: str
    thread: str | None = None
    tap: bool = False


class Answers:
    """Says answers."""

    def __init__(
        self, server: Homeserver, post: Post, speaker: Speaker, rooms: Rooms, directs: Directs, buttons: Buttons,
        renderer: Renderer, me: str,
    ) -> None:  # fmt: skip
        self._server = server
        self._post = post
        self._speaker = speaker
        self._rooms = rooms
        self._directs = directs
        self._buttons = buttons
        self._renderer = renderer
        self._me = me

    async def give(self, call: Invocation, answer: Answer, asked: Asked) -> None:
        """Say an answer; returns when it stands in its room, or nobody will have it.

        Whether somebody else is in the room is looked at now, not when the question came.
        """
        if answer.told:
            return
        private = self._rooms.is_private(asked.room)
        if answer.unsay and not private:
            await self._unsay(asked)
        if answer.private and not private:
            await self._give_elsewhere(call, answer, asked)
            return
        await self._say(asked.room, call, answer, asked, relation=self._relation(asked, private=private))

    async def remark(self, asked: Asked, phrase: Phrase, *, language: str, zone: str, key: str) -> None:
        """A line of the platform's own."""
        payloads = self._renderer.render(Reply(phrase, kind=Kind.NOTICE), language=language, zone=zone)
        relation = self._relation(asked, private=self._rooms.is_private(asked.room))
        for payload in payloads:
            await self._surely(lambda payload=payload: self._speaker.say(  # type: ignore[misc]
                asked.room, payload, key=key, rank=Rank.ANSWER, owner=Address("matrix", asked.room), relation=relation,
            ))  # fmt: skip

    async def offer_back(self, who: Address, back: Mapping[str, Any], asked: Asked, *, zone: str) -> None:
        """Ask whoever took a tap back whether what it did should be undone; `back` is a packed button."""
        label = str(back["label"])
        button = Button(Phrase("button.option", {"label": label}), back["command"], back["values"], For.ADDRESSED)
        reply = Reply(Phrase("matrix.back", {"label": label}), buttons=(button,))
        for payload in self._renderer.render(reply, language=back["language"], zone=zone):
            await self._surely(lambda payload=payload: self._speaker.say(  # type: ignore[misc]
                asked.room, payload, key=f"reply:{asked.event}/0", rank=Rank.ANSWER, owner=who,
                relation=self._relation(asked, private=False),
            ))  # fmt: skip

    def lost(self, asked: Asked, error: Exception) -> None:
        """An answer will not arrive: we were put out of the room, or it refuses us."""
        log.warning("an answer was not given", error=repr(error), tap=asked.tap)

    async def _say(
        self, room: str, call: Invocation, answer: Answer, asked: Asked, *, relation: Mapping[str, Any] | None
    ) -> None:
        payloads = self._renderer.render(answer.reply, language=answer.language, zone=answer.zone)
        offered: str | None = None
        for part, payload in enumerate(payloads):
            event = await self._surely(lambda part=part, payload=payload: self._speaker.say(  # type: ignore[misc]
                room, payload, key=f"reply:{asked.event}/{part}", rank=Rank.ANSWER, owner=call.who, until=answer.until,
                relation=relation if part == 0 or asked.thread else None,
            ))  # fmt: skip
            offered = event if payload.get("buttons") else offered
        if self._rooms.is_private(room):
            self._buttons.expect(room, offered)

    async def _give_elsewhere(self, call: Invocation, answer: Answer, asked: Asked) -> None:
        """To the asker alone, with a word in the room that says nothing of it."""
        language, zone = answer.language, answer.zone
        try:
            room = await self._surely(lambda: self._directs.for_answer(call.who.id))
        except PlatformRefused as error:
            log.info("no private talk", reason=error.reason)
            key = f"reply:{asked.event}/none"
            await self.remark(asked, Phrase("matrix.no_private"), language=language, zone=zone, key=key)
            return
        await self._say(room, call, answer, asked, relation=None)
        if not asked.tap:
            key = f"reply:{asked.event}/see"
            await self.remark(asked, Phrase("matrix.see_private"), language=language, zone=zone, key=key)

    async def _unsay(self, asked: Asked) -> None:
        """Take a line away that others should not have read, where we may."""
        if self._rooms.may_redact(asked.room):
            with contextlib.suppress(PlatformRefused, Unknown):
                await self._post.redact(asked.room, asked.event, key=f"unsay:{asked.event}", rank=Rank.ANSWER)

    def _relation(self, asked: Asked, *, private: bool) -> Mapping[str, Any] | None:
        """In a thread where the line was in one; else as a reply, where others talk in between."""
        answered = {"m.in_reply_to": {"event_id": asked.shown}}
        if asked.thread:
            return {"rel_type": "m.thread", "event_id": asked.thread, "is_falling_back": True, **answered}
        return None if private else answered

    async def _surely(self, act: Callable[[], Awaitable[T]]) -> T:
        """Try until it is known that it was done, or was refused; the key makes a second time harmless."""
        for tries in range(_MOST_TRIES):
            try:
                return await act()
            except TryAfter as error:
                await asyncio.sleep(error.seconds)
            except Unknown as error:
                log.info("an answer may not have arrived", error=str(error))
                await asyncio.sleep(min(60.0, 0.5 * 2.0 ** min(tries, 10)) * random.uniform(0.75, 1.25))  # noqa: S311
        raise PlatformRefused("no clear answer for a day")

    @contextlib.asynccontextmanager
    async def working(self, room: str) -> AsyncIterator[None]:
        """Show that the bot types while something takes long."""
        typing: list[asyncio.Task[None]] = []
        alarm = asyncio.get_running_loop().call_later(
            TYPING_AFTER_SECONDS, lambda: typing.append(asyncio.create_task(self._type(room, on=True)))
        )
        try:
            yield
        finally:
            alarm.cancel()
            if typing:
                await typing[0]
                await self._type(room, on=False)

    async def _type(self, room: str, *, on: bool) -> None:
        path = f"/_matrix/client/v3/rooms/{quoted(room)}/typing/{quoted(self._me)}"
        with contextlib.suppress(Unknown, TryAfter, PlatformRefused):
            await self._server.call("PUT", path, {"typing": on, "timeout": _TYPING_MS} if on else {"typing": False})
