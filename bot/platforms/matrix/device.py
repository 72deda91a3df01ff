"""The bot's device: nio's client for sync and encryption, with what nio leaves out."""

import dataclasses
from typing import Any

import aiohttp
import nio

from bot.platforms.matrix.folder import must_encrypt
from bot.platforms.matrix.login import Account, Login

_KIND = "signed_curve25519"
_ECHO = {"m.room.message", "m.room.encrypted", "m.reaction", "m.room.redaction"}
_REMEMBERED_MESSAGES = 10_000  # against messages that are sent again by others; nio's own 100 000 take 14 MiB


@dataclasses.dataclass(frozen=True, slots=True)
class Stock:
    """What the last sync said of our keys on the server; None: nothing.

    Attributes:
        one_time: How many one-time keys wait there.
        fallback_unused: There is a fallback key, and nobody has had it yet.
    """

    one_time: int | None = None
    fallback_unused: bool | None = None


class Device(nio.AsyncClient):  # type: ignore[misc]  # to mypy nio has no types
    """A client that keeps hold of the stock of keys: nio overlooks a count of 0, and knows no fallback keys."""

    stock = Stock()

    async def parse_body(self, transport_response: aiohttp.ClientResponse) -> dict[Any, Any]:
        body: dict[Any, Any] = await super().parse_body(transport_response)
        if isinstance(body, dict) and "next_batch" in body:
            self.stock = stock_in(body)
            _without_echo(body, self.user_id)
        return body

    async def close(self) -> None:
        """Close the connections, and the file of keys, which nio leaves open."""
        await super().close()
        if self.store is not None:
            self.store.database.close()


def _without_echo(body: dict[str, Any], me: str) -> None:
    """Leave out of a sync what we said ourselves, before nio reads it and decrypts it: it comes after each answer.

    By a filter the homeserver would leave our own state events out too, that a room is encrypted now among them.
    """
    for room in body.get("rooms", {}).get("join", {}).values():
        timeline = room.get("timeline", {})
        if events := timeline.get("events"):
            timeline["events"] = [e for e in events if e.get("sender") != me or e.get("type") not in _ECHO]


def open_device(account: Account, login: Login) -> Device:
    """The device, with its keys; new ones when it has none yet. The folder must be held.

    Raises:
        Off: nio cannot encrypt here, or the keys were encrypted with another `store_key`.
    """
    must_encrypt()
    from bot.platforms.matrix.keyring import Keyring  # which is not there without encryption

    folder = account.folder()
    folder.identity(login.user_id, login.device_id)
    file = folder.crypto_file(login.user_id, login.device_id)
    file.touch(mode=0o600)  # before SQLite makes it, for everybody to read
    config = nio.AsyncClientConfig(
        store=Keyring,
        store_name=file.name,
        store_sync_tokens=False,  # it would save them before the events are dealt with
        encryption_enabled=True,
        pickle_key=folder.pickle_key(login.user_id),
        max_limit_exceeded=3,
        max_timeouts=2,
        request_timeout=20,
    )
    device = Device(account.homeserver, login.user_id, login.device_id, store_path=str(folder.path), config=config)
    device.restore_login(login.user_id, login.device_id, login.token)
    olm = olm_of(device)
    olm.message_index_store = type(olm.message_index_store)(_REMEMBERED_MESSAGES)
    return device


def olm_of(device: Device) -> Any:
    """The device's keys.

    Raises:
        RuntimeError: it has none: `open_device` makes no such device.
    """
    if device.olm is None:
        raise RuntimeError("a device without keys")
    return device.olm


def stock_in(body: dict[Any, Any]) -> Stock:
    """What the answer to a sync says of our keys."""
    counts, unused = body.get("device_one_time_keys_count"), body.get("device_unused_fallback_key_types")
    # A kind that is not listed has none left; where the whole list is missing nothing is known.
    return Stock(
        one_time=counts.get(_KIND, 0) if isinstance(counts, dict) else None,
        fallback_unused=_KIND in unused if isinstance(unused, list) else None,
    )
