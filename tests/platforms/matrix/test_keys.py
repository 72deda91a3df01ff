"""The supply of keys, against a real homeserver: whoever is new can always write to the bot, and is read."""

import asyncio
import pathlib
from collections.abc import Mapping
from typing import Any

import pytest

from bot.core.platform import TryAfter, Unknown
from bot.platforms.matrix import keys as supply
from bot.platforms.matrix.device import Stock, stock_in
from bot.platforms.matrix.homeserver import Homeserver, Rejected
from bot.platforms.matrix.keys import Keys
from tests.matrix_people import EncryptedPerson
from tests.platforms.matrix.keyed_bot import Bot, Running
from tests.synapse import MatrixError, Synapse, synapse

__all__ = ["synapse"]

UPLOAD = "/_matrix/client/v3/keys/upload"
ALL = 50


@pytest.fixture
async def bot(synapse: Synapse, tmp_path: pathlib.Path) -> Bot:
    return await Bot.new(synapse, tmp_path / "matrix")


class Uploads(Homeserver):
    """What is uploaded; `failing` is raised instead, or after it was done."""

    def __init__(self, running: Running) -> None:
        super().__init__(running.homeserver.address, running.login.token)
        self.seen: list[Mapping[str, Any]] = []
        self.failing: Exception | None = None
        self.done_first = False

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        if path != UPLOAD or body is None:
            return await super().call(method, path, body, **more)
        self.seen.append(body)
        if self.failing and not self.done_first:
            raise self.failing
        answer = await super().call(method, path, body, **more)
        if self.failing:
            raise self.failing
        return answer


async def drained(bot: Bot) -> str:
    """Take all one-time keys; the answer is the name of the fallback key, which is what one gets after that."""
    taken: set[str] = set()
    while True:
        (name,) = await bot.claim()
        if name in taken:
            return name
        taken.add(name)


async def devices_shown(bot: Bot) -> set[str]:
    return set((await bot.shown())["device_keys"].get(bot.owner.user_id, {}))


async def counted(running: Running) -> int:
    answer = await running.homeserver.call("POST", UPLOAD, {})
    return int(answer["one_time_key_counts"].get("signed_curve25519", 0))


async def conversation(bot: Bot, person: EncryptedPerson, running: Running) -> str:
    """A room with encryption in which the two are."""
    room = await person.create_room(bot.owner.user_id, encrypted=True)
    await running.homeserver.call("POST", f"/_matrix/client/v3/join/{room}", {})
    await running.sync()
    return room


# -- what is there ----------------------------------------------------------------------------------------


async def test_first_start(bot: Bot) -> None:
    """Before its first sync the device has all its keys on the server, signed, and a fallback key with them."""
    async with bot.running() as running:
        assert await counted(running) == ALL
        answer = await running.sync()
        assert answer.device_key_count.signed_curve25519 == ALL
        assert running.device.stock.fallback_unused is True


async def test_nothing_to_do(bot: Bot) -> None:
    """When nothing has changed nothing is uploaded: not after a sync, and not at the next start."""
    for _ in range(2):
        async with bot.running() as running, Uploads(running) as homeserver:
            keys = Keys(running.device, homeserver)
            await keys.start()
            for _ in range(3):
                await running.device.sync(timeout=1, since=running.device.next_batch)
                await keys.after_sync()
            assert homeserver.seen == []


async def test_filled_up(bot: Bot) -> None:
    """A key that was taken is made up for after the next sync."""
    async with bot.running() as running:
        await running.sync()
        await bot.claim()
        await running.sync()
        assert await counted(running) == ALL


async def test_forgotten_by_the_server(bot: Bot) -> None:
    """A device that was logged out and came back shows its keys again, and is signed again."""
    async with bot.running() as running:
        await running.homeserver.call("POST", "/_matrix/client/v3/logout", {})
    assert await devices_shown(bot) == set()
    async with bot.running() as running:
        assert await devices_shown(bot) == {"ACTIEBOT"}
        assert running.signed.why is None
        assert await counted(running) == ALL


@pytest.mark.parametrize(
    ("said", "stock"),
    [
        ({"device_one_time_keys_count": {}, "device_unused_fallback_key_types": []}, Stock(0, fallback_unused=False)),
        ({"device_one_time_keys_count": {"signed_curve25519": 7}}, Stock(7)),
        ({}, Stock()),
    ],
)
def test_what_a_sync_says(said: dict[Any, Any], stock: Stock) -> None:
    """Where our kind of key is not listed there is none of it; where nothing is said nothing is known."""
    assert stock_in(said) == stock


# -- everybody can write ----------------------------------------------------------------------------------


async def test_drained(bot: Bot, synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """All keys are taken while it is down: somebody new can write to it all the same, and fresh keys appear."""
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        async with bot.running() as running:
            room = await conversation(bot, anna, running)
        await drained(bot)
        async with EncryptedPerson.living(synapse, "bram", tmp_path / "bram") as bram:
            await anna.invite(room, bram.user_id)
            await bram.join(room)
            await bram.says(room, "Hallo, ik ben nieuw")
            async with bot.running() as running:
                await running.reads(room, "Hallo, ik ben nieuw")
                await running.sync()
                assert await counted(running) == ALL
                assert running.device.stock.fallback_unused is True
                await bram.says(room, "En nog iets")
                await running.reads(room, "En nog iets")


async def test_fallback_renewed(bot: Bot, synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """A fallback key that was used is replaced, and who has the old one is still read."""
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna:
        async with bot.running() as running:
            room = await conversation(bot, anna, running)
        first = await drained(bot)
        await anna.says(room, "Met de oude sleutel")
        async with bot.running() as running:
            running.device.next_batch = ""
            # The key is renewed before the message is read: what was on its way when the sync came.
            running.device.olm.account._account.generate_fallback_key()
            running.device.olm.save_account()
            await running.keys.start()
            await running.reads(room, "Met de oude sleutel")
        assert await drained(bot) != first


async def test_fallback_not_renewed_too_often(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken again soon after, the fallback key stays: the one before it may still be on its way to us."""
    async with bot.running() as running:
        first = await drained(bot)
        await running.sync()
        assert await drained(bot) == first  # made at the start, a moment ago
        monkeypatch.setattr(supply, "_RENEW_SECONDS", 0.0)
        await running.sync()
        assert await drained(bot) != first


# -- when it fails ----------------------------------------------------------------------------------------


async def test_stopped_after_upload(bot: Bot) -> None:
    """Stopped when the server had the keys and we did not know: what was given away is not offered again."""
    async with bot.running() as running, Uploads(running) as homeserver:
        keys = Keys(running.device, homeserver)
        taken = await bot.claim()
        await running.device.sync(timeout=2)
        homeserver.failing, homeserver.done_first = Unknown("cut"), True
        await keys.after_sync()
        assert homeserver.seen
    taken += [name for _ in range(ALL) for name in await bot.claim()]
    assert len(set(taken)) == ALL + 1
    async with bot.running() as running:
        await running.sync()
        assert await counted(running) == ALL
    assert not {name for _ in range(ALL) for name in await bot.claim()} & set(taken)


@pytest.mark.parametrize("done_first", [False, True])
async def test_first_upload_cut(bot: Bot, *, done_first: bool) -> None:
    """Stopped on the way to the server or back, at its very first start: with the next start all keys are there."""
    async with bot.fresh() as running, Uploads(running) as homeserver:
        homeserver.failing, homeserver.done_first = Unknown("cut"), done_first
        with pytest.raises(Unknown):
            await Keys(running.device, homeserver).start()
    async with bot.running() as running:
        assert running.signed.why is None
        assert await counted(running) == ALL


async def test_waits_as_told(bot: Bot) -> None:
    """An upload that fails is tried again after a while, and not at every sync."""
    async with bot.running() as running, Uploads(running) as homeserver:
        keys = Keys(running.device, homeserver)
        await drained(bot)
        await running.device.sync(timeout=3)
        homeserver.failing = TryAfter(0.3)
        for _ in range(3):
            await keys.after_sync()
        assert len(homeserver.seen) == 1
        homeserver.failing = None
        await asyncio.sleep(0.3)
        await keys.after_sync()
        assert len(homeserver.seen) == 2
        assert await counted(running) == ALL


async def test_old_copy_put_back(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old copy of the keys that was put back offers names that the server knows: soon it is past those."""
    monkeypatch.setattr(supply, "_PAUSE_SECONDS", 0.0)
    async with bot.running() as running:
        file = bot.account.folder().crypto_file(bot.account.user_id, running.login.device_id)
        await running.sync()
    old = file.read_bytes()
    async with bot.running() as running:
        for _ in range(ALL // 2):
            await bot.claim()
        await running.sync()
        assert await counted(running) == ALL
    file.write_bytes(old)
    async with bot.running() as running:
        await bot.claim()
        await running.sync()
        assert await counted(running) < ALL
        await running.sync()
        await running.sync()
        assert await counted(running) == ALL


async def test_server_down(bot: Bot, synapse: Synapse, tmp_path: pathlib.Path) -> None:
    """Whatever cannot be asked when the server is down is asked when it is back; nothing is raised."""
    async with EncryptedPerson.living(synapse, "anna", tmp_path / "anna") as anna, bot.running() as running:
        room = await conversation(bot, anna, running)
        running.device.olm.users_for_key_query.add(anna.user_id)
        running.device.olm.uploaded_key_count = 1
        async with synapse.down():
            await running.keys.after_sync()
            assert running.device.users_for_key_query == {anna.user_id}
        running.keys._users = supply._Asked()
        await running.keys.after_sync()
        assert running.device.users_for_key_query == set()
        await anna.says(room, "Weer terug?")
        await running.reads(room, "Weer terug?")


async def test_refused(bot: Bot) -> None:
    """A device that was logged out hears so at its start."""
    async with bot.unsigned() as running:
        await running.homeserver.call("POST", "/_matrix/client/v3/logout", {})
        with pytest.raises(Rejected):
            await running.keys.start()
    with pytest.raises(MatrixError):
        await bot.synapse.call("GET", "/_matrix/client/v3/account/whoami", token=running.login.token)
