"""What people can ask: the readable menu of the bot. Importing it checks every declaration and every text."""

from importlib import resources
from types import ModuleType

import yaml

from bot.core.command import Catalogue, Command
from commands import announcements, answers, faq, help, linking, me  # noqa: A004 - the subject's own word

MODULES: tuple[ModuleType, ...] = (help, faq, answers, announcements, me, linking)


def _words() -> dict[str, dict[str, object]]:
    """The texts beside the modules: by command id its words, by other keys sentences."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    words: dict[str, dict[str, object]] = {}
    for module in MODULES:
        name = module.__name__.rpartition(".")[2] + ".yaml"
        words |= yaml.load(resources.files(__name__).joinpath(name).read_text("utf-8"), Loader=loader)  # noqa: S506 - a safe loader
    return words


WORDS = _words()
CATALOGUE = Catalogue(
    (value for module in MODULES for value in vars(module).values() if isinstance(value, Command)), WORDS
)
TEXTS = {key: both for key, both in WORDS.items() if key not in CATALOGUE.commands}
