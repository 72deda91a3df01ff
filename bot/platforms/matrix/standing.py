"""Where an account stands: a member of our rooms, and what its power in the organisers' rooms gives it."""

import re
from collections.abc import Sequence

from bot.platforms.matrix.places import Places
from bot.platforms.matrix.rooms import Rooms

_POWER = re.compile(r"matrix:power>=(\d+)@(!.+)")


class Standing:
    """What the platform knows of accounts, as groups for the bot's roles."""

    def __init__(self, rooms: Rooms, places: Places, *, organisers: Sequence[str], grants: Sequence[str]) -> None:
        """Know these.

        Args:
            rooms: All rooms.
            places: The configured ones.
            organisers: Those of the organisers, as configured; power in any other room gives nothing.
            grants: `matrix:power>=50@!room`, as configured.
        """
        self._rooms = rooms
        self._places = places
        self._organisers = tuple(organisers)
        found = (_POWER.fullmatch(grant) for grant in grants)
        self._grants = [(one[0], int(one[1]), one[2]) for one in found if one]

    def groups(self, user: str) -> frozenset[str]:
        """The groups of an account, by the state of the rooms at this moment."""
        places, rooms = self._places, self._rooms
        ours = (places.room(name) for name in places.configured)
        groups = {"member"} if any(room and rooms.joined(room, user) for room in ours) else set()
        trusted = {places.room(name) for name in self._organisers}
        for grant, level, name in self._grants:
            room = places.room(name)
            if room in trusted and room and rooms.joined(room, user) and rooms.facts(room).power(user) >= level:
                groups.add(grant)
        return frozenset(groups)
