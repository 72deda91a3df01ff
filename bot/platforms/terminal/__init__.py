"""The terminal: every role, language and room without an account."""

from bot.platforms.terminal.screen import Closed
from bot.platforms.terminal.terminal import Terminal

__all__ = ["Closed", "Terminal"]
