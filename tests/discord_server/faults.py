"""What goes wrong on purpose, request by request."""

import dataclasses
import random
import re
from collections.abc import Callable, Sequence

from tests.discord_server.call import Answer

Where = Callable[[str, str], bool]


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a request goes wrong.

    Attributes:
        status: What is answered; None with `cut` and for a mere delay.
        stored: The request was carried out all the same.
        cut: The connection is broken off without an answer.
        delay_seconds: How long nothing happens first.
        retry_after_seconds: What a 429 says.
        via: It comes from Discord itself. A 429 without it is taken for a ban by whoever stands before Discord.
    """

    status: int | None = None
    stored: bool = False
    cut: bool = False
    delay_seconds: float = 0.0
    retry_after_seconds: float = 0.0
    everywhere: bool = False
    via: bool = True

    def answer(self) -> Answer:
        status = self.status or 500
        if status == 429 and self.via:
            limited = {"retry_after": self.retry_after_seconds, "global": self.everywhere}
            return Answer(429, {"message": "You are being rate limited.", "code": 0} | limited)
        return Answer(status, {"message": f"{status}: Server Error", "code": 0} if self.via else None)


def error(status: int, *, stored: bool = False) -> Fault:
    """A 5xx, before or after the request was carried out."""
    return Fault(status=status, stored=stored)


def cut(*, stored: bool = False) -> Fault:
    """A connection that breaks, before or after the request was carried out."""
    return Fault(cut=True, stored=stored)


def limited(retry_after_seconds: float, *, everywhere: bool = False) -> Fault:
    """Too many requests; Discord says when to come back."""
    return Fault(status=429, retry_after_seconds=retry_after_seconds, everywhere=everywhere)


def banned() -> Fault:
    """A 429 that is not Discord's own."""
    return Fault(status=429, via=False)


def delay(seconds: float) -> Fault:
    """Slow, and right."""
    return Fault(delay_seconds=seconds, stored=True)


EVERY = (error(500), error(502), error(503), error(500, stored=True), error(503, stored=True), cut(), cut(stored=True),
         limited(0.1), delay(0.3))  # fmt: skip


@dataclasses.dataclass(eq=False)
class _Planned:
    fault: Fault
    where: Where
    times: int


class Faults:
    """What is planned, and what happened.

    Attributes:
        happened: Method, path and fault, oldest first.
    """

    def __init__(self) -> None:
        self.happened: list[tuple[str, str, Fault]] = []
        self._planned: list[_Planned] = []
        self._chance = 0.0
        self._kinds: Sequence[Fault] = EVERY
        self._where: Where = where()
        self._dice = random.Random(0)

    def plan(self, fault: Fault, method: str | None = None, path: str = "", *, times: int = 1) -> None:
        """Let the next requests with this method, whose path holds this pattern, go wrong.

        aiohttp itself tries GET, PUT and DELETE a second time when a connection that was kept alive is cut.
        """
        self._planned.append(_Planned(fault, where(method, path), times))

    def at_random(
        self, chance: float, kinds: Sequence[Fault] = EVERY, *, seed: int = 0, method: str | None = None, path: str = ""
    ) -> None:
        """Let requests go wrong by chance, the same ones for the same seed."""
        self._chance, self._kinds, self._where = chance, kinds, where(method, path)
        self._dice = random.Random(seed)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._planned.clear()
        self._chance = 0.0

    def strikes(self, method: str, path: str) -> Fault | None:
        """The fault that comes over a request."""
        fault = self._next(method, path)
        if fault is not None:
            self.happened.append((method, path, fault))
        return fault

    def _next(self, method: str, path: str) -> Fault | None:
        for planned in self._planned:
            if planned.times and planned.where(method, path):
                planned.times -= 1
                return planned.fault
        if self._chance and self._where(method, path) and self._dice.random() < self._chance:
            return self._dice.choice(self._kinds)
        return None


def where(method: str | None = None, path: str = "") -> Where:
    """Whether a request has this method, and a path that holds this pattern."""
    pattern = re.compile(path)
    return lambda used, asked: method in {None, used} and pattern.search(asked) is not None
