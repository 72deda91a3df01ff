"""Progress as a bar of characters, for platforms that draw nothing."""

from bot.core.reply import Progress
from bot.core.texts import write_value

_WIDTH = 12


def bar(progress: Progress, language: str) -> str:
    """`██████████░░ 45.123 / 50.000`; the bar is never longer than it is."""
    value, of = progress.value, progress.of
    full = max(0, min(_WIDTH, _WIDTH * value // of)) if of > 0 else _WIDTH
    numbers = " / ".join(write_value(number, language=language, zone="UTC") for number in (value, of))
    return f"{'█' * full}{'░' * (_WIDTH - full)} {numbers}"
