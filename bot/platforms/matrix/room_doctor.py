"""How the bot stands in the configured rooms: in or not and why, and whether it may speak there."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.finding import Finding
from bot.core.reply import Phrase, phrase
from bot.platforms.matrix.asking import Asking, dig, text_in
from bot.platforms.matrix.homeserver import Rejected, quoted
from bot.platforms.matrix.rooms import Facts

PINS = "pins"
_SHOWN_LETTERS = 200


def read_pins(text: str | None) -> dict[str, str]:
    """Where the configured rooms are, as `Places` keeps it."""
    pins: dict[str, str] = json.loads(text or "{}")
    return pins


class RoomDoctor:
    """Examines rooms, one by one."""

    def __init__(
        self, asking: Asking, me: str, pins: Mapping[str, str], joined: frozenset[str], *, running: bool
    ) -> None:
        """Know the account.

        Args:
            asking: Logged in.
            me: The account.
            pins: Of `read_pins`.
            joined: The rooms that the account is in.
            running: The bot is at work at this moment.
        """
        self._asking = asking
        self._me = me
        self._pins = pins
        self._joined = joined
        self._running = running
        self._places: dict[str, str] = {}

    async def examine(self, name: str) -> list[Finding]:
        """What there is to say of a configured room.

        Raises:
            Unknown, TryAfter, Rejected: the homeserver gave no clear answer.
        """
        known = self._pins.get(name)
        found: list[Finding] = []
        if name.startswith("#"):
            now = await self._directory(name)
            if now is None and known is None:
                return [Finding(False, phrase("matrix.room_unknown", room=name), Phrase("matrix.do_room_unknown"))]
            found = self._alias(name, known, now)
            known = known or now
        room = self._places[name] = known or name
        return [*found, await (self._inside(name, room) if room in self._joined else self._outside(name, room))]

    def grants(self, grants: Sequence[str], organisers: Sequence[str]) -> list[Finding]:
        """The roles by power in a room that is not of the organisers: they give nothing. After all rooms."""
        if any(name not in self._places for name in organisers):
            return []
        trusted = {self._places[name] for name in organisers}
        rooms = {grant: grant.partition("@")[2] for grant in grants}
        return [
            Finding(False, phrase("matrix.doctor_grant", grant=grant), phrase("matrix.do_grant", room=room))
            for grant, room in rooms.items() if self._pins.get(room, room) not in trusted
        ]  # fmt: skip

    # -- where it is ------------------------------------------------------------------------------------

    async def _directory(self, alias: str) -> str | None:
        try:
            answer = await self._asking.get(f"/directory/room/{quoted(alias)}")
        except Rejected as error:
            if error.status in {400, 404}:
                return None
            raise
        return text_in(answer, "room_id")

    def _alias(self, name: str, known: str | None, now: str | None) -> list[Finding]:
        """An alias that is no longer what it was when it was pinned."""
        if known is None or now in {known, self._pins.get(f"alias {name}")}:
            return []
        if now is None:
            return [Finding(None, phrase("matrix.room_alias_gone", room=name), Phrase("matrix.do_room_alias_gone"))]
        todo = phrase("matrix.do_room_alias_changed", id=now)
        return [Finding(False, phrase("matrix.room_alias_changed", room=name), todo)]

    # -- inside -----------------------------------------------------------------------------------------

    async def _inside(self, name: str, room: str) -> Finding:
        kinds = ("m.room.create", "m.room.power_levels", "m.room.tombstone", "m.room.encryption")
        states = dict(
            zip(kinds, await asyncio.gather(*(self._asking.state(room, kind) for kind in kinds)), strict=True)
        )
        facts = Facts()
        for kind, event in states.items():
            if event is not None:
                facts.take(kind, str(event.get("sender", "")), event["content"])
        if facts.successor:
            return self._moved(name, facts.successor)
        return self._voice(name, facts, encrypted=states["m.room.encryption"] is not None)

    def _moved(self, name: str, successor: str) -> Finding:
        what = phrase("matrix.room_moved", room=name)
        if successor in self._joined:
            return Finding(False, what, self._start())
        return Finding(False, what, phrase("matrix.do_room_moved", user=self._me, id=successor))

    def _voice(self, name: str, facts: Facts, *, encrypted: bool) -> Finding:
        kind = "m.room.encrypted" if encrypted else "m.room.message"
        has, needs = facts.power(self._me), facts.needed("events_default", 0, event=kind)
        if has < needs:
            todo = phrase("matrix.do_room_mute", user=self._me, needs=needs, has=has)
            return Finding(False, phrase("matrix.room_mute", room=name), todo)
        return Finding(True, phrase(f"matrix.room_{'encrypted' if encrypted else 'plain'}", room=name))

    # -- outside ----------------------------------------------------------------------------------------

    async def _outside(self, name: str, room: str) -> Finding:
        """Why the bot is not there, as far as somebody outside may know.

        A room's summary tells of invitations, and of bans where anybody may see the room; whoever left still sees his
        own last membership. Of other rooms the homeserver says nothing, not even that they exist.
        """
        summary = await self._asking.found(f"/_matrix/client/v1/room_summary/{quoted(room)}") or {}
        match summary.get("membership"), summary.get("join_rule"):
            case "invite", _:
                return Finding(False, phrase("matrix.room_invited", room=name), self._start())
            case "ban", _:
                return self._banned(name, "")
        last: Any = await self._asking.state(room, "m.room.member", self._me)
        reason = str(dig(last, "content", "reason") or "")[:_SHOWN_LETTERS]
        if dig(last, "content", "membership") == "ban":
            return self._banned(name, reason)
        if last is None and summary.get("join_rule") == "public":
            return Finding(False, phrase("matrix.room_open", room=name), self._start())
        return Finding(False, self._gone(name, last, reason), phrase("matrix.do_room_invite", user=self._me))

    def _gone(self, name: str, last: Any, reason: str) -> Phrase:
        if last is None:
            return phrase("matrix.room_outside", room=name)
        if last.get("sender") in {None, self._me}:
            return phrase("matrix.room_left", room=name)
        return self._removed("kicked", name, reason)

    def _banned(self, name: str, reason: str) -> Finding:
        return Finding(False, self._removed("banned", name, reason), phrase("matrix.do_room_banned", user=self._me))

    def _removed(self, how: str, name: str, reason: str) -> Phrase:
        if reason:
            return phrase(f"matrix.room_{how}_because", room=name, reason=reason)
        return phrase(f"matrix.room_{how}", room=name)

    def _start(self) -> Phrase:
        """A start makes it right: the bot joins whatever configured room lets it in, and follows upgrades."""
        return Phrase("matrix.do_restart" if self._running else "matrix.do_start_rooms")
