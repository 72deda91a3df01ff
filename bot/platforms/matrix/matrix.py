"""Matrix as a platform: encrypted rooms and plain ones, by one account on one device."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

import structlog

from bot.core.command import Catalogue
from bot.core.invocation import Address
from bot.core.platform import Desk, Dispatcher, Memory, Payload, PlatformRefused, TryAfter
from bot.core.reply import Reply
from bot.core.texts import Texts
from bot.platforms.matrix.answers import Answers
from bot.platforms.matrix.conversation import Conversation
from bot.platforms.matrix.conversation import Setting as Talk
from bot.platforms.matrix.intake import Intake
from bot.platforms.matrix.invitations import Invitations
from bot.platforms.matrix.keys import Keys
from bot.platforms.matrix.lanes import Lanes
from bot.platforms.matrix.link import Link, keyed, logged_in
from bot.platforms.matrix.payload import Renderer
from bot.platforms.matrix.places import Places
from bot.platforms.matrix.post import read_ref, ref_of
from bot.platforms.matrix.progress import Progress
from bot.platforms.matrix.receipts import Receipts
from bot.platforms.matrix.setting import Setting
from bot.platforms.matrix.standing import Standing
from bot.platforms.matrix.syncing import LoggedOut, Syncing, pause
from bot.platforms.matrix.turns import Rank
from bot.platforms.matrix.unreadable import Unreadable
from bot.platforms.matrix.watch import Watch

REMEMBERS = dt.timedelta(hours=12)
"""Half of the day for which Synapse keeps transaction ids (platforms.md, 2): other homeservers may keep less."""
_NOT_YET_SECONDS = 2.0
_STOP_SECONDS = 8.0
_REST_SECONDS = 0.25
"""For answers under way, before we ask what is new: half of the syncs in a burst, and hardly later for anyone."""

log = structlog.get_logger()


class Matrix:
    """The platform (`bot.core.platform.Platform`)."""

    name = "matrix"

    def __init__(self, texts: Texts, catalogue: Catalogue, setting: Setting, memory: Memory, desk: Desk) -> None:
        self._catalogue = catalogue
        self._setting = setting
        self._memory = memory
        self._desk = desk
        self._renderer = Renderer(texts, catalogue, setting.prefix)
        self._places = Places(memory, setting.rooms)
        self._link: Link | None = None

    @property
    def remembers(self) -> dt.timedelta:
        """Transaction ids are a device's own: on a new one the homeserver recognises none of before."""
        return min(REMEMBERS, dt.datetime.now(dt.UTC) - self._link.since) if self._link else dt.timedelta(0)

    # -- to the rooms -----------------------------------------------------------------------------------

    def render(self, reply: Reply, *, language: str, zone: str) -> tuple[Payload, ...]:
        return self._renderer.render(reply, language=language, zone=zone)

    async def send(self, to: Address, payload: Payload, *, key: str, edits: str | None = None) -> str:
        """Say a message in a room, or to an account in the private talk with it."""
        link = self._linked()
        room, event = read_ref(edits) if edits else (await self._room(link, to), None)
        said = await link.speaker.say(room, payload, key=key, rank=Rank.OUTBOX, owner=to, edits=event, now=True)
        return edits or ref_of(room, said)

    async def find(self, to: Address, key: str, *, since: dt.datetime) -> str | None:
        link = self._linked()
        room = link.directs.of(to.id) if to.id.startswith("@") else self._places.room(to.id)
        found = await link.post.find(room, key, since=since) if room else None
        return ref_of(room, found) if room and found else None

    async def delete(self, to: Address, ref: str) -> None:
        room, event = read_ref(ref)
        await self._linked().post.redact(room, event, key=f"delete:{ref}", rank=Rank.OUTBOX)

    def _linked(self) -> Link:
        if self._link is None:
            raise TryAfter(_NOT_YET_SECONDS, everywhere=True)
        return self._link

    async def _room(self, link: Link, to: Address) -> str:
        if to.id.startswith("@"):
            if not link.post.ready.is_set():
                raise TryAfter(_NOT_YET_SECONDS, everywhere=True)
            return await link.directs.for_message(to.id)
        room = self._places.room(to.id)
        if room is None:
            raise PlatformRefused("there is no such room")
        return room

    # -- from the rooms ---------------------------------------------------------------------------------

    async def run(self, dispatcher: Dispatcher) -> None:
        """Be on Matrix until cancelled.

        Raises:
            Off: there is no way in, and trying again does not help.
        """
        while True:
            try:
                async with self._on() as link:
                    keys = await keyed(link, self._setting.account, self._memory, self._desk)
                    await self._live(link, keys, dispatcher)
            except LoggedOut:
                log.warning("the login does not hold any more")

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[Self]:
        """Be able to `find`, and nothing else: without a sync, and without hearing anything."""
        async with self._on():
            yield self

    @contextlib.asynccontextmanager
    async def _on(self) -> AsyncIterator[Link]:
        account = self._setting.account
        with account.folder().held():
            await self._places.recall()
            async with logged_in(account, self._memory, self._desk, self._places) as link:
                self._link = link
                try:
                    yield link
                finally:
                    self._link = None

    async def _live(self, link: Link, keys: Keys, dispatcher: Dispatcher) -> None:
        """Hear and answer until cancelled."""
        progress, lanes = Progress(self._memory, dispatcher.said), Lanes()
        receipts = Receipts(link.server)
        invitations = Invitations(link.server, link.turns, self._setting.invites_from)
        watch = Watch(link, self._places, invitations, self._memory, self._desk)
        intake = self._intake(link, dispatcher, progress, lanes, invitations, receipts)
        syncing = Syncing(
            link.device, keys, link.rooms, intake.take, begun=lambda: _begun(link),
            rest=lambda: lanes.rest(_REST_SECONDS),
        )  # fmt: skip
        await progress.recall()
        await syncing.use_kept_filter()
        work: tuple[Callable[[], Awaitable[None]], ...] = (
            lambda: syncing.run(progress.reached), progress.keep_saving, receipts.keep_telling,
            lambda: invitations.keep_joining(intake.refused), watch.keep_resolving, watch.keep_noting,
        )  # fmt: skip
        try:
            async with asyncio.TaskGroup() as group:
                for one in work:
                    group.create_task(_kept_up(one))
        except* LoggedOut:
            raise LoggedOut from None
        finally:
            link.post.ready.clear()
            await lanes.close(_STOP_SECONDS)
            await link.speaker.close()
            await progress.save()

    def _intake(
        self, link: Link, dispatcher: Dispatcher, progress: Progress, lanes: Lanes, invitations: Invitations,
        receipts: Receipts,
    ) -> Intake:  # fmt: skip
        setting = self._setting
        talk = Talk(link.me, setting.prefix, setting.language, setting.zone, setting.campaign)
        standing = Standing(link.rooms, self._places, organisers=setting.organisers, grants=setting.grants)
        answers = Answers(
            link.server, link.post, link.speaker, link.rooms, link.directs, link.buttons, self._renderer, link.me
        )  # fmt: skip
        conversation = Conversation(
            dispatcher, self._catalogue, talk, self._memory, rooms=link.rooms, places=self._places,
            standing=standing, post=link.post, answers=answers, buttons=link.buttons,
        )  # fmt: skip
        return Intake(
            talk, link.rooms, self._places, self._desk, progress=progress, lanes=lanes, conversation=conversation,
            answers=answers, invitations=invitations, unreadable=Unreadable(link.device), receipts=receipts,
        )  # fmt: skip


def _begun(link: Link) -> None:
    """The first sync is done: the rooms are known."""
    if not link.post.ready.is_set():
        link.post.ready.set()
        log.info("on Matrix", rooms=sum(1 for _ in link.rooms))


async def _kept_up(work: Callable[[], Awaitable[None]]) -> None:
    """Work for the whole run: whatever it stumbles over, a full disk or a surprise of a library, it goes on."""
    trouble = 0
    while True:
        try:
            await work()
        except LoggedOut:
            raise
        except Exception:
            log.exception("Matrix stumbled, and goes on")
            await asyncio.sleep(pause(trouble))
            trouble += 1
