"""The one road of every call: known, allowed, bound, run in one transaction, answered."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence

import structlog

from bot.campaign import people
from bot.campaign.people import Person
from bot.core import moments, parsing
from bot.core.command import Command, Role, Seen
from bot.core.errors import Denied, Refused, UserError
from bot.core.invocation import Invocation, Press
from bot.core.parsing import BadValue, UnknownCommand
from bot.core.reply import Button, For, Kind, Phrase, Reply, Typed
from bot.engine import handled
from bot.engine.budget import Budgets, Rate
from bot.engine.clock import Clock
from bot.engine.context import OWN_BUTTONS, Bot, Context
from bot.store.database import Conflict, Database, Reason, StoreError, Transaction, Violated

SUGGEST_SECONDS = 0.5
LEAST_DISK = 100 * 1024 * 1024
_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that look alike when read out on the telephone
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
            written: Called after each commit of a writing command: there may be something to say.
            unlimited: No budgets: a played run.
        """
        self._bot = bot
        self._database = database
        self._clock = clock
        self._machine = machine
        self._written = written
        self._unlimited = unlimited
        self._budgets = Budgets()

    async def handle(self, call: Invocation) -> Answered:
        """Run a call; whatever goes wrong becomes an answer."""
        now = self._clock.now()
        role = self._bot.campaign.roles.of(call)
        caller = _Caller(Person(None, call.who), role, self._guess_language(call), self._bot.campaign.zone, now)
        command: Command | None = None
        try:
            self._spend(call, role)
            command, raw = self._read(call, caller)
            _allow(command, role)
            run = self._write if command.writes else self._look
            caller, reply = await run(command, raw, call, caller)
        except UserError as error:
            caller = await self._known(call, caller)
            reply = self._spoken(error, call, caller)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person hears a code and the log has the rest
            reply = _broken(error, command)
        return self._answer(command, reply, call, caller)

    async def said(self, call: Invocation) -> None:
        """The answer to a call has reached the asker."""
        async with self._database.write() as tx:
            await handled.said(tx, call.id, self._clock.now())

    async def suggest(self, call: Invocation, parameter: str, partial: str) -> Sequence[tuple[str, str]]:
        """Values for a parameter while somebody types; nothing rather than late."""
        command = self._bot.catalogue.commands.get(call.command or "")
        declared = next((p for p in command.parameters if p.name == parameter), None) if command else None
        role = self._bot.campaign.roles.of(call)
        if command is None or declared is None or role < command.allow:
            return ()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SUGGEST_SECONDS), self._database.read() as tx:
                caller = _Caller(
                    Person(None, call.who), role, self._guess_language(call), self._bot.campaign.zone, self._clock.now()
                )
                context = self._context(call, await self._recognise(tx, call, caller), tx)
                return await declared.kind.suggest(partial, context)
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
            raise Refused("budget.spent", until=self._clock.now() + dt.timedelta(seconds=wait))

    def _read(self, call: Invocation, caller: _Caller) -> tuple[Command, Mapping[str, str]]:
        if call.command is not None:
            return self._bot.catalogue[call.command], call.values
        return parsing.read((call.line or "").strip(), self._bot.catalogue, role=caller.role)

    async def _look(
        self, command: Command, raw: Mapping[str, str], call: Invocation, caller: _Caller
    ) -> tuple[_Caller, Reply]:
        async with self._database.read() as tx:
            caller = await self._recognise(tx, call, caller)
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
        raise AssertionError("unreachable")

    async def _write_once(
        self, command: Command, raw: Mapping[str, str], call: Invocation, caller: _Caller
    ) -> tuple[_Caller, Reply]:
        async with self._database.write() as tx:
            if before := await handled.reply_to(tx, call.id):
                return await self._recognise(tx, call, caller), before
            person = await people.meet(tx, call.who, role=caller.role.name.lower(), now=caller.now)
            caller = self._as(person, call, caller)
            await self._press_once(tx, call, caller.now)
            context = self._context(call, caller, tx)
            reply = await command.run(context, **await parsing.bind(command, raw, context))
            await handled.keep(tx, call, reply, language=reply.language or caller.language, now=caller.now)
        self._written()
        return caller, reply

    async def _press_once(self, tx: Transaction, call: Invocation, now: dt.datetime) -> None:
        _check_press(call, now)
        if call.press and not await handled.press(tx, call.press.token, now):
            raise Refused("button.used")

    # -- who calls --------------------------------------------------------------------------------------

    async def _known(self, call: Invocation, caller: _Caller) -> _Caller:
        """The caller with language and zone, for an answer outside any transaction."""
        with contextlib.suppress(StoreError):
            async with self._database.read() as tx:
                return await self._recognise(tx, call, caller)
        return caller

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

    def _answer(self, command: Command | None, reply: Reply, call: Invocation, caller: _Caller) -> Answered:
        seen = command.seen_by if command else Seen.ROOM
        in_organisers = self._bot.campaign.rooms.is_kind(call.where, "organisers")
        private = (
            call.private
            or reply.private
            or seen is Seen.ASKER
            or (seen is Seen.ORGANISERS and not in_organisers)
        )  # fmt: skip
        until = moments.to_ms(caller.now + OWN_BUTTONS)
        return Answered(reply, reply.language or caller.language, caller.zone, private, until)

    def _spoken(self, error: UserError, call: Invocation, caller: _Caller) -> Reply:
        """An error that a person can act on, with what may be meant instead as buttons."""
        buttons: tuple[Button, ...] = ()
        body: tuple[Phrase, ...] = ()
        values = dict(error.values)
        if isinstance(error, UnknownCommand):
            buttons = tuple(_meant(c, caller.language) for c in error.like if not any(p.required for p in c.parameters))
            values["commands"] = tuple(Typed(c.id) for c in error.like)
        if isinstance(error, BadValue):
            label = error.parameter.labels[caller.language]
            about = error.parameter.abouts[caller.language]
            values |= {"parameter": label, "about": about}
            buttons = tuple(
                Button(Phrase("button.option", {"label": shown[:70]}), error.command.id, values=filled)
                for shown, value in error.offers
                if _short(filled := {**error.raw, error.parameter.name: value})
            )
            body = (Phrase("value.pick"),) if buttons else (Phrase("value.usage", {"usage": Typed(error.command.id)}),)
        return Reply(
            Phrase(error.key, values),
            body,
            buttons=buttons,
            kind=Kind.ERROR,
            private=not call.private and isinstance(error, Denied),
        )


def _allow(command: Command, role: Role) -> None:
    if role < command.allow:
        raise Denied("denied." + command.allow.name.lower(), command=Typed(command.id))


def _check_press(call: Invocation, now: dt.datetime) -> None:
    """Own buttons: the asker's, for a quarter of an hour."""
    press: Press | None = call.press
    if press and press.owner != call.who:
        raise Denied("button.not_yours")
    if press and moments.to_ms(now) > press.until:
        raise Refused("button.late", command=Typed(call.command or "help", call.values))


def _short(values: Mapping[str, str]) -> bool:
    return sum(len(f"{k}{v}".encode()) for k, v in values.items()) <= 80  # a button holds 100 bytes with its command


def _meant(command: Command, language: str) -> Button:
    return Button(Phrase("button.option", {"label": command.names[language]}), command.id, whose=For.ASKER)


def _broken(error: Exception, command: Command | None) -> Reply:
    """Something that no person can mend by typing: a sentence, and a code that is in the log."""
    if isinstance(error, StoreError) and error.reason in {Reason.FULL, Reason.LOCKED, Reason.READ_ONLY}:
        log.error("store refused a call", reason=error.reason.value, place=error.place)
        return Reply(Phrase("disk.full" if error.reason is Reason.FULL else "store.busy"), kind=Kind.ERROR)
    code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(4))
    log.error("a call failed", code=code, command=command.id if command else None, exc_info=error)
    return Reply(Phrase("error.unexpected", {"code": code}), kind=Kind.ERROR)
