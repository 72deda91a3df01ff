"""What is said when a call cannot be carried out: an error that a person can act on, or a code that is in the log."""

import secrets
from collections.abc import Mapping, Sequence

import structlog

from bot.core.command import Command
from bot.core.errors import Denied, UserError
from bot.core.invocation import Invocation
from bot.core.parsing import BadValue, UnknownCommand
from bot.core.reply import Button, Kind, Phrase, Reply, Typed, Value
from bot.store.database import Reason, StoreError

_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that look alike when read out on the telephone
_PASSING = {Reason.FULL, Reason.LOCKED, Reason.READ_ONLY, Reason.UNREACHABLE, Reason.CONFLICT}
_LABEL = 70  # characters of a button's label; the tightest platform takes 80
_BUTTON_BYTES = 80  # for values: a button holds 100 with its command

log = structlog.get_logger()


def of(error: Exception, command: Command | None, call: Invocation, *, language: str) -> Reply:
    """The reply to a call that failed; what only we can mend is logged with the code that the person reads."""
    match error:
        case UnknownCommand():
            return _unknown(error, language)
        case BadValue():
            return _bad_value(error, language)
        case UserError():
            # That somebody may not do a thing is nobody else's business.
            private = isinstance(error, Denied) and not call.private
            return Reply(Phrase(error.key, error.values), kind=Kind.ERROR, private=private)
    return _broken(error, command)


def _unknown(error: UnknownCommand, language: str) -> Reply:
    """The nearest commands in words; those that need no values as buttons too."""
    values: dict[str, Value] = {**error.values, "commands": tuple(Typed(c.id) for c in error.like)}
    ready = (c for c in error.like if not any(p.required for p in c.parameters))
    buttons = tuple(Button(Phrase("button.option", {"label": c.names[language]}), c.id) for c in ready)
    return Reply(Phrase(error.key, values), buttons=buttons, kind=Kind.ERROR)


def _bad_value(error: BadValue, language: str) -> Reply:
    """Which value it is about, and what may be picked: the same command with that value filled in."""
    wanted = error.parameter
    values = {**error.values, "parameter": wanted.labels[language], "about": wanted.abouts[language]}
    buttons = tuple(
        Button(Phrase("button.option", {"label": shown[:_LABEL]}), error.command.id, filled)
        for shown, value in error.offers
        if _fits(filled := {**error.raw, wanted.name: value})
    )
    return Reply(Phrase(error.key, values), (_hint(error, buttons),), buttons=buttons, kind=Kind.ERROR)


def _hint(error: BadValue, buttons: Sequence[Button]) -> Phrase:
    if buttons:
        return Phrase("value.pick")
    if error.offers:  # too much was typed for a button to hold
        return Phrase("value.meant", {"choices": tuple(shown for shown, _ in error.offers)})
    return Phrase("value.usage", {"usage": Typed(error.command.id)})


def _fits(values: Mapping[str, str]) -> bool:
    return sum(len(f"{name}{value}".encode()) for name, value in values.items()) <= _BUTTON_BYTES


def _broken(error: Exception, command: Command | None) -> Reply:
    if isinstance(error, StoreError) and error.reason in _PASSING:
        log.error("store refused a call", reason=error.reason.value, place=error.place)
        return Reply(Phrase("disk.full" if error.reason is Reason.FULL else "store.busy"), kind=Kind.ERROR)
    code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(4))
    log.error("a call failed", code=code, command=command.id if command else None, exc_info=error)
    return Reply(Phrase("error.unexpected", {"code": code}), kind=Kind.ERROR)
