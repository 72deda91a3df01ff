"""The one road of every call: known, allowed, bound, run in one transaction, answered."""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import structlog

from bot.campaign import people
from bot.campaign.people import Person
from bot.core import moments, parsing
from bot.core.command import Command, Role, Seen
from bot.core.errors import Denied, Invalid, Refused
from bot.core.invocation import Invocation, Press
from bot.core.parsing import BadValue, UnknownCommand
from bot.core.reply import Reply, Typed
from bot.engine import apology, handled
from bot.engine.acquaintances import Acquaintances
from bot.engine.budget import Budgets, Rate
from bot.engine.clock import Clock
from bot.engine.context import OWN_BUTTONS, Bot, Context
from bot.store.database import Conflict, Database, Transaction, Violated

SUGGEST_SECONDS = 0.5
QUESTION = "faq"
LEAST_DISK = 100 * 1024 * 1024
_ATTEMPTS = 4  # two that meet on PostgreSQL; the second time one of them is alone

log = structlog.get_logger()


@dataclasses.dataclass(frozen=True, slots=True)
class Answered:
    """How a call ended (`bot.core.platform.Answer`)."""

    reply: Reply
    language: str
    zone: str
    private: bool
    until: int
    told: bool = False
    unsay: bool = False


class Spent(Refused):
    """The budget is used up.

    Attributes:
        told: The asker heard so before, and the moment of it has not passed.
    """

    def __init__(self, until: dt.datetime, *, told: bool) -> None:
        super().__init__("budget.spent", until=until)
        self.told = told


@dataclasses.dataclass(frozen=True, slots=True)
class _Caller:
    """Who calls, before it is known what for."""

    person: Person
    role: Role
    language: str
    zone: str
    now: dt.datetime


class Dispatcher:
    """Turns calls into replies, for every platform alike."""

    def __init__(
        self, bot: Bot, database: Database, clock: Clock, *, machine: Callable[[], float], written: Callable[[], None],
        unlimited: bool = False,
    ) -> None:  # fmt: skip
        """Serve one bot.

        Args:
            bot: What commands may know.
            database: Where everything is kept.
            clock: The campaign's.
            machine: Seconds, for budgets.
            written: Called after a writing command whose commit leaves something to say or to do.
            unlimited: No budgets: a played run.
        """
        self._bot = bot
        self._database = database
        self._clock = clock
        self._machine = machine
        self._written = written
        self._unlimited = unlimited
        self._budgets = Budgets()
        self._acquaintances = Acquaintances()
        self._kept: set[str] = set()  # ids of calls whose reply is kept until it is known to be said

    async def handle(self, call: Invocation) -> Answered:
        """Run a call; whatever goes wrong becomes an answer."""
        caller = self._stranger(call)
        command: Command | None = None
        told = False
        try:
            self._spend(call, caller.role)
            command, raw = self._read(call, caller)
            _allow(command, caller.role, call)
            command, caller, reply = await self._carry_out(command, raw, call, caller)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person hears of it and the log has the rest
            caller, before = await self._known(call, caller)
            reply = before or apology.of(error, command, call, language=caller.language)
            told = before is None and isinstance(error, Spent) and error.told
        return self._answer(command, reply, call, caller, told=told)

    async def said(self, *calls: Invocation) -> None:
        """The answers to these calls have reached their askers; what cannot be kept may be said again."""
        kept = [call.id for call in calls if call.id in self._kept]
        if not kept:
            return
        try:
            async with self._database.write() as tx:
                await handled.said(tx, kept, self._clock.now())
            self._kept.difference_update(kept)
        except Exception as error:  # the person has the answer, and the platform must go on
            log.warning("an answer may be said again", exc_info=error)

    async def suggest(self, call: Invocation, parameter: str, partial: str) -> Sequence[tuple[str, str]]:
        """Values for a parameter while somebody types; nothing rather than late, or when it fails."""
        command = self._bot.catalogue.commands.get(call.command or "")
        declared = next((p for p in command.parameters if p.name == parameter), None) if command else None
        caller = self._stranger(call)
        if command is None or declared is None or caller.role < command.allow:
            return ()
        try:
            async with asyncio.timeout(SUGGEST_SECONDS), self._database.read() as tx:
                person = await self._acquaintances.find(tx, call.who)
                context = self._context(call, self._as(person, call, caller), tx)
                return await declared.kind.suggest(partial, context)
        except TimeoutError:
            pass
        except Exception as error:  # people can type on without
            log.warning("no suggestions", command=command.id, parameter=parameter, exc_info=error)
        return ()

    # -- what a call means ------------------------------------------------------------------------------

    def _spend(self, call: Invocation, role: Role) -> None:
        if self._unlimited:
            return
        campaign = self._bot.campaign
        rates: list[tuple[str, Rate]] = [(f"person {call.who}", campaign.person_rate)]
        if role is Role.GUEST:
            rates = [(f"guest {call.who}", campaign.guest_rate)]
        if not call.private and call.command is None:  # taps count for the person only
            rates.append((f"room {call.where}", campaign.room_rate))
        if wait := self._budgets.take(rates, self._machine()):
            told = self._budgets.told(f"{call.who} {call.where}", wait, self._machine())
            raise Spent(_whole_minute(self._clock.now() + dt.timedelta(seconds=wait)), told=told)

    def _read(self, call: Invocation, caller: _Caller) -> tuple[Command, Mapping[str, str]]:
        if call.command is not None:
            if call.command not in self._bot.catalogue.commands:  # a menu or a button of an older version
                raise UnknownCommand(call.command.replace(".", " "), ())
            return self._bot.catalogue[call.command], call.values
        line = (call.line or "").strip()
        try:
            return parsing.read(line, self._bot.catalogue, role=caller.role)
        except (UnknownCommand, Invalid) as error:
            if not call.perhaps or (isinstance(error, UnknownCommand) and error.slip):
                raise
            return self._question(line)

    def _question(self, line: str) -> tuple[Command, Mapping[str, str]]:
        return self._bot.catalogue[QUESTION], {"question": line}

    async def _carry_out(
        self, command: Command, raw: Mapping[str, str], call: Invocation, caller: _Caller
    ) -> tuple[Command, _Caller, Reply]:
        """Run a command; what only looked like one was a question ("help, mijn mail doet het niet")."""
        run = self._write if command.writes else self._look
        try:
            caller, reply = await run(command, raw, call, caller)
        except BadValue:
            if not (call.perhaps and raw and all(" " not in name for name in command.names.values())):
                raise
            command, raw = self._question((call.line or "").strip())
            caller, reply = await self._look(command, raw, call, caller)
        return command, caller, reply

    async def _look(
        self, command: Command, raw: Mapping[str, str], call: Invocation, caller: _Caller
    ) -> tuple[_Caller, Reply]:
        async with self._database.read() as tx:
            caller = self._as(await self._acquaintances.find(tx, call.who), call, caller)
            _check_press(call, caller.now)
            context = self._context(call, caller, tx)
            return caller, await command.run(context, **await parsing.bind(command, raw, context))

    async def _write(
        self, command: Command, raw: Mapping[str, str], call: Invocation, caller: _Caller
    ) -> tuple[_Caller, Reply]:
        if self._bot.free_disk() < LEAST_DISK:
            raise Refused("disk.full")
        for attempt in range(_ATTEMPTS):
            try:
                return await self._write_once(command, raw, call, caller)
            except (Conflict, Violated):
                if attempt + 1 == _ATTEMPTS:
                    raise
            finally:  # also when it is not known whether the commit came through
                self._acquaintances.forget()
        raise AssertionError("unreachable")

    async def _write_once(
        self, command: Command, raw: Mapping[str, str], call: Invocation, caller: _Caller
    ) -> tuple[_Caller, Reply]:
        async with self._database.write() as tx:
            if before := await handled.reply_to(tx, call.id):
                self._kept.add(call.id)
                return await self._recognise(tx, call, caller), before
            if self._bot.muted:  # what it gave out after the backup would come a second time
                raise Refused("store.muted")
            person = await people.meet(tx, call.who, role=caller.role.name.lower(), now=caller.now)
            caller = self._as(person, call, caller)
            await self._press_once(tx, call, caller.now)
            context = self._context(call, caller, tx)
            reply = await command.run(context, **await parsing.bind(command, raw, context))
            # Said again after a stop, it must be no less private.
            reply = dataclasses.replace(reply, private=not call.private and self._is_private(command, reply, call))
            kept = Reply(reply.again, private=reply.private) if reply.again else reply
            await handled.keep(tx, call, kept, language=reply.language or caller.language, now=caller.now)
        self._kept.add(call.id)
        if tx.urges:  # most commands leave nothing to say but their answer
            self._written()
        return caller, reply

    async def _press_once(self, tx: Transaction, call: Invocation, now: dt.datetime) -> None:
        _check_press(call, now)
        if call.press and not await handled.press(tx, call.press.token, now):
            raise Refused("button.used")

    # -- who calls --------------------------------------------------------------------------------------

    def _stranger(self, call: Invocation) -> _Caller:
        campaign = self._bot.campaign
        role, person = campaign.roles.of(call), Person(None, call.who)
        return _Caller(person, role, self._guess_language(call), campaign.zone, self._clock.now())

    async def _known(self, call: Invocation, caller: _Caller) -> tuple[_Caller, Reply | None]:
        """After an error: the caller with language and zone, and what a call that comes again was told before.

        A replay gets its reply whatever holds by now, a full disk or a spent budget: it was done.
        """
        try:
            async with self._database.read() as tx:
                before = await handled.reply_to(tx, call.id)
                if before:
                    self._kept.add(call.id)
                return await self._recognise(tx, call, caller), before
        except Exception as error:  # the answer to an error must not fail
            log.warning("a caller could not be looked up", exc_info=error)
        return caller, None

    async def _recognise(self, tx: Transaction, call: Invocation, caller: _Caller) -> _Caller:
        return self._as(await people.find(tx, call.who), call, caller)

    def _as(self, person: Person, call: Invocation, caller: _Caller) -> _Caller:
        return dataclasses.replace(
            caller, person=person, language=person.language or self._guess_language(call),
            zone=person.zone or self._bot.campaign.zone,
        )  # fmt: skip

    def _guess_language(self, call: Invocation) -> str:
        """The platform's, else the room's, else the campaign's."""
        if call.language and (short := call.language.lower()[:2]) in {"nl", "en"}:
            return short
        return self._bot.campaign.rooms.language_of(call.where) or self._bot.campaign.language

    def _context(self, call: Invocation, caller: _Caller, tx: Transaction) -> Context:
        return Context(
            call, caller.person, caller.role, caller.language, caller.zone, caller.now, tx, self._bot
        )  # fmt: skip

    # -- what to say ------------------------------------------------------------------------------------

    def _answer(
        self, command: Command | None, reply: Reply, call: Invocation, caller: _Caller, *, told: bool
    ) -> Answered:
        until = moments.to_ms(caller.now + OWN_BUTTONS)
        unsay = command is not None and command.personal and call.aloud
        private = self._is_private(command, reply, call) and not unsay
        return Answered(reply, reply.language or caller.language, caller.zone, private, until, told, unsay)

    def _is_private(self, command: Command | None, reply: Reply, call: Invocation) -> bool:
        seen = command.seen_by if command else Seen.ROOM
        among_organisers = self._bot.campaign.rooms.is_kind(call.where, "organisers")
        away = seen is Seen.ASKER or (seen is Seen.ORGANISERS and not among_organisers)
        return call.private or reply.private or away


def _allow(command: Command, role: Role, call: Invocation) -> None:
    if role < command.allow:
        raise Denied("denied." + command.allow.name.lower(), command=Typed(command.id))
    if command.personal and call.aloud and not command.overheard:
        raise Refused("command.aloud", command=Typed(command.id))


def _whole_minute(moment: dt.datetime) -> dt.datetime:
    """The first whole minute not before a moment: people read no seconds."""
    return moment + dt.timedelta(microseconds=-(moment.second * 1_000_000 + moment.microsecond) % 60_000_000)


def _check_press(call: Invocation, now: dt.datetime) -> None:
    """Own buttons: the asker's, for a quarter of an hour."""
    press: Press | None = call.press
    if press and press.owner != call.who:
        raise Denied("button.not_yours")
    if press and moments.to_ms(now) > press.until:
        raise Refused("button.late", command=Typed(call.command or "help", call.values))
