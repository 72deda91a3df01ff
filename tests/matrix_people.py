"""People on a real homeserver: `await anna.says(room, "!teller")`, then `await anna.hears(room, by=bot, after=…)`.

A `Person` speaks the homeserver's own API, so that nothing of the bot's stands between a test and the server. An
`EncryptedPerson` has a device with keys, by matrix-nio, and reads and writes in encrypted rooms as well.
"""

import asyncio
import contextlib
import inspect
import itertools
import pathlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Self

import nio

from tests.synapse import Account, Synapse, quoted

WAIT_SECONDS = 10.0
_PAUSE_SECONDS = 0.05
_ROOM_EVENTS = 1000
_V3 = "/_matrix/client/v3"

Event = dict[str, Any]
"""As the homeserver has it: `event_id`, `sender`, `type`, `content`, `origin_server_ts` …"""


async def wait(condition: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
    """Ask again and again until the answer is something.

    Args:
        condition: A function or a coroutine function.
        seconds: How long at most.

    Raises:
        AssertionError: it took too long.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{seconds} s have passed; the last answer was {answer!r}"
        await asyncio.sleep(_PAUSE_SECONDS)


class Person:
    """Somebody with an account and no keys; everything is done at once, nothing runs in the background.

    Attributes:
        account: With which they are logged in.
        user_id: "@anna-1:actie.test".
    """

    def __init__(self, synapse: Synapse, account: Account) -> None:
        self.synapse = synapse
        self.account = account
        self.user_id = account.user_id
        self._since: str | None = None
        self._transactions = itertools.count(1)

    @classmethod
    async def new(cls, synapse: Synapse, name: str) -> Self:
        """Somebody new; a number is put behind the name, so that each test has people of its own."""
        return cls(synapse, await synapse.register(synapse.unique(name)))

    async def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """One call of the API.

        Args:
            method: "GET", "POST", "PUT", "DELETE".
            path: Behind /_matrix/client/v3, or whole, its parts made with `quoted`.
            body: JSON.
            query: Behind the question mark.

        Raises:
            MatrixError: the homeserver said no.
        """
        path = path if path.startswith("/_") else _V3 + path
        return await self.synapse.call(method, path, body, query=query, token=self.account.token)

    # -- rooms --------------------------------------------------------------------------------------------

    async def create_room(
        self, *invite: str, name: str | None = None, encrypted: bool = False, public: bool = False,
        version: str | None = None, alias: str | None = None, direct: bool = False,
    ) -> str:  # fmt: skip
        """A new room.

        Args:
            invite: Accounts.
            name: That people see.
            encrypted: From the first message on.
            public: Everybody may join; otherwise by invitation.
            version: Of the room; None: the server's own choice.
            alias: Only what stands between "#" and ":".
            direct: A conversation of two.

        Returns:
            The room's id.
        """
        body: dict[str, Any] = {"invite": list(invite), "preset": "public_chat" if public else "private_chat"}
        given = {"name": name, "room_version": version, "room_alias_name": alias, "is_direct": direct or None}
        body |= {key: value for key, value in given.items() if value is not None}
        if encrypted:
            content = {"algorithm": "m.megolm.v1.aes-sha2"}
            body["initial_state"] = [{"type": "m.room.encryption", "state_key": "", "content": content}]
        return str((await self.call("POST", "/createRoom", body))["room_id"])

    async def join(self, room: str) -> str:
        """Join a room by its id or its alias; the answer is its id."""
        return str((await self.call("POST", f"/join/{quoted(room)}", {}))["room_id"])

    async def leave(self, room: str) -> None:
        await self.call("POST", f"/rooms/{quoted(room)}/leave", {})

    async def invite(self, room: str, user_id: str) -> None:
        await self.call("POST", f"/rooms/{quoted(room)}/invite", {"user_id": user_id})

    async def kick(self, room: str, user_id: str) -> None:
        await self.call("POST", f"/rooms/{quoted(room)}/kick", {"user_id": user_id})

    async def ban(self, room: str, user_id: str) -> None:
        await self.call("POST", f"/rooms/{quoted(room)}/ban", {"user_id": user_id})

    async def upgrade(self, room: str, version: str) -> str:
        """Replace a room by one of another version; the answer is the new one's id."""
        answer = await self.call("POST", f"/rooms/{quoted(room)}/upgrade", {"new_version": version})
        return str(answer["replacement_room"])

    async def members(self, room: str) -> set[str]:
        """Who is in it."""
        return set((await self.call("GET", f"/rooms/{quoted(room)}/joined_members"))["joined"])

    async def invites(self) -> set[str]:
        """The rooms that they are invited to and have not joined."""
        return set((await self._synced(None, 0)).get("rooms", {}).get("invite", {}))

    async def state(self, room: str, kind: str, key: str = "") -> dict[str, Any]:
        """The content of a state event; MatrixError M_NOT_FOUND where there is none."""
        return await self.call("GET", f"/rooms/{quoted(room)}/state/{quoted(kind)}/{quoted(key)}")

    async def set_state(self, room: str, kind: str, content: Mapping[str, Any], key: str = "") -> str:
        answer = await self.call("PUT", f"/rooms/{quoted(room)}/state/{quoted(kind)}/{quoted(key)}", content)
        return str(answer["event_id"])

    async def set_power(self, room: str, user_id: str, level: int) -> None:
        """Give somebody a power level in a room."""
        levels = await self.state(room, "m.room.power_levels")
        levels.setdefault("users", {})[user_id] = level
        await self.set_state(room, "m.room.power_levels", levels)

    async def account_data(self, kind: str, room: str | None = None) -> dict[str, Any]:
        """Their own account data, or what they keep about one room; MatrixError M_NOT_FOUND where there is none."""
        where = f"/rooms/{quoted(room)}" if room else ""
        return await self.call("GET", f"/user/{quoted(self.user_id)}{where}/account_data/{quoted(kind)}")

    # -- speaking -----------------------------------------------------------------------------------------

    async def send(
        self, room: str, content: Mapping[str, Any], kind: str = "m.room.message", *, txn: str | None = None
    ) -> str:
        """Send an event of any kind, unencrypted; the answer is its id.

        Args:
            room: The room's id.
            content: Of the event.
            kind: Its type.
            txn: The transaction's id; None: a new one.
        """
        txn = txn or f"{self.account.device_id}-{time.time_ns()}-{next(self._transactions)}"
        answer = await self.call("PUT", f"/rooms/{quoted(room)}/send/{quoted(kind)}/{quoted(txn)}", content)
        return str(answer["event_id"])

    async def says(self, room: str, text: str, **content: Any) -> str:
        """Send a text; more of the content by name, `**{"m.relates_to": …}` too. The answer is its id."""
        return await self.send(room, {"msgtype": "m.text", "body": text, **content})

    async def edits(self, room: str, event_id: str, text: str) -> str:
        """Change an earlier text of theirs."""
        relation = {"rel_type": "m.replace", "event_id": event_id}
        changed = {"msgtype": "m.text", "body": text}
        return await self.says(room, f"* {text}", **{"m.new_content": changed, "m.relates_to": relation})

    async def reacts(self, room: str, event_id: str, key: str) -> str:
        """React with an emoji; the answer is the reaction's id."""
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await Person.send(self, room, {"m.relates_to": relation}, "m.reaction")

    async def redacts(self, room: str, event_id: str) -> str:
        txn = f"redaction-{time.time_ns()}-{next(self._transactions)}"
        answer = await self.call("PUT", f"/rooms/{quoted(room)}/redact/{quoted(event_id)}/{quoted(txn)}", {})
        return str(answer["event_id"])

    # -- hearing ------------------------------------------------------------------------------------------

    async def timeline(self, room: str, *, after: str | None = None) -> list[Event]:
        """What they can see of a room's last thousand events, oldest first.

        Args:
            room: The room's id.
            after: Only what came later than this event.
        """
        query = {"dir": "b", "limit": str(_ROOM_EVENTS)}
        page = await self.call("GET", f"/rooms/{quoted(room)}/messages", query=query)
        newer = itertools.takewhile(lambda event: event["event_id"] != after, page["chunk"])
        return list(reversed(list(newer)))

    async def heard(self, room: str, *, by: str, after: str | None = None) -> list[Event]:
        """All messages of somebody until now, oldest first, edits too."""
        events = await self.timeline(room, after=after)
        return [event for event in events if (event["sender"], event["type"]) == (by, "m.room.message")]

    async def hears_event(
        self, room: str, *, by: str, after: str | None = None, seconds: float = WAIT_SECONDS
    ) -> Event:
        """The first message of somebody after an event, waited for; edits count as messages.

        Raises:
            AssertionError: none came in time.
        """
        messages: list[Event] = await wait(lambda: self.heard(room, by=by, after=after), seconds)
        return messages[0]

    async def hears(
        self, room: str, *, by: str, after: str | None = None, seconds: float = WAIT_SECONDS
    ) -> dict[str, Any]:
        """The content of that message."""
        content: dict[str, Any] = (await self.hears_event(room, by=by, after=after, seconds=seconds))["content"]
        return content

    async def hears_nothing(self, room: str, *, by: str, after: str | None = None, seconds: float = 1.0) -> None:
        """That no message of somebody comes for a while.

        Raises:
            AssertionError: one came.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            messages = await self.heard(room, by=by, after=after)
            assert not messages, f"{by} said {messages[0]['content']}"
            await asyncio.sleep(_PAUSE_SECONDS)

    async def sync(self, seconds: float = 0) -> dict[str, Any]:
        """What is new since the last call, all that there is at the first.

        Args:
            seconds: How long the server may wait for something new.
        """
        answer = await self._synced(self._since, seconds)
        self._since = answer["next_batch"]
        return answer

    async def _synced(self, since: str | None, seconds: float) -> dict[str, Any]:
        # The server keeps an answer for 2 minutes for whoever asks the same: no two of our questions are the same.
        timeout = round(seconds * 1000) + next(self._transactions) % 100
        query = {"timeout": str(timeout)} | ({"since": since} if since else {})
        return await self.call("GET", "/sync", query=query)


class EncryptedPerson(Person):
    """Somebody with a device of their own, who trusts every other device.

    In encrypted rooms `says`, `edits`, `send`, `heard`, `hears` and `hears_event` are as in others; they hear what
    came since they were made, also that which their device could not read: its type is then "m.room.encrypted".
    """

    def __init__(self, synapse: Synapse, account: Account, store: pathlib.Path) -> None:
        """Use a device.

        Args:
            synapse: Where they live.
            account: A fresh one, or the one that the store belongs to.
            store: A folder for the device's keys.
        """
        super().__init__(synapse, account)
        store.mkdir(parents=True, exist_ok=True)
        config = nio.AsyncClientConfig(
            encryption_enabled=True, pickle_key="actie", max_limit_exceeded=3, max_timeouts=2
        )
        self.client = nio.AsyncClient(
            synapse.url, account.user_id, device_id=account.device_id, store_path=str(store), config=config
        )
        self.client.restore_login(account.user_id, account.device_id, account.token)
        self._read: dict[str, list[Any]] = {}

    @classmethod
    @contextlib.asynccontextmanager
    async def living(cls, synapse: Synapse, name: str, store: pathlib.Path) -> AsyncIterator[Self]:
        """Somebody new for the length of a block, with their keys already known to the server."""
        person = cls(synapse, await synapse.register(synapse.unique(name)), store)
        try:
            await person.catch_up()
            yield person
        finally:
            await person.close()

    async def close(self) -> None:
        await self.client.close()

    async def catch_up(self, seconds: float = 0) -> None:
        """Read what is new and do what the keys need; the server may wait this long for something new."""
        first = self.client.next_batch is None
        timeout = round(seconds * 1000) + next(self._transactions) % 100
        answer = _good(await self.client.sync(timeout=timeout, full_state=first))
        for room, news in answer.rooms.join.items():
            self._read.setdefault(room, []).extend(news.timeline.events)
        await self._look_after_keys()

    async def send(
        self, room: str, content: Mapping[str, Any], kind: str = "m.room.message", *, txn: str | None = None
    ) -> str:
        """Send an event; encrypted where the room is."""
        await self.catch_up()  # for whoever came or went
        sent = await self.client.room_send(room, kind, dict(content), tx_id=txn, ignore_unverified_devices=True)
        return str(_good(sent).event_id)

    async def timeline(self, room: str, *, after: str | None = None) -> list[Event]:
        """What they have read of a room, oldest first."""
        await self.catch_up()
        events = self._read.setdefault(room, [])
        events[:] = [self._opened(event) for event in events]
        place = next((number for number, event in enumerate(events, start=1) if event.event_id == after), 0)
        return [event.source for event in events[place:]]

    def _opened(self, event: Any) -> Any:
        """Decrypted, when its key has come in the meantime."""
        if isinstance(event, nio.MegolmEvent):
            with contextlib.suppress(nio.EncryptionError):
                return self.client.decrypt_event(event)
        return event

    async def _look_after_keys(self) -> None:
        client = self.client
        if client.should_upload_keys:
            _good(await client.keys_upload())
        if client.should_query_keys:
            _good(await client.keys_query())
        if client.should_claim_keys:
            _good(await client.keys_claim(client.get_users_for_key_claiming()))
        await client.send_to_device_messages()


def _good(answer: Any) -> Any:
    """The answer, when it is no error: nio returns those instead of raising them."""
    assert not isinstance(answer, nio.ErrorResponse), answer
    return answer
