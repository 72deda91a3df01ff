"""What a platform keeps in the database."""

import datetime as dt

from bot.core.moments import from_ms
from bot.store.database import Database
from bot.store.memory import Memory


async def test_values(database: Database) -> None:
    """A value is the last one put under its name, by platform, until it is removed."""
    memory, other = (Memory(database, name, machine=lambda: 0) for name in ("matrix", "discord"))
    assert await memory.get("pins") is None
    await memory.put("pins", "a")
    await memory.put("pins", "b")
    await other.put("pins", "c")
    assert (await memory.get("pins"), await other.get("pins")) == ("b", "c")
    await memory.remove("pins")
    assert (await memory.get("pins"), await other.get("pins")) == (None, "c")


async def test_events_seen(database: Database) -> None:
    """An event is seen once, from the moment it was first seen; the values come with them."""
    now = 1_000
    memory, other = (Memory(database, name, machine=lambda: now) for name in ("matrix", "discord"))
    await memory.see(["$1", "$2"], **{"token.sync": "s1"})
    now = 5_000
    await memory.see(["$2", "$3"], **{"token.sync": "s2"})
    await memory.see([])
    assert await memory.get("token.sync") == "s2"
    assert await memory.seen(from_ms(0)) == {"$1", "$2", "$3"}
    assert await memory.seen(from_ms(2_000)) == {"$3"}
    assert await other.seen(from_ms(0) - dt.timedelta(days=1)) == frozenset()
