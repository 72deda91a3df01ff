"""Getting in, against a real homeserver: as whom, on which device, and what is kept of it."""

import asyncio
import json
import pathlib
import stat
import subprocess
import sys
from typing import Any

import pytest

from bot.core.platform import Off, Unknown
from bot.platforms.matrix.homeserver import Homeserver
from bot.platforms.matrix.login import look
from tests.platforms.matrix.keyed_bot import Bot
from tests.synapse import Synapse, synapse
from tests.talk import ROOT

__all__ = ["synapse"]

REFUSAL = r"^matrix\.off_"


@pytest.fixture
async def bot(synapse: Synapse, tmp_path: pathlib.Path) -> Bot:
    return await Bot.new(synapse, tmp_path / "matrix")


async def devices(bot: Bot) -> set[str]:
    """As the server's administrator sees them, but for that of the owner's first login."""
    path = f"/_synapse/admin/v2/users/{bot.owner.user_id}/devices"
    found = (await bot.synapse.admin("GET", path))["devices"]
    return {device["device_id"] for device in found} - {bot.owner.device_id}


async def refused(bot: Bot) -> tuple[str, dict[str, Any]]:
    """Which sentence says why it stays off, and its values."""
    with pytest.raises(Off, match=REFUSAL) as caught:
        await bot.log_in()
    return caught.value.why.key, dict(caught.value.why.values)


# -- by password ------------------------------------------------------------------------------------------


async def test_once(bot: Bot) -> None:
    """By password it gets in as the device of the settings; the next start uses the same login."""
    first = await bot.log_in()
    assert (first.user_id, first.device_id) == (bot.owner.user_id, "ACTIEBOT")
    assert await bot.log_in() == first
    assert await devices(bot) == {"ACTIEBOT"}


async def test_kept_in_secret(bot: Bot) -> None:
    """Nobody else can read the login that is kept, and the token does not stand in it."""
    login = await bot.log_in()
    folder = bot.account.store
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert login.token not in "".join(file.read_text() for file in folder.iterdir())
    assert login.token not in repr(login)
    assert bot.owner.password not in repr(bot.account)


async def test_keys_in_secret(bot: Bot) -> None:
    """The file of the device's keys is for nobody else either."""
    async with bot.running() as running:
        await running.sync()
        assert {stat.S_IMODE(file.stat().st_mode) for file in bot.account.store.iterdir()} == {0o600}


async def test_wrong_password(bot: Bot) -> None:
    """A wrong password is told as such."""
    key, values = await refused(bot.but(password="anders"))
    assert key == "matrix.off_password"
    assert "Invalid" in values["reason"]


async def test_no_way_in(bot: Bot) -> None:
    """With neither token nor password, and no login kept, there is no way in."""
    assert (await refused(bot.but(password=None)))[0] == "matrix.off_no_login"


async def test_password_taken_out(bot: Bot) -> None:
    """Once in, the password is no longer needed."""
    login = await bot.log_in()
    assert await bot.but(password=None).log_in() == login


async def test_logged_out(bot: Bot) -> None:
    """When its token was ended on the server it logs in again as the same device, with the same keys."""
    async with bot.running() as running:
        first, keys = running.login, running.device.olm.account.identity_keys
        await running.homeserver.call("POST", "/_matrix/client/v3/logout", {})
    async with bot.running() as running:
        assert running.login.device_id == first.device_id
        assert running.login.token != first.token
        assert running.device.olm.account.identity_keys == keys
        assert keys["ed25519"] in json.dumps(await bot.shown())


async def test_another_name(bot: Bot, synapse: Synapse) -> None:
    """When the settings name another account, the login of the first one is not used."""
    await bot.log_in()
    other = await synapse.register(synapse.unique("other"))
    login = await bot.but(user_id=other.user_id, password=other.password).log_in()
    assert login.user_id == other.user_id


async def test_store_lost(bot: Bot, tmp_path: pathlib.Path) -> None:
    """On a machine without the device's keys it becomes a new device, and the first one may go on."""
    async with bot.running() as running:
        first = running.login
        elsewhere = bot.but(store=tmp_path / "elsewhere")
        second = await elsewhere.log_in()
        assert second.device_id.startswith("ACTIEBOT-")
        await running.sync()
    assert await elsewhere.log_in() == second
    assert await devices(bot) == {first.device_id, second.device_id}


async def test_keys_lost_beside_login(bot: Bot) -> None:
    """With its login but without its keys it becomes a new device as well."""
    async with bot.running() as running:
        first = running.login
    account = bot.account
    account.folder().crypto_file(account.user_id, first.device_id).unlink()
    assert (await bot.log_in()).device_id.startswith("ACTIEBOT-")


async def test_another_store_key(bot: Bot) -> None:
    """With another `store_key` it stays off, says so, and spoils nothing."""
    login = await bot.log_in()
    assert await refused(bot.but(store_key="anders")) == (
        "matrix.off_store_key",
        {"folder": str(bot.account.store)},
    )
    assert await bot.log_in() == login


async def test_another_store_key_and_no_login(bot: Bot) -> None:
    """The same where only the device's keys are left in the folder."""
    async with bot.running():
        pass
    (bot.account.store / "login").unlink()
    assert (await refused(bot.but(store_key="anders")))[0] == "matrix.off_store_key"


async def test_damaged_keys(bot: Bot) -> None:
    """A damaged file of keys is told with its name."""
    async with bot.running() as running:
        file = bot.account.folder().crypto_file(bot.account.user_id, running.login.device_id)
    file.write_bytes(b"niet van SQLite" * 1000)
    key, values = await refused(bot)
    assert (key, values["file"]) == ("matrix.off_damaged", str(file))


async def test_stopped_while_making_keys(bot: Bot) -> None:
    """A file of keys that was never filled is as good as none."""
    login = await bot.log_in()
    file = bot.account.folder().crypto_file(bot.account.user_id, login.device_id)
    file.touch()
    async with bot.running() as running:
        assert running.login == login


# -- by token ---------------------------------------------------------------------------------------------


async def test_token_wins(bot: Bot, synapse: Synapse) -> None:
    """A token in the settings wins over the login that was kept: the bot is the token's device."""
    kept = await bot.log_in()
    given = await synapse.login(bot.owner.user_id, bot.owner.password, device_id="ANDERS")
    by_token = bot.but(access_token=given.token)
    async with by_token.running() as running:
        assert (running.login.device_id, running.login.token) == ("ANDERS", given.token)
        assert running.signed.why is None
    assert await by_token.log_in() == running.login
    assert await bot.log_in() == kept


async def test_token_of_another_user(bot: Bot, synapse: Synapse) -> None:
    """A token of somebody else is refused, with both names."""
    other = await synapse.register(synapse.unique("other"))
    assert await refused(bot.but(access_token=other.token)) == (
        "matrix.off_other_user",
        {"user": other.user_id, "wanted": bot.owner.user_id},
    )


async def test_token_that_is_none(bot: Bot) -> None:
    """A token that the server does not know is told as such, also beside a password that would do."""
    assert (await refused(bot.but(access_token="syt_nee")))[0] == "matrix.off_token"


async def test_token_without_device(bot: Bot, synapse: Synapse) -> None:
    """A token that belongs to no device is of no use."""
    path = f"/_synapse/admin/v1/users/{bot.owner.user_id}/login"
    token = (await synapse.admin("POST", path, {}))["access_token"]
    assert (await refused(bot.but(access_token=token)))[0] == "matrix.off_no_device"


async def test_token_with_lost_keys(bot: Bot, tmp_path: pathlib.Path) -> None:
    """A token whose device has keys that are not here is refused: a new one is needed."""
    by_token = bot.but(access_token=bot.owner.token)
    async with by_token.running():
        pass
    elsewhere = tmp_path / "elsewhere"
    assert await refused(by_token.but(store=elsewhere)) == (
        "matrix.off_keys_lost",
        {"device": bot.owner.device_id, "folder": str(elsewhere)},
    )
    async with by_token.running() as running:
        assert running.login.device_id == bot.owner.device_id


# -- around it --------------------------------------------------------------------------------------------


async def test_looking_changes_nothing(bot: Bot) -> None:
    """Who only looks makes no device and no folder; and sees the login that a start would use."""
    async with Homeserver(bot.account.homeserver) as homeserver:
        assert await look(homeserver, bot.account) is None
        assert not bot.account.store.exists()
        assert await devices(bot) == set()
        login = await bot.log_in()
        assert await look(homeserver, bot.account) == login


async def test_homeserver_down(bot: Bot) -> None:
    """A homeserver that cannot be reached is no reason to stay off."""
    with pytest.raises(Unknown):
        await bot.but(homeserver="http://127.0.0.1:9").log_in()


async def test_second_process(bot: Bot) -> None:
    """A second process on the same folder is refused, for as long as the first one lives."""
    code = f"""
import pathlib, sys
from bot.platforms.matrix.folder import Folder
with Folder(pathlib.Path({str(bot.account.store)!r}), "k").held():
    print("held", flush=True)
    sys.stdin.read()
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert await process.stdout.readline() == b"held\n"
    assert await refused(bot) == ("matrix.off_busy", {"folder": str(bot.account.store)})
    process.kill()
    await process.communicate()
    assert (await bot.log_in()).device_id == "ACTIEBOT"


async def test_folder_is_a_file(bot: Bot) -> None:
    """A folder that cannot be made is told with the reason."""
    bot.account.store.write_text("")
    key, values = await refused(bot)
    assert (key, values["reason"]) == ("matrix.off_folder", "File exists")


def test_without_encryption() -> None:
    """Where nio cannot encrypt it stays off, and says what to install."""
    code = """
import asyncio, importlib.util, pathlib
known = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "vodozemac" else known(name, *rest)
from bot.platforms.matrix.device import open_device
from bot.platforms.matrix.homeserver import Homeserver
from bot.platforms.matrix.login import Account, Login, log_in
from bot.core.platform import Off
account = Account("http://127.0.0.1:9", "@bot:actie.test", "ACTIEBOT", "token", None, pathlib.Path("/nowhere"), "key")
for start in (
    lambda: asyncio.run(log_in(Homeserver(account.homeserver), account)),
    lambda: open_device(account, Login("@bot:actie.test", "ACTIEBOT", "token")),
):
    try:
        start()
    except Off as off:
        print(off.why.key)
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["matrix.off_no_encryption"] * 2, run.stderr
