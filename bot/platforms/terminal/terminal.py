"""The terminal as a platform: standard input in, standard output out."""

import asyncio
import dataclasses
import datetime as dt
import io
import os
import shutil
import sys
from collections.abc import Sequence
from typing import Protocol, TextIO

from bot.core.command import Catalogue
from bot.core.invocation import Address, Invocation
from bot.core.markup import Markup
from bot.core.platform import Answer, Dispatcher, Payload
from bot.core.reply import Kind, Phrase, Reply
from bot.core.texts import Texts
from bot.platforms.terminal.buttons import Buttons, Shown
from bot.platforms.terminal.completion import Completion
from bot.platforms.terminal.conversation import Conversation
from bot.platforms.terminal.ink import Ink
from bot.platforms.terminal.keyboard import Keyboard
from bot.platforms.terminal.own import Advance, Own
from bot.platforms.terminal.payload import OWN, Renderer, addressed, as_json
from bot.platforms.terminal.screen import Closed, Screen
from bot.platforms.terminal.session import FIRST_SPEAKER, GUEST, PLATFORM, Session
from bot.platforms.terminal.sheet import Sheet
from bot.platforms.terminal.wrap import wrapped


class _Lines(Protocol):
    async def line(self) -> str | None: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """What the campaign tells its terminal.

    Attributes:
        language: Of the campaign; for what the terminal itself says to who chose none.
        zone: Of the campaign.
        rooms: The rooms of the configuration in the terminal, as `#name`.
        people: Names that are offered with `/as`: those that have a role in the configuration.
    """

    language: str
    zone: str
    rooms: Sequence[str] = ()
    people: Sequence[str] = ()


class Terminal:
    """The embedded platform (`bot.core.platform.Platform`)."""

    name = PLATFORM
    remembers = dt.timedelta(0)  # at least once; the key is printed

    def __init__(
        self, texts: Texts, catalogue: Catalogue, setting: Setting, *, json: bool = False, listens: bool = True,
        advance: Advance | None = None,
    ) -> None:  # fmt: skip
        """Speak through standard output.

        Args:
            texts: All sentences, those of `texts.yaml` beside this file among them.
            catalogue: All commands.
            setting: The campaign's.
            json: Print each thing said as one line of JSON.
            listens: Take lines from standard input; else only print.
            advance: Plays on until the moment typed after `/clock` and tells about it, mistakes too; None where
                the clock is the real one.
        """
        self._texts = texts
        self._catalogue = catalogue
        self._setting = dataclasses.replace(setting, people=(*setting.people, FIRST_SPEAKER, GUEST))
        self._json = json
        self._listens = listens
        self._input, self._output = _descriptor(sys.__stdin__), _descriptor(sys.__stdout__)
        self._person = listens and _is_tty(self._input) and _is_tty(self._output)
        style = Markup(catalogue)
        self._renderer = Renderer(texts, style)
        self._sheet = Sheet(texts, style, Ink.of(tty=_is_tty(self._output)), setting.zone)
        self._screen = Screen(self._output, prompted=self._person)
        self._session = Session()
        self._buttons = Buttons()
        self._own = Own(
            self._session, self._buttons, rooms=setting.rooms, people=self._setting.people, advance=advance
        )  # fmt: skip

    def render(self, reply: Reply, *, language: str, zone: str) -> tuple[Payload, ...]:
        return (self._renderer.render(reply, language=language, zone=zone),)

    async def send(self, to: Address, payload: Payload, *, key: str, edits: str | None = None) -> str:
        """Print a message; its key is its id."""
        await self._show(addressed(payload, to=to.id, key=key, edits=edits is not None))
        if edits is not None:
            self._buttons.forget(to.id, edits)
        # Nobody asked for this message, so its own buttons have no time left: the answer names the typed form.
        self._buttons.keep(to.id, _shown(payload, edits or key, where=to, owner=to, until=0))
        return edits or key

    async def find(self, to: Address, key: str, *, since: dt.datetime) -> str | None:
        return None

    async def delete(self, to: Address, ref: str) -> None:
        self._buttons.forget(to.id, ref)
        notice = Reply(Phrase("terminal.deleted"), kind=Kind.NOTICE)
        await self._show(addressed(self._of_ours(notice, self._setting.language), to=to.id, key=ref))

    async def run(self, dispatcher: Dispatcher) -> None:
        """Hear lines until there are no more, or, when the terminal only prints, be there until cancelled.

        Raises:
            Closed: nobody reads what is printed.
        """
        hearing = asyncio.create_task(self._hear(dispatcher))
        closing = asyncio.create_task(self._screen.closed())
        try:
            await asyncio.wait({hearing, closing}, return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                await hearing
            else:
                raise Closed
        finally:
            for task in (hearing, closing):
                task.cancel()
            await asyncio.wait({hearing, closing})

    # -- what is heard ----------------------------------------------------------------------------------

    async def _hear(self, dispatcher: Dispatcher) -> None:
        if not self._listens:
            await self._screen.closed()
            raise Closed
        conversation = Conversation(
            dispatcher, self._catalogue, self, session=self._session, buttons=self._buttons, own=self._own
        )  # fmt: skip
        lines = self._lines(dispatcher)
        if self._person and not self._json:
            await self._welcome()
        while (line := await lines.line()) is not None:
            if not await conversation.hear(line):
                return

    def _lines(self, dispatcher: Dispatcher) -> _Lines:
        if not self._person:
            return Keyboard(self._input)
        from bot.platforms.terminal.prompt import Prompt

        completion = Completion(
            self._texts, self._catalogue, dispatcher, session=self._session, buttons=self._buttons,
            language=self._setting.language, zone=self._setting.zone, rooms=self._setting.rooms,
            people=self._setting.people,
        )  # fmt: skip
        return Prompt(self._session, completion)

    async def _welcome(self) -> None:
        room = next(iter(self._setting.rooms), "private")
        values = {"name": self._setting.people[0], "room": room}
        for phrase in (Phrase("terminal.welcome"), Phrase("terminal.welcome.try", values)):
            await self._screen.show(str(self._of_ours(Reply(phrase), self._setting.language)["text"]))
        await self._screen.show("")

    # -- what is said -----------------------------------------------------------------------------------

    async def answer(self, call: Invocation, answer: Answer) -> None:
        """Print the answer to a call, to the asker alone or to the room."""
        to = call.who if answer.private else call.where
        for payload in self.render(answer.reply, language=answer.language, zone=answer.zone):
            await self._show(addressed(payload, to=to.id, key=None))
            shown = _shown(payload, call.id, where=call.where, owner=call.who, until=answer.until)
            self._buttons.keep(to.id, shown)
            if call.private:
                self._buttons.expect(call.who.id, shown)

    async def remark(self, reply: Reply) -> None:
        """Print something of the terminal's own, to the speaker alone."""
        language = self._session.language or self._setting.language
        await self._show(addressed(self._of_ours(reply, language), to=self._session.speaker, key=None))

    def _of_ours(self, reply: Reply, language: str) -> Payload:
        return self._renderer.render(reply, language=language, zone=self._setting.zone)

    async def _show(self, payload: Payload) -> None:
        if self._json:
            await self._screen.show(as_json(payload))
            return
        drawn = self._sheet.draw(payload)
        await self._screen.show(wrapped(drawn, shutil.get_terminal_size().columns) if self._person else drawn)


def _shown(payload: Payload, id_: str, *, where: Address, owner: Address, until: int) -> Shown:
    labels = [button["label"] for button in payload["buttons"]]
    return Shown(id_, where, owner, until, payload[OWN]["press"], labels)


def _descriptor(stream: TextIO | None) -> int | None:
    """Of a standard stream; None when it was closed before the start, and its number may be another file's by now."""
    try:
        return stream.fileno() if stream else None
    except (io.UnsupportedOperation, ValueError):
        return None


def _is_tty(descriptor: int | None) -> bool:
    return descriptor is not None and os.isatty(descriptor)
