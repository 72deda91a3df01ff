"""The whole program: start to ready, and memory after a minute of rest."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

STARTS = 5
IDLE_SECONDS = int(os.environ.get("ACTIEBOT_BENCH_IDLE", "60"))
AT = "2019-01-27T12:00:00+01:00"


def measure(folder: Path, config_file: Path) -> dict[str, float]:
    """Seconds until the first answer (least and median of five), and megabytes of resident memory at rest."""
    starts = sorted(_start(folder / f"start{n}", config_file) for n in range(STARTS))
    return {
        "start_s": starts[0],
        "start_median_s": starts[len(starts) // 2],
        "idle_mb": _memory(folder / "idle", config_file),
    }


def _command(folder: Path, config_file: Path) -> list[str]:
    """The bot on the example campaign, with a database of its own."""
    folder.mkdir()
    text = config_file.read_text("utf-8").replace("sqlite:///data/actiebot.db", f"sqlite:///{folder}/bot.db")
    copy = config_file.with_name(f".bench-{os.getpid()}.yaml")
    copy.write_text(text, "utf-8")
    return [sys.executable, "-m", "bot", "run", "--config", str(copy), "--only", "terminal", "--json", "--at", AT]


def _bot(folder: Path, config_file: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own program
        _command(folder, config_file),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _start(folder: Path, config_file: Path) -> float:
    begun = time.perf_counter()
    with _bot(folder, config_file) as bot:
        ready = _answer(bot) - begun
        _end(bot, config_file)
    return round(ready, 3)


def _memory(folder: Path, config_file: Path) -> float:
    with _bot(folder, config_file) as bot:
        _answer(bot)
        time.sleep(IDLE_SECONDS)
        status = Path(f"/proc/{bot.pid}/status").read_text("ascii")
        _end(bot, config_file)
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return round(int(resident.split()[1]) / 1024, 1)


def _answer(bot: subprocess.Popen[str]) -> float:
    """Ask something; the moment at which the answer was there."""
    if bot.stdin is None or bot.stdout is None:
        raise RuntimeError("the bot has no pipes")
    bot.stdin.write("/rechten\n")
    bot.stdin.flush()
    said = json.loads(bot.stdout.readline())
    if said["kind"] != "reply":
        raise RuntimeError(said["text"])
    return time.perf_counter()


def _end(bot: subprocess.Popen[str], config_file: Path) -> None:
    bot.send_signal(signal.SIGTERM)
    bot.communicate(timeout=20)
    config_file.with_name(f".bench-{os.getpid()}.yaml").unlink(missing_ok=True)
