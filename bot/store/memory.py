"""What a platform keeps in the database (`bot.core.platform.Memory`)."""

import datetime as dt
from collections.abc import Callable, Sequence

from bot.store.database import Database, Transaction
from bot.store.parameters import Value


class Memory:
    """Small values and seen events of one platform."""

    def __init__(self, database: Database, platform: str, *, machine: Callable[[], int]) -> None:
        """Keep them; `machine` is machine time in UTC milliseconds."""
        self._database = database
        self._platform = platform
        self._machine = machine

    async def get(self, name: str) -> str | None:
        async with self._database.read() as tx:
            value: str | None = await tx.value(
                "SELECT value FROM memory WHERE platform = :platform AND name = :name",
                platform=self._platform, name=name,
            )  # fmt: skip
        return value

    async def put(self, name: str, value: str) -> None:
        async with self._database.write() as tx:
            await self._put(tx, {name: value})

    async def remove(self, name: str) -> None:
        async with self._database.write() as tx:
            await tx.run(
                "DELETE FROM memory WHERE platform = :platform AND name = :name", platform=self._platform, name=name
            )

    async def see(self, events: Sequence[str], **values: str) -> None:
        now = self._machine()
        rows: list[dict[str, Value]] = [{"platform": self._platform, "event": event, "at": now} for event in events]
        async with self._database.write() as tx:
            await tx.many(
                """
                INSERT INTO seen (platform, event, at) VALUES (:platform, :event, :at)
                ON CONFLICT (platform, event) DO NOTHING""",
                rows,
            )
            await self._put(tx, values)

    async def seen(self, since: dt.datetime) -> frozenset[str]:
        async with self._database.read() as tx:
            rows = await tx.all(
                "SELECT event FROM seen WHERE platform = :platform AND at >= :since",
                platform=self._platform, since=since,
            )  # fmt: skip
        return frozenset(row["event"] for row in rows)

    async def _put(self, tx: Transaction, values: dict[str, str]) -> None:
        await tx.many(
            """
            INSERT INTO memory (platform, name, value) VALUES (:platform, :name, :value)
            ON CONFLICT (platform, name) DO UPDATE SET value = excluded.value""",
            [{"platform": self._platform, "name": name, "value": value} for name, value in values.items()],
        )
