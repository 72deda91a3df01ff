"""What is looked after now and then: aliases, configured rooms that are open to us, the homeserver's limits."""

import asyncio
import contextlib
from collections.abc import Sequence

from bot.core.platform import Desk, Memory, Unknown
from bot.core.reply import Phrase
from bot.platforms.matrix.invitations import Invitations
from bot.platforms.matrix.link import Link
from bot.platforms.matrix.places import Places

RATE_LIMIT = "rate_limit"
"""In memory: the seconds that the homeserver last told the account to wait; for `doctor`."""
_RESOLVE_SECONDS = 600.0
_NOTE_SECONDS = 30.0


class Watch:
    """Looks after one account's rooms."""

    def __init__(self, link: Link, places: Places, invitations: Invitations, memory: Memory, desk: Desk) -> None:
        self._link = link
        self._places = places
        self._invitations = invitations
        self._memory = memory
        self._desk = desk

    async def keep_resolving(self) -> None:
        """Look up the aliases, and join configured rooms that are open to us; until cancelled."""
        await self._link.post.ready.wait()
        tried: set[str] = set()
        while True:
            with contextlib.suppress(Unknown):
                await self._report(await self._places.resolve(self._link.server))
            for name in self._places.configured:
                room = self._places.room(name)
                if room and room not in self._link.rooms and room not in tried:
                    tried.add(room)
                    server = name.partition(":")[2] or self._link.me.partition(":")[2]
                    self._invitations.join(room, [server])
            await asyncio.sleep(_RESOLVE_SECONDS)

    async def _report(self, unknown: Sequence[str]) -> None:
        for alias in unknown:
            self._desk.note(f"matrix {alias}", Phrase("matrix.no_alias", {"alias": alias}))
        for alias, room in self._places.changed.items():
            phrase = Phrase("matrix.alias_changed", {"alias": alias, "room": room})
            self._desk.note(f"matrix {alias}", phrase)
            await self._desk.tell(f"alias:{alias}:{room}", phrase)

    async def keep_noting(self) -> None:
        """Keep what the homeserver taught us about its limits; until cancelled."""
        kept = ""
        while True:
            await asyncio.sleep(_NOTE_SECONDS)
            seen = f"{self._link.turns.limit_seconds:g}"
            if seen not in {kept, "0"}:
                kept = seen
                await self._memory.put(RATE_LIMIT, seen)
