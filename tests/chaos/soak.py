"""A bot that is asked two things a second for half an hour: it answers all of them, and its memory does not grow.

`python -m tests.chaos.soak`; ACTIEBOT_SOAK_MINUTES sets how long.
"""

import asyncio
import contextlib
import dataclasses
import itertools
import json
import logging
import os
import pathlib
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence

from tests.chaos.crowd import Crowd, Verdict
from tests.chaos.matrix_bot import Work
from tests.matrix_people import wait
from tests.synapse import Absent, Synapse

MINUTES = float(os.environ.get("ACTIEBOT_SOAK_MINUTES", "30"))
A_SECOND = 2
TALKS, HALLS = 5, 3
WARM_SECONDS = 300.0
SAMPLE_SECONDS = 10.0
MOST_GROWTH_MB = 10.0
START_SECONDS = 120.0
SETTLE_SECONDS = 120.0
_SHOWN = 16


@dataclasses.dataclass(frozen=True, slots=True)
class Curve:
    """Resident memory in MB: one figure each ten seconds."""

    samples: Sequence[float]

    @property
    def growth(self) -> float:
        """From what it was when warm to the end: medians of windows of a tenth of the run, two minutes at most.

        Warm is after five minutes; where the run is shorter than a quarter of an hour, after a third of it.
        """
        warm = min(round(WARM_SECONDS / SAMPLE_SECONDS), len(self.samples) // 3)
        window = max(1, min(12, len(self.samples) // 10))
        return statistics.median(self.samples[-window:]) - statistics.median(self.samples[warm : warm + window])

    def __str__(self) -> str:
        step = max(1, len(self.samples) // _SHOWN)
        return " ".join(f"{sample:.1f}" for sample in self.samples[::step])


async def soak(synapse: Synapse, folder: pathlib.Path) -> tuple[Curve, Verdict, Crowd]:
    """Ask and measure for so many minutes, and look at what became of everything that was asked."""
    async with Crowd.gathered(synapse, folder, talks=TALKS, halls=HALLS) as crowd, alive(crowd) as pid:
        await wait(crowd.joined, START_SECONDS)
        samples: list[float] = []
        measuring = asyncio.create_task(measure(pid, samples))
        await ask(crowd)
        measuring.cancel()
        with contextlib.suppress(AssertionError):  # what is missing is told by name
            await wait(crowd.settled, SETTLE_SECONDS)
        return Curve(samples), await crowd.judge(), crowd


@contextlib.asynccontextmanager
async def alive(crowd: Crowd) -> AsyncIterator[int]:
    """The bot as a process of its own; its id."""
    home = crowd.home
    work = Work(str(home.folder), home.user_id, home.synapse.url, crowd.news, str(home.folder / "bot.log"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.matrix_bot", json.dumps(dataclasses.asdict(work))
    )
    try:
        yield process.pid
        if process.returncode is not None:
            raise RuntimeError(f"the bot ended with {process.returncode}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def ask(crowd: Crowd) -> None:
    """Writing and reading by turns, room after room, at an even pace: who is late does not ask less."""
    begun = time.monotonic()
    places = {place.room: place for place in crowd.places}  # one asker a room
    turns = zip(itertools.cycle(places.values()), _kinds(len(places)), strict=False)
    for number, (place, what) in enumerate(turns):
        moment = begun + number / A_SECOND
        if moment > begun + MINUTES * 60:
            return
        await asyncio.sleep(max(0.0, moment - time.monotonic()))
        crowd.when = number
        await crowd.ask(place, what)


def _kinds(rooms: int) -> Iterator[str]:
    """Each room is asked for the one and then for the other."""
    for turn in itertools.count():
        for room in range(rooms):
            yield ("count", "help")[(turn + room) % 2]


async def measure(pid: int, samples: list[float]) -> None:
    """Add what the process holds in memory, each ten seconds, until cancelled."""
    while True:
        await asyncio.sleep(SAMPLE_SECONDS)
        samples.append(resident(pid))


def resident(pid: int) -> float:
    """What a process holds in memory, MB."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


async def main() -> int:
    """Soak, and say how it went; 0: well, or there is no homeserver."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="actiebot-soak-"))
    logging.disable()  # nio has much to say about people's devices
    try:
        synapse = Synapse(folder / "synapse")
    except Absent as reason:
        say(f"no soak: {reason}")
        return 0
    await synapse.start()
    try:
        curve, verdict, crowd = await soak(synapse, folder)
    finally:
        await synapse.stop()
    say(f"{MINUTES:g} minutes, {len(crowd.asked)} commands in {len({place.room for place in crowd.places})} rooms")
    say(f"resident memory, MB: {curve}")
    say(f"growth once warm: {curve.growth:+.1f} MB, at most {MOST_GROWTH_MB:g}")
    if verdict or curve.growth > MOST_GROWTH_MB:
        say(f"{verdict}\nlogs in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - to whoever runs this


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
