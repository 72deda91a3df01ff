"""The supply of keys with which people begin to write to the bot, and what else nio needs after a sync.

Whoever writes to a device for the first time takes one of its one-time keys from the server. When they are gone the
server gives the fallback key to everybody. nio would let both run out for good.
"""

import time
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from typing import Any

import structlog
from nio import ErrorResponse

from bot.core.platform import TryAfter
from bot.platforms.matrix.device import Device, olm_of
from bot.platforms.matrix.homeserver import Homeserver, Rejected
from bot.platforms.matrix.login import identity_on_server

_KIND = "signed_curve25519"
_UPLOAD = "/_matrix/client/v3/keys/upload"
_PAUSE_SECONDS = 10.0
_ASK_AGAIN_SECONDS = 60.0
_SHOWN_LETTERS = 200
# The device opens messages with its newest two fallback keys. Were they renewed in quick succession, a message that is
# still on its way would find its key gone; until then the server goes on giving the used one, and that does no harm.
_RENEW_SECONDS = 3600.0

log = structlog.get_logger()


class Keys:
    """The supply of one device."""

    def __init__(self, device: Device, homeserver: Homeserver) -> None:
        self._device = device
        self._olm = olm_of(device)
        self._homeserver = homeserver
        self._renewed: float | None = None
        self._not_before = 0.0
        self._users = _Asked()
        self._devices = _Asked()

    async def start(self) -> None:
        """Before the first sync: put the device's own keys on the server, when they are not there.

        Raises:
            Unknown: the homeserver cannot be reached.
            TryAfter: it wants us to come back later.
            Rejected: it does not take them.
        """
        device = self._device
        if self._olm.account.shared and not await identity_on_server(
            self._homeserver, device.user_id, self._olm.device_id
        ):
            # Somebody logged the device out in the meantime, and the server forgot its keys.
            self._olm.account.shared = False
        await self._settle()
        if not self._olm.account.shared:
            await self._upload(fallback=True)

    async def after_sync(self) -> None:
        """Do what that sync has made necessary; what fails is logged, and done after a later one."""
        stock, device = self._device.stock, self._device
        if stock.one_time is not None:
            self._olm.uploaded_key_count = stock.one_time
        renewal = stock.fallback_unused is False and self._may_renew()
        if (renewal or device.should_upload_keys) and time.monotonic() >= self._not_before:
            await self._try("upload", lambda: self._upload(fallback=renewal))
        if self._users.due(device.users_for_key_query):
            await self._try("query", device.keys_query)
            self._users.left_over(device.users_for_key_query)
        if self._devices.due(self._without_session()):
            await self._try("claim", lambda: device.keys_claim(device.get_users_for_key_claiming()))
            self._devices.left_over(self._without_session())
        if device.outgoing_to_device_messages:
            await self._try("send", device.send_to_device_messages)

    def _may_renew(self) -> bool:
        return self._renewed is None or time.monotonic() >= self._renewed + _RENEW_SECONDS

    def _without_session(self) -> frozenset[tuple[str, str]]:
        """Devices that we must write to in private and cannot."""
        devices = [*self._olm.wedged_devices, *self._olm.key_request_devices_no_session]
        return frozenset((device.user_id, device.device_id) for device in devices)

    async def _try(self, step: str, act: Callable[[], Awaitable[Any]]) -> None:
        try:
            answer = await act()
        # nio takes the word of other people's devices for much: one of them must not stop us.
        except Exception as error:  # noqa: BLE001
            self._failed(step, error)
            return
        for one in answer if isinstance(answer, list) else [answer]:
            if isinstance(one, ErrorResponse):
                self._failed(step, one)

    def _failed(self, step: str, error: Exception | ErrorResponse) -> None:
        log.warning("matrix.keys_failed", step=step, error=f"{type(error).__name__}: {error}"[:_SHOWN_LETTERS])
        if step == "upload":
            wait = error.seconds if isinstance(error, TryAfter) else _PAUSE_SECONDS
            self._not_before = time.monotonic() + wait

    # -- upload -------------------------------------------------------------------------------------------

    async def _settle(self) -> None:
        """Deal with an upload that we stopped in: the server may have it, and may have given keys of it away.

        A one-time key that was given away must not be offered again; a fallback key may.
        """
        account = _vodozemac(self._olm)
        if self._olm.account.shared and account.fallback_key:
            await self._homeserver.call("POST", _UPLOAD, {"fallback_keys": self._signed(account.fallback_key, True)})
        if self._olm.account.shared and (account.fallback_key or account.one_time_keys):
            self._published()

    async def _upload(self, *, fallback: bool) -> None:
        """Upload as many one-time keys as the server lacks, and a new fallback key."""
        olm, account = self._olm, _vodozemac(self._olm)
        shared = olm.account.shared
        waiting = len(account.one_time_keys) + (olm.uploaded_key_count or 0 if shared else 0)
        account.generate_one_time_keys(max(account.max_number_of_one_time_keys - waiting, 0))
        if fallback and not account.fallback_key:
            account.generate_fallback_key()
        olm.save_account()  # before the server can give them to anybody
        body = {
            "one_time_keys": self._signed(account.one_time_keys, fallback=False),
            "fallback_keys": self._signed(account.fallback_key, fallback=True),
        }
        try:
            answer = await self._homeserver.call(
                "POST", _UPLOAD, body if shared else {**body, "device_keys": device_keys(self._device)}
            )
        except Rejected as error:
            if error.status == 400:
                self._skip()
            raise
        olm.account.shared = True
        olm.uploaded_key_count = answer.get("one_time_key_counts", {}).get(_KIND, 0)
        self._renewed = time.monotonic() if body["fallback_keys"] else self._renewed
        self._published()

    def _skip(self) -> None:
        """Leave a good many names of keys behind us.

        Where an old copy of our file was put back its keys get names anew, and the server knows others by them.
        """
        account = _vodozemac(self._olm)
        account.generate_one_time_keys(account.max_number_of_one_time_keys)
        self._published()

    def _published(self) -> None:
        self._olm.mark_keys_as_published()
        self._olm.save_account()

    def _signed(self, keys: dict[str, Any], fallback: bool) -> dict[str, Any]:
        """Keys as the server wants them, by their names."""
        bare = {f"{_KIND}:{name}": {"key": key.to_base64()} for name, key in keys.items()}
        if fallback:
            bare = {name: {**key, "fallback": True} for name, key in bare.items()}
        return {name: {**key, "signatures": _signature(self._device, key)} for name, key in bare.items()}


class _Asked:
    """What was asked without an answer is asked again after a while only: servers are down, devices have no keys."""

    def __init__(self) -> None:
        self._left: AbstractSet[Any] = frozenset()
        self._again = 0.0

    def due(self, wanted: AbstractSet[Any]) -> bool:
        return bool(wanted) and (not wanted <= self._left or time.monotonic() >= self._again)

    def left_over(self, left: AbstractSet[Any]) -> None:
        self._left = frozenset(left)
        self._again = time.monotonic() + _ASK_AGAIN_SECONDS


def device_keys(device: Device) -> dict[str, Any]:
    """The device's own public keys, signed by itself, as everybody may see them."""
    olm = olm_of(device)
    identity = olm.account.identity_keys
    keys = {
        "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
        "device_id": device.device_id,
        "user_id": device.user_id,
        "keys": {f"{kind}:{device.device_id}": identity[kind] for kind in ("curve25519", "ed25519")},
    }
    return {**keys, "signatures": _signature(device, keys)}


def _signature(device: Device, value: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {device.user_id: {f"ed25519:{device.device_id}": olm_of(device).sign_json(value)}}


def _vodozemac(olm: Any) -> Any:
    """The account beneath nio's, which knows fallback keys."""
    return olm.account._account  # noqa: SLF001
