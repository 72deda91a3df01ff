"""Which clock a database goes by: the real one, or one that is played from a moment. Marked at its first start."""

import datetime as dt

from bot.core.moments import from_ms, to_ms
from bot.engine.clock import Clock, PlayedClock, RealClock
from bot.store import settings
from bot.store.database import Database, Transaction

_MODE, _CLOCK = "mode", "clock"
LIVE, PLAYED = "live", "played"


class OtherClock(Exception):
    """A live database was to be played, or a played one to run live; `mode` is what it is."""

    def __init__(self, mode: str) -> None:
        super().__init__(mode)
        self.mode = mode


async def clock_of(database: Database, at: dt.datetime | None) -> tuple[Clock, bool]:
    """The clock for a run, and whether it goes on from a later moment than was asked for.

    A played clock never runs back over what was said already.

    Args:
        database: Marked as live or played, now, when it is not yet.
        at: Where to play from; None: the real clock.

    Raises:
        OtherClock: the database goes by the other one.
    """
    wanted = LIVE if at is None else PLAYED
    async with database.write() as tx:
        mode = await settings.get(tx, _MODE)
        if mode is None:
            await settings.put(tx, _MODE, wanted)
        elif mode != wanted:
            raise OtherClock(mode)
        reached = await _reached(tx)
    if at is None:
        return RealClock(), False
    start = max(at, reached) if reached else at
    return PlayedClock(start), start > at


async def now_of(database: Database) -> dt.datetime:
    """The present moment of a database that nobody runs on."""
    async with database.read() as tx:
        is_played = await settings.get(tx, _MODE) == PLAYED
        reached = await _reached(tx)
    real = RealClock().now()
    return (reached or real) if is_played else max(real, reached or real)


async def _reached(tx: Transaction) -> dt.datetime | None:
    """The latest moment that this database knows to have been."""
    kept = await settings.get(tx, _CLOCK)
    known = await tx.value(
        """
        SELECT max(at) FROM (
            SELECT max(at) AS at FROM handled UNION ALL SELECT max(put_at) FROM outbox
            UNION ALL SELECT max(ended_at) FROM outbox UNION ALL SELECT max(at) FROM audit) AS known"""
    )
    moments = [int(ms) for ms in (kept, known) if ms is not None]
    return from_ms(max(moments)) if moments else None


async def keep(database: Database, clock: Clock) -> None:
    """Keep how far a played clock has come."""
    if clock.played:
        async with database.write() as tx:
            await settings.put(tx, _CLOCK, str(to_ms(clock.now())))
