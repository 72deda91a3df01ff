"""What a line in the terminal means, and what is said to it."""

from typing import Protocol

from bot.core.command import Catalogue
from bot.core.invocation import Invocation
from bot.core.parameters import clean
from bot.core.platform import Answer, Dispatcher
from bot.core.reply import Kind, Phrase, Reply
from bot.platforms.terminal.buttons import Buttons
from bot.platforms.terminal.own import NAMES, Own, Pressed, Quit, is_number
from bot.platforms.terminal.session import Session

_QUESTION = "faq"


class Say(Protocol):
    """What prints."""

    async def answer(self, call: Invocation, answer: Answer) -> None:
        """Print the answer to a call."""

    async def remark(self, reply: Reply) -> None:
        """Print something of the terminal's own, to the speaker alone."""


class Conversation:
    """Turns lines into calls, one at a time."""

    def __init__(
        self, dispatcher: Dispatcher, catalogue: Catalogue, say: Say, *, session: Session, buttons: Buttons, own: Own
    ) -> None:  # fmt: skip
        self._dispatcher = dispatcher
        self._catalogue = catalogue
        self._say = say
        self._session = session
        self._buttons = buttons
        self._own = own

    async def hear(self, line: str) -> bool:
        """Act on a line and print what is said to it; False when it was the last one."""
        line = clean(line).replace("\n", " ").strip()
        if line.startswith("/"):
            try:
                await self._command(line[1:].strip())
            except Quit:
                return False
        elif line:
            await self._talk(line)
        return True

    async def _command(self, line: str) -> None:
        name, rest = (*line.split(maxsplit=1), "", "")[:2]
        if name.casefold() in NAMES:
            await self._act(await self._own.run(name.casefold(), rest.strip()))
            return
        self._buttons.expected(self._session.speaker)
        await self._call(self._session.call(line=line))

    async def _talk(self, line: str) -> None:
        if self._session.room:
            await self._say.remark(Reply(Phrase("terminal.room"), kind=Kind.ERROR))
            return
        expected = self._buttons.expected(self._session.speaker)
        if expected and is_number(line):
            await self._act(self._own.pressed(expected, line))
            return
        await self._call(self._session.call(command=_QUESTION, values={"question": line}))

    async def _act(self, meant: Reply | Pressed | None) -> None:
        if isinstance(meant, Pressed):
            await self._press(meant)
        elif meant:
            await self._say.remark(meant)

    async def _press(self, pressed: Pressed) -> None:
        shown, press = pressed.shown, pressed.shown.presses[pressed.index]
        self._buttons.expected(self._session.speaker)
        await self._call(
            self._session.call(
                command=press["command"],
                values=press["values"],
                where=shown.where,
                press=shown.press(pressed.index),
            )
        )

    async def _call(self, call: Invocation) -> None:
        await self._say.answer(call, await self._dispatcher.handle(call))
        if self._writes(call):
            await self._dispatcher.said(call)

    def _writes(self, call: Invocation) -> bool:
        """Whether the call is kept until its answer was said."""
        if call.command is not None:
            return self._catalogue[call.command].writes
        words = [word.casefold() for word in (call.line or "").split(maxsplit=2)[:2]]
        names = [" ".join(words), *words[:1]]
        found = (self._catalogue.named(name) or self._catalogue.named(name.rstrip(".?!")) for name in names)
        return any(command.writes for command in found if command)
