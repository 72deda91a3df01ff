"""Lives of a bot, begun in forks of one process: that spares the time that importing takes.

A program whose `main` this is gets work as JSON in its argument, and is then one life. Without an argument it reads
lines: work is a life to begin (the answer is its process id), and an empty line asks for the end of that life (the
answer is its exit code; negative: the signal).
"""

import asyncio
import contextlib
import json
import logging
import os
import pathlib
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import structlog

_ORPHAN_SECONDS = 1.0


class Life(Protocol):
    """One life; `log` is the file that it writes in."""

    @property
    def log(self) -> str: ...

    def live(self) -> Coroutine[Any, Any, None]: ...


async def until_told(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Return at SIGTERM, or when whoever started us is gone.

    Raises:
        RuntimeError: a part of the bot came to an end.
    """
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    orphaned = asyncio.create_task(_orphaned())
    told = asyncio.create_task(stopped.wait())
    await asyncio.wait({orphaned, told, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    for task in (orphaned, told):
        task.cancel()
    for task in tasks:
        if task.done():
            task.result()
            raise RuntimeError("a part of the bot came to an end")


async def _orphaned() -> None:
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(_ORPHAN_SECONDS)


def be(life: Life) -> None:
    """Live one life, whose log goes to a file."""
    with pathlib.Path(life.log).open("a", encoding="utf-8") as log:
        os.dup2(log.fileno(), 2)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    asyncio.run(life.live())


def fork(life: Life) -> int:
    """A life in a process of its own; its id."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        be(life)
        status = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(status)


def main(make: Callable[..., Life]) -> None:
    if len(sys.argv) > 1:
        be(make(**json.loads(sys.argv[1])))
    else:
        serve(make)


def serve(make: Callable[..., Life]) -> None:
    """Begin lives and see them end, one at a time, as long as somebody asks."""
    alive = 0
    for line in sys.stdin:
        if line.strip():
            alive = answer = fork(make(**json.loads(line)))
        else:
            _, status = os.waitpid(alive, 0)
            alive, answer = 0, os.waitstatus_to_exitcode(status)
        print(answer, flush=True)  # noqa: T201 - to whoever started us
    if alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(alive, signal.SIGKILL)
