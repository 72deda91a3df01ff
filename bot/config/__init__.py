"""config.yaml: its model, and reading it."""

from bot.config.addresses import Listen
from bot.config.load import NOT_BUILT, ConfigProblems, load_config, read_config, read_document, read_text
from bot.config.model import Config, ContentFiles
from bot.config.values import DayBefore, WeekTime

__all__ = [
    "NOT_BUILT",
    "Config",
    "ConfigProblems",
    "ContentFiles",
    "DayBefore",
    "Listen",
    "WeekTime",
    "load_config",
    "read_config",
    "read_document",
    "read_text",
]
