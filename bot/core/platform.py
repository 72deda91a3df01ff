"""The border of a platform: plain values in, plain values out."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bot.core.invocation import Address, Invocation
from bot.core.reply import Reply

Payload = Mapping[str, Any]
"""One message as its platform wants it: JSON, frozen in the outbox before the first attempt."""


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
    """It did not arrive; the platform says when to come back."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"try after {seconds:g} s")
        self.seconds = seconds


class Platform(Protocol):
    """A place where people talk."""

    name: str
    remembers: dt.timedelta
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


class Dispatcher(Protocol):
    """What a platform calls."""

    async def handle(self, call: Invocation) -> Answer:
        """Run a call; never raises for what a person did. Say the answer, then call `said`."""

    async def said(self, call: Invocation) -> None:
        """The answer to a call has reached the asker."""

    async def suggest(self, call: Invocation, parameter: str, partial: str) -> Sequence[tuple[str, str]]:
        """Values for a parameter while somebody types: (label, value), best first, at most 25."""


class Memory(Protocol):
    """Small values that a platform keeps in the database."""

    async def get(self, name: str) -> str | None: ...
    async def put(self, name: str, value: str) -> None: ...
