"""The bot's identity, against a real homeserver: whether everybody sees that the device is the bot's."""

import pathlib
from collections.abc import Mapping
from typing import Any

import nio
import pytest
import vodozemac

from bot.core.platform import Unknown
from bot.core.reply import Phrase
from bot.platforms.matrix.cross_signing import SEEDS, Trust, sign_device
from bot.platforms.matrix.homeserver import Homeserver, Rejected
from bot.platforms.matrix.identity import Identity
from bot.platforms.matrix.keys import device_keys
from bot.platforms.matrix.sealing import unseal
from tests.platforms.matrix.keyed_bot import STORE_KEY, Bot, Kept, Running
from tests.synapse import Synapse, synapse

__all__ = ["synapse"]

UPLOAD = "/_matrix/client/v3/keys/device_signing/upload"


@pytest.fixture
async def bot(synapse: Synapse, tmp_path: pathlib.Path) -> Bot:
    return await Bot.new(synapse, tmp_path / "matrix")


class Counting(Homeserver):
    """Which calls were made; the connection is cut before or after one of them."""

    def __init__(self, running: Running, *, cut_before: str = "", cut_after: str = "") -> None:
        super().__init__(running.homeserver.address, running.login.token)
        self.calls: list[str] = []
        self._cuts = (cut_before, cut_after)

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        before, after = self._cuts
        if path == before:
            raise Unknown("cut")
        self.calls.append(path.rpartition("/keys/")[2])
        answer = await super().call(method, path, body, **more)
        if path == after:
            raise Unknown("cut")
        return answer


async def trusted(bot: Bot) -> set[str]:
    """The devices that everybody's apps trust: signed by the key that the master key signed; checked by vodozemac."""
    shown, user = await bot.shown(), bot.owner.user_id
    master, signing = (shown[f"{usage}_keys"][user] for usage in ("master", "self_signing"))
    assert right(signing, user, master)
    return {name for name, keys in shown["device_keys"][user].items() if right(keys, user, signing)}


def right(value: Mapping[str, Any], user: str, by: Mapping[str, Any]) -> bool:
    (name, public), *_ = by["keys"].items()
    signature = value.get("signatures", {}).get(user, {}).get(name)
    if not signature:
        return False
    bare = {key: part for key, part in value.items() if key not in {"signatures", "unsigned"}}
    key = vodozemac.Ed25519PublicKey.from_base64(public)
    key.verify_signature(nio.Api.to_canonical_json(bare).encode(), vodozemac.Ed25519Signature.from_base64(signature))
    return True


async def taken_over(bot: Bot) -> str:
    """The identity that somebody else made for the account, in their own app: its public key."""
    identity, owner = Identity.new(), bot.owner
    auth = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": owner.user_id},
        "password": owner.password,
    }
    body = {**identity.shown(owner.user_id, {}), "auth": auth}
    body["master_key"].pop("signatures")
    await bot.synapse.call("POST", UPLOAD, body, token=owner.token)
    return identity.master.public


# -- all is well ------------------------------------------------------------------------------------------


async def test_first_start(bot: Bot) -> None:
    """At its first start the device is signed, without a word."""
    async with bot.running() as running:
        assert (running.signed.trust, running.signed.why) == (Trust.SIGNED, None)
    assert await trusted(bot) == {"ACTIEBOT"}


async def test_without_password(bot: Bot) -> None:
    """A first identity needs no password."""
    async with bot.but(access_token=bot.owner.token, password=None).running() as running:
        assert running.signed.trust is Trust.SIGNED
    assert await trusted(bot) == {bot.owner.device_id}


async def test_next_start(bot: Bot) -> None:
    """A next start asks whether it is signed, and sends nothing."""
    async with bot.running():
        pass
    before = await bot.shown()
    async with bot.running() as running, Counting(running) as homeserver:
        signed = await sign_device(running.device, homeserver, bot.memory, store_key=STORE_KEY, password=None)
        assert signed.trust is Trust.SIGNED
        assert homeserver.calls == ["query"]
    assert await bot.shown() == before


async def test_seeds_in_secret(bot: Bot) -> None:
    """The seeds are kept sealed, under a name that goes into backups."""
    async with bot.running():
        pass
    assert list(bot.memory.values) == [SEEDS]
    identity = Identity.from_json(unseal(bot.memory.values[SEEDS], STORE_KEY))
    assert identity.master.public == await bot.master()


async def test_new_device_same_bot(bot: Bot, tmp_path: pathlib.Path) -> None:
    """Restored elsewhere, on a new device: it is the same bot to everybody who trusted it."""
    async with bot.running():
        master = await bot.master()
    async with bot.but(store=tmp_path / "elsewhere").running() as running:
        assert running.login.device_id != "ACTIEBOT"
        assert running.signed.why is None
        assert await trusted(bot) == {"ACTIEBOT", running.login.device_id}
    assert await bot.master() == master


# -- stopped half-way -------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["cut_before", "cut_after"])
@pytest.mark.parametrize("call", [UPLOAD, "/_matrix/client/v3/keys/signatures/upload"])
async def test_stopped_half_way(bot: Bot, when: str, call: str) -> None:
    """However far the first start came, the next one goes on with the same identity."""
    memory = Kept()
    async with bot.unsigned() as running, Counting(running, **{when: call}) as homeserver:
        with pytest.raises(Unknown):
            await sign_device(running.device, homeserver, memory, store_key=STORE_KEY, password=None)
        seeds = memory.values[SEEDS]
        signed = await sign_device(running.device, running.homeserver, memory, store_key=STORE_KEY, password=None)
        assert signed.trust is Trust.SIGNED
    assert await trusted(bot) == {"ACTIEBOT"}
    assert memory.values[SEEDS] == seeds


# -- somebody else's identity -----------------------------------------------------------------------------


async def test_seeds_lost(bot: Bot) -> None:
    """With the password, lost seeds are replaced; whoever runs the bot hears that people may see a warning."""
    async with bot.running():
        pass
    master = await bot.master()
    bot.memory.values.clear()
    async with bot.running() as running:
        assert running.signed.trust is Trust.RESET
        assert running.signed.why
        assert running.signed.why.key == "matrix.signed_anew"
    assert await bot.master() != master
    assert await trusted(bot) == {"ACTIEBOT"}
    async with bot.running() as running:
        assert running.signed.why is None


async def test_seeds_lost_without_password(bot: Bot) -> None:
    """Without it the bot works, unsigned, and says what to do; with the password a later start mends it."""
    theirs = await taken_over(bot)
    by_token = bot.but(access_token=bot.owner.token, password=None)
    async with by_token.running() as running:
        assert running.signed.trust is Trust.UNSIGNED
        assert running.signed.why
        assert running.signed.why.key == "matrix.unsigned"
        await running.sync()
    assert await bot.master() == theirs
    assert await trusted(bot) == set()
    async with by_token.but(password=bot.owner.password).running() as running:
        assert running.signed.trust is Trust.RESET
    assert await trusted(bot) == {bot.owner.device_id}


async def test_wrong_password(bot: Bot) -> None:
    """A password that is wrong is told as such."""
    await taken_over(bot)
    async with bot.but(access_token=bot.owner.token, password="anders").running() as running:
        assert running.signed.why
        assert running.signed.why.key == "matrix.unsigned_password"


async def test_another_store_key(bot: Bot, tmp_path: pathlib.Path) -> None:
    """Seeds that do not open are not replaced: the right `store_key` may come back."""
    async with bot.running():
        pass
    master, seeds = await bot.master(), bot.memory.values[SEEDS]
    async with bot.but(store=tmp_path / "elsewhere", store_key="anders").running() as running:
        assert running.signed.trust is Trust.UNSIGNED
        assert running.signed.why
        assert running.signed.why.key == "matrix.unsigned_seeds"
    assert await bot.master() == master
    assert bot.memory.values[SEEDS] == seeds


async def test_approved_in_a_browser(bot: Bot) -> None:
    """Where another service does the logins, whoever runs the bot hears where to approve a new identity."""
    url = "https://account.actie.test/?action=org.matrix.cross_signing_reset"

    class Delegated(Homeserver):
        """Answers as Synapse does with Matrix Authentication Service beside it (its `rest/client/keys.py`)."""

        async def call(
            self, method: str, path: str, body: Mapping[str, Any] | None = None, **more: Any
        ) -> dict[str, Any]:
            if path == UPLOAD:
                stages = ("m.oauth", "org.matrix.cross_signing_reset")
                flows = [{"stages": [stage]} for stage in stages]
                params = {stage: {"url": url} for stage in stages}
                raise Rejected("", 401, {"session": "dummy", "flows": flows, "params": params, "msg": "approve"})
            return await super().call(method, path, body, **more)

    async with bot.unsigned() as running, Delegated(bot.account.homeserver, running.login.token) as homeserver:
        signed = await sign_device(running.device, homeserver, bot.memory, store_key=STORE_KEY, password="geheim")
    assert signed.why == Phrase("matrix.unsigned_approve", {"url": url})


async def test_only_our_own_keys(bot: Bot) -> None:
    """A server that shows other keys for the device does not get a signature beneath those."""

    class Lying(Homeserver):
        signed: Mapping[str, Any] = {}

        async def call(
            self, method: str, path: str, body: Mapping[str, Any] | None = None, **more: Any
        ) -> dict[str, Any]:
            answer = await super().call(method, path, body, **more)
            if path.endswith("/keys/query"):
                device = answer["device_keys"][bot.owner.user_id]["ACTIEBOT"]
                device["keys"]["ed25519:ACTIEBOT"] = Identity.new().master.public
            elif path.endswith("/keys/signatures/upload") and body:
                self.signed = body[bot.owner.user_id]["ACTIEBOT"]
            return answer

    async with bot.unsigned() as running, Lying(bot.account.homeserver, running.login.token) as homeserver:
        signed = await sign_device(running.device, homeserver, bot.memory, store_key=STORE_KEY, password=None)
        assert homeserver.signed["keys"] == device_keys(running.device)["keys"]
        assert signed.trust is Trust.UNSIGNED
