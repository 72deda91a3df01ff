"""Measuring: the fastest of several runs, because whatever else the machine does only adds."""

import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any


async def each(work: Callable[[int], Awaitable[Any]], count: int) -> list[float]:
    """Milliseconds of each of many calls, in order."""
    spent = []
    for number in range(count):
        start = time.perf_counter()
        await work(number)
        spent.append((time.perf_counter() - start) * 1000)
    return spent


def p50(spent: list[float]) -> float:
    return round(statistics.median(spent), 3)


def p99(spent: list[float]) -> float:
    return round(statistics.quantiles(spent, n=100, method="inclusive")[98], 3)
