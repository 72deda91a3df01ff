"""The sync loop: everything that happens in the rooms, in order, from where the last run got to."""

import asyncio
import datetime as dt
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from nio import MegolmEvent, RoomMessagesError, SyncError, SyncResponse

from bot.platforms.matrix.device import Device
from bot.platforms.matrix.keys import Keys
from bot.platforms.matrix.rooms import Rooms

TIMEOUT_MS = 30_000
OLDEST = dt.timedelta(hours=24)
LONGEST_PAUSE_SECONDS = 60.0
LONGEST_SECONDS = 300.0
_LIMIT = 250
_PAGE = 100
_TYPES = [
    "m.room.message", "m.room.encrypted", "m.reaction", "m.room.redaction", "m.room.member", "m.room.create",
    "m.room.power_levels", "m.room.encryption", "m.room.tombstone",
]  # fmt: skip
_FILTER: Mapping[str, Any] = {
    "room": {
        "timeline": {"limit": _LIMIT, "types": _TYPES},
        "state": {"types": _TYPES[4:]},
        "ephemeral": {"types": []},
        "account_data": {"types": []},
    },
    "presence": {"types": []},
    "account_data": {"types": []},
}
_HEARD = {"m.room.message", "m.room.encrypted", "m.reaction", "m.room.redaction"}

log = structlog.get_logger()


class LoggedOut(Exception):
    """The token does not hold any more."""


class Syncing:
    """Asks what is new, again and again, and hands it on."""

    def __init__(
        self, device: Device, keys: Keys, rooms: Rooms, take: Callable[["Batch"], Awaitable[None]], *,
        begun: Callable[[], None], rest: Callable[[], Awaitable[None]],
    ) -> None:  # fmt: skip
        """A loop that is not run yet.

        Args:
            device: Who asks.
            keys: Looked after when there is an answer.
            rooms: Which there were before.
            take: Gets each answer.
            begun: Called when the first one was dealt with.
            rest: Waited for before the next question: what comes meanwhile comes in one answer.
        """
        self._device = device
        self._keys = keys
        self._rooms = rooms
        self._take = take
        self._begun = begun
        self._rest = rest

    async def run(self, since: str | None) -> None:
        """Sync from a token until cancelled; without one, from now on.

        Raises:
            LoggedOut: the homeserver knows our token no more.
        """
        self._device.next_batch = ""  # what nio took up before counts as new
        whole = True  # the first answer holds the state of all rooms: an increment leaves quiet ones out (M6)
        spoilt, trouble = 0, 0
        while True:
            known = frozenset(self._rooms)
            try:
                async with asyncio.timeout(LONGEST_SECONDS):  # nio sets none where it asks for the whole state
                    answer = await self._device.sync(TIMEOUT_MS, self._filter, since, full_state=whole or None)
            except Exception as error:
                if not self._device.access_token:  # nio drops it when any call of its own hears that it is stale
                    raise LoggedOut from error
                # Half of an answer may have been dealt with. nio would take its repetition for one that is known.
                log.warning("a sync failed", error=repr(error))
                spoilt, whole = spoilt + 1, True
                if spoilt < 2:
                    self._device.next_batch = ""
                answer = None
            if not isinstance(answer, SyncResponse):
                _must_be_in(answer)
                await asyncio.sleep(pause(trouble))
                trouble += 1
                continue
            whole, spoilt, trouble = spoilt > 1, 0, 0
            await self._take(Batch(answer, since, known, self))
            self._begun()
            await self._keys.after_sync()
            since = answer.next_batch
            await self._rest()

    _filter: Any = _FILTER

    async def use_kept_filter(self) -> None:
        """Give the filter to the homeserver once, so that not every request carries it."""
        from nio import UploadFilterResponse

        answer = await self._device.upload_filter(
            room=dict(_FILTER["room"]), presence=dict(_FILTER["presence"]), account_data=dict(_FILTER["account_data"])
        )
        if isinstance(answer, UploadFilterResponse):
            self._filter = answer.filter_id

    async def gap(self, room: str, start: str | None, end: str | None, oldest: int) -> list[Any]:
        """The events between two tokens, oldest first, no older than a moment; asked for until they are here."""
        found: list[Any] = []
        trouble = 0
        while start and start != end:
            page = await self._page(room, start, end)
            if isinstance(page, RoomMessagesError) and page.status_code in {"M_FORBIDDEN", "M_NOT_FOUND"}:
                break
            if page is None or isinstance(page, RoomMessagesError):
                await asyncio.sleep(pause(trouble))
                trouble += 1
                continue
            trouble = 0
            found += [event for event in page.chunk if event.server_timestamp >= oldest]
            if not page.chunk or page.chunk[-1].server_timestamp < oldest:
                break
            start = page.end if page.end != start else None
        return found[::-1]

    async def _page(self, room: str, start: str, end: str | None) -> Any:
        try:
            return await self._device.room_messages(
                room, start, end, limit=_PAGE, message_filter={"types": sorted(_HEARD)}
            )
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("a gap could not be filled yet", error=repr(error))
        return None


class Batch:
    """One answer of the homeserver.

    Attributes:
        since: What was asked for; None: the first sync ever, so nothing in it is ours to answer.
        known: The rooms that we were in before.
    """

    def __init__(self, answer: SyncResponse, since: str | None, known: frozenset[str], syncing: Syncing) -> None:
        self.answer = answer
        self.since = since
        self.known = known
        self._syncing = syncing

    async def heard(self) -> list[tuple[str, Any]]:
        """What was said in the rooms, each room in order, gaps filled: (room, event)."""
        if self.since is None:
            return []
        oldest = int((dt.datetime.now(dt.UTC) - OLDEST).timestamp() * 1000)
        found: list[tuple[str, Any]] = []
        for room, info in self.answer.rooms.join.items():
            events = list(info.timeline.events)
            if info.timeline.limited and (room in self.known or not self.known):
                events = [*await self._syncing.gap(room, info.timeline.prev_batch, self.since, oldest), *events]
            found += [(room, e) for e in events if e.source.get("type") in _HEARD and e.server_timestamp >= oldest]
        return found


def is_sealed(event: object) -> bool:
    return isinstance(event, MegolmEvent)


def pause(trouble: int) -> float:
    """Seconds until the next attempt: 1 to 60, spread so that not every bot comes back at once."""
    longest = min(LONGEST_PAUSE_SECONDS, 2.0 ** min(trouble, 10))
    return max(1.0, longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret


def _must_be_in(answer: object) -> None:
    if isinstance(answer, SyncError):
        log.warning("a sync was refused", code=answer.status_code)
        if answer.status_code in {"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"}:
            raise LoggedOut
