"""Matrix as a platform: encrypted rooms and plain ones, by one account on one device."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Self

import structlog

from bot.core.command import Catalogue
from bot.core.invocation import Address
from bot.core.platform import Desk, Dispatcher, Memory, Payload, PlatformRefused, TryAfter, Unknown
from bot.core.reply import Phrase, Reply
from bot.core.texts import Texts
from bot.platforms.matrix.answers import Answers
from bot.platforms.matrix.buttons import Buttons
from bot.platforms.matrix.conversation import Conversation
from bot.platforms.matrix.conversation import Setting as Talk
from bot.platforms.matrix.cross_signing import Trust, sign_device
from bot.platforms.matrix.device import Device, open_device
from bot.platforms.matrix.directs import Directs
from bot.platforms.matrix.homeserver import Homeserver
from bot.platforms.matrix.intake import Intake
from bot.platforms.matrix.invitations import Invitations
from bot.platforms.matrix.keys import Keys
from bot.platforms.matrix.lanes import Lanes
from bot.platforms.matrix.login import Account, Login, log_in
from bot.platforms.matrix.payload import Renderer
from bot.platforms.matrix.places import Places
from bot.platforms.matrix.post import Post, read_ref, ref_of
from bot.platforms.matrix.progress import Progress
from bot.platforms.matrix.receipts import Receipts
from bot.platforms.matrix.rooms import Rooms
from bot.platforms.matrix.speaking import Speaker
from bot.platforms.matrix.standing import Standing
from bot.platforms.matrix.syncing import LoggedOut, Syncing, pause
from bot.platforms.matrix.turns import Rank, Turns
from bot.platforms.matrix.unreadable import Unreadable

REMEMBERS = dt.timedelta(hours=12)
"""Half of the day for which Synapse keeps transaction ids (platforms.md, 2): other homeservers may keep less."""
RATE_LIMIT = "rate_limit"
"""In memory: the seconds that the homeserver last told the account to wait; for `doctor`."""
_DEVICE = "device.since"
_NOT_YET = TryAfter(2.0, everywhere=True)
_STOP_SECONDS = 8.0
_RESOLVE_SECONDS = 600.0

log = structlog.get_logger()


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """What the campaign tells its Matrix.

    Attributes:
        rooms: Every configured room, `!id` or `#alias:server`.
        organisers: Those of the organisers among them.
        grants: The roles that go by power: `matrix:power>=50@!room`.
        language: Of the campaign.
        zone: Of the campaign.
    """

    account: Account
    prefix: str
    invites_from: Sequence[str]
    rooms: Sequence[str]
    organisers: Sequence[str]
    grants: Sequence[str]
    language: str
    zone: str
    campaign: str


@dataclasses.dataclass(frozen=True, slots=True)
class _Link:
    """What there is while the account is logged in."""

    server: Homeserver
    device: Device
    rooms: Rooms
    turns: Turns
    post: Post
    directs: Directs
    speaker: Speaker
    buttons: Buttons

    @classmethod
    def of(cls, server: Homeserver, device: Device, memory: Memory, me: str) -> Self:
        rooms, turns, buttons = Rooms(device, me), Turns(), Buttons()
        post = Post(device, server, rooms, turns)
        return cls(
            server, device, rooms, turns, post, Directs(server, rooms, turns, memory, me), Speaker(post, buttons),
            buttons,
        )  # fmt: skip


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
        self._link: _Link | None = None
        self._since: dt.datetime | None = None

    @property
    def remembers(self) -> dt.timedelta:
        """Transaction ids are a device's own: on a new one the homeserver recognises none of before."""
        if self._since is None:
            return dt.timedelta(0)
        return min(REMEMBERS, dt.datetime.now(dt.UTC) - self._since)

    @property
    def synced(self) -> bool:
        """The rooms are known."""
        return self._link is not None and self._link.post.ready.is_set()

    def is_in(self, room: str) -> bool:
        """Whether the bot is in a room, by its id."""
        return self.synced and self._link is not None and room in self._link.rooms

    @property
    def limit_seconds(self) -> float:
        """The last wait that the homeserver asked for; 0: it never did."""
        return self._link.turns.limit_seconds if self._link else 0.0

    def has_member(self, room: str, user: str) -> bool:
        """Whether somebody is in a room, as far as the last sync knows."""
        return self._link is not None and self._link.rooms.joined(room, user)

    def power_in(self, room: str, user: str) -> int:
        """Somebody's level in a room, as far as the last sync knows."""
        return self._link.rooms.facts(room).power(user) if self._link else 0

    @property
    def device_id(self) -> str | None:
        """The device that speaks; None while nobody is logged in."""
        return self._link.device.device_id if self._link else None

    def place_of(self, name: str) -> str | None:
        """Where a configured room is now."""
        return self._places.room(name)

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

    def _linked(self) -> _Link:
        if self._link is None:
            raise _NOT_YET
        return self._link

    async def _room(self, link: _Link, to: Address) -> str:
        if to.id.startswith("@"):
            if not link.post.ready.is_set():
                raise _NOT_YET
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
        with self._setting.account.folder().held():
            while True:
                try:
                    async with self._logged_in() as link:
                        await self._live(link, dispatcher)
                except LoggedOut:
                    log.warning("the login does not hold any more")

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[Self]:
        """Be able to `find`, and nothing else: without a sync, and without hearing anything."""
        with self._setting.account.folder().held():
            async with self._logged_in():
                yield self

    @contextlib.asynccontextmanager
    async def _logged_in(self) -> AsyncIterator[_Link]:
        account = self._setting.account
        async with Homeserver(account.homeserver) as server:
            login = await self._get_in(server)
            device = open_device(account, login)
            try:
                self._since = await self._known_since(login)
                await self._places.recall()
                link = _Link.of(server, device, self._memory, login.user_id)
                await _until_done(link.directs.recall)
                self._link = link
                yield link
            finally:
                self._link = None
                await device.close()

    async def _get_in(self, server: Homeserver) -> Login:
        """Log in; as long as the homeserver cannot be reached, again and again."""
        account, trouble = self._setting.account, 0
        while True:
            try:
                return await log_in(server, account)
            except (Unknown, TryAfter) as error:
                self._desk.note("matrix", Phrase("matrix.unreachable", {"homeserver": account.homeserver}))
                log.warning("the homeserver cannot be reached", error=str(error))
                await asyncio.sleep(pause(trouble))
                trouble += 1

    async def _known_since(self, login: Login) -> dt.datetime:
        """Since when this device speaks."""
        kept = json.loads(await self._memory.get(_DEVICE) or "{}")
        if kept.get("device") != login.device_id:
            kept = {"device": login.device_id, "since": dt.datetime.now(dt.UTC).isoformat()}
            await self._memory.put(_DEVICE, json.dumps(kept))
        return dt.datetime.fromisoformat(kept["since"])

    async def _live(self, link: _Link, dispatcher: Dispatcher) -> None:
        setting, me = self._setting, link.device.user_id
        keys = Keys(link.device, link.server)
        await _until_done(keys.start)
        await self._sign(link)
        progress, lanes, receipts = Progress(self._memory, dispatcher.said), Lanes(), Receipts(link.server)
        invitations = Invitations(link.server, link.turns, setting.invites_from)
        answers = Answers(
            link.server, link.post, link.speaker, link.rooms, link.directs, link.buttons, self._renderer, me
        )  # fmt: skip
        standing = Standing(link.rooms, self._places, organisers=setting.organisers, grants=setting.grants)
        talk = Talk(me, setting.prefix, setting.language, setting.zone, setting.campaign)
        conversation = Conversation(
            dispatcher, self._catalogue, talk, self._memory, rooms=link.rooms, places=self._places,
            standing=standing, post=link.post, answers=answers, buttons=link.buttons,
        )  # fmt: skip
        intake = Intake(
            talk, link.rooms, self._places, self._desk, progress=progress, lanes=lanes, conversation=conversation,
            answers=answers, invitations=invitations, unreadable=Unreadable(link.device), receipts=receipts,
        )  # fmt: skip
        syncing = Syncing(link.device, keys, link.rooms, intake.take, begun=lambda: self._begun(link))
        await progress.recall()
        await syncing.use_kept_filter()
        work: tuple[Callable[[], Awaitable[None]], ...] = (
            lambda: syncing.run(progress.reached), progress.keep_saving, receipts.keep_telling,
            lambda: invitations.keep_joining(intake.refused), lambda: self._keep_resolving(link, invitations),
            lambda: self._keep_noting(link),
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

    def _begun(self, link: _Link) -> None:
        """The first sync is done: the rooms are known."""
        if not link.post.ready.is_set():
            link.post.ready.set()
            log.info("on Matrix", rooms=sum(1 for _ in link.rooms))

    async def _sign(self, link: _Link) -> None:
        account = self._setting.account

        async def sign() -> None:
            signed = await sign_device(
                link.device, link.server, self._memory, store_key=account.store_key, password=account.password
            )
            self._desk.note("matrix", signed.why)
            if signed.trust is not Trust.SIGNED:
                log.warning("the device is not signed as before", trust=signed.trust.value)

        await _until_done(sign)

    # -- in the background ------------------------------------------------------------------------------

    async def _keep_resolving(self, link: _Link, invitations: Invitations) -> None:
        """Look up the aliases, and join configured rooms that are open to us."""
        await link.post.ready.wait()
        tried: set[str] = set()
        while True:
            with contextlib.suppress(Unknown):
                unknown = await self._places.resolve(link.server)
                await self._report(unknown)
            for name in self._places.configured:
                room = self._places.room(name)
                if room and room not in link.rooms and room not in tried:
                    tried.add(room)
                    server = name.partition(":")[2] or link.device.user_id.partition(":")[2]
                    invitations.join(room, [server])
            await asyncio.sleep(_RESOLVE_SECONDS)

    async def _report(self, unknown: Sequence[str]) -> None:
        for alias in unknown:
            self._desk.note(f"matrix {alias}", Phrase("matrix.no_alias", {"alias": alias}))
        for alias, room in self._places.changed.items():
            phrase = Phrase("matrix.alias_changed", {"alias": alias, "room": room})
            self._desk.note(f"matrix {alias}", phrase)
            await self._desk.tell(f"alias:{alias}:{room}", phrase)

    async def _keep_noting(self, link: _Link) -> None:
        """Keep what the homeserver taught us about its limits, for `doctor`."""
        kept = ""
        while True:
            await asyncio.sleep(30.0)
            seen = f"{link.turns.limit_seconds:g}"
            if seen not in {kept, "0"}:
                kept = seen
                await self._memory.put(RATE_LIMIT, seen)


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


async def _until_done(act: Callable[[], Awaitable[None]]) -> None:
    """Do something that needs the homeserver, however long that cannot be reached."""
    trouble = 0
    while True:
        try:
            await act()
        except (Unknown, TryAfter) as error:
            log.warning("the homeserver gave no clear answer", error=str(error))
            await asyncio.sleep(pause(trouble))
            trouble += 1
        else:
            return
