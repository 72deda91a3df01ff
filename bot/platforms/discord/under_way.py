"""What is being done at this moment: a bot that stops lets it end."""

import asyncio
import contextlib
from collections.abc import Iterator


class UnderWay:
    """The tasks in which something is done for somebody; discord.py starts them, and keeps no list."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Count the task that runs this; within itself it counts once."""
        task = asyncio.current_task()
        if task is None or task in self._tasks:
            yield
            return
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def finish(self, seconds: float) -> None:
        """Let everything end; what takes longer is cancelled."""
        tasks = set(self._tasks)
        if not tasks:
            return
        try:
            await asyncio.wait(tasks, timeout=seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
