"""The command line as a program: what it prints, where, and how it ends."""

import json
import os
import sqlite3

from bot import __version__
from tests.small_campaign import AT, CONFIG, FAQ, KEY, SmallCampaign, small

__all__ = ["small"]

CONTRACT = [
    "to", "private", "text", "fields", "progress", "picture", "file", "links", "buttons", "kind", "key",
]  # fmt: skip


def test_a_pipe(small: SmallCampaign) -> None:
    """A question, a command, an announcement and a day are played from a pipe; all is said before it ends well."""
    done = small.play(
        "Kan ik mijn mailadres houden?", "/hulp", "/as sjoera", '/bericht nieuw "Tien uur op de Dam"', "/press 1",
        '/bericht nieuw tekst:"Morgen weer" om:"2019-01-28T10:00"', "/press 1", "/clock +1d",
        '/bericht nieuw "Tot slot"', "/press 1",
    )  # fmt: skip
    assert done.code == 0, done.err
    said = done.said
    assert all(list(one) == CONTRACT for one in said)
    assert [(one["to"], one["kind"]) for one in said if one["to"] != "#announcements"] == [
        ("vrijwilliger", "reply"), ("vrijwilliger", "reply"), ("sjoera", "preview"), ("sjoera", "reply"),
        ("sjoera", "preview"), ("sjoera", "reply"), ("sjoera", "notice"), ("sjoera", "preview"), ("sjoera", "reply"),
    ]  # fmt: skip
    room = [one for one in said if one["to"] == "#announcements"]
    assert [one["text"] for one in room] == ["Tien uur op de Dam", "Morgen weer", "Tot slot"]
    assert all(one["key"] and not one["private"] and one["kind"] == "announcement" for one in room)
    assert said.index(room[1]) < next(n for n, one in enumerate(said) if one["kind"] == "notice")


def test_ask(small: SmallCampaign) -> None:
    """One question is answered in words or as the contract's object, by the moment and in the language given."""
    words, before, after = small.do_all(
        "faq ask 'kan ik mijn mailadres houden'",
        "faq ask 'Moet ik nu al opzeggen?' --json --lang en --at 2019-11-10",
        "faq ask 'Moet ik nu al opzeggen?' --json --at 2019-11-12",
    )
    assert words.out.startswith("Ja, zolang je klant bent.\n")
    found = json.loads(before.out)
    assert list(found) == ["outcome", "entry", "text", "sources", "caution", "choices"]
    assert (found["outcome"], found["entry"], found["caution"]) == ("answer", "cancel-early", False)
    assert found["text"].startswith("No, wait a little.")
    assert found["sources"] == [
        {"title": "Opzeggen", "url": "https://example.org/opzeggen", "date": "2019-01-27", "party": "committee"}
    ]
    assert all(list(choice) == ["entry", "question"] for choice in found["choices"])
    found = json.loads(after.out)
    assert (found["entry"], "Freedom Internet." in found["text"]) == ("other-provider", True)
    blocked = small.among(XDG_CACHE_HOME=os.fspath(small.write("blocked", "no folder: nothing can be cached")))
    unknown = blocked.do("faq", "ask", "Hoe laat gaat de trein?", "--json")
    found = json.loads(unknown.out)
    assert (found["outcome"], found["entry"], found["sources"], unknown.err) == ("unknown", None, [], "")
    assert not (small.folder / "data").exists(), "asking makes no database"


def test_measure(small: SmallCampaign) -> None:
    """A set of questions is measured as one object; an expired answer counts where no moment is given."""
    small.write(
        "set.yaml",
        "- {q: Kan ik mijn mailadres houden?, expect: keep-mail}\n"
        "- {q: Moet ik nu al opzeggen?, expect: cancel-early}\n"
        "- {q: Hoe laat gaat de trein?, expect: null}\n",
    )
    score = json.loads(small.do("faq", "eval", "set.yaml", "--json").out)
    assert list(score) == [
        "in_scope", "answered_right", "offered_right", "answered_wrong", "not_known", "out_of_scope",
        "false_answers", "median_ms", "p99_ms",
    ]  # fmt: skip
    assert [score[name] for name in ("in_scope", "answered_right", "out_of_scope", "false_answers")] == [2, 2, 1, 0]
    small.write("set.yaml", "- {q: [\n")
    done = small.do("faq", "eval", "set.yaml")
    assert (done.code, "set.yaml" in done.line) == (2, True)


def test_check(small: SmallCampaign) -> None:
    """Every mistake in every file is a line with its file and number; without mistakes it ends well."""
    fine = small.do("check")
    assert (fine.code, fine.out, fine.err) == (0, "Geen fouten gevonden.\n", "")
    small.write("config.yaml", CONFIG + "limitz: {}\n")
    small.write("faq.yaml", FAQ.replace("superseded_by: other", "superseded_by: no").replace("party: com", "partij: c"))
    wrong = small.do("check")
    assert wrong.code == 2
    lines = wrong.out.splitlines()
    assert lines[0].startswith("config.yaml:10: limitz: ")
    assert [line.split(": ")[0] for line in lines if line.startswith("faq.yaml:")].count("faq.yaml:17") == 1
    assert sum("partij" in line for line in lines) == 4
    assert wrong.line == f"{len(lines)} fouten gevonden. De bot start niet zolang die er zijn."


MISUSE = {
    "run --frobnicate": "--frobnicate",
    "rum": "rum",
    "run --at 2019-02-31": "2019-02-31",
    "run --config nope.yaml": "nope.yaml",
    "run --only irc": "irc",
}


def test_misuse(small: SmallCampaign) -> None:
    """What was typed wrong is named in one line on standard error, and the program ends with 2."""
    for done, named in zip(small.do_all(*MISUSE), MISUSE.values(), strict=True):
        assert done.code == 2
        assert named in done.line


def test_version(small: SmallCampaign) -> None:
    """The version is one line."""
    done = small.do("--version")
    assert (done.code, done.out, done.err) == (0, f"actiebot {__version__}\n", "")


def test_live_or_played(small: SmallCampaign) -> None:
    """A database stays what it was at its first start, and a played clock never runs back."""
    assert small.play("/clock +1d").code == 0
    live = small.do("run")
    assert (live.code, "data/bot.db" in live.line) == (2, True)
    again = small.do("run", "--at", AT, "--json", typed="/clock +1d\n")
    assert "maandag 28 januari 2019 12:00" in again.err
    assert "dinsdag 29 januari 2019 12:00" in again.said[0]["text"]
    small.write("config.yaml", CONFIG.replace("bot.db", "live.db"))
    assert small.do("run", typed="/hulp\n").code == 0
    played = small.do("run", "--at", AT)
    assert (played.code, "data/live.db" in played.line) == (2, True)


ODD = [
    "x" * 100_000,
    "/bericht nieuw " + "x" * 100_000,
    "hoi \x00\x07\x1b[31m rood\x1b[0m \x9b31m",
    "\u202ekan ik mijn mailadres houden?\u2066",
    '/bericht nieuw "geen einde',
    "/vraag «‘“”",
    "👩‍👩‍👧‍👦🏳️‍🌈 mailadres houden? 🎉",
    "/👍",
    "/clock +99999w",
    "/press 99999999999999999999",
    "/mijn taal xx",
]


def test_odd_lines(small: SmallCampaign) -> None:
    """Whatever is typed gets one answer or one clear error, and the next line is heard."""
    typed = "\n".join(["/as sjoera", *ODD]).encode() + b"\n\xff\xfe\xc3\nkan ik mijn mailadres houden?"
    done = small.do("run", "--at", AT, "--json", typed=typed)
    assert done.code == 0, done.err
    assert len(done.said) == len(ODD) + 2
    assert not [one for one in done.said if "code" in one["text"].casefold() and one["kind"] == "error"]
    assert done.said[-1]["text"].startswith("Ja, zolang je klant bent.")
    assert not {chr(code) for code in (*range(10), *range(11, 32), 0x9B)} & set(done.out)


def test_nobody_reads(small: SmallCampaign) -> None:
    """When what is printed cannot be read by anybody any more, the program ends with an error and no fuss."""
    for command in (("faq", "ask", "mailadres houden"), ("run", "--at", AT)):
        reader, writer = os.pipe()
        os.close(reader)
        done = small.do(*command, typed="/hulp\n" * 3, capture_output=False, stdout=writer, stderr=-1)
        os.close(writer)
        assert (done.code, done.err) == (1, "")
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = small.do("faq", "ask", "mailadres houden", capture_output=False, stdout=full, stderr=-1)
    assert (done.code, "space" in done.line) == (1, True)


SECRETS = {"MATRIX_ACCESS_TOKEN": "syt_kanarie_1", "MATRIX_STORE_KEY": "kanarie'\\2", "DISCORD_TOKEN": "kanarie-drie"}
LATER = """\
  matrix: {homeserver: "https://matrix.example.org", user_id: "@actiebot:example.org",
    access_token: "${MATRIX_ACCESS_TOKEN}", store: data/matrix, store_key: "${MATRIX_STORE_KEY}", prefix: "!",
    invites_from: ["*:example.org"]}
  discord: {token: "${DISCORD_TOKEN}", guilds: [123456789012345678]}
"""


def test_secrets(small: SmallCampaign) -> None:
    """No secret of the configuration is ever printed: by check, by a run at DEBUG, or when a command fails."""
    small = small.among(**SECRETS, **KEY)
    on = CONFIG.replace("  terminal: {}\n", "  terminal: {}\n" + LATER) + "log: {level: DEBUG}\n"
    small.write("config.yaml", on + "limitz: {}\n")
    seen = small.do_all("check", "run")
    small.write("config.yaml", on)
    seen += small.do_all("check", f"run --at {AT}", "backup b")
    assert [done.code for done in seen] == [2, 2, 0, 2, 2]
    with small.running("--at", AT, "--only", "terminal") as bot:
        _break(small, " ".join([*SECRETS.values(), *KEY.values()]).replace("'", "''"))
        heard = bot.ask("/as sjoera", "/bericht nieuw Hoi")
        assert "code" in heard
        ended = bot.end(15)
    assert "a call failed" in ended.err
    assert "***" in ended.err
    everything = heard + ended.err + "".join(done.out + done.err for done in seen)
    assert "kanarie" not in everything
    assert KEY["ACTIEBOT_BACKUP_KEY"] not in everything


def _break(small: SmallCampaign, words: str) -> None:
    """Let the database fail on every command that writes, with these words in its error."""
    with sqlite3.connect(small.folder / "data/bot.db") as link:
        link.execute(f"CREATE TRIGGER broken BEFORE INSERT ON handled BEGIN SELECT raise(ABORT, '{words}'); END")
    link.close()


def test_a_password_in_the_address(small: SmallCampaign) -> None:
    """A server that does not answer is one line, without its password, and worth another try."""
    small = small.among(URL="postgresql://bot:kan%C3%A1rie@127.0.0.1:9/bot")
    small.write("config.yaml", CONFIG.replace("sqlite:///data/bot.db", "${URL}"))
    done = small.do("run", "--at", AT)
    assert (done.code, "127.0.0.1" in done.line, "rie@" in done.line) == (75, True, False)
