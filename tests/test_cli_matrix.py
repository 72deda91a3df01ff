"""The program on Matrix: who it is, how it ends, and how it comes back from a backup."""

import asyncio
import contextlib
import dataclasses
import pathlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Self

from bot.core.reply import Phrase, Reply
from bot.platforms.matrix.post import KEY as MARK
from bot.store import outbox
from bot.store.database import Database
from bot.store.message import Message
from tests.matrix_people import Person, wait
from tests.small_campaign import AT, CONFIG, KEY, KILL, TERM, SmallCampaign, small
from tests.synapse import Account, Synapse, synapse
from tests.talk import NOON

__all__ = ["small", "synapse"]

SECRET = "sleutel-van-de-kast"
PASSWORD = "wachtwoord-dat-niemand-ziet"


@dataclasses.dataclass(frozen=True)
class Campaign:
    """A campaign with a room on Matrix.

    Attributes:
        small: With the secrets in its environment.
    """

    synapse: Synapse
    small: SmallCampaign
    account: Account
    anna: Person
    room: str

    @classmethod
    async def new(cls, synapse: Synapse, small: SmallCampaign) -> Self:
        account = await synapse.register(synapse.unique("bot"), password=PASSWORD)
        anna = await Person.new(synapse, "anna")
        room = await anna.create_room(account.user_id)
        made = cls(synapse, small.among(MATRIX_PASSWORD=PASSWORD, MATRIX_STORE_KEY=SECRET, **KEY), account, anna, room)
        made.configure("password: ${MATRIX_PASSWORD}")
        return made

    def configure(self, login: str, *, database: str = "data/bot.db", store: str = "data/matrix") -> None:
        matrix = (
            f"  matrix: {{homeserver: {self.synapse.url!r}, user_id: {self.account.user_id!r}, store: {store}, "
            f"store_key: '${{MATRIX_STORE_KEY}}', {login.replace('${', chr(39) + '${').replace('}', '}' + chr(39))}, "
            f"invites_from: ['*:actie.test']}}\n"
        )
        text = CONFIG.replace("  terminal: {}\n", f"  terminal: {{}}\n{matrix}").replace("data/bot.db", database)
        self.small.write("config.yaml", text.replace("#announcements", '#announcements", "matrix:' + self.room, 1))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[subprocess.Popen[str]]:
        """The bot on Matrix alone, until it is in its room."""
        with _started(self.small, "run", "--only", "matrix") as process:
            await wait(lambda: self._is_there(process), seconds=30)
            yield process

    async def _is_there(self, process: subprocess.Popen[str]) -> bool:
        assert process.poll() is None, process.communicate()
        asked = await self.anna.says(self.room, "!hulp")
        with contextlib.suppress(AssertionError):
            await self.anna.hears(self.room, by=self.account.user_id, after=asked, seconds=2)
            return True
        return False

    async def end(self, process: subprocess.Popen[str], number: int) -> tuple[int, str]:
        process.send_signal(number)
        out, err = await asyncio.to_thread(process.communicate, timeout=30)
        for text in (PASSWORD, SECRET, self.anna.user_id, "Traceback"):
            assert text not in out + err
        return process.returncode, err


async def test_start_and_stop(synapse: Synapse, small: SmallCampaign) -> None:
    """It logs in once, answers, stops when it is told to, and goes on after a kill."""
    campaign = await Campaign.new(synapse, small)
    async with campaign.running() as process:
        assert (await campaign.end(process, TERM))[0] == 0
    devices = await _devices(campaign)
    async with campaign.running() as process:
        assert (await campaign.end(process, KILL))[0] == -KILL
    async with campaign.running() as process:
        assert (await campaign.end(process, TERM))[0] == 0
    assert await _devices(campaign) == devices
    assert (small.folder / "data/matrix/login").stat().st_mode & 0o777 == 0o600


async def _devices(campaign: Campaign) -> list[str]:
    answer = await campaign.synapse.admin("GET", f"/_synapse/admin/v2/users/{campaign.account.user_id}/devices")
    return sorted(
        device["device_id"] for device in answer["devices"] if device["device_id"] != campaign.account.device_id
    )


async def test_token_of_somebody_else(synapse: Synapse, small: SmallCampaign) -> None:
    """Matrix stays off with one clear line: alone the program ends with 2, beside another platform it goes on."""
    campaign = await Campaign.new(synapse, small)
    campaign.configure("access_token: ${MATRIX_ACCESS_TOKEN}")
    token = campaign.anna.account.token
    wrong = campaign.small.among(MATRIX_ACCESS_TOKEN=token)
    alone = await asyncio.to_thread(wrong.do, "run", "--only", "matrix")
    assert alone.code == 2
    _one_clear_line(alone.err, campaign, token)
    with _started(wrong, "run") as process:
        said = ""
        while campaign.anna.user_id not in said:
            assert process.stderr
            said += await asyncio.to_thread(process.stderr.readline)
        assert process.poll() is None
        process.send_signal(TERM)
        _, err = await asyncio.to_thread(process.communicate, timeout=30)
        _one_clear_line(said + err, campaign, token)
        assert process.returncode == 0


def _one_clear_line(err: str, campaign: Campaign, token: str) -> None:
    (line,) = [line for line in err.splitlines() if campaign.anna.user_id in line]
    assert campaign.account.user_id in line
    assert token not in err


@contextlib.contextmanager
def _started(made: SmallCampaign, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments], cwd=made.folder, env=made._environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


async def test_refused_credentials(synapse: Synapse, small: SmallCampaign) -> None:
    """Where every platform refuses our credentials the program ends with 77."""
    campaign = await Campaign.new(synapse, small)
    wrong = campaign.small.among(MATRIX_PASSWORD="een-ander")
    done = await asyncio.to_thread(wrong.do, "run", "--only", "matrix")
    assert (done.code, "een-ander" in done.err) == (77, False)
    campaign.configure("access_token: ${MATRIX_ACCESS_TOKEN}")
    stale = campaign.small.among(MATRIX_ACCESS_TOKEN="syt_bestaat_niet")
    assert (await asyncio.to_thread(stale.do, "run", "--only", "matrix")).code == 77


async def test_no_play_among_people(synapse: Synapse, small: SmallCampaign) -> None:
    """A played campaign never reaches a room of real people."""
    campaign = await Campaign.new(synapse, small)
    done = await asyncio.to_thread(campaign.small.do, "run", "--at", AT)
    assert (done.code, "matrix" in done.line) == (2, True)


async def test_restored_on_a_new_device(synapse: Synapse, small: SmallCampaign) -> None:
    """From a backup, without the folder of keys: a new device with the old identity, and nothing is said twice.

    What was said after the backup is found in the room by `resume`; what was not is said when somebody says so.
    """
    campaign = await Campaign.new(synapse, small)
    async with campaign.running() as process:
        await campaign.end(process, TERM)
    identity = await _identity(campaign)
    await _put(small.folder / "data/bot.db", f"matrix:{campaign.room}", "een", "twee")
    kept = await asyncio.to_thread(campaign.small.do, "backup", "b1")
    assert kept.code == 0, kept
    async with campaign.running() as process:  # it says both, and then its machine is lost
        await wait(lambda: _said(campaign, 2), seconds=20)
        await campaign.end(process, KILL)
    await _put(small.folder / "data/bot.db", f"matrix:{campaign.room}", "drie")
    campaign.configure("password: ${MATRIX_PASSWORD}", database="new/bot.db", store="new/matrix")
    restored = await asyncio.to_thread(campaign.small.do, "restore", "b1")
    assert restored.code == 0, restored
    resumed = await asyncio.to_thread(campaign.small.do, "resume", typed="y\ny\n")
    assert resumed.code == 0, resumed
    assert "Stond er al: 2" in resumed.out, resumed
    async with campaign.running() as process:
        await campaign.end(process, TERM)
    assert len(await _said(campaign, 2) or ()) == 2
    assert await _identity(campaign) == identity
    assert len(await _devices(campaign)) == 2


async def _identity(campaign: Campaign) -> object:
    """The public identity that people's apps trust."""
    user = campaign.account.user_id
    answer = await campaign.anna.call("POST", "/keys/query", {"device_keys": {user: []}})
    keys = answer["master_keys"][user]["keys"]
    signed = [device for device in answer["device_keys"][user].values() if len(device["signatures"][user]) > 1]
    assert signed
    return keys


async def _put(database: pathlib.Path, room: str, *texts: str) -> None:
    """Messages that the bot is to say."""
    async with Database.connect(f"sqlite:///{database}") as opened, opened.write() as tx:
        messages = [
            Message(f"news:{text}", room, Reply(Phrase("button.option", {"label": text})), due=NOON) for text in texts
        ]
        await outbox.put(tx, messages, now=NOON)


async def _said(campaign: Campaign, count: int) -> list[str] | None:
    events = await campaign.synapse.stored(campaign.room, "m.room.message")
    found = [e["content"]["body"] for e in events if MARK in e["content"] and e["content"]["body"] in {"een", "twee"}]
    return found if len(found) >= count else None
