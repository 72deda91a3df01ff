"""The terminal with a person: completion, and a prompt on a real pseudo-terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator

import pytest

from bot.platforms.terminal.buttons import Buttons
from bot.platforms.terminal.completion import Completion
from bot.platforms.terminal.session import Session
from tests.platforms import small_bot
from tests.platforms.test_terminal import PROGRAM, ROOT

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def completion(session: Session) -> Completion:
    known = small_bot.catalogue()
    return Completion(
        small_bot.texts(), known, small_bot.SmallDispatcher(known), session=session, buttons=Buttons(),
        language="nl", zone="Europe/Amsterdam", rooms=("#announcements", "#organisers"), people=("sjoera", "gast"),
    )  # fmt: skip


async def completed(completion: Completion, line: str) -> list[str]:
    """The lines that a line can become."""
    return [line[: len(line) - offer.replaces] + offer.text async for offer in completion.offers(line)]


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("", []),
        ("vraag", []),
        ("/ta", ["/taak lijst", "/taak oppakken"]),
        ("/task c", ["/task claim"]),
        ("/taak oppakken", ["/taak oppakken"]),
        ("/taak oppakken ", ["/taak oppakken 12", "/taak oppakken 13", "/taak oppakken 14", "/taak oppakken taak:",
                             "/taak oppakken note:"]),
        ("/taak oppakken koffie ze", ["/taak oppakken 13"]),
        ('/taak oppakken "koffie', ["/taak oppakken 13"]),
        ("/taak oppakken taak:kof", ["/taak oppakken taak:13"]),
        ("/taak lijst op", ["/taak lijst open"]),
        ("/taak lijst filter:mi", ["/taak lijst filter:mine"]),
        ("/as s", ["/as sjoera"]),
        ("/in ", ["/in #announcements", "/in #organisers", "/in privé"]),
        ("/in #org", ["/in #organisers"]),
        ("/lang e", ["/lang en"]),
        ("/press ", []),
        ("/qu", ["/quit"]),
        ("/" + "a" * 1000, []),
    ],
)  # fmt: skip
async def test_what_can_be_typed_next(completion: Completion, line: str, offers: list[str]) -> None:
    """Commands, names of values and values are offered where they can stand."""
    assert await completed(completion, line) == offers


async def test_offers_are_in_the_speakers_language(completion: Completion, session: Session) -> None:
    """After /lang en the commands are offered in English."""
    session.languages[session.speaker] = "en"
    assert await completed(completion, "/task") == ["/task list", "/task claim"]


class Person:
    """Somebody at a terminal of 100 columns."""

    def __init__(self, *arguments: str, **environ: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        surroundings = {**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", **environ}
        if "NO_COLOR" not in environ:
            surroundings.pop("NO_COLOR", None)
        self.program = subprocess.Popen(
            [*PROGRAM, *arguments], cwd=ROOT, env=surroundings, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.seen = ""
        self._from = 0

    def types(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def sees(self, text: str, *, within_seconds: float = 20) -> bool:
        """Whether a text appears, after the one that was seen before; escape codes left out."""
        until = time.monotonic() + within_seconds
        while (at := _ESCAPES.sub("", self.seen).find(text, self._from)) < 0:
            if not select.select([self._ours], [], [], max(0, until - time.monotonic()))[0]:
                return False
            try:
                self.seen += os.read(self._ours, 65536).decode(errors="replace")
            except OSError:  # the program has ended
                return False
        self._from = at + len(text)
        return True

    def leaves(self) -> None:
        if self.program.poll() is None:
            self.program.kill()
            self.program.wait()
        os.close(self._ours)


@pytest.fixture
def sits_down() -> Iterator[Callable[..., Person]]:
    people: list[Person] = []

    def start(*arguments: str, **environ: str) -> Person:
        people.append(Person(*arguments, **environ))
        return people[-1]

    yield start
    for person in people:
        person.leaves()


def test_a_person_has_a_prompt(sits_down: Callable[..., Person]) -> None:
    """A person is welcomed, completes a command with Tab, reads the answer in colour, and leaves with Ctrl-D."""
    person = sits_down()
    assert person.sees("met /in #announcements in een kamer")
    assert person.sees("vrijwilliger>")
    person.types("/taak l")
    assert person.sees("Doe taak lijst")
    person.types("\t\r")
    assert person.sees("[1] Taak 12  /taak oppakken 12")
    assert "\x1b[4mhttps://example.org/petitie\x1b[24m" in person.seen
    person.types("/as sjoera\r/in organisers\r")
    assert person.sees("sjoera #organisers>")
    person.types("\x04")
    assert person.program.wait(timeout=20) == 0


def test_no_color_is_respected(sits_down: Callable[..., Person]) -> None:
    """With NO_COLOR the answer has no escape codes in it."""
    person = sits_down(NO_COLOR="1")
    assert person.sees("vrijwilliger>")
    person.types("/taak lijst\r")
    assert person.sees("Er zijn 2 taken")
    assert person.sees("[1] Taak 12  /taak oppakken 12")
    assert not re.search(r"\x1b\[(?:4|36)m", person.seen)


def test_several_pasted_lines_are_several_commands(sits_down: Callable[..., Person]) -> None:
    """What is pasted is heard line by line."""
    person = sits_down()
    assert person.sees("vrijwilliger>")
    person.types("\x1b[200~een\ntwee\x1b[201~\r")
    assert person.sees("Je vroeg: een")
    assert person.sees("Je vroeg: twee")


def test_control_c_clears_the_line_and_then_leaves(sits_down: Callable[..., Person]) -> None:
    """Ctrl-C first takes away what was typed; on an empty line it ends the terminal."""
    person = sits_down()
    assert person.sees("vrijwilliger>")
    person.types("half werk")
    assert person.sees("half werk")
    person.types("\x03")
    assert person.sees("vrijwilliger>")
    person.types("hoi\r")
    assert person.sees("Je vroeg: hoi")
    assert person.sees("vrijwilliger>")
    person.types("\x03")
    assert person.program.wait(timeout=20) == 0


def test_a_prompt_that_is_stopped_leaves_the_terminal_as_it_was(sits_down: Callable[..., Person]) -> None:
    """When the program is stopped the terminal echoes and reads lines again."""
    person = sits_down()
    before = termios.tcgetattr(person._ours)[3]
    assert person.sees("vrijwilliger>")
    assert not termios.tcgetattr(person._ours)[3] & termios.ECHO
    person.program.send_signal(signal.SIGTERM)
    person.sees("nothing of this kind", within_seconds=1)
    assert person.program.wait(timeout=20) == 0
    assert termios.tcgetattr(person._ours)[3] == before


def test_json_for_a_person(sits_down: Callable[..., Person]) -> None:
    """With --json a person gets the prompt and lines of JSON."""
    person = sits_down("--json")
    assert person.sees("vrijwilliger>")
    person.types("hoi\r")
    assert person.sees('"text": "Je vroeg: hoi"')
