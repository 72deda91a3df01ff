"""`/clock` in a played run: on to a moment, through everything that is due before it."""

import datetime as dt
import re

from bot.core import moments
from bot.core.errors import Invalid
from bot.core.reply import Kind, Phrase, Reply
from bot.engine import played
from bot.engine.clock import Clock, PlayedClock
from bot.engine.scheduler import Scheduler
from bot.store.database import Database

_STEP = re.compile(r"\+(\d{1,5})\s*(min|m|h|u|d|w)")
_MINUTES = {"min": 1, "m": 1, "h": 60, "u": 60, "d": 1440, "w": 10_080}


class Steps:
    """Plays the campaign's clock on."""

    def __init__(self, scheduler: Scheduler, database: Database, clock: Clock, zone: str) -> None:
        self._scheduler = scheduler
        self._database = database
        self._clock = clock
        self._zone = zone

    async def advance(self, text: str) -> Reply:
        """Go to the moment that was typed after `/clock`; returns when everything due by then is said."""
        if not isinstance(self._clock, PlayedClock):
            raise TypeError("only a played clock can be moved")
        now = self._clock.now()
        to = self._moment(text, now)
        if to is None:
            return Reply(Phrase("clock.unknown", {"text": text[:60]}), kind=Kind.ERROR)
        if to < now:
            return Reply(Phrase("clock.back", {"moment": now}), kind=Kind.ERROR)
        await self._scheduler.advance(self._clock, to)
        await played.keep(self._database, self._clock)
        return Reply(Phrase("clock.now", {"moment": self._clock.now()}), kind=Kind.NOTICE)

    def _moment(self, text: str, now: dt.datetime) -> dt.datetime | None:
        try:
            if step := _STEP.fullmatch(text.strip().casefold()):
                far = now + dt.timedelta(minutes=int(step[1]) * _MINUTES[step[2]])
                return moments.parse(far.isoformat(), zone=self._zone)  # no further than moments go
            return moments.parse(text, zone=self._zone)
        except (Invalid, OverflowError):
            return None
