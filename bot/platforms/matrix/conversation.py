"""What is heard in a room becomes a call, and the call's answer is given."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import structlog

from bot.core import spoken
from bot.core.command import Catalogue
from bot.core.invocation import Address, Invocation
from bot.core.platform import Dispatcher, Memory, PlatformRefused, TryAfter, Unknown
from bot.core.reply import Phrase
from bot.core.spoken import Word
from bot.platforms.matrix.answers import Answers, Asked
from bot.platforms.matrix.buttons import FIELD, Buttons, Shown, Tapped
from bot.platforms.matrix.hearing import Ear, Heard, Line, Message, TakenBack, Tap, named
from bot.platforms.matrix.places import Places
from bot.platforms.matrix.post import Post
from bot.platforms.matrix.questions import meant
from bot.platforms.matrix.rooms import Rooms
from bot.platforms.matrix.standing import Standing

_STRANGE = "strange."  # memory: a room that is not ours was told so

log = structlog.get_logger()


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """What the campaign tells its Matrix."""

    me: str
    prefix: str
    language: str
    zone: str
    campaign: str


class Conversation:
    """One account's talks."""

    def __init__(
        self, dispatcher: Dispatcher, catalogue: Catalogue, setting: Setting, memory: Memory, *, rooms: Rooms,
        places: Places, standing: Standing, post: Post, answers: Answers, buttons: Buttons,
    ) -> None:  # fmt: skip
        self._dispatcher = dispatcher
        self._setting = setting
        self._memory = memory
        self._rooms = rooms
        self._places = places
        self._standing = standing
        self._post = post
        self._answers = answers
        self._buttons = buttons
        self._ear = Ear(catalogue, setting.prefix)

    async def hear(self, room: str, heard: Heard) -> Invocation | None:
        """Act on what was heard; the call that it was, when its answer is given."""
        if heard.sender == self._setting.me or self._rooms.is_space(room):
            return None
        match heard:
            case Message():
                return await self._message(room, heard)
            case Tap():
                return await self._tap(room, heard)
            case TakenBack():
                await self._taken_back(room, heard)
        return None

    # -- lines ------------------------------------------------------------------------------------------

    async def _message(self, room: str, message: Message) -> Invocation | None:
        private = self._rooms.is_private(room)
        if message.number is not None and (shown := await self._listed(room, message, private=private)):
            if message.number <= len(shown.buttons):
                asked = Asked(room, message.id, message.id, message.thread)
                return await self._press(message.sender, shown, message.number - 1, asked)
        elif private:
            self._buttons.expect(room, None)
            if (words := spoken.words(message.text)) and (call := await self._word(room, message, words)):
                return call
        line = self._ear.line(message, private=private, names=self._names(room))
        if line is None:
            return None
        if not private and self._places.name(room) is None:
            await self.introduce(room, Asked(room, message.id, message.id, message.thread))
            return None
        return await self._line(room, message, line, private=private)

    async def _line(self, room: str, message: Message, line: Line, *, private: bool) -> Invocation:
        text = named(line.text, message, lambda user: self._rooms.name_of(room, user))
        call = self._typed(room, message, text, private=private, perhaps=line.perhaps)
        # In the room itself a guess at what somebody meant would be in everybody's way.
        thread = message.thread or (message.id if line.slip and not private else None)
        return await self._call(call, Asked(room, message.id, message.id, thread))

    async def _word(self, room: str, message: Message, words: frozenset[Word]) -> Invocation | None:
        """A word in private that is a tap on a button of our last question, or "stop"; None: a line like any other."""
        asked = Asked(room, message.id, message.id, message.thread)
        try:
            found = await meant(self._post, room, message, self._setting.me)
        except (PlatformRefused, Unknown, TryAfter) as error:
            log.warning("the last question could not be looked up", error=repr(error))
            return None
        if found:
            return await self._press(message.sender, found.shown, found.index, asked)
        return await self._call(spoken.stopped(self._typed(room, message, "")), asked) if Word.STOP in words else None

    def _names(self, room: str) -> list[str]:
        me = self._setting.me
        localpart = me.removeprefix("@").partition(":")[0]
        return [me, *filter(None, (self._rooms.name_of(room, me), localpart))]

    async def _listed(self, room: str, message: Message, *, private: bool) -> Shown | None:
        """The list that a number is about: the one replied to, or in private the one just shown."""
        if message.replies_to:
            return await self._shown(room, message.replies_to)
        if not private:
            return None
        if not self._buttons.expects(room):
            return await self._latest(room)
        expected = self._buttons.expected(room)
        return await self._shown(room, expected) if expected else None

    async def introduce(self, room: str, asked: Asked | None = None) -> None:
        """One line, once, in a shared room that is not the campaign's."""
        if await self._memory.get(f"{_STRANGE}{room}"):
            return
        setting = self._setting
        phrase = Phrase("matrix.strange_room", {"campaign": setting.campaign})
        asked = asked or Asked(room, room, "")
        key = f"strange:{room}"
        await self._answers.remark(asked, phrase, language=setting.language, zone=setting.zone, key=key)
        await self._memory.put(f"{_STRANGE}{room}", "1")

    def _typed(
        self, room: str, message: Message, line: str, *, private: bool = True, perhaps: bool = False
    ) -> Invocation:
        return Invocation(
            id=f"matrix:{message.id}",
            who=Address("matrix", message.sender),
            where=self._places.address(room),
            private=private,
            line=line,
            groups=self._standing.groups(message.sender),
            aloud=not private,
            perhaps=perhaps,
        )

    # -- buttons ----------------------------------------------------------------------------------------

    async def _tap(self, room: str, tap: Tap) -> Invocation | None:
        if tap.number is None:
            return None
        shown = await self._shown(room, tap.message)
        if shown is None or not 1 <= tap.number <= len(shown.buttons):
            return None
        index = tap.number - 1
        call = await self._press(tap.sender, shown, index, Asked(room, tap.id, tap.message, tap=True))
        self._buttons.tapped(tap.id, Tapped(tap.sender, tap.message, shown.buttons[index].get("back")))
        return call

    async def _press(self, who: str, shown: Shown, index: int, asked: Asked) -> Invocation:
        button = shown.buttons[index]
        private = self._rooms.is_private(asked.room)
        call = Invocation(
            id=f"matrix:{asked.event}",
            who=Address("matrix", who),
            where=self._places.address(asked.room),
            private=private,
            command=button["command"],
            values=button["values"],
            groups=self._standing.groups(who),
            press=shown.press(index),
        )
        return await self._call(call, asked)

    async def _taken_back(self, room: str, redaction: TakenBack) -> None:
        """Somebody takes a tap back: what it did stands, so they are asked whether that should be undone."""
        tapped = self._buttons.taken_back(redaction.what)
        if tapped is None or tapped.back is None or tapped.sender != redaction.sender:
            return
        who = Address("matrix", redaction.sender)
        asked = Asked(room, redaction.id, tapped.message, tap=True)
        await self._answers.offer_back(who, tapped.back, asked, zone=self._setting.zone)

    async def _shown(self, room: str, message: str) -> Shown | None:
        """The buttons of a message of ours in this room, looked up where we do not remember it."""
        if not self._buttons.known(message):
            found = await self._post.event(room, message)
            self._remember(message, found)
        return self._buttons.of(message)

    async def _latest(self, room: str) -> Shown | None:
        """After a restart: the buttons of what we said last in a private talk."""
        found = await self._post.latest(room)
        message = str(found.get("event_id")) if found else None
        self._buttons.expect(room, None)
        if message is None:
            return None
        self._remember(message, found)
        return self._buttons.of(message)

    def _remember(self, message: str, found: Mapping[str, Any] | None) -> None:
        """Only what we wrote ourselves counts: anybody can write such a field."""
        content = found.get("content", {}) if found and found.get("sender") == self._setting.me else {}
        shown = Shown.of(message, content) if FIELD in content else None
        if shown:
            self._buttons.keep(shown)
        else:
            self._buttons.know_nothing_of(message)

    # -- calls ------------------------------------------------------------------------------------------

    async def _call(self, call: Invocation, asked: Asked) -> Invocation:
        async with self._answers.working(asked.room):
            answer = await self._dispatcher.handle(call)
        try:
            await self._answers.give(call, answer, asked)
        except (PlatformRefused, Unknown, TryAfter) as error:
            self._answers.lost(asked, error)
        return call
