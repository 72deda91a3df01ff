"""The commands that only the terminal has: /as, /in, /lang, /clock, /press and /quit."""

import dataclasses
from collections.abc import Awaitable, Callable, Sequence

from bot.core.reply import Kind, Phrase, Reply, Value
from bot.core.texts import LANGUAGES
from bot.platforms.terminal.buttons import Buttons, Shown
from bot.platforms.terminal.session import Session, account

NAMES = ("as", "in", "lang", "clock", "press", "quit")
_PRIVATE = frozenset({"", "private", "privé", "prive"})

Advance = Callable[[str], Awaitable[Reply]]


class Quit(Exception):
    """The person wants to stop."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pressed:
    """A button, by its place in the message."""

    shown: Shown
    index: int


class Own:
    """What they do. Most answer only when something is wrong."""

    def __init__(
        self, session: Session, buttons: Buttons, *, rooms: Sequence[str], people: Sequence[str],
        advance: Advance | None,
    ) -> None:  # fmt: skip
        self._session = session
        self._buttons = buttons
        self._rooms = rooms
        self._people = people
        self._advance = advance

    async def run(self, name: str, rest: str) -> Reply | Pressed | None:
        """Do one of them.

        Raises:
            Quit: it was /quit.
        """
        match name:
            case "as":
                return self._speak_as(rest)
            case "in":
                return self._go(rest)
            case "lang":
                return self._choose_language(rest)
            case "press":
                return self._find_button(rest)
            case "clock":
                return await self._advance(rest) if self._advance else _mistake("terminal.clock")
        raise Quit

    def pressed(self, shown: Shown | None, number: str) -> Reply | Pressed:
        """The button with this number."""
        if shown is None:
            return _mistake("terminal.press.nothing")
        count = len(shown.presses)
        if not 1 <= (wanted := int(number[:9])) <= count:
            return _mistake("terminal.press.number", number=number[:20], count=count)
        return Pressed(shown, wanted - 1)

    def _speak_as(self, rest: str) -> Reply | None:
        name = account(rest)
        if name is None:
            return _mistake("terminal.as", name=self._people[0])
        self._session.speaker = name
        return None

    def _go(self, rest: str) -> Reply | None:
        wanted = rest.casefold()
        if wanted in _PRIVATE:
            self._session.room = None
            return None
        rooms = {room.casefold(): room for room in self._rooms}
        room = rooms.get(f"#{wanted.removeprefix('#')}")
        if room is None:
            return _unknown_room(rest, self._rooms)
        self._session.room = room
        return None

    def _choose_language(self, rest: str) -> Reply | None:
        language = rest.casefold()
        if language not in LANGUAGES:
            return _mistake("terminal.lang")
        self._session.languages[self._session.speaker] = language
        return None

    def _find_button(self, rest: str) -> Reply | Pressed:
        if not is_number(rest):
            return _mistake("terminal.press")
        return self.pressed(self._buttons.last(self._session.speaker, self._session.room), rest)


def is_number(text: str) -> bool:
    """Whether it is typed as the number of a button."""
    return text.isascii() and text.isdigit()


def _unknown_room(typed: str, rooms: Sequence[str]) -> Reply:
    if not rooms:
        return _mistake("terminal.in.none")
    return _mistake("terminal.in", room=typed[:40], rooms=tuple(rooms))


def _mistake(key: str, **values: Value) -> Reply:
    return Reply(Phrase(key, values), kind=Kind.ERROR)
