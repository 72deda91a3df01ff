"""Buttons: reactions under a message, numbers in answer to it. What each does stands in the message itself."""

import collections
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

from bot.core.invocation import Address, Press
from bot.core.reply import For

FIELD = "org.actiebot.buttons"
REACTIONS = 2
"""So many buttons get a reaction of the bot's own; each counts for its budget."""
_REMEMBERED = 2000


def keycap(number: int) -> str:
    return f"{number}\ufe0f\u20e3"


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A message of ours with buttons.

    Attributes:
        message: Its event.
        owner: Whom it was said to: an account, or a room.
        until: Own buttons act until this moment, UTC milliseconds of the campaign's clock.
        buttons: What each does: `label`, `command`, `values`, `whose`, perhaps `back`.
    """

    message: str
    owner: Address
    until: int
    buttons: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, message: str, content: Mapping[str, Any]) -> Self | None:
        """Read it from the content of a message of ours; None: it has none."""
        kept = content.get(FIELD)
        if not isinstance(kept, dict):
            return None
        return cls(message, Address.parse(kept["owner"]), int(kept["until"]), kept["of"])

    def field(self) -> Mapping[str, Any]:
        """What stands in the message."""
        return {"owner": str(self.owner), "until": self.until, "of": list(self.buttons)}

    def press(self, index: int) -> Press | None:
        """What keeps a button the asker's own; None for those that anyone, or whoever is addressed, may press."""
        if self.buttons[index]["whose"] != For.ASKER:
            return None
        return Press(token=f"matrix:{self.message}:{index}", owner=self.owner, until=self.until)


@dataclasses.dataclass(frozen=True, slots=True)
class Tapped:
    """A tap that did something: what is offered when it is taken back."""

    sender: str
    message: str
    back: Mapping[str, Any] | None


class Buttons:
    """What was shown lately; older messages are looked up where they stand."""

    def __init__(self) -> None:
        self._shown: collections.OrderedDict[str, Shown | None] = collections.OrderedDict()
        self._taps: collections.OrderedDict[str, Tapped] = collections.OrderedDict()
        self._fresh: dict[str, str | None] = {}

    def keep(self, shown: Shown) -> None:
        _remember(self._shown, shown.message, shown)

    def know_nothing_of(self, message: str) -> None:
        """It was looked up: it is no message of ours, or has no buttons."""
        _remember(self._shown, message, None)

    def known(self, message: str) -> bool:
        return message in self._shown

    def of(self, message: str) -> Shown | None:
        return self._shown.get(message)

    def forget(self, message: str) -> None:
        """It was changed, and may have others by now."""
        self._shown.pop(message, None)

    def tapped(self, reaction: str, tapped: Tapped) -> None:
        _remember(self._taps, reaction, tapped)

    def taken_back(self, reaction: str) -> Tapped | None:
        return self._taps.pop(reaction, None)

    def expect(self, talk: str, message: str | None) -> None:
        """The next message in a private talk may be a number for this message; None: for none."""
        self._fresh[talk] = message

    def expects(self, talk: str) -> bool:
        """Whether it is known what a number would be about; after a restart it is not."""
        return talk in self._fresh

    def expected(self, talk: str) -> str | None:
        """The message that a number would be about, once."""
        message, self._fresh[talk] = self._fresh.get(talk), None
        return message


def _remember(kept: "collections.OrderedDict[str, Any]", key: str, value: object) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _REMEMBERED:
        kept.popitem(last=False)
