"""The buttons that were printed last, and what pressing one of them means."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.invocation import Address, Press
from bot.core.reply import For


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A message with buttons.

    Attributes:
        id: Of the call that it answers, or the key under which it was sent; taps are counted by it.
        where: The place that a tap acts in.
        owner: The account, or room, that it was said to.
        until: Own buttons act until this moment, UTC milliseconds.
        presses: What each does: `command`, `values`, `whose`.
        labels: What stands on each.
    """

    id: str
    where: Address
    owner: Address
    until: int
    presses: Sequence[Mapping[str, Any]]
    labels: Sequence[str]

    def press(self, index: int) -> Press | None:
        """What keeps a button the asker's own; None for those that anyone, or whoever is addressed, may press."""
        if self.presses[index]["whose"] != For.ASKER:
            return None
        return Press(token=f"{self.id}:{index}", owner=self.owner, until=self.until)


class Buttons:
    """For every room and person the last message with buttons."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, Shown]] = {}
        self._fresh: dict[str, Shown] = {}
        self._order = itertools.count()

    def keep(self, to: str, shown: Shown) -> None:
        """Remember a message that was just printed."""
        self._fresh.pop(to, None)
        if shown.presses:
            self._last[to] = (next(self._order), shown)

    def expect(self, speaker: str, shown: Shown) -> None:
        """The next line of a speaker in the private talk may be a number of this reply."""
        if shown.presses:
            self._fresh[speaker] = shown

    def expected(self, speaker: str) -> Shown | None:
        """The reply that a number would be about, once."""
        return self._fresh.pop(speaker, None)

    def forget(self, to: str, id_: str) -> None:
        """A message was taken back, or has other buttons now."""
        kept = self._last.get(to)
        if kept and kept[1].id == id_:
            del self._last[to]

    def last(self, *places: str | None) -> Shown | None:
        """The newest message with buttons in any of these places."""
        kept = [self._last[place] for place in places if place in self._last]
        return max(kept, key=lambda pair: pair[0])[1] if kept else None
