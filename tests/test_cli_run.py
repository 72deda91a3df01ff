"""The running bot as a program: one at a time, stopped and killed, reloaded, backed up and restored, on bad ground."""

import json
import shutil
import socket
import sqlite3
import subprocess

import pytest

from tests.small_campaign import AT, CONFIG, FAQ, HUP, KEY, KILL, TERM, SmallCampaign, small

__all__ = ["small"]

MAIL = "Kan ik mijn mailadres houden?"
STOP = "/antwoord stoppen keep-mail Er is nieuws van KPN."


def is_withdrawn(text: str) -> bool:
    return "nieuws van KPN" in text


def test_one_at_a_time(small: SmallCampaign) -> None:
    """A second bot ends with 2 and says where the first one runs.

    After a kill the bot starts again at once, and an answer that was stopped stays so, also for `faq ask`.
    """
    with small.running("--at", AT) as bot:
        second = small.do("run", "--at", AT)
        assert second.code == 2
        assert socket.gethostname() in second.line
        assert str(bot.process.pid) in second.line
        assert bot.ask(MAIL).startswith("Ja, zolang")
        assert "ingetrokken" in bot.ask("/as sjoera", STOP)
        assert is_withdrawn(bot.ask(MAIL))
        assert bot.end(KILL).code == -KILL
    again = small.play(MAIL)
    assert (again.code, is_withdrawn(again.said[-1]["text"])) == (0, True)
    assert is_withdrawn(small.do("faq", "ask", MAIL).out)


def test_the_database_is_lost_to_another(small: SmallCampaign) -> None:
    """A bot whose lock somebody removed stops by itself, with 75 and one line, once another bot has taken over."""
    with small.running("--at", AT) as bot:
        (small.folder / "data/bot.db.lock").unlink()
        with small.running("--at", AT) as other:
            done = bot.end()
            assert done.code == 75
            assert [line for line in done.err.splitlines() if "data/bot.db" in line] == [done.err.splitlines()[-1]]
            assert other.ask(MAIL).startswith("Ja, zolang")
            assert other.end(TERM).code == 0


def test_reload(small: SmallCampaign) -> None:
    """A running bot takes edited files over; with a mistake in them it keeps the old ones and tells its organisers."""
    assert "draait nu niet" in small.do("reload").out
    with small.running("--at", AT) as bot:
        for text in ("Zeker wel.", "Jazeker."):
            small.write("faq.yaml", FAQ.replace("Ja, zolang je klant bent.", text))
            done = small.do("reload")
            assert (done.code, done.out) == (0, "De bot heeft de bestanden overgenomen: 4 antwoorden.\n"), done.err
            assert "overgenomen: 4" in bot.hear("#organisers")["text"]
            assert bot.ask(MAIL).startswith(text)
        small.write("faq.yaml", FAQ.replace("superseded_by: other", "superseded_by: no"))
        done = small.do("reload")
        assert (done.code, done.line.split(" ")[0]) == (2, "faq.yaml:17:")
        told = bot.hear("#organisers")["text"]
        assert "niet overgenomen" in told
        assert "faq.yaml:17" in told
        assert bot.ask(MAIL).startswith("Jazeker.")
        small.write("faq.yaml", FAQ)
        bot.process.send_signal(HUP)
        assert "overgenomen: 4" in bot.hear("#organisers")["text"]
        assert bot.end(TERM).code == 0


def test_backup_and_restore(small: SmallCampaign) -> None:
    """A backup beside the running bot goes into an empty place; the bot there says nothing by itself until `resume`."""
    keyed = small.among(**KEY)
    with small.running("--at", AT) as bot:
        bot.ask("/as sjoera", STOP)
        bot.type('/bericht nieuw tekst:"Morgen weer" om:"2019-01-28T10:00"', "/press 1")
        assert [bot.hear()["kind"] for _ in range(2)] == ["preview", "reply"]
        busy, kept = keyed.do_all("resume", "backup b1")
        assert (busy.code, str(bot.process.pid) in busy.line) == (2, True)
        assert kept.code == 0
        assert bot.end(TERM).code == 0
    assert _refusals(small, keyed) == [2] * 5
    small.write("config.yaml", CONFIG.replace("data/bot.db", "new/bot.db"))
    assert keyed.do("restore", "b1", "--check").code == 0
    assert not (small.folder / "new").exists()
    assert "zwijgt" in keyed.do("restore", "b1").out
    muted = small.play("/clock +2d", MAIL)
    assert "actiebot resume" in muted.err
    assert [one["to"] for one in muted.said] == ["vrijwilliger"] * 2
    assert is_withdrawn(muted.said[-1]["text"])
    resumed = small.do("resume", typed="y\n")
    assert (resumed.code, "Alsnog gezegd wordt: 1." in resumed.out) == (0, True), resumed
    assert [(one["to"], one["text"]) for one in small.play().said] == [("#announcements", "Morgen weer")]


def _refusals(small: SmallCampaign, keyed: SmallCampaign) -> list[int]:
    """Backups and restores that cannot be: each is one line, and the backup stays as it is."""
    whole = (small.folder / "b1").read_bytes()
    other = small.among(ACTIEBOT_BACKUP_KEY="tien-paarse-olifanten")
    done = [
        *small.do_all("backup b2", "restore b1"),
        *keyed.do_all("backup b1", "restore b1"),  # that file is there already; that database is not empty
        *other.do_all("restore b1 --check"),
    ]
    assert all(one.line.startswith("actiebot: ") for one in done)
    assert (small.folder / "b1").read_bytes() == whole
    assert not (small.folder / "b2").exists()
    return [one.code for one in done]


def test_broken_files(small: SmallCampaign) -> None:
    """A file that cannot be read is named with its line, and nothing starts."""
    (small.folder / "faq.yaml").write_text("- id: [\n", encoding="utf-8")
    done = small.do("run", "--at", AT)
    assert (done.code, done.line.startswith("faq.yaml:2: ")) == (2, True)
    (small.folder / "faq.yaml").unlink()
    done = small.do("faq", "ask", MAIL)
    assert (done.code, "faq.yaml" in done.line) == (2, True)
    small.write("config.yaml", "campaign: {name: 'x\n")
    done = small.do("run", "--at", AT)
    assert (done.code, done.line.startswith("config.yaml:")) == (2, True)
    assert not (small.folder / "data").exists()


def test_a_database_that_is_none(small: SmallCampaign) -> None:
    """Junk, and the database of a newer program, are left as they are, with one line and 2."""
    file = small.folder / "data/bot.db"
    file.parent.mkdir()
    file.write_bytes(b"geen database, wel belangrijk" * 400)
    done = small.do("run", "--at", AT)
    assert (done.code, "data/bot.db" in done.line) == (2, True)
    assert file.read_bytes() == b"geen database, wel belangrijk" * 400
    file.unlink()
    assert small.play("/as sjoera", STOP).code == 0
    with sqlite3.connect(file) as link:
        link.execute("INSERT INTO migration (number) VALUES (9999)")
    link.close()
    for done in small.do_all(f"run --at {AT}", f"faq ask '{MAIL}'"):
        assert (done.code, "nieuwere Actiebot" in done.line) == (2, True)
    with sqlite3.connect(file) as link:
        link.execute("DELETE FROM migration WHERE number = 9999")
    link.close()
    assert is_withdrawn(small.do("faq", "ask", MAIL).out)


@pytest.fixture
def mounts() -> tuple[str, ...]:
    """A command in front of another one, which may then mount what nobody else sees."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no `unshare` on this machine: nothing can be mounted")
    before = (unshare, "--mount", "--map-root-user", "sh", "-euc")
    tried = subprocess.run([*before, "mount -t tmpfs none /mnt"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"nothing can be mounted here: {tried.stderr.decode().strip()}")
    return before


def test_a_folder_that_is_read_only(small: SmallCampaign, mounts: tuple[str, ...]) -> None:
    """Where nothing can be written, it is one line and 2."""
    folder = small.folder / "data"
    folder.mkdir()
    mount = f'mount --bind "{folder}" "{folder}"; mount -o remount,bind,ro "{folder}"; exec "$0" "$@"'
    done = small.do("run", "--at", AT, before=(*mounts, mount))
    assert (done.code, "data/bot.db" in done.line) == (2, True)


FULL = """
data=$1; shift
cp "$data/bot.db" "$data/../kept.db"
mount -t tmpfs -o size=1m none "$data"
cp "$data/../kept.db" "$data/bot.db"
head -c 2000000 /dev/zero > "$data/fill" 2> "$data/../head" || true
code=0; "$@" < /dev/null || code=$?
echo "{\\"code\\": $code}"
rm "$data/fill"
exec "$@"
"""


def test_a_full_disk(small: SmallCampaign, mounts: tuple[str, ...]) -> None:
    """On a full disk the bot ends with 75 and one line; with room again it starts, and nothing is lost."""
    assert small.play("/as sjoera", STOP).code == 0
    data = str(small.folder / "data")
    done = small.do(
        "run", "--at", AT, "--json", before=(*mounts, FULL, "sh", data), typed=f"{MAIL}\n/as sjoera\n{STOP}\n"
    )
    full, answer, refused = (json.loads(line) for line in done.out.splitlines())
    assert (full["code"], done.code) == (75, 0)
    assert "vol" in done.err.splitlines()[0]
    assert is_withdrawn(answer["text"])
    assert (refused["kind"], "code" in refused["text"]) == ("error", False)
