"""`make bench`: measures, prints a table, writes bench/results.json and the table in README."""

import asyncio
import dataclasses
import json
import os
import platform
import re
import sys
import tempfile
from pathlib import Path

from bench import calls, discord, faq, matrix, process
from bench.faq import Campaign, Question
from bench.matrix_figures import Figure
from tests.synapse import Absent

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "config.yaml"
RESULTS = ROOT / "bench" / "results.json"
VISIBLE = ROOT.parent / "shared" / "campaign" / "questions.yaml"
OTHER_HANDS = ROOT / "bench" / "questions.yaml"

Row = tuple[str, str, str]  # what, goal, reached


def main() -> None:
    """Measure everything."""
    campaign = Campaign()
    results: dict[str, object] = {"machine": {"python": platform.python_version(), "cpus": os.cpu_count()}}
    rows: list[Row] = []
    for name, file in (("the campaign's questions", VISIBLE), ("questions by other hands", OTHER_HANDS)):
        if not file.exists():
            sys.stderr.write(f"{file.name} of {name} is not here: left out\n")
            continue
        questions = [Question.of(item) for item in faq.read(file)]
        shares = faq.quality(campaign, faq.parts(questions, [], held_out=False))[None]
        results[name] = shares
        rows += _answers(name, shares)
    questions = [Question.of(item) for item in faq.read(OTHER_HANDS)]
    speed = faq.speed(campaign, questions)
    with tempfile.TemporaryDirectory() as folder:
        lines = asyncio.run(calls.measure(Path(folder), CONFIG))
        program = process.measure(Path(folder), CONFIG)
    results |= {"answering": speed, "calls": lines, "program": program}
    rows += [*_speed(speed), *_calls(lines, program)]
    for name, figures in (("matrix", _matrix()), ("discord", asyncio.run(discord.measure()))):
        results[name] = [dataclasses.asdict(figure) for figure in figures]
        rows += [figure.row for figure in figures]
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", "utf-8")
    _into_readme(_table(rows))
    sys.stdout.write(_table(rows) + "\n")


def _answers(name: str, shares: dict[str, float]) -> list[Row]:
    return [
        (f"{name}, held out: answered or offered right", "≥ 92 %", f"{shares['answered or offered right']} %"),
        ("… answered right", "≥ 75 %", f"{shares['answered right']} %"),
        ("… answered wrong", "≤ 3 %", f"{shares['answered wrong']} %"),
        ("… false answers", "≤ 5 %", f"{shares['false answers']} %"),
    ]


def _speed(speed: dict[str, dict[str, float]]) -> list[Row]:
    few, many, peer = speed.values()
    ratio = many["median_ms"] / peer["median_ms"]
    return [
        ("one answer, 60 entries, p99", "≤ 5 ms", f"{few['p99_ms']} ms"),
        (
            "one answer, 10,000 entries, beside SQLite FTS5 (medians)",
            "≤ 1 ×",
            f"{ratio:.2f} × ({many['median_ms']} ms)",
        ),
    ]


def _calls(lines: dict[str, float], program: dict[str, float]) -> list[Row]:
    return [
        ("typed line to reply, reading, p50", "≤ 1 ms", f"{lines['reading_p50_ms']} ms"),
        ("typed line to reply, writing, p50", "≤ 2 ms", f"{lines['writing_p50_ms']} ms"),
        ("1,000 messages into the outbox, a row", "≤ 60 µs", f"{lines['outbox_put_us_a_row']} µs"),
        ("start to ready, median of five", "≤ 1.5 s", f"{program['start_median_s']} s"),
        ("resident memory after 60 s idle", "≤ 85 MB", f"{program['idle_mb']} MB"),
    ]


def _matrix() -> list[Figure]:
    """On Matrix; nothing where there is no homeserver to measure on."""
    try:
        return asyncio.run(matrix.measure())
    except Absent as reason:
        sys.stderr.write(f"Matrix is left out: {reason}\n")
        return []


def _table(rows: list[Row]) -> str:
    return "\n".join(("| measured | goal | reached |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)))


def _into_readme(table: str) -> None:
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    new = re.sub(r"(<!-- bench -->\n).*?(<!-- /bench -->)", lambda m: f"{m[1]}{table}\n{m[2]}", text, flags=re.DOTALL)
    readme.write_text(new, "utf-8")


main()
