"""The border of a platform: plain values in, plain values out."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bot.core.invocation import Address, Invocation
from bot.core.reply import Phrase, Reply

Payload = Mapping[str, Any]
"""One message as its platform wants it: JSON, frozen in the outbox before the first attempt."""


class Off(Exception):
    """A platform cannot take part in this run; the others go on.

    Attributes:
        why: For hosts and organisers, with what to do about it.
        refused: Our credentials were refused.
    """

    def __init__(self, why: Phrase, *, refused: bool = False) -> None:
        super().__init__(why.key)
        self.why = why
        self.refused = refused


class Unknown(Exception):
    """It may have arrived: a 5xx, a cut connection, a time-out. Sent again with the same key."""


class PlatformRefused(Exception):
    """It did not arrive and will not: the reason, for organisers.

    Attributes:
        closed: This person takes no private messages here; another account may.
    """

    def __init__(self, reason: str, *, closed: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.closed = closed


class TryAfter(Exception):
    """It did not arrive; the platform says when to come back.

    Attributes:
        everywhere: That holds for the whole account, not for this place alone.
    """

    def __init__(self, seconds: float, *, everywhere: bool = False) -> None:
        super().__init__(f"try after {seconds:g} s")
        self.seconds = seconds
        self.everywhere = everywhere


class Platform(Protocol):
    """A place where people talk."""

    name: str

    @property
    def remembers(self) -> dt.timedelta:
        """How long a repeated key is recognised and not sent twice."""

    async def run(self, dispatcher: "Dispatcher") -> None:
        """Be connected until cancelled; returns when there is nothing more to hear."""

    def render(self, reply: Reply, *, language: str, zone: str) -> tuple[Payload, ...]:
        """The messages that a reply becomes, in order."""

    async def send(self, to: Address, payload: Payload, *, key: str, edits: str | None = None) -> str:
        """Send one message, or change the one that `edits` names; the answer is the platform's id of it.

        Raises:
            Unknown: it may have arrived.
            PlatformRefused: it did not, and will not.
            TryAfter: it did not, and may later.
        """

    async def find(self, to: Address, key: str, *, since: dt.datetime) -> str | None:
        """The id of the message with this key, looked up in the room itself; `since` is machine time."""

    async def delete(self, to: Address, ref: str) -> None:
        """Take a message away."""


class Answer(Protocol):
    """How a call ended: what to say to the asker, in which language and zone, and whom else it concerns."""

    @property
    def reply(self) -> Reply: ...
    @property
    def language(self) -> str: ...
    @property
    def zone(self) -> str: ...
    @property
    def private(self) -> bool:
        """Only the asker may read it."""

    @property
    def until(self) -> int:
        """Own buttons beneath it act until this moment, UTC milliseconds of the campaign's clock."""

    @property
    def told(self) -> bool:
        """The asker heard the same a moment ago: it need not be said again where that would fill a room."""

    @property
    def unsay(self) -> bool:
        """The line held what is the asker's alone: take it away where that can be done."""


class Dispatcher(Protocol):
    """What a platform calls."""

    async def handle(self, call: Invocation) -> Answer:
        """Run a call; never raises for what a person did. Say the answer, then call `said`."""

    async def said(self, *calls: Invocation) -> None:
        """The answers to these calls have reached their askers."""

    async def suggest(self, call: Invocation, parameter: str, partial: str) -> Sequence[tuple[str, str]]:
        """Values for a parameter while somebody types: (label, value), best first, at most 25."""


class Memory(Protocol):
    """Small values that a platform keeps in the database.

    Names that begin with `device.` or `token` belong to this machine: they never travel in a backup.
    """

    async def get(self, name: str) -> str | None: ...

    async def put(self, name: str, value: str) -> None: ...

    async def remove(self, name: str) -> None: ...

    async def see(self, events: Sequence[str], **values: str) -> None:
        """Keep, all or nothing, that events were dealt with, and values by their names."""

    async def seen(self, since: dt.datetime) -> frozenset[str]:
        """The events that were dealt with since a moment of machine time."""


class Desk(Protocol):
    """Where a platform reports what people should know about it."""

    async def tell(self, cause: str, phrase: Phrase) -> None:
        """Tell the organisers, once for each cause."""

    async def counted(self, room: Address, people: int) -> None:
        """A room of ours holds so many people, the bot left out."""

    def note(self, subject: str, phrase: Phrase | None) -> None:
        """What `status` says about a subject until further notice; None: nothing any more."""
