"""Logs on standard error: no message text, name or account at INFO, and never a secret at any level."""

import logging
import sys
import traceback
from collections.abc import Iterable

import structlog
from structlog.typing import EventDict, WrappedLogger

_HIDDEN = "***"
LEAST_SECRET = 4  # a shorter one would blot out ordinary words, and is no secret


class Masked:
    """Replaces secrets in everything that is logged, tracebacks too."""

    def __init__(self, secrets: Iterable[str]) -> None:
        long = {s for s in secrets if len(s) >= LEAST_SECRET}
        self._secrets = sorted(long | {repr(s)[1:-1] for s in long}, key=len, reverse=True)

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        return {name: self.mask(value) if isinstance(value, str) else value for name, value in event.items()}

    def mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text


def _with_traceback(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """The traceback as text, without the values of variables: those may be people's words."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exception()
    if isinstance(error, BaseException):
        event["exception"] = "".join(traceback.format_exception(error))
    return event


def _as_text(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Every value as a string, so that a secret cannot hide inside a list."""
    return {name: value if isinstance(value, int | float | bool) else str(value) for name, value in event.items()}


def set_up(level: str, form: str, secrets: Iterable[str]) -> None:
    """Log from a level on, as lines of text or of JSON."""
    masked = Masked(secrets)
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_traceback,
            _as_text,
            masked,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Library(masked))
    logging.basicConfig(
        level=max(logging.WARNING, logging.getLevelNamesMapping()[level]), handlers=[handler], force=True
    )


class _Library(logging.Formatter):
    """What libraries log, with the same mask."""

    def __init__(self, masked: Masked) -> None:
        super().__init__("%(asctime)s [%(levelname)s] %(name)s: %(message)s")
        self._masked = masked

    def format(self, record: logging.LogRecord) -> str:
        return self._masked.mask(super().format(record))
