"""Being logged in: what there is from then on, for everything that reads or says something."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

import structlog

from bot.core.platform import Desk, Memory, Off, TryAfter, Unknown
from bot.core.reply import Phrase
from bot.platforms.matrix.buttons import Buttons
from bot.platforms.matrix.cross_signing import Trust, sign_device
from bot.platforms.matrix.device import Device, open_device
from bot.platforms.matrix.directs import Directs
from bot.platforms.matrix.homeserver import Homeserver, Rejected
from bot.platforms.matrix.keys import Keys
from bot.platforms.matrix.login import Account, Login, log_in
from bot.platforms.matrix.places import Places
from bot.platforms.matrix.post import Post
from bot.platforms.matrix.rooms import Rooms
from bot.platforms.matrix.speaking import Speaker
from bot.platforms.matrix.syncing import LoggedOut, pause
from bot.platforms.matrix.turns import Turns

_DEVICE = "device.since"

log = structlog.get_logger()


@dataclasses.dataclass(frozen=True, slots=True)
class Link:
    """One account on one device.

    Attributes:
        since: Since when this device speaks: before that, its homeserver knew no transaction of it.
    """

    server: Homeserver
    device: Device
    since: dt.datetime
    rooms: Rooms
    turns: Turns
    post: Post
    directs: Directs
    speaker: Speaker
    buttons: Buttons

    @property
    def me(self) -> str:
        return str(self.device.user_id)

    @classmethod
    def of(cls, server: Homeserver, device: Device, since: dt.datetime, memory: Memory, places: Places) -> Self:
        me = str(device.user_id)
        rooms = Rooms(device, me, lambda room: places.name(room) is not None)
        turns, buttons = Turns(), Buttons()
        post = Post(device, server, rooms, turns)
        directs, speaker = Directs(server, rooms, turns, memory, me), Speaker(post, buttons)
        return cls(server, device, since, rooms, turns, post, directs, speaker, buttons)


@contextlib.asynccontextmanager
async def logged_in(account: Account, memory: Memory, desk: Desk, places: Places) -> AsyncIterator[Link]:
    """Be logged in for the length of a block; the folder must be held.

    Raises:
        Off: there is no way in, and trying again does not help.
    """
    async with Homeserver(account.homeserver) as server:
        login = await _get_in(server, account, desk)
        device = open_device(account, login)
        try:
            link = Link.of(server, device, await _known_since(memory, login), memory, places)
            await until_done(link.directs.recall)
            yield link
        finally:
            await device.close()


async def _get_in(server: Homeserver, account: Account, desk: Desk) -> Login:
    """Log in; as long as the homeserver cannot be reached, again and again."""
    trouble = 0
    while True:
        try:
            return await log_in(server, account)
        except (Unknown, TryAfter) as error:
            desk.note("matrix", Phrase("matrix.unreachable", {"homeserver": account.homeserver}))
            log.warning("the homeserver cannot be reached", error=str(error))
            await asyncio.sleep(pause(trouble))
            trouble += 1


async def _known_since(memory: Memory, login: Login) -> dt.datetime:
    kept = json.loads(await memory.get(_DEVICE) or "{}")
    if kept.get("device") != login.device_id:
        kept = {"device": login.device_id, "since": dt.datetime.now(dt.UTC).isoformat()}
        await memory.put(_DEVICE, json.dumps(kept))
    return dt.datetime.fromisoformat(kept["since"])


async def keyed(link: Link, account: Account, memory: Memory, desk: Desk) -> Keys:
    """Put the device's keys on the homeserver, and its signature; what people should know of that goes to the desk.

    Raises:
        LoggedOut: the login ended meanwhile.
        Off: the homeserver does not take the keys.
    """
    keys = Keys(link.device, link.server)

    async def sign() -> None:
        signed = await sign_device(
            link.device, link.server, memory, store_key=account.store_key, password=account.password
        )
        desk.note("matrix", signed.why)
        if signed.trust is not Trust.SIGNED:
            log.warning("the device is not signed as before", trust=signed.trust.value)

    try:
        await until_done(keys.start)
        await until_done(sign)
    except Rejected as error:
        if error.status == 401:
            raise LoggedOut from error
        raise Off(Phrase("matrix.off_refused", {"reason": error.reason})) from error
    return keys


async def until_done(act: Callable[[], Awaitable[None]]) -> None:
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
