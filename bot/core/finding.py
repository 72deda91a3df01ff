"""What `actiebot doctor` finds."""

import dataclasses

from bot.core.reply import Phrase


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        good: None: worth knowing, and nothing is wrong.
        what: How it stands.
        todo: What to do about it; each line of it stands on a line of its own.
    """

    good: bool | None
    what: Phrase
    todo: Phrase | None = None
