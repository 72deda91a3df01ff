"""Cross-signing: the bot's device carries the signature of the bot's identity, without which apps distrust it."""

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any

from bot.core.platform import Memory
from bot.core.reply import Phrase
from bot.platforms.matrix.device import Device, olm_of
from bot.platforms.matrix.homeserver import Homeserver, Rejected
from bot.platforms.matrix.identity import Identity
from bot.platforms.matrix.keys import device_keys
from bot.platforms.matrix.sealing import WrongKey, seal, unseal

SEEDS = "cross_signing"
_KEYS = "/_matrix/client/v3/keys"
_IN_BROWSER = ("m.oauth", "org.matrix.cross_signing_reset")


class Trust(enum.StrEnum):
    SIGNED = "signed"
    RESET = "reset"  # signed, by an identity that people have not seen before
    UNSIGNED = "unsigned"


@dataclasses.dataclass(frozen=True, slots=True)
class Signed:
    """How it stands with the device.

    Attributes:
        trust: What people's apps make of it.
        why: What to know or to do, for whoever runs the bot; None when all is well.
    """

    trust: Trust
    why: Phrase | None = None


async def sign_device(
    device: Device, homeserver: Homeserver, memory: Memory, *, store_key: str, password: str | None
) -> Signed:
    """See to it that the device is signed; at each start, after `Keys.start`. When it is, nothing is sent.

    Args:
        device: Its keys are on the server.
        homeserver: Logged in as the device.
        memory: Keeps the identity's seeds, sealed; they come back with a backup.
        store_key: What they are sealed with.
        password: Of the account; needed only where another identity is to be replaced.

    Raises:
        Unknown: the homeserver cannot be reached.
        TryAfter: it wants us to come back later.
    """
    try:
        identity = await _identity(memory, store_key)
    except WrongKey:
        return Signed(Trust.UNSIGNED, Phrase("matrix.unsigned_seeds"))
    signing = _Signing(device, homeserver, identity, password)
    try:
        return await signing.run()
    except Rejected as error:
        return Signed(Trust.UNSIGNED, signing.explain(error))


async def _identity(memory: Memory, store_key: str) -> Identity:
    """The bot's identity; a new one is kept before anybody sees it, so that a stop in between costs nothing."""
    sealed = await memory.get(SEEDS)
    if sealed is not None:
        return Identity.from_json(unseal(sealed, store_key))
    identity = Identity.new()
    await memory.put(SEEDS, seal(identity.to_json(), store_key))
    return identity


class _Signing:
    """One time of signing."""

    def __init__(self, device: Device, homeserver: Homeserver, identity: Identity, password: str | None) -> None:
        self._device = device
        self._homeserver = homeserver
        self._identity = identity
        self._password = password
        self._user_id = device.user_id

    async def run(self) -> Signed:
        shown = await self._on_server()
        other = bool(shown.master) and shown.master != self._identity.master.public
        if not self._is_ours(shown):
            await self._upload_identity()
        if not self._identity.self_signing.signed(self._user_id, shown.device):
            await self._upload_signature()
            shown = await self._on_server()
        if not (self._is_ours(shown) and self._identity.self_signing.signed(self._user_id, shown.device)):
            return Signed(Trust.UNSIGNED, Phrase("matrix.unsigned_not_kept"))
        return Signed(Trust.RESET, Phrase("matrix.signed_anew")) if other else Signed(Trust.SIGNED)

    def explain(self, error: Rejected) -> Phrase:
        """Why the server does not take it, and what to do."""
        if error.status != 401 or "flows" not in error.body:
            return Phrase("matrix.unsigned_refused", {"reason": error.reason})
        parameters = error.body.get("params", {})
        for stage in _IN_BROWSER:
            if url := parameters.get(stage, {}).get("url"):
                return Phrase("matrix.unsigned_approve", {"url": str(url)})
        return Phrase("matrix.unsigned_password" if self._password and error.code else "matrix.unsigned")

    def _is_ours(self, shown: "_Shown") -> bool:
        identity = self._identity
        ours = (identity.master.public, identity.self_signing.public, identity.user_signing.public)
        return ours == (shown.master, shown.self_signing, shown.user_signing)

    async def _on_server(self) -> "_Shown":
        asked = {"device_keys": {self._user_id: [self._device.device_id]}}
        return _Shown.of(await self._homeserver.call("POST", f"{_KEYS}/query", asked), self._device)

    async def _upload_identity(self) -> None:
        """The first needs no password; another one in its place does."""
        name = f"ed25519:{self._device.device_id}"
        master = olm_of(self._device).sign_json(self._identity.bare_master(self._user_id))
        body = self._identity.shown(self._user_id, {self._user_id: {name: master}})
        path = f"{_KEYS}/device_signing/upload"
        try:
            await self._homeserver.call("POST", path, body)
        except Rejected as error:
            if not self._password or not _takes_password(error):
                raise
            auth = {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": self._user_id},
                "password": self._password,
                "session": error.body.get("session"),
            }
            await self._homeserver.call("POST", path, {**body, "auth": auth})

    async def _upload_signature(self) -> None:
        """Sign our own view of the device: what the server shows may be somebody else's."""
        keys = device_keys(self._device)
        keys["signatures"] = self._identity.self_signing.signature(self._user_id, keys)
        body = {self._user_id: {self._device.device_id: keys}}
        await self._homeserver.call("POST", f"{_KEYS}/signatures/upload", body)


@dataclasses.dataclass(frozen=True, slots=True)
class _Shown:
    """What the server shows everybody; an identity's keys are empty where it has none."""

    master: str
    self_signing: str
    user_signing: str
    device: Mapping[str, Any]

    @classmethod
    def of(cls, answer: Mapping[str, Any], device: Device) -> "_Shown":
        user = device.user_id
        return cls(
            master=_public(answer, "master_keys", user),
            self_signing=_public(answer, "self_signing_keys", user),
            user_signing=_public(answer, "user_signing_keys", user),
            device=answer.get("device_keys", {}).get(user, {}).get(device.device_id, {}),
        )


def _public(answer: Mapping[str, Any], which: str, user_id: str) -> str:
    keys: Mapping[str, str] = answer.get(which, {}).get(user_id, {}).get("keys", {})
    return next(iter(keys.values()), "")


def _takes_password(error: Rejected) -> bool:
    flows = error.body.get("flows", []) if error.status == 401 else []
    return any(flow.get("stages") == ["m.login.password"] for flow in flows)
