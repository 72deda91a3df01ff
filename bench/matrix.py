"""The bot on Matrix beside a bare one, side by side on one Synapse.

    python -m bench.matrix [burst] [one] [down] [encrypted] [big] [idle]

The commands: `!hulp mijn taal` reads and is answered in the room, with a short text; `!mijn taal nl` commits a
transaction, and is typed in rooms of two because it is answered to the asker alone. The bare bot answers `!ping`. The
bots take turns, in rounds, because whatever else the machine does comes and goes; ratios are those of the medians.
"""

import asyncio
import contextlib
import dataclasses
import logging
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from pathlib import Path

from bench.matrix_bots import Bot, bare, ours
from bench.matrix_figures import Figure, at_most, beside, none
from bench.matrix_people import Server, Typist, at_once, join
from bench.matrix_scene import Run, Scene, Seat
from tests.matrix_people import Person
from tests.synapse import Absent, Account

SECTIONS = ("burst", "one", "down", "encrypted", "big", "idle")
ROUNDS = 3
PEOPLE, ROOMS = 5, 10
ROUND, BURST, ONE_BY_ONE, WHILE_DOWN = 120, 500, 30, 25
CROWD = 500
IDLE_PEOPLE, IDLE_SECONDS = 50, 60
LIMIT, NIO_LIMIT = 1000, 10
SILENCE_SECONDS = 3.0

_Runs = defaultdict[str, list[Run]]


async def measure(sections: Collection[str] = SECTIONS) -> list[Figure]:
    """Measure; figures are written to standard error as they come.

    Raises:
        Absent: there is no Synapse here.
    """
    figures: list[Figure] = []
    _stop_in_good_order()
    with tempfile.TemporaryDirectory(prefix="actiebot-bench-") as name:
        folder = Path(name)
        async with Server.at_work(folder / "synapse") as server:
            parts = (
                ({"burst", "one", "down"}, _plain), ({"encrypted"}, _encrypted), ({"big"}, _big), ({"idle"}, _idle),
            )  # fmt: skip
            for names, part in parts:
                if wanted := names & set(sections):
                    start = time.monotonic()
                    found = await part(server, folder, wanted)
                    figures += found
                    sys.stderr.writelines(f"matrix: {' | '.join(figure.row)}\n" for figure in found)
                    sys.stderr.write(f"matrix: {', '.join(sorted(wanted))}: {time.monotonic() - start:.0f} s\n")
    return figures


def _stop_in_good_order() -> None:
    """When we are told to stop, the bots and the homeserver stop before us."""
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    logging.getLogger("nio").setLevel(logging.ERROR)  # people's devices, that know each other by and by


# -- plain rooms ------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class _Side:
    """One bot in shared rooms and in rooms of two."""

    shared: Scene
    private: Scene


async def _plain(server: Server, folder: Path, wanted: Collection[str]) -> list[Figure]:
    people = await server.people("person", PEOPLE)
    own = await server.register(server.unique("bot"))
    other = await server.register(server.unique("bare"))
    figures: list[Figure] = []
    async with (
        _side(server, people, own, lambda rooms: ours(server, own, folder / "plain-ours", rooms)) as left,
        _side(server, people, other, lambda _: bare(server, other, folder / "plain-bare", limit=LIMIT)) as right,
    ):
        if "burst" in wanted:
            figures += await _bursts(left, right)
        if "one" in wanted:
            figures += await _one_by_one(left, right)
        if "down" in wanted:
            figures.append(await _down(left.shared))
        if "burst" in wanted:
            await right.shared.bot.program.stop()
            narrow = bare(server, other, folder / "plain-narrow", limit=NIO_LIMIT)
            figures.append(await _narrow(dataclasses.replace(right.shared, bot=narrow, asked=defaultdict(list))))
    return figures


@contextlib.asynccontextmanager
async def _side(
    server: Server, people: Sequence[Person], account: Account, make: Callable[[Sequence[str]], Bot]
) -> AsyncIterator[_Side]:
    """A bot with ten rooms that everybody shares, and two rooms with each person."""
    shared = await at_once([lambda: people[0].create_room(public=True)] * ROOMS)
    for person in people[1:]:
        await join(server, person.account, shared)
    each = [people[number % PEOPLE] for number in range(ROOMS)]
    private = await at_once([lambda p=p: p.create_room(account.user_id, direct=True) for p in each])  # type: ignore[misc]
    await join(server, account, [*shared, *private])
    together = [(person, room) for room in shared for person in people]
    async with make(shared).at_work() as bot:
        side = _Side(
            Scene(server, bot, _mixed(together), people[:1]),
            Scene(server, bot, list(zip(each, private, strict=True)), people),
        )
        await side.shared.ready()
        await side.private.ready()
        yield side


def _mixed(seats: Sequence[Seat]) -> list[Seat]:
    """In an order in which neither a room nor a person comes twice in a row."""
    return [seats[number * 11 % len(seats)] for number in range(len(seats))]


async def _bursts(left: _Side, right: _Side) -> list[Figure]:
    runs: _Runs = defaultdict(list)
    read, write = left.shared.bot.reads, left.shared.bot.writes
    for _ in range(ROUNDS):
        runs["reading"].append(await left.shared.burst(read, ROUND))
        runs["bare, shared"].append(await right.shared.burst("!ping", ROUND))
        runs["writing"].append(await left.private.burst(write, ROUND))
        runs["bare, private"].append(await right.private.burst("!ping", ROUND))
    await left.shared.burst(read, BURST)
    await _rested(left.shared, right.shared)
    figures = []
    for kind, where, other, most in (
        ("reading", f"`{read}`, shared rooms", "bare, shared", 1.3),
        ("writing", f"`{write}`, rooms of two", "bare, private", 2.0),
    ):
        own, peer = runs[kind], runs[other]
        figures += [
            beside(f"{kind} in a burst ({where}), CPU a command", most, _cpu(own), _cpu(peer), "ms"),
            beside("… answers a second", 1.0, [r.rate for r in own], [r.rate for r in peer], "/s", least=True),
        ]
    what = f"{BURST} commands by {PEOPLE} people in {ROOMS} rooms, and {2 * ROUNDS} times {ROUND}"
    return [*figures, none(what, [await left.shared.tally(), await left.private.tally()])]


async def _narrow(scene: Scene) -> Figure:
    """What becomes of a burst with the limit that nio leaves to the homeserver."""
    async with scene.bot.at_work():
        await asyncio.sleep(2.0)
        run = await scene.burst("!ping", BURST, patience=SILENCE_SECONDS)
        await _rested(scene)
    lost, _ = await scene.tally()
    values = {"lost": [float(lost)], "cpu_ms": [run.cpu_ms]}
    what = f"… {BURST} commands to the bare bot with a timeline limit of {NIO_LIMIT}"
    return Figure(what, "–", f"{lost} lost", good=True, values=values)


async def _one_by_one(left: _Side, right: _Side) -> list[Figure]:
    runs: _Runs = defaultdict(list)
    read, write = left.shared.bot.reads, left.shared.bot.writes
    for _ in range(ROUNDS):
        runs["reading, shared rooms"].append(await left.shared.one_by_one(read, ONE_BY_ONE))
        runs["bare, shared"].append(await right.shared.one_by_one("!ping", ONE_BY_ONE))
        runs["reading, rooms of two"].append(await left.private.one_by_one(read, ONE_BY_ONE))
        runs["bare, private"].append(await right.private.one_by_one("!ping", ONE_BY_ONE))
        runs["writing, rooms of two"].append(await left.private.one_by_one(write, ONE_BY_ONE))
    await _rested(left.shared, right.shared)
    figures = []
    for kind, other, cpu, trip in (
        ("reading, shared rooms", "bare, shared", 1.3, 1.1),
        ("reading, rooms of two", "bare, private", 1.3, 1.1),
        ("writing, rooms of two", "bare, private", 2.0, 1.3),
    ):
        own, peer = runs[kind], runs[other]
        figures += [
            beside(
                f"one by one, {kind}: round trip p50", trip, [r.p50_ms for r in own], [r.p50_ms for r in peer], "ms"
            ),
            beside("… CPU a command", cpu, _cpu(own), _cpu(peer), "ms"),
        ]
    return figures


async def _down(scene: Scene) -> Figure:
    """Commands that are given while the bot is not there."""
    bot = scene.bot
    await bot.program.stop()
    scene.asked.clear()
    async with scene.ears().open() as ears:
        await scene.type(scene.seats[:WHILE_DOWN], bot.reads)
        bot.program.start()
        await ears.hear(WHILE_DOWN, 30.0)
    await asyncio.sleep(SILENCE_SECONDS)  # for a second answer
    return none(f"{WHILE_DOWN} commands while the bot is down", [await scene.tally()])


# -- encrypted rooms --------------------------------------------------------------------------------------


async def _encrypted(server: Server, folder: Path, _: Collection[str]) -> list[Figure]:
    own = await server.register(server.unique("bot"))
    other = await server.register(server.unique("bare"))
    onlooker = await server.person("onlooker")
    async with contextlib.AsyncExitStack() as stack:
        typists = [
            await stack.enter_async_context(Typist.living(server, "typist", folder / f"typist-{number}"))
            for number in range(PEOPLE)
        ]
        scenes = []
        for account in (own, other):
            room = await typists[0].create_room(encrypted=True, public=True)
            for person in (*typists[1:], onlooker):
                await person.join(room)
            await join(server, account, [room])
            bot = (
                ours(server, account, folder / "encrypted-ours", [room]) if account is own
                else bare(server, account, folder / "encrypted-bare", limit=LIMIT, encrypted=True)
            )  # fmt: skip
            await stack.enter_async_context(bot.at_work())
            await asyncio.sleep(5.0)  # its keys are on the server, and it has been told who is there
            await typists[0].catch_up()
            scene = Scene(server, bot, [(typists[0], room)], [onlooker])
            await scene.ready()
            scenes.append(scene)
        left, right = scenes
        runs: _Runs = defaultdict(list)
        for _round in range(ROUNDS):
            runs["ours"].append(await left.one_by_one(left.bot.reads, ONE_BY_ONE))
            runs["bare"].append(await right.one_by_one("!ping", ONE_BY_ONE))
        await _rested(left, right)
        tally = await left.tally()
    return [
        beside("in an encrypted room, one by one, CPU a command", 1.0, _cpu(runs["ours"]), _cpu(runs["bare"]), "ms"),
        beside("… round trip p50", 1.1, [r.p50_ms for r in runs["ours"]], [r.p50_ms for r in runs["bare"]], "ms"),
        none(f"… {ROUNDS * ONE_BY_ONE} commands there", [tally]),
    ]


# -- many people ------------------------------------------------------------------------------------------


async def _big(server: Server, folder: Path, _: Collection[str]) -> list[Figure]:
    account = await server.register(server.unique("bot"))
    people = await server.people("crowd", CROWD)
    small, big = [await people[0].create_room(public=True) for _ in range(2)]
    await at_once([lambda p=p: p.join(small) for p in people[1:PEOPLE]])  # type: ignore[misc]
    await at_once([lambda p=p: p.join(big) for p in people[1:]])  # type: ignore[misc]
    await join(server, account, [small, big])
    async with ours(server, account, folder / "big", [small, big]).at_work() as bot:
        few = Scene(server, bot, [(person, small) for person in people[:PEOPLE]], people[:1])
        many = Scene(server, bot, [(person, big) for person in people[:PEOPLE]], people[:1])
        await few.ready()
        runs: _Runs = defaultdict(list)
        for _round in range(ROUNDS):
            runs["big"].append(await many.one_by_one(bot.reads, ONE_BY_ONE))
            runs["small"].append(await few.one_by_one(bot.reads, ONE_BY_ONE))
        await _rested(few)
    what = f"in a room of {CROWD} people beside one of {PEOPLE}, one by one, CPU a command"
    return [beside(what, 1.0, _cpu(runs["big"]), _cpu(runs["small"]), "ms", names="big small")]


# -- at rest ----------------------------------------------------------------------------------------------


async def _idle(server: Server, folder: Path, _: Collection[str]) -> list[Figure]:
    """Ten encrypted rooms with fifty people, each with a device; the bot has spoken in all of them."""
    account = await server.register(server.unique("bot"))
    people = await at_once([lambda n=n: _keyed(server, folder / f"idle-{n}") for n in range(IDLE_PEOPLE)])  # type: ignore[misc]
    rooms = [await people[0].create_room(encrypted=True, public=True) for _ in range(ROOMS)]
    await at_once([lambda p=p, r=r: p.join(r) for r in rooms for p in people[1:]])  # type: ignore[misc]
    await join(server, account, rooms)
    async with ours(server, account, folder / "idle", rooms).at_work() as bot:
        await asyncio.sleep(5.0)
        await people[0].catch_up()
        await Scene(server, bot, [(people[0], room) for room in rooms], people[1:2]).ready()
        await asyncio.sleep(5.0)
        cpu = bot.program.cpu_seconds
        await asyncio.sleep(IDLE_SECONDS)
        spent, resident = (bot.program.cpu_seconds - cpu) * 1000 * 60 / IDLE_SECONDS, bot.program.resident_mb
    for person in people:
        await person.close()
    what = f"{ROOMS} encrypted rooms, {IDLE_PEOPLE} people in each"
    return [
        at_most(f"{what}: CPU a minute, idle", 100, [spent], "ms"),
        at_most("… resident memory after 60 s idle", 115, [resident], "MB"),
    ]


async def _keyed(server: Server, store: Path) -> Typist:
    """Somebody whose device has its keys on the server."""
    person = Typist(server, await server.register(server.unique("idle")), store)
    await person.client.keys_upload()
    return person


async def _rested(*scenes: Scene) -> None:
    for scene in scenes:
        await scene.bot.program.rested()


def _cpu(runs: Sequence[Run]) -> list[float]:
    return [run.cpu_ms for run in runs]


def main() -> None:
    """Measure the sections that are named, or all."""
    sections = sys.argv[1:] or SECTIONS
    if strange := set(sections) - set(SECTIONS):
        sys.exit(f"{min(strange)}: one of {', '.join(SECTIONS)}")
    try:
        figures = asyncio.run(measure(sections))
    except Absent as reason:
        sys.exit(str(reason))
    for figure in figures:
        sys.stdout.write(f"{'  ' if figure.good else '! '}{' | '.join(figure.row)}\n")


if __name__ == "__main__":
    main()
