"""Work in lanes: what belongs to one room is done in order, rooms do not wait for each other."""

import asyncio
import collections
from collections.abc import Awaitable, Callable

import structlog

Work = Callable[[], Awaitable[None]]

log = structlog.get_logger()


class Lanes:
    """One task for each room in which something is to be done."""

    def __init__(self) -> None:
        self._queues: dict[str, collections.deque[Work]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def put(self, room: str, work: Work) -> None:
        """Do something in a room when all before it is done; a failure is logged and ends nothing."""
        queue = self._queues.setdefault(room, collections.deque())
        queue.append(work)
        if room not in self._tasks:
            self._tasks[room] = asyncio.create_task(self._run(room, queue))

    async def _run(self, room: str, queue: collections.deque[Work]) -> None:
        try:
            while queue:
                try:
                    await queue.popleft()()
                except Exception:
                    log.exception("an event was not dealt with")
        finally:
            del self._tasks[room], self._queues[room]

    async def rest(self, seconds: float) -> None:
        """Wait until nothing is under way, at most so long."""
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=seconds)

    async def close(self, seconds: float) -> None:
        """Let what is under way end; what has not begun comes again at the next start."""
        for queue in self._queues.values():
            queue.clear()
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
