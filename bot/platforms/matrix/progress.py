"""How far the bot got: the token of the last sync such that it, and all before it, were dealt with.

Handled first, saved then: whatever was not dealt with when the bot dies comes again at the next start.
"""

import asyncio
import collections
import contextlib
import dataclasses
import datetime as dt
import time
from collections.abc import Awaitable, Callable, Iterable

import structlog

from bot.core.invocation import Invocation
from bot.core.platform import Memory

TOKEN = "token.sync"  # noqa: S105 - not a secret; it never travels in a backup
SAVE_SECONDS = 1.0
IDLE_SECONDS = 60.0
REMEMBERED = dt.timedelta(hours=26)
_MOST_KNOWN = 100_000

log = structlog.get_logger()


@dataclasses.dataclass(slots=True)
class _Batch:
    token: str
    left: int


class Progress:
    """Counts what is under way."""

    def __init__(self, memory: Memory, said: Callable[..., Awaitable[None]]) -> None:
        """Save in a memory; `said` takes the calls whose answers have reached their askers."""
        self._memory = memory
        self._said = said
        self._batches: collections.deque[_Batch] = collections.deque()
        self._known: dict[str, None] = {}
        self._done: list[str] = []
        self._calls: list[Invocation] = []
        self._reached: str | None = None
        self._saved: str | None = None
        self._saved_at = time.monotonic()
        self._changed = asyncio.Event()

    async def recall(self) -> None:
        """Go on where the last run got to."""
        self._saved = self._reached = await self._memory.get(TOKEN)
        since = dt.datetime.now(dt.UTC) - REMEMBERED
        self._known = dict.fromkeys(await self._memory.seen(since))

    @property
    def reached(self) -> str | None:
        """Where to go on; None: this is the first run, and nothing before now is ours to answer."""
        return self._reached

    def begin(self, token: str, events: Iterable[str]) -> set[str]:
        """Take up a batch; the answer: those of its events that nobody has taken up before."""
        new = {event: None for event in events if event not in self._known}
        self._known |= new
        while len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._batches.append(_Batch(token, len(new)))
        self._advance()
        return set(new)

    def batch(self) -> Callable[[str, Invocation | None], None]:
        """What is to be called once for each new event of the batch that was begun last."""
        batch = self._batches[-1] if self._batches else _Batch("", 0)

        def done(event: str, call: Invocation | None = None) -> None:
            batch.left -= 1
            self._done.append(event)
            if call is not None:
                self._calls.append(call)
            self._advance()
            self._changed.set()

        return done

    def _advance(self) -> None:
        while self._batches and self._batches[0].left <= 0:
            self._reached = self._batches.popleft().token
        if self._saved is None and self._reached:  # from here on what is said is ours to answer
            self._changed.set()

    async def keep_saving(self) -> None:
        """Save soon after something was dealt with, and now and then when all is quiet; until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._changed.wait()
            await asyncio.sleep(SAVE_SECONDS)
            self._changed.clear()
            await self.save()

    async def save(self) -> None:
        """Write down how far we are; when that fails it is done again with the next."""
        done, calls, token = self._done, self._calls, self._reached
        if not done and token == self._saved:
            return
        self._done, self._calls = [], []
        try:
            await self._memory.see(done, **({TOKEN: token} if token else {}))
        except Exception as error:  # noqa: BLE001 - the store has its own words for it; nothing is lost by waiting
            self._done, self._calls = done + self._done, calls + self._calls
            self._changed.set()
            log.warning("progress could not be saved", error=repr(error))
            return
        self._saved = token
        if calls:
            await self._said(*calls)
