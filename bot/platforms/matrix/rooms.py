"""The rooms that the bot is in: who is there, who may do what, and what became of them.

nio keeps members and encryption. What it gets wrong or forgets is kept here: creators (in room version 12 they stand
above all levels and in no list), power levels, and upgrades.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from nio import AsyncClient, MatrixRoom

CREATOR_LEVEL = 1_000_000  # above everything that a list can give; power levels end at 2**53, but who writes that
_STATE = {"m.room.create", "m.room.power_levels", "m.room.tombstone"}


@dataclasses.dataclass(slots=True)
class Facts:
    """What nio does not keep of a room."""

    version: str = "1"
    kind: str = ""
    creators: frozenset[str] = frozenset()
    predecessor: str | None = None
    successor: str | None = None
    levels: Mapping[str, Any] | None = None

    def take(self, type_: str, sender: str, content: Mapping[str, Any]) -> None:
        """Learn from a state event; what is malformed teaches nothing."""
        match type_:
            case "m.room.create":
                self._created(sender, content)
            case "m.room.power_levels":
                self.levels = content
            case "m.room.tombstone":
                successor = content.get("replacement_room")
                self.successor = successor if isinstance(successor, str) and successor.startswith("!") else None

    def _created(self, sender: str, content: Mapping[str, Any]) -> None:
        self.version = str(content.get("room_version", "1"))
        self.kind = str(content.get("type") or "")
        more = content.get("additional_creators")
        also = [user for user in more if isinstance(user, str)] if isinstance(more, list) else []
        self.creators = frozenset({sender, *(also if self._creators_rule else ())})
        before = content.get("predecessor")
        room = before.get("room_id") if isinstance(before, dict) else None
        self.predecessor = room if isinstance(room, str) else None

    @property
    def _creators_rule(self) -> bool:
        """Room version 12 (MSC4289): creators have power without end and stand in no list."""
        return self.version.isdigit() and int(self.version) >= 12

    def power(self, user: str) -> int:
        """The level of a user, whether or not they are in the room."""
        if self._creators_rule and user in self.creators:
            return CREATOR_LEVEL
        if self.levels is None:
            return 100 if user in self.creators else 0
        users = self.levels.get("users")
        own = users.get(user) if isinstance(users, dict) else None
        return _level(own, _level(self.levels.get("users_default"), 0))

    def needed(self, action: str, default: int, *, event: str | None = None) -> int:
        """The level that an action needs: "redact", "invite", or to send an event of a type."""
        levels = self.levels or {}
        events = levels.get("events")
        if event and isinstance(events, dict) and event in events:
            return _level(events[event], default)
        return _level(levels.get(action), default)


def _level(value: object, default: int) -> int:
    """A level; rooms of old versions wrote some as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return default
    try:
        return int(value)
    except ValueError:
        return default


class Rooms:
    """All rooms of one account."""

    def __init__(self, client: AsyncClient, me: str, is_ours: Callable[[str], bool]) -> None:
        """Look at them; `is_ours` says whether a room is one of the campaign's."""
        self._client = client
        self._me = me
        self._is_ours = is_ours
        self._facts: dict[str, Facts] = {}

    def __contains__(self, room: str) -> bool:
        return room in self._client.rooms

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._client.rooms))

    def facts(self, room: str) -> Facts:
        return self._facts.setdefault(room, Facts())

    def take(self, room: str, events: Iterable[Any]) -> bool:
        """Learn from the state events of a sync; whether there were any."""
        before = len(self._facts)
        changed = False
        for event in events:
            source: Mapping[str, Any] = event.source
            if source.get("type") in _STATE and source.get("state_key") == "":
                content = source.get("content")
                if isinstance(content, dict):
                    self.facts(room).take(source["type"], str(source.get("sender", "")), content)
                    changed = True
        return changed or len(self._facts) > before

    def forget(self, room: str) -> None:
        """We are no longer there: nio would keep it (and go on encrypting for it)."""
        self._client.rooms.pop(room, None)
        self._facts.pop(room, None)

    def members(self, room: str) -> Sequence[str]:
        """Everybody who is in it or invited, the bot left out."""
        known = self._room(room)
        return [user for user in known.users if user != self._me] if known else []

    def joined(self, room: str, user: str) -> bool:
        known = self._room(room)
        member = known.users.get(user) if known else None
        return member is not None and not member.invited

    def invited(self, room: str, user: str) -> bool:
        known = self._room(room)
        member = known.users.get(user) if known else None
        return member is not None and bool(member.invited)

    def is_private(self, room: str) -> bool:
        """Exactly two, invited ones counted: whoever may come in later would read what was said.

        A room of the campaign is never private, however few are in it yet.
        """
        known = self._room(room)
        two = known is not None and len(known.users) - (self._me in known.users) == 1
        return two and not self._is_ours(room)

    def is_space(self, room: str) -> bool:
        return self.facts(room).kind == "m.space"

    def encrypted(self, room: str) -> bool:
        known = self._room(room)
        return known is not None and bool(known.encrypted)

    def name_of(self, room: str, user: str) -> str | None:
        """The display name in a room, as clients write it into a text."""
        known = self._room(room)
        member = known.users.get(user) if known else None
        return member.display_name if member else None

    def may_redact(self, room: str) -> bool:
        facts = self.facts(room)
        return facts.power(self._me) >= facts.needed("redact", 50)

    def may_speak(self, room: str) -> bool:
        facts = self.facts(room)
        type_ = "m.room.encrypted" if self.encrypted(room) else "m.room.message"
        return facts.power(self._me) >= facts.needed("events_default", 0, event=type_)

    def _room(self, room: str) -> MatrixRoom | None:
        known: MatrixRoom | None = self._client.rooms.get(room)
        return known
