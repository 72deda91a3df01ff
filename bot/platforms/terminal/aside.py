"""Work that may block, beside the event loop."""

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def aside(work: Callable[[], T]) -> T:
    """Do work in a thread of its own that nobody waits for at exit.

    `asyncio.to_thread` is no use here: its pool is joined when the loop closes, and a read from a terminal that
    nobody types in never ends.

    Raises:
        OSError: of the work itself.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            settle = functools.partial(_finish, done, work())
        except OSError as error:
            settle = functools.partial(_fail, done, error)
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(settle)

    threading.Thread(target=run, name="terminal", daemon=True).start()
    return await done


def _finish(done: asyncio.Future[T], result: T) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: asyncio.Future[T], error: OSError) -> None:
    if not done.done():
        done.set_exception(error)
