"""What an error of discord.py says about a message (platforms.md D1, D11, D12)."""

import contextlib
from collections.abc import Iterator

import aiohttp
import discord

from bot.core.platform import PlatformRefused, TryAfter, Unknown

CLOSED = 50007
ANSWERED = 40060
_DEFAULT_WAIT_SECONDS = 5.0
_LOGIN_SECONDS = 30.0

UNCLEAR = (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError, discord.GatewayNotFound)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Errors of discord.py as those of `bot.core.platform`."""
    try:
        yield
    except discord.RateLimited as error:
        raise TryAfter(error.retry_after) from error
    except UNCLEAR as error:
        raise Unknown(type(error).__name__) from error
    except discord.HTTPException as error:
        raise _of(error) from error


def _of(error: discord.HTTPException) -> Exception:
    if error.status == 429:
        # Without "Via" it is not Discord's own: whoever stands before it keeps our whole address out (D12).
        return TryAfter(_wait(error), everywhere="Via" not in error.response.headers)
    if error.status == 401:  # the token was changed meanwhile; the connection finds out, and says so
        return TryAfter(_LOGIN_SECONDS, everywhere=True)
    if error.status >= 500 or error.status == 408:
        return Unknown(f"HTTP {error.status}")
    return PlatformRefused(error.text or str(error.status), closed=error.code == CLOSED)


def _wait(error: discord.HTTPException) -> float:
    """As the answer says; where it does not, or not in a number, some seconds."""
    try:
        return max(float(error.response.headers["Retry-After"]), 0.05)
    except (KeyError, ValueError, AttributeError):
        return _DEFAULT_WAIT_SECONDS
