"""Invitations: only from those that the settings name; one after the other, last of all."""

import asyncio
import fnmatch
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog

from bot.core.platform import PlatformRefused, Unknown
from bot.platforms.matrix.homeserver import Homeserver, quoted
from bot.platforms.matrix.turns import Rank, Turns

_TRIES = 5
_MOST_WAITING = 1000

log = structlog.get_logger()


class Invitations:
    """Joins rooms."""

    def __init__(self, server: Homeserver, turns: Turns, patterns: Sequence[str]) -> None:
        """Accept invitations from accounts that match one of the patterns: "*:example.org"."""
        self._server = server
        self._turns = turns
        self._patterns = tuple(patterns)
        self._waiting: dict[str, Sequence[str]] = {}
        self._changed = asyncio.Event()

    def take(self, room: str, inviter: str) -> bool:
        """Accept an invitation soon, or let it be; whether it is accepted."""
        if not any(fnmatch.fnmatchcase(inviter, pattern) for pattern in self._patterns):
            log.info("an invitation is left alone: its sender is not in invites_from")
            return False
        return self.join(room, (inviter.partition(":")[2],))

    def join(self, room: str, via: Iterable[str] = ()) -> bool:
        """Join a room soon; `via`: servers that are in it, since its id no longer names one."""
        if len(self._waiting) >= _MOST_WAITING:
            return False
        self._waiting.setdefault(room, tuple(via))
        self._changed.set()
        return True

    async def keep_joining(self, refused: Callable[[str, str], Awaitable[None]]) -> None:
        """Until cancelled; `refused` hears of rooms that will not have us, and why."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._waiting:
                room, via = next(iter(self._waiting.items()))
                reason = await self._join(room, via)
                self._waiting.pop(room, None)
                if reason is not None:
                    await refused(room, reason)

    async def _join(self, room: str, via: Sequence[str]) -> str | None:
        path = f"/_matrix/client/v3/join/{quoted(room)}"
        query = {"via": via[0]} if via else None

        async def post() -> str:
            return str((await self._server.call("POST", path, {}, query=query)).get("room_id"))

        for tries in range(_TRIES):
            try:
                await self._turns.run_apart(f"join {room}", Rank.OWN, post)
            except PlatformRefused as error:
                log.info("a room could not be joined", reason=error.reason)
                return error.reason
            except Unknown:
                await asyncio.sleep(2.0**tries)
            else:
                return None
        return "no clear answer"
