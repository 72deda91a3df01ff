"""Taking over edited files while the bot runs: all of them or none, and mistakes are told to the organisers."""

import asyncio
import json
from collections.abc import Callable

import structlog

from bot.check import render
from bot.config import Config
from bot.core.document import Problem, mistakes
from bot.core.reply import Kind, Phrase, Reply
from bot.engine.clock import Clock
from bot.engine.context import Bot
from bot.parts import read_faq
from bot.store import outbox, settings
from bot.store.database import Database
from bot.store.outbox import Message, Priority

RELOADED = "reloaded"
"""The setting with what the last reload came to: `{"serial": n, "answers": n}`, or with "mistakes" instead."""
_TOLD = 10  # mistakes that fit in one message; `actiebot check` shows all

log = structlog.get_logger()


class Reloading:
    """Reads the campaign's files again when asked."""

    def __init__(
        self, config: Config, bot: Bot, database: Database, clock: Clock, *, written: Callable[[], None]
    ) -> None:
        self._config = config
        self._bot = bot
        self._database = database
        self._clock = clock
        self._written = written
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def ask(self) -> None:
        """Read them soon (SIGHUP)."""
        task = asyncio.get_running_loop().create_task(self._reload_or_log())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reload_or_log(self) -> None:
        try:
            await self._reload()
        except Exception:
            log.exception("reload failed")  # whatever it is, the bot goes on with the old answers

    async def _reload(self) -> None:
        async with self._turn:
            faq, problems = await asyncio.to_thread(read_faq, self._config, self._bot.texts)
            wrong = mistakes(problems)
            if faq is None:
                log.warning("reload refused", mistakes=len(wrong))
                await self._tell(self._refused(wrong), {"mistakes": len(wrong)})
                return
            self._bot.faq = faq
            log.info("reloaded", answers=len(faq.entries))
            told = Reply(Phrase("reload.told", {"count": len(faq.entries)}), kind=Kind.NOTICE)
            await self._tell(told, {"answers": len(faq.entries)})

    def _refused(self, wrong: list[Problem]) -> Reply:
        language = self._bot.campaign.language
        lines = tuple(Phrase("reload.one", {"problem": render(problem, language)}) for problem in wrong[:_TOLD])
        return Reply(Phrase("reload.mistakes", {"count": len(wrong)}), lines, kind=Kind.NOTICE)

    async def _tell(self, reply: Reply, outcome: dict[str, int]) -> None:
        async with self._database.write() as tx:
            serial = int(json.loads(await settings.get(tx, RELOADED) or "{}").get("serial", 0)) + 1
            cause = f"reload:{serial}"
            await settings.put(tx, RELOADED, json.dumps({"serial": serial, **outcome}))
            await outbox.put(
                tx,
                [
                    Message(cause, str(room.address), reply, language=room.language, priority=Priority.ANSWER)
                    for room in self._bot.campaign.rooms.of("organisers")
                ],
                now=self._clock.now(),
            )
        self._written()
