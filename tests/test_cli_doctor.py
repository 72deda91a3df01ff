"""`actiebot doctor` as a program: the general findings, and that it only looks."""

import asyncio
import os
import pathlib
import re
import sqlite3
from collections.abc import Sequence

import pytest

from bot import doctor
from bot.config import load_config
from bot.core.finding import Finding
from bot.core.reply import Phrase
from tests.discord_server import DiscordServer, Home
from tests.postgresql import Cluster, cluster
from tests.small_campaign import CONFIG, FAQ, KEY, SECONDS, TERM, Done, SmallCampaign, small

__all__ = ["cluster", "small"]

CANARY = "kanarie-3f9a"


def lines(done: Done, mark: str) -> list[str]:
    """The findings with a mark."""
    return [line[2:] for line in done.out.splitlines() if line.startswith(mark)]


def files(small: SmallCampaign) -> dict[str, bytes]:
    found = (path for path in small.folder.rglob("*") if path.is_file() and "cache" not in path.parts)
    return {str(path.relative_to(small.folder)): path.read_bytes() for path in found}


def test_before_the_first_start(small: SmallCampaign) -> None:
    """Where nothing has run yet nothing is wrong, and looking makes nothing."""
    before = files(small)
    done = small.do("doctor")
    assert (done.code, done.err, lines(done, "✗")) == (0, "", [])
    assert "Er is nog geen database" in done.out
    assert "De bot draait nu niet" in done.out
    assert "Matrix staat uit" in done.out
    assert done.out.splitlines()[-1] == "Er is niets mis gevonden."
    assert files(small) == before


def test_a_stopped_bot(small: SmallCampaign) -> None:
    """Of a stopped bot it says how its database stands, live or played, and changes nothing of it."""
    small.do("run", typed="/hulp\n")
    before = files(small)
    done = small.do("doctor")
    assert (done.code, "data/bot.db (SQLite) werkt, met de echte klok" in done.out) == (0, True)
    assert files(small) == before
    small.write("config.yaml", CONFIG.replace("bot.db", "played.db"))
    small.play("/hulp")
    assert "data/played.db (SQLite) werkt, met een nagespeelde klok" in small.do("doctor").out


def test_beside_a_running_bot(small: SmallCampaign) -> None:
    """It says which process runs, in the campaign's language, and the bot goes on answering."""
    small.write("config.yaml", CONFIG.replace("language: nl", "language: en"))
    with small.running() as bot:
        done = small.do("doctor")
        assert (done.code, f"(process {bot.process.pid})" in done.out, done.err) == (0, True, "")
        assert bot.ask("/help")
        assert bot.end(TERM).code == 0
    assert done.out.splitlines()[-1] == "Nothing wrong was found."


def test_mistakes(small: SmallCampaign) -> None:
    """Every mistake in the files is a line; one in the configuration leaves the rest for later."""
    small.write("faq.yaml", FAQ.replace("superseded_by: other", "superseded_by: no"))
    done = small.do("doctor")
    assert (done.code, [line.split(": ")[0] for line in lines(done, "✗")]) == (1, ["faq.yaml:17"])
    assert "Er is nog geen database" in done.out
    small.write("config.yaml", CONFIG + "limitz: {}\n")
    done = small.do("doctor")
    assert (done.code, done.err) == (1, "")
    assert lines(done, "✗")[0].startswith("config.yaml:10: limitz: ")
    assert "database" not in done.out
    assert done.out.splitlines()[-1] == "2 dingen zijn niet goed: die met ✗."
    done = small.do("doctor", "--config", "nope.yaml")
    assert (done.code, "nope.yaml" in lines(done, "✗")[0]) == (1, True)


def test_databases_that_do_not_do(small: SmallCampaign) -> None:
    """A damaged, foreign, newer or unreachable database is one line that says what to do, and stays what it is."""
    small.do("run", typed="/hulp\n")
    data = small.folder / "data"
    (data / "damaged.db").write_text("geen database\n" * 1000)
    with sqlite3.connect(data / "foreign.db") as link:
        link.execute("CREATE TABLE recipe (name TEXT)")
    link.close()
    (data / "newer.db").write_bytes((data / "bot.db").read_bytes())
    with sqlite3.connect(data / "newer.db") as link:
        link.execute("INSERT INTO migration (number) VALUES (9999)")
    link.close()
    (data / "folder.db").mkdir()
    for name, told in (("damaged", "beschadigd"), ("foreign", "ander programma"), ("newer", "nieuwere Actiebot"),
                       ("folder", "mag ik niet schrijven")):  # fmt: skip
        small.write("config.yaml", CONFIG.replace("bot.db", f"{name}.db"))
        before = files(small)
        done = small.do("doctor")
        (line,) = lines(done, "✗")
        assert (done.code, told in line, f"{name}.db" in line) == (1, True, True)
        assert {file: bytes_ for file, bytes_ in files(small).items() if f"{name}.db" not in file} == {
            file: bytes_ for file, bytes_ in before.items() if f"{name}.db" not in file
        }
        if name != "folder":
            assert files(small)[f"data/{name}.db"] == before[f"data/{name}.db"]
    small.write("config.yaml", CONFIG.replace("sqlite:///data/bot.db", "postgresql://bot:${SECRET}@127.0.0.1:9/bot"))
    done = small.among(SECRET=CANARY).do("doctor")
    assert (done.code, "antwoordt niet" in lines(done, "✗")[0], CANARY in done.out + done.err) == (1, True, False)


def test_an_empty_and_an_older_database(small: SmallCampaign) -> None:
    """A database that the next start fills or brings up to date is no fault, and is left to it."""
    (small.folder / "data").mkdir(mode=0o700)
    (small.folder / "data/bot.db").touch(mode=0o600)
    done = small.do("doctor")
    assert (done.code, "is nog leeg" in done.out) == (0, True)
    (small.folder / "data/bot.db").unlink()
    small.do("run", typed="/hulp\n")
    with sqlite3.connect(small.folder / "data/bot.db") as link:
        link.execute("DELETE FROM migration WHERE number > 1")
        link.execute("DROP TABLE seen")
    link.close()
    done = small.do("doctor")
    assert (done.code, "De volgende start van de bot werkt hem bij" in done.out) == (0, True)
    with sqlite3.connect(small.folder / "data/bot.db") as link:
        assert link.execute("SELECT max(number) FROM migration").fetchone() == (1,)
    link.close()


def test_muted(small: SmallCampaign) -> None:
    """A restored bot is silent; `actiebot resume` makes it good."""
    small = small.among(**KEY)
    small.do("run", typed="/hulp\n")
    small.do("backup", "b.acb")
    (small.folder / "data/bot.db").rename(small.folder / "old.db")
    assert small.do("restore", "b.acb").code == 0
    done = small.do("doctor")
    assert (done.code, len(lines(done, "✗"))) == (1, 1)
    assert "actiebot resume" in done.out
    assert KEY["ACTIEBOT_BACKUP_KEY"] not in done.out
    assert small.do("resume").code == 0
    assert small.do("doctor").code == 0


async def test_postgresql(small: SmallCampaign, cluster: Cluster) -> None:
    """On PostgreSQL the same is found."""
    small.write("config.yaml", CONFIG.replace("sqlite:///data/bot.db", cluster.fresh()))
    assert "(PostgreSQL) is nog leeg" in small.do("doctor").out
    assert small.do("run", typed="/hulp\n").code == 0
    done = small.do("doctor")
    assert (done.code, "(PostgreSQL) werkt, met de echte klok" in done.out) == (0, True)


def test_little_room(small: SmallCampaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is nearly full is a fault."""
    usage = type("Usage", (), {"free": 100 * 1024**2})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    finding = doctor._disk(load_config(small.folder / "config.yaml", os.environ))
    assert (finding.good, finding.what.values["free"]) == (False, 100)


def on_discord(small: SmallCampaign, server: DiscordServer) -> Home:
    """Put Discord in the settings, with a server and a room in it."""
    home = server.guild("Actie")
    where = f"guilds: [{home.id}], api_url: '{server.api_url}', gateway_url: '{server.gateway_url}'"
    on = f"terminal: {{}}\n  discord: {{token: '${{TOKEN}}', {where}}}"
    room = f'announcements: ["discord:{home.channel("actie").id}"]'
    config = CONFIG.replace("terminal: {}", on).replace('announcements: ["terminal:#announcements"]', room)
    small.write("config.yaml", config)
    return home


async def test_discord(small: SmallCampaign) -> None:
    """Discord is looked at with the token of the settings, which is never shown; off is off."""
    assert "Discord staat uit" in small.do("doctor").out
    async with await DiscordServer.start(CANARY) as server:
        on_discord(small, server)
        done = await asyncio.to_thread(small.among(TOKEN=CANARY).do, "doctor")
        assert (done.code, done.err, lines(done, "✗")) == (0, "", [])
        assert "Discord: de bot is op de server Actie." in lines(done, "✓")
        assert "Discord kent de opdrachten van de bot nog niet." in lines(done, "–")
        wrong = await asyncio.to_thread(small.among(TOKEN=CANARY[::-1]).do, "doctor")
        assert (wrong.code, len(lines(wrong, "✗")), CANARY[::-1] in wrong.out) == (1, 1, False)
        assert CANARY not in done.out
        assert (server.violations, server.world.commands) == ([], {})


async def test_discord_beside_the_bot(small: SmallCampaign) -> None:
    """Beside a running bot it finds that this bot is at work, and that Discord has its commands."""
    async with await DiscordServer.start() as server:
        on_discord(small, server)
        small = small.among(TOKEN=server.token)
        with small.started("run", "--only", "discord") as process:
            async with asyncio.timeout(SECONDS):
                await server.gateway.ready()
            done = await asyncio.to_thread(small.do, "doctor")
            process.send_signal(TERM)
            await asyncio.to_thread(process.communicate, timeout=SECONDS)
        assert f"(proces {process.pid})" in done.out
        assert "Discord kent de opdrachten van de bot, en ze zijn bijgewerkt." in lines(done, "✓")


@pytest.mark.parametrize("nasty", ["a\nb", "a\x1b[31mb", "a\u202eb", "a\x85b", "a\u2028b"])
def test_what_others_wrote(nasty: str) -> None:
    """A finding stays one line of words, whatever stands in it."""
    findings: Sequence[Finding] = [Finding(False, Phrase("doctor.mistake", {"mistake": nasty}))]
    shown, _ = doctor.told(findings, None, "nl")
    assert re.fullmatch(r"✗ a (\[31m)?b", shown)


def test_no_secrets(small: SmallCampaign, tmp_path: pathlib.Path) -> None:
    """A secret of the configuration is blotted out wherever it turns up."""
    small.write("config.yaml", CONFIG.replace("sqlite:///data/bot.db", "postgresql://bot:${KEY}@127.0.0.1:9/bot"))
    config = load_config(tmp_path / "config.yaml", {"KEY": CANARY})
    findings = [Finding(False, Phrase("doctor.mistake", {"mistake": f"x {CANARY} y"}))]
    assert not any(CANARY in line for line in doctor.told(findings, config, "nl"))
