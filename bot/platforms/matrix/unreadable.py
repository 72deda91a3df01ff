"""Messages that cannot be read: their keys may come a moment later; else people are told, now and then."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from nio import AsyncClient, EncryptionError, MegolmEvent, UnknownToDeviceEvent

WAIT_SECONDS = (0.5, 1.5, 4.0)
QUIET_SECONDS = 60 * 60.0
_HOPELESS_SECONDS = 60.0

log = structlog.get_logger()


class Unreadable:
    """What became of messages that came without a key."""

    def __init__(self, client: AsyncClient, *, now: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._now = now
        self._told: dict[str, float] = {}
        self._hopeless: dict[str, float] = {}
        self.count = 0

    async def read(self, event: MegolmEvent) -> Mapping[str, Any] | None:
        """The event in the clear, once its key is here; None: it does not come.

        Others with the same key are then given up at once, so that a room is not held up by each of them.
        """
        given_up = self._hopeless.get(event.session_id)
        waits = () if given_up is not None and self._now() - given_up < _HOPELESS_SECONDS else WAIT_SECONDS
        for wait in (0.0, *waits):
            await asyncio.sleep(wait)
            if (found := self._try(event)) is not None:
                return found
        self._hopeless = {key: at for key, at in self._hopeless.items() if self._now() - at < _HOPELESS_SECONDS}
        self._hopeless[event.session_id] = self._now()
        self.count += 1
        log.warning("a message could not be read: its key did not come")
        return None

    def _try(self, event: MegolmEvent) -> Mapping[str, Any] | None:
        try:
            return dict(self._client.decrypt_event(event).source)
        except EncryptionError:
            return None
        except Exception as error:  # noqa: BLE001 - what is in it was written by others
            log.warning("a message is malformed", error=repr(error))
            return None

    def may_say_so(self, room: str) -> bool:
        """Whether this room may be told now; at most once an hour."""
        now = self._now()
        self._told = {place: at for place, at in self._told.items() if now - at < QUIET_SECONDS}
        if room in self._told:
            return False
        self._told[room] = now
        return True


_WITHHELD = {
    "m.unverified": "the sender's client trusts signed devices only; is this device signed?",
    "m.no_olm": "the sender could not reach this device; its one-time keys may have run out",
    "m.blacklisted": "the sender keeps this device out",
    "m.unauthorised": "the sender says that this device may not read it",
    "m.unavailable": "the sender has the key no more",
}


def withheld(event: object) -> None:
    """Log, in words, that somebody's client did not send us a key."""
    if isinstance(event, UnknownToDeviceEvent) and event.type == "m.room_key.withheld":
        content = event.source.get("content", {})
        code = str(content.get("code", ""))
        log.warning("a key was withheld", code=code, meaning=_WITHHELD.get(code, "unknown"))
