"""What is said to the bot in words: private messages, and lines that mention it; all else is dropped unread."""

import asyncio
import contextlib
import re
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

import discord
import structlog

from bot.core import spoken
from bot.core.invocation import Invocation
from bot.core.parameters import clean
from bot.core.platform import Answer, Dispatcher, Memory, Payload, PlatformRefused, TryAfter, Unknown
from bot.core.reply import Kind, Phrase, Reply
from bot.core.spoken import Word
from bot.platforms.discord.calls import Calls, button_of
from bot.platforms.discord.client import Client
from bot.platforms.discord.failing import told
from bot.platforms.discord.message import nonce, parts
from bot.platforms.discord.questions import meant
from bot.platforms.discord.renderer import Renderer
from bot.platforms.discord.setting import Setting

_TYPING_AFTER_SECONDS = 1.0
_TRIES = 60
_TRIES_REMEMBERED = 5
"""Half a second to a quarter of a minute apart: the last falls well within the time in which a nonce is known."""
_STRANGE = "strange."  # memory: a guild that is not ours was told so
_AROUND_NAME = " \t\n,:;"

T = TypeVar("T")
log = structlog.get_logger()


class Hearing:
    """Takes messages, in each channel one after the other."""

    def __init__(
        self, client: Client, dispatcher: Dispatcher, renderer: Renderer, setting: Setting, calls: Calls, memory: Memory
    ) -> None:
        self._client = client
        self._dispatcher = dispatcher
        self._renderer = renderer
        self._setting = setting
        self._calls = calls
        self._memory = memory
        self._lanes: weakref.WeakValueDictionary[int, asyncio.Lock] = weakref.WeakValueDictionary()

    async def hear(self, message: discord.Message) -> None:
        """Act on a message, when it is one for us."""
        line = self._line(message)
        if line is None:
            return
        lane = self._lanes.setdefault(message.channel.id, asyncio.Lock())
        async with lane:
            if message.guild is not None and message.guild.id not in self._setting.guilds:
                await self._introduce(message)
                return
            call = await self._call(message, line)
            async with self._working(message):
                answer = await self._dispatcher.handle(call)
            try:
                await self._give(message, call, answer)
            except (PlatformRefused, Unknown, TryAfter) as error:
                log.warning("an answer was not given", error=repr(error))
            else:
                await self._dispatcher.said(call)

    async def _call(self, message: discord.Message, line: str) -> Invocation:
        """What somebody asks: in private a word may be a tap on a button of our last question."""
        call = await self._calls.typed(message, line)
        words = spoken.words(line) if call.private else frozenset()
        if not words or (me := self._client.user) is None:
            return call
        try:
            found = await _surely(lambda: meant(message, line, me.id))
        except (PlatformRefused, Unknown) as error:
            log.warning("the last question could not be looked up", error=repr(error))
            return call
        if found:
            button = button_of(found.message, found.custom_id, found.chosen)
            return await self._calls.tapped(message, found.coded, button)
        return spoken.stopped(call) if Word.STOP in words else call

    def _line(self, message: discord.Message) -> str | None:
        """What is said to us; None: nothing is."""
        ordinary = message.type in {discord.MessageType.default, discord.MessageType.reply}
        if message.author.bot or message.webhook_id or not ordinary:
            return None
        text = clean(message.content).strip()
        if message.guild is None:
            return text.lstrip("/!").strip() or None
        me = self._client.user
        if me is None or not (found := re.search(rf"<@!?{me.id}>", text)):
            return None
        # The name may stand before the line or behind it.
        rest = (text[: found.start()].rstrip() + " " + text[found.end() :].lstrip(_AROUND_NAME)).strip(_AROUND_NAME)
        return rest.lstrip("/!").strip() or "help"

    # -- answers ----------------------------------------------------------------------------------------

    async def _give(self, message: discord.Message, call: Invocation, answer: Answer) -> None:
        if answer.told:
            return
        if answer.unsay and not call.private:
            with contextlib.suppress(discord.HTTPException):  # where we may
                await message.delete()
        payloads = self._renderer.render(answer.reply, language=answer.language, zone=answer.zone)
        if not answer.private or call.private:
            reference = None if call.private or answer.unsay else message
            await self._say(message, message.channel, payloads, call, answer.until, reference=reference)
            return
        try:
            with told():
                talk = await message.author.create_dm()
            await self._say(message, talk, payloads, call, answer.until)
        except PlatformRefused as error:
            if not error.closed:
                raise
            await self._remark(message, "discord.no_private", answer.language)
        else:
            await self._remark(message, "discord.see_private", answer.language)

    async def _say(
        self, asked: discord.Message, channel: discord.abc.Messageable, payloads: Sequence[Payload], call: Invocation,
        until: int, *, reference: discord.Message | None = None,
    ) -> None:  # fmt: skip
        for number, payload in enumerate(payloads):
            more: dict[str, Any] = {"reference": reference.to_reference(fail_if_not_exists=False)} if (
                reference and not number
            ) else {}  # fmt: skip
            key = nonce(f"reply:{asked.id}/{number}")
            await _surely(lambda payload=payload, more=more, key=key: channel.send(  # type: ignore[misc]
                **parts(payload, call.who.id, until), **more, nonce=key,
            ))  # fmt: skip

    async def _remark(self, message: discord.Message, key: str, language: str, **values: str) -> None:
        """A line of the platform's own, in answer to a message."""
        reply = Reply(Phrase(key, values), kind=Kind.NOTICE)
        reference = message.to_reference(fail_if_not_exists=False)
        for payload in self._renderer.render(reply, language=language, zone=self._setting.zone):
            await _surely(lambda payload=payload: message.channel.send(  # type: ignore[misc]
                **parts(payload, None, 0), reference=reference, nonce=nonce(f"{key}:{message.id}"),
            ))  # fmt: skip

    async def _introduce(self, message: discord.Message) -> None:
        """One line, once, in a guild that is not the campaign's."""
        guild = message.guild.id if message.guild else 0
        if await self._memory.get(f"{_STRANGE}{guild}"):
            return
        with contextlib.suppress(PlatformRefused, Unknown, TryAfter):
            campaign = self._setting.campaign
            await self._remark(message, "discord.strange_guild", self._setting.language, campaign=campaign)
        await self._memory.put(f"{_STRANGE}{guild}", "1")

    @contextlib.asynccontextmanager
    async def _working(self, message: discord.Message) -> AsyncIterator[None]:
        """Show that the bot types while something takes long."""
        typing: list[asyncio.Task[None]] = []
        alarm = asyncio.get_running_loop().call_later(
            _TYPING_AFTER_SECONDS, lambda: typing.append(asyncio.create_task(_type(message.channel)))
        )
        try:
            yield
        finally:
            alarm.cancel()
            await asyncio.gather(*typing)


async def _type(channel: discord.abc.Messageable) -> None:
    """For ten seconds, or until something is said."""
    with contextlib.suppress(discord.HTTPException, OSError):
        await channel.typing()


async def _surely(act: Callable[[], Awaitable[T]]) -> T:
    """Try until it is known that it was said, or refused; within the minutes that a nonce is remembered."""
    for tries in range(_TRIES):
        try:
            with told():
                return await act()
        except TryAfter as error:
            await asyncio.sleep(error.seconds)
        except Unknown as error:
            log.info("an answer may not have arrived", error=str(error))
            if tries >= _TRIES_REMEMBERED:
                raise
            await asyncio.sleep(0.5 * 2**tries)
    raise PlatformRefused("no clear answer")
