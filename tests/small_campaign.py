"""A small campaign in a folder of its own, and the real program started on it."""

import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import queue
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Self

import pytest

ROOT = pathlib.Path(__file__).parent.parent
SECONDS = 30.0
WARNINGS = "error,ignore:'audioop' is deprecated:DeprecationWarning"  # of discord.py, on Python 3.11
AT = "2019-01-27T12:00:00+01:00"
KEY = {"ACTIEBOT_BACKUP_KEY": "negen-paarse-olifanten"}

CONFIG = """\
campaign: {name: Proef, language: nl, timezone: Europe/Amsterdam, contact: {nl: Vraag het Sjoera., en: Ask Sjoera.}}
storage: {url: "sqlite:///data/bot.db"}
platforms:
  terminal: {}
roles: {organiser: ["terminal:sjoera"]}
rooms:
  announcements: ["terminal:#announcements"]
  organisers: ["terminal:#organisers"]
content: {faq: faq.yaml, values: values.yaml}
"""
FAQ = """\
- id: keep-mail
  question: {nl: Kan ik mijn mailadres houden?, en: Can I keep my e-mail address?}
  also: {nl: [mijn mailadres behouden, mijn postvak houden], en: [keep my mail address, keep my mailbox]}
  answer: {nl: "Ja, zolang je klant bent.", en: "Yes, as long as you are a customer."}
  sources: [{title: Mail, url: "https://example.org/mail", date: 2019-01-27, party: committee}]
- id: sign-petition
  question: {nl: Waar teken ik de petitie?, en: Where do I sign the petition?}
  also: {nl: [petitie ondertekenen, handtekening zetten], en: [sign petition, put my signature]}
  answer: {nl: "Er zijn {petition.count} handtekeningen.", en: "There are {petition.count} signatures."}
  sources: [{title: Petitie, url: "https://example.org/petitie", date: 2019-01-27, party: committee}]
- id: cancel-early
  question: {nl: Moet ik nu al opzeggen?, en: Should I cancel now?}
  also: {nl: [abonnement opzeggen, nu opzeggen], en: [cancel my subscription, cancel already]}
  answer: {nl: "Nee, wacht nog even.", en: "No, wait a little."}
  sources: [{title: Opzeggen, url: "https://example.org/opzeggen", date: 2019-01-27, party: committee}]
  valid_until: 2019-11-10
  superseded_by: other-provider
- id: other-provider
  question: {nl: Welke andere aanbieder is er?, en: Which other provider is there?}
  also: {nl: [overstappen naar een ander, andere provider kiezen], en: [switch provider, choose another provider]}
  answer: {nl: "Freedom Internet.", en: "Freedom Internet."}
  sources: [{title: Freedom, url: "https://example.org/freedom", date: 2019-11-11, party: committee}]
"""
VALUES = "petition.count: {value: 45500, as_of: 2019-01-27, source: SP5}\n"

Said = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Done:
    """A program that has ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> list[Said]:
        return [json.loads(line) for line in self.out.split("\n") if line]

    @property
    def line(self) -> str:
        """The one line on standard error; that there is one, and no more, is checked."""
        (line,) = self.err.splitlines()
        return line


class Running:
    """A bot that runs, with people at its terminal."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._said: queue.Queue[Said] = queue.Queue()
        self._threads = [threading.Thread(target=read, daemon=True) for read in (self._read, self._read_errors)]
        self._err: list[str] = []
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._said.put(json.loads(line))

    def _read_errors(self) -> None:
        self._err += self.process.stderr or ()

    def type(self, *lines: str) -> None:
        stdin = self.process.stdin
        assert stdin
        stdin.write("".join(f"{line}\n" for line in lines))
        stdin.flush()

    def hear(self, to: str | None = None) -> Said:
        """The next thing said, here or in general; what is said elsewhere is passed over."""
        while True:
            said = self._said.get(timeout=SECONDS)
            if to in {said["to"], None}:
                return said

    def ask(self, *lines: str) -> str:
        """The answer to the last of some lines that have one answer."""
        self.type(*lines)
        return str(self.hear()["text"])

    def end(self, number: int | None = None) -> Done:
        """Wait until it ends, after a signal or by itself."""
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        for thread in self._threads:
            thread.join(SECONDS)
        return Done(code, "", "".join(self._err))


@dataclasses.dataclass(frozen=True)
class SmallCampaign:
    """The folder, and what the program finds in its environment."""

    folder: pathlib.Path
    more: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def among(self, **more: str) -> Self:
        """The same with more in the environment."""
        return dataclasses.replace(self, more={**self.more, **more})

    def write(self, name: str, text: str) -> pathlib.Path:
        (self.folder / name).write_text(text, encoding="utf-8")
        return self.folder / name

    def do(self, *arguments: str, typed: str | bytes = "", before: tuple[str, ...] = (), **options: Any) -> Done:
        """Run the program to its end; what must never be seen is checked here, once for all tests."""
        done = subprocess.run(
            [*before, sys.executable, "-m", "bot", *arguments], cwd=self.folder, env=self._environment(),
            input=typed.encode() if isinstance(typed, str) else typed, timeout=SECONDS, check=False,
            **({"capture_output": True} | options),
        )  # fmt: skip
        out, err = ((text or b"").decode() for text in (done.stdout, done.stderr))
        assert "Traceback" not in out + err
        return Done(done.returncode, out, err)

    def do_all(self, *lines: str) -> list[Done]:
        """Run the program so many times, two at a time."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda line: self.do(*shlex.split(line)), lines))

    def play(self, *lines: str) -> Done:
        """A played run on these lines, as lines of JSON."""
        return self.do("run", "--at", AT, "--json", typed="".join(f"{line}\n" for line in lines))

    @contextlib.contextmanager
    def running(self, *arguments: str) -> Iterator[Running]:
        """A bot that has started."""
        with subprocess.Popen(
            [sys.executable, "-m", "bot", "run", "--json", *arguments], cwd=self.folder, env=self._environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                bot = Running(process)
                bot.ask("/hulp")
                yield bot
            finally:
                process.kill()

    @contextlib.contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """The program at work, with nobody at its terminal."""
        with subprocess.Popen(
            [sys.executable, "-m", "bot", *arguments], cwd=self.folder, env=self._environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()

    def _environment(self) -> dict[str, str]:
        folder = str(self.folder)
        own = {"HOME": folder, "XDG_CACHE_HOME": f"{folder}/cache", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": WARNINGS}
        return {"PATH": os.environ["PATH"], **own, **self.more}


@pytest.fixture
def small(tmp_path: pathlib.Path) -> SmallCampaign:
    """A campaign of four answers, nothing said yet."""
    made = SmallCampaign(tmp_path)
    for name, text in {"config.yaml": CONFIG, "faq.yaml": FAQ, "values.yaml": VALUES}.items():
        made.write(name, text)
    return made


TERM, KILL, HUP = signal.SIGTERM, signal.SIGKILL, signal.SIGHUP
