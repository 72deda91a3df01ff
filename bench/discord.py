"""The bot on Discord beside a bare one, each on a stand-in of its own.

    python -m bench.discord [pace] [burst] [start] [idle]

The commands: `/hulp mijn taal` reads and is answered at once; `/mijn taal nl` is deferred, commits a transaction, and
then the answer takes the place of "thinking". The bare bot says `pong`, deferring the same command. The bots take
turns, in rounds; ratios are those of the medians.
"""

import asyncio
import contextlib
import dataclasses
import json
import logging
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from pathlib import Path

from bench import discord_scene, matrix_bots
from bench.discord_scene import READS, WRITES, Run, Scene, Stand
from bench.matrix_figures import Figure, at_most, beside
from bench.matrix_people import Server, join
from bench.matrix_scene import Scene as MatrixScene
from tests.synapse import Absent

SECTIONS = ("pace", "burst", "start", "idle")
ROUNDS, STARTS = 3, 5
PACE_RATE, PACE = 50.0, 200
BURST, AT_ONCE = 200, 20
ROOMS, IDLE_PEOPLE, IDLE_SECONDS = 5, 5, 60

LINES = {"reading": READS, "writing": WRITES}

_Runs = defaultdict[str, list[Run]]


async def measure(sections: Collection[str] = SECTIONS) -> list[Figure]:
    """Measure; figures are written to standard error as they come."""
    _stop_in_good_order()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="actiebot-bench-") as name:
        parts = (({"pace", "burst"}, _side_by_side), ({"start"}, _starts), ({"idle"}, _idle))
        for names, part in parts:
            if wanted := names & set(sections):
                begun = time.monotonic()
                async for figure in part(Path(name), wanted):
                    sys.stderr.write(f"discord: {' | '.join(figure.row)}\n")
                    figures.append(figure)
                sys.stderr.write(f"discord: {', '.join(sorted(wanted))}: {time.monotonic() - begun:.0f} s\n")
    return figures


def _stop_in_good_order() -> None:
    """When we are told to stop, the bots and what they are on stop before us."""
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    logging.getLogger("nio").setLevel(logging.ERROR)


# -- side by side -----------------------------------------------------------------------------------------


async def _side_by_side(folder: Path, wanted: Collection[str]) -> AsyncIterator[Figure]:
    async with (
        Scene.ours(folder / "ours") as left,
        Scene.bare(folder / "bare") as right,
        left.at_work(),
        right.at_work(),
    ):
        if "pace" in wanted:
            runs = await _rounds(left, right, lambda scene, kind: scene.steady(LINES[kind], PACE_RATE, PACE))
            for figure in _pace(runs):
                yield figure
        if "burst" in wanted:
            runs = await _rounds(left, right, lambda scene, kind: scene.burst(LINES[kind], BURST, AT_ONCE))
            for figure in _bursts(runs):
                yield figure


async def _rounds(left: Scene, right: Scene, act: Callable[[Scene, str], Awaitable[Run]]) -> _Runs:
    """Both bots in turns, reading and writing."""
    runs: _Runs = defaultdict(list)
    for _ in range(ROUNDS):
        for kind in LINES:
            runs[f"ours, {kind}"].append(await act(left, kind))
            runs[f"bare, {kind}"].append(await act(right, kind))
    return runs


def _pace(runs: _Runs) -> list[Figure]:
    figures = []
    for kind in LINES:
        own, peer = runs[f"ours, {kind}"], runs[f"bare, {kind}"]
        figures += [
            at_most(
                f"{kind} on Discord at {PACE_RATE:g} a second, answer p99", 50, [run.p99_ms for run in own], "ms"
            ),
            _told("… answer p50", [run.p50_ms for run in own], [run.p50_ms for run in peer], "ms"),
            beside("… CPU a command", _most(kind), *_cpu(own, peer), "ms"),
        ]  # fmt: skip
    return [*figures, _lost(f"{2 * ROUNDS * PACE} commands at that pace", runs)]


def _bursts(runs: _Runs) -> list[Figure]:
    figures = []
    for kind in LINES:
        own, peer = runs[f"ours, {kind}"], runs[f"bare, {kind}"]
        figures += [
            beside(f"{kind} on Discord, {AT_ONCE} at once, CPU a command", _most(kind), *_cpu(own, peer), "ms"),
            _told("… answers a second", [run.rate for run in own], [run.rate for run in peer], "/s"),
        ]
    return [*figures, _lost(f"{2 * ROUNDS * BURST} commands in bursts", runs)]


def _told(what: str, own: Sequence[float], peer: Sequence[float], unit: str) -> Figure:
    """A ratio for which there is no goal."""
    return dataclasses.replace(beside(what, 0, own, peer, unit), goal="–", good=True)


def _most(kind: str) -> float:
    return {"reading": 1.3, "writing": 2.0}[kind]


def _cpu(own: Sequence[Run], peer: Sequence[Run]) -> tuple[list[float], list[float]]:
    return [run.cpu for run in own], [run.cpu for run in peer]


def _lost(what: str, runs: _Runs) -> Figure:
    lost = sum(run.lost for kind in LINES for run in runs[f"ours, {kind}"])
    return Figure(what, "0 unanswered", f"{lost} unanswered", lost == 0, {"unanswered": [float(lost)]})


# -- starting ---------------------------------------------------------------------------------------------


async def _starts(folder: Path, _: Collection[str]) -> AsyncIterator[Figure]:
    """From nothing to the first answer; the first time the commands are uploaded as well."""
    spent = []
    async with Scene.ours(folder / "starts") as scene:
        for _number in range(STARTS):
            begun = time.perf_counter()
            scene.program.start()
            await scene.ready()
            spent.append(time.perf_counter() - begun)
            await scene.stopped()
    yield at_most("on Discord, start to first answer", 3, spent, "s")


# -- at rest ----------------------------------------------------------------------------------------------


async def _idle(folder: Path, _: Collection[str]) -> AsyncIterator[Figure]:
    """Both platforms on, spoken with on both."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(Server.at_work(folder / "synapse"))
        except Absent as reason:
            sys.stderr.write(f"discord: both platforms together are left out: {reason}\n")
            return
        stand = await stack.enter_async_context(Stand.at_work())
        account = await server.register(server.unique("bot"))
        people = await server.people("person", IDLE_PEOPLE)
        rooms = [await people[0].create_room(public=True) for _ in range(ROOMS)]
        for person in people[1:]:
            await join(server, person.account, rooms)
        await join(server, account, rooms)
        bot = matrix_bots.ours(server, account, folder / "both", rooms)
        config = json.loads((folder / "both" / "config.yaml").read_text("utf-8"))
        config["platforms"]["discord"] = discord_scene.platform(stand, folder / "both")
        config["rooms"]["announcements"].append(discord_scene.room(stand))
        scene = Scene(stand, discord_scene.program(folder / "both", config))
        await stack.enter_async_context(scene.at_work())
        seats = [(person, room) for room in rooms for person in people]
        bot = type(bot)(bot.name, bot.account, scene.program, bot.reads, bot.writes, marks=True)
        talk = MatrixScene(server, bot, seats, people[:1])
        await talk.ready()
        await scene.burst(READS, 50, AT_ONCE)
        await scene.burst(WRITES, 50, AT_ONCE)
        await asyncio.sleep(5.0)
        cpu = scene.program.cpu_seconds
        await asyncio.sleep(IDLE_SECONDS)
        spent = (scene.program.cpu_seconds - cpu) * 1000 * 60 / IDLE_SECONDS
        yield at_most(
            f"Matrix ({ROOMS} rooms) and Discord on: resident memory after {IDLE_SECONDS} s idle", 140,
            [scene.program.resident_mb], "MB",
        )  # fmt: skip
        yield at_most("… CPU a minute, idle", 100, [spent], "ms")


def main() -> None:
    """Measure the sections that are named, or all."""
    sections = sys.argv[1:] or SECTIONS
    if strange := set(sections) - set(SECTIONS):
        sys.exit(f"{min(strange)}: one of {', '.join(SECTIONS)}")
    for figure in asyncio.run(measure(sections)):
        sys.stdout.write(f"{'  ' if figure.good else '! '}{' | '.join(figure.row)}\n")


if __name__ == "__main__":
    main()
