"""The terminal as a program: lines in through a pipe, lines of JSON out."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from bot.core.invocation import Address
from bot.core.platform import Platform
from bot.core.reply import Button, For, Phrase, Reply
from tests.platforms import small_bot

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "tests.platforms.small_bot"]
CONTRACT = [
    "to", "private", "text", "fields", "progress", "picture", "file", "links", "buttons", "kind", "key",
]  # fmt: skip


def finish(*lines: str | bytes, arguments: tuple[str, ...] = ("--json",)) -> subprocess.CompletedProcess[bytes]:
    typed = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=ROOT, input=typed, capture_output=True, timeout=60, check=False
    )  # fmt: skip


def talk(*lines: str | bytes, arguments: tuple[str, ...] = ("--json",)) -> list[dict[str, Any]]:
    """What is said to some lines; there are no other lines, and the program ends well."""
    done = finish(*lines, arguments=arguments)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.decode().split("\n") if line]


def test_every_line_is_as_the_contract_has_it() -> None:
    """A line of JSON holds exactly the contract's names, and everything that the reply holds."""
    (said,) = talk("/taak lijst")
    assert list(said) == CONTRACT
    assert said == {
        "to": "vrijwilliger",
        "private": True,
        "text": "Er zijn 2 taken:\n\n• een\n• twee\n\n"
        "Zie de petitie (https://example.org/petitie) of https://example.org/.",
        "fields": [{"name": "Uiterlijk", "value": "Uiterlijk"}],
        "progress": {"value": 45123, "of": 50000},
        "picture": None,
        "file": None,
        "links": [{"label": "Teken", "url": "https://example.org/petitie"}],
        "buttons": [{"label": "Taak 12", "command": "/taak oppakken 12"}],
        "kind": "reply",
        "key": None,
    }


def test_a_plain_line_in_the_private_talk_is_a_question() -> None:
    """What has no slash is a question, and an empty line is nothing."""
    said = talk("", "   ", "Kan ik mijn adres houden?", "/")
    assert [one["text"] for one in said] == ["Je vroeg: Kan ik mijn adres houden?", "Fout: command.nothing_like"]


def test_a_plain_line_in_a_room_gets_a_hint() -> None:
    """In a room a plain line is answered with how to ask, to the speaker alone."""
    said, *_ = talk("/in announcements", "hoi allemaal")
    assert (said["to"], said["private"], said["kind"]) == ("vrijwilliger", True, "error")
    assert "/vraag" in said["text"]


def test_somebody_else_speaks_somewhere_else() -> None:
    """/as, /in and /lang say nothing; the next command has another speaker, room and language."""
    said, back, guest = talk(
        "/as Sjoera", "/in #Announcements", "/lang EN", "/taak oppakken 12", "/in privé", "/taak oppakken 12",
        "/as gast", "/taak oppakken 12",
    )  # fmt: skip
    assert (said["to"], said["private"]) == ("#announcements", False)
    assert said["text"] == "Task 12 is yours. terminal:sjoera terminal:#announcements False [member] en None"
    assert (back["to"], back["private"]) == ("sjoera", True)
    assert guest["text"] == "Taak 12 is van jou. terminal:gast terminal:gast True [] None None"


def test_an_answer_for_the_asker_alone_is_not_said_to_the_room() -> None:
    """A private answer to a command in a room goes to the one who asked."""
    (said,) = talk("/in announcements", "/vraag hoe laat")
    assert (said["to"], said["private"]) == ("vrijwilliger", True)


@pytest.mark.parametrize(
    "line",
    ["/as", "/as twee woorden", "/as " + "a" * 41, "/as <b>", "/as #kamer", "/in nergens", "/lang de", "/lang",
     "/clock +3h", "/press", "/press 1", "/press een", "/press 99999999999999999999", "/press ²"],
)  # fmt: skip
def test_a_mistake_gets_one_error(line: str) -> None:
    """What cannot be done is one error that says what can, and changes nothing."""
    said, after = talk(line, "/taak oppakken 12")
    assert said["kind"] == "error"
    assert "terminal:vrijwilliger terminal:vrijwilliger True" in after["text"]


def test_an_unknown_room_lists_the_rooms() -> None:
    """Whoever goes to a room that is not there reads which are."""
    (said,) = talk("/in nergens")
    assert "#announcements en #organisers" in said["text"]


def test_the_clock_goes_to_the_app() -> None:
    """/clock hands over what was typed and says what comes back."""
    (said,) = talk("/clock +3h", arguments=("--json", "--at"))
    assert (said["text"], said["private"]) == ("Het is nu later: +3h", True)


def test_a_button_is_pressed_by_its_number() -> None:
    """/press runs the button's command with its values; an own button carries its token, owner and time."""
    asked, claimed = talk("kies", "/press 2")
    assert asked["buttons"][1]["command"] == '/taak oppakken 13 note:"twee woorden"'
    assert claimed["text"].endswith(f"None 1 terminal:vrijwilliger {small_bot.UNTIL} twee woorden")


def test_the_typed_form_does_what_the_button_does() -> None:
    """The command that stands beside a button may be typed instead."""
    asked = talk("kies")[0]["buttons"][1]["command"]
    (claimed,) = talk(asked)
    assert claimed["text"].startswith("Taak 13 is van jou.")
    assert claimed["text"].endswith("twee woorden")


def test_a_button_for_anyone_is_nobodys_own() -> None:
    """Somebody else in the room presses an open button there, without a token."""
    _, claimed = talk("/in announcements", "/taak lijst", "/as bram", "/press 1")
    assert claimed["text"].endswith("terminal:bram terminal:#announcements False [member] None None")


def test_a_number_presses_only_as_the_next_message() -> None:
    """In the private talk a bare number presses a button of the reply just before; later it is a question."""
    said = talk("kies", "1", "1")
    assert said[1]["text"].startswith("Taak 12 is van jou.")
    assert said[2]["text"] == "Je vroeg: 1"
    between = talk("kies", "iets anders", "1")
    assert between[2]["text"] == "Je vroeg: 1"
    wrong = talk("kies", "3")
    assert "2 knoppen" in wrong[1]["text"]


def test_buttons_belong_to_a_place() -> None:
    """Another speaker, in another private talk, has no buttons to press."""
    said = talk("kies", "/as bram", "/press 1")
    assert said[1]["kind"] == "error"
    assert said[1]["to"] == "bram"


def test_only_what_writes_is_said() -> None:
    """`said` follows the answer to a command that writes, typed or pressed, and no other."""
    done = finish("/taak lijst", "/Taak Oppakken 12", "kies", "/press 1", "/hulp.", "/onzin")
    ids = [line.rpartition(":")[2] for line in done.stderr.decode().splitlines()]
    assert ids == ["2", "4"]


def test_ids_are_never_used_again() -> None:
    """Two runs give their calls different ids."""
    runs = [finish("/taak oppakken 12").stderr for _ in range(2)]
    assert runs[0] != runs[1]
    assert all(run.startswith(b"said terminal:") for run in runs)


def test_quit_leaves_the_rest_unread() -> None:
    """/quit ends the terminal; what follows is not a command any more."""
    assert talk("/quit", "/taak lijst") == []


def test_a_last_line_needs_no_end() -> None:
    """Input that ends within a line is read whole."""
    done = subprocess.run([*PROGRAM, "--json"], cwd=ROOT, input=b"hoi", capture_output=True, timeout=60, check=True)
    assert json.loads(done.stdout)["text"] == "Je vroeg: hoi"


def test_an_answer_comes_before_the_next_line() -> None:
    """Whoever writes a line and waits gets the answer while the input stays open."""
    with subprocess.Popen(PROGRAM, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin
        assert running.stdout
        for word in ("een", "twee"):
            running.stdin.write(word.encode() + b"\n")
            running.stdin.flush()
            lines = [running.stdout.readline() for _ in range(3)]
            assert lines == ["→ vrijwilliger\n".encode(), f"Je vroeg: {word}\n".encode(), b"\n"]
        running.stdin.close()
        assert running.wait(timeout=20) == 0


@pytest.mark.parametrize("source", ["/dev/null", "file"])
def test_input_may_be_a_file(source: str, tmp_path: pathlib.Path) -> None:
    """A file and /dev/null are read to their end."""
    path = tmp_path / "lines"
    path.write_text("een\ntwee")
    with (path if source == "file" else pathlib.Path(source)).open("rb") as lines:
        done = subprocess.run([*PROGRAM, "--json"], cwd=ROOT, stdin=lines, capture_output=True, timeout=60, check=True)
    assert done.stdout.count(b"\n") == (2 if source == "file" else 0)


def test_input_and_output_may_be_closed() -> None:
    """Without standard input there is nothing to hear; without standard output the terminal ends at the first word."""
    shell = [f"{sys.executable} -m tests.platforms.small_bot --json"]
    assert subprocess.run(["sh", "-c", f"{shell[0]} <&-"], cwd=ROOT, timeout=60, check=False).returncode == 0
    closed = subprocess.run(["sh", "-c", f"echo hoi | {shell[0]} >&-"], cwd=ROOT, timeout=60, check=False)
    assert closed.returncode == 3


def test_a_broken_pipe_ends_the_terminal() -> None:
    """When nobody reads any more the program ends, without a traceback."""
    with subprocess.Popen(
        [*PROGRAM, "--json"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdin
        assert running.stdout
        assert running.stderr
        running.stdin.write(b"een\n")
        running.stdin.flush()
        running.stdout.readline()
        running.stdout.close()
        running.stdin.write(b"twee\n")
        running.stdin.flush()
        assert running.wait(timeout=20) == 3
        assert running.stderr.read() == b""


def test_a_deaf_terminal_takes_no_input() -> None:
    """Beside another platform and without a TTY nothing is read, and the terminal stays until it is stopped."""
    with subprocess.Popen(
        [*PROGRAM, "--json", "--deaf"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:  # fmt: skip
        assert running.stdin
        assert running.stdout
        running.stdin.write(b"hoi\n")
        running.stdin.close()
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(timeout=1.5)
        running.send_signal(signal.SIGTERM)
        assert running.stdout.read() == b""


@pytest.mark.parametrize(
    "line",
    [
        b"/vraag " + b"x" * 100_000,
        b"a" * 100_000,
        b"a" * 3_000_000,
        b"\xff\xfe\x00 kapot \xc3",
        "\u202e/taak lijst\u2066".encode(),
        "\u200f\u200ehoi".encode(),
        b"\x1b[31mrood\x1b]8;;http://x\x07\x00\x9b",
        "een\u2028twee\x85drie\x0b\x0c".encode(),
        b"/as \xff",
        b'/taak oppakken "',
    ],
    ids=lambda line: repr(line[:20]),
)
def test_no_line_breaks_the_conversation(line: bytes) -> None:
    """Whatever is typed gets one line of JSON without control characters, and the next line is heard."""
    done = finish(line, "hoi")
    assert done.returncode == 0, done.stderr.decode()
    printed = done.stdout.decode()
    assert not set("\x1b\x00\x07\x9b\x85\u2028\u202e\u200f\u2066") & set(printed)
    assert len(printed.splitlines()) == 2
    assert json.loads(printed.splitlines()[1])["text"] == "Je vroeg: hoi"


def test_a_slow_reader_gets_everything() -> None:
    """Output that does not fit in the pipe waits for its reader and arrives whole."""
    with subprocess.Popen(
        [*PROGRAM, "--json"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:  # fmt: skip
        assert running.stdin
        assert running.stdout
        running.stdin.write(b"/taak lijst\n" * 1000)
        running.stdin.close()
        time.sleep(1.5)
        lines = running.stdout.read().splitlines()
    assert len(lines) == 1000
    assert len(set(lines)) == 1


def test_for_people_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --json the same stands there to be read, in the same order and without escape codes."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")  # the terminal writes UTF-8 whatever Python would choose
    done = finish("/taak lijst", arguments=())
    assert done.stdout.decode() == (
        "→ vrijwilliger\nEr zijn 2 taken:\n\n• een\n• twee\n\n"
        "Zie de petitie (https://example.org/petitie) of https://example.org/.\n"
        "  Uiterlijk: Uiterlijk\n  █████████████████████░░░ 45.123 / 50.000\n  Teken: https://example.org/petitie\n"
        "  [1] Taak 12  /taak oppakken 12\n\n"
    )


async def test_what_is_sent_is_printed_with_its_key(capfd: pytest.CaptureFixture[str]) -> None:
    """A message of the outbox is printed whoever speaks; a change of it again, as such; taken away, it is said so."""
    terminal: Platform = small_bot.terminal()
    (payload,) = terminal.render(Reply(Phrase("t.choose")), language="nl", zone="Europe/Amsterdam")
    kept = json.loads(json.dumps(payload))  # as from the outbox
    to = Address("terminal", "#announcements")
    ref = await terminal.send(to, kept, key="k1")
    await terminal.send(to, kept, key="k2", edits=ref)
    await terminal.delete(to, ref)
    first, second, third = map(json.loads, capfd.readouterr().out.splitlines())
    assert (first["to"], first["private"], first["key"], list(first)) == ("#announcements", False, "k1", CONTRACT)
    assert (second["key"], second["edits"]) == ("k2", True)
    assert (third["kind"], third["key"]) == ("notice", "k1")


async def test_a_changed_message_for_people_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    """A person sees that a message is an older one, changed."""
    terminal = small_bot.terminal(json=False)
    (payload,) = terminal.render(Reply(Phrase("t.choose")), language="nl", zone="Europe/Amsterdam")
    await terminal.send(Address("terminal", "bram"), payload, key="k2", edits="k1")
    assert capfd.readouterr().out == "→ bram · gewijzigd\nKies er een.\n\n"


async def test_buttons_of_the_outbox_can_be_pressed(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A button beneath a message that nobody asked for is pressed in the place where the message stands."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as keyboard, os.fdopen(writing, "w") as typist:
        monkeypatch.setattr(sys, "__stdin__", keyboard)
        terminal = small_bot.terminal()
        button = Button(Phrase("t.task", {"n": "12"}), "task.claim", {"task": "12"}, whose=For.ADDRESSED)
        reply = Reply(Phrase("t.choose"), buttons=(button,))
        (payload,) = terminal.render(reply, language="nl", zone="Europe/Amsterdam")
        await terminal.send(Address("terminal", "vrijwilliger"), payload, key="k1")
        typist.write("/in announcements\n/press 1\n")
        typist.close()
        await terminal.run(small_bot.SmallDispatcher(small_bot.catalogue()))
    said = json.loads(capfd.readouterr().out.splitlines()[1])
    assert said["text"].endswith("terminal:vrijwilliger terminal:vrijwilliger True [member] None None")
