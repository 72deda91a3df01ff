"""The bot's device against a real homeserver: started, stopped and started again, with its folder and its memory."""

import contextlib
import dataclasses
import datetime as dt
import itertools
import pathlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Self

import nio

from bot.platforms.matrix.cross_signing import Signed, Trust, sign_device
from bot.platforms.matrix.device import Device, open_device
from bot.platforms.matrix.homeserver import Homeserver
from bot.platforms.matrix.keys import Keys
from bot.platforms.matrix.login import Account, Login, log_in
from tests import synapse as servers
from tests.matrix_people import wait
from tests.synapse import Synapse

STORE_KEY = "een sleutel van de beheerder"
_DIFFERENT = itertools.count()
UNSIGNED = Signed(Trust.UNSIGNED)


class Kept:
    """A memory of a test's own."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def get(self, name: str) -> str | None:
        return self.values.get(name)

    async def put(self, name: str, value: str) -> None:
        self.values[name] = value

    async def remove(self, name: str) -> None:
        self.values.pop(name, None)

    async def see(self, events: Sequence[str], **values: str) -> None:
        self.values |= values

    async def seen(self, since: dt.datetime) -> frozenset[str]:
        return frozenset()


@dataclasses.dataclass(slots=True)
class Running:
    """One process of the bot."""

    login: Login
    device: Device
    homeserver: Homeserver
    keys: Keys
    signed: Signed = UNSIGNED
    since: str | None = None

    async def sync(self) -> nio.SyncResponse:
        """One round of the loop: read, and look after the keys."""
        first = self.device.next_batch in {"", None}
        # The server keeps an answer for 2 minutes for whoever asks the same: no two of our questions are the same.
        answer = await self.device.sync(timeout=100 + next(_DIFFERENT), since=self.since, full_state=first)
        assert isinstance(answer, nio.SyncResponse), answer
        self.since = answer.next_batch
        await self.keys.after_sync()
        return answer

    async def reads(self, room: str, text: str) -> None:
        """That a message comes in, readable.

        Raises:
            AssertionError: it does not.
        """

        async def arrived() -> bool:
            news = (await self.sync()).rooms.join.get(room)
            return any(getattr(event, "body", None) == text for event in news.timeline.events) if news else False

        await wait(arrived)


@dataclasses.dataclass(frozen=True, slots=True)
class Bot:
    """An account with its settings; `running` is one process of it. The onlooker is somebody else on its server."""

    synapse: Synapse
    owner: servers.Account
    onlooker: servers.Account
    account: Account
    memory: Kept = dataclasses.field(default_factory=Kept)

    @classmethod
    async def new(cls, synapse: Synapse, folder: pathlib.Path) -> Self:
        """With a password, on a machine where it has never been."""
        owner = await synapse.register(synapse.unique("bot"))
        account = Account(synapse.url, owner.user_id, "ACTIEBOT", None, owner.password, folder, STORE_KEY)
        return cls(synapse, owner, await synapse.register(synapse.unique("onlooker")), account)

    def but(self, **settings: Any) -> "Bot":
        """The same with other settings."""
        return dataclasses.replace(self, account=dataclasses.replace(self.account, **settings))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Running]:
        async with self.unsigned() as running:
            password = self.account.password
            running.signed = await sign_device(
                running.device, running.homeserver, self.memory, store_key=self.account.store_key, password=password
            )
            yield running

    @contextlib.asynccontextmanager
    async def unsigned(self) -> AsyncIterator[Running]:
        """The same before its device is signed."""
        async with self.fresh() as running:
            await running.keys.start()
            yield running

    @contextlib.asynccontextmanager
    async def fresh(self) -> AsyncIterator[Running]:
        """The same before the server has its keys."""
        account = self.account
        async with Homeserver(account.homeserver) as homeserver:
            with account.folder().held():
                login = await log_in(homeserver, account)
                async with opened(account, login) as device:
                    yield Running(login, device, homeserver, Keys(device, homeserver))

    async def log_in(self) -> Login:
        async with Homeserver(self.account.homeserver) as homeserver:
            with self.account.folder().held():
                return await log_in(homeserver, self.account)

    async def shown(self) -> dict[str, Any]:
        """What everybody can see of its keys."""
        asked: dict[str, Any] = {"device_keys": {self.owner.user_id: []}}
        path = "/_matrix/client/v3/keys/query"
        return await self.synapse.call("POST", path, asked, token=self.onlooker.token)

    async def master(self) -> str:
        """Its identity's public key, as everybody sees it."""
        keys: dict[str, str] = (await self.shown())["master_keys"][self.owner.user_id]["keys"]
        return next(iter(keys.values()))

    async def claim(self) -> list[str]:
        """One key of each of its devices, as whoever writes to it for the first time takes it: their names."""
        devices = (await self.shown())["device_keys"][self.owner.user_id]
        asked = {"one_time_keys": {self.owner.user_id: dict.fromkeys(devices, "signed_curve25519")}}
        path = "/_matrix/client/v3/keys/claim"
        answer = await self.synapse.call("POST", path, asked, token=self.onlooker.token)
        return [name for keys in answer["one_time_keys"].get(self.owner.user_id, {}).values() for name in keys]


@contextlib.asynccontextmanager
async def opened(account: Account, login: Login) -> AsyncIterator[Device]:
    device = open_device(account, login)
    try:
        yield device
    finally:
        await device.close()
