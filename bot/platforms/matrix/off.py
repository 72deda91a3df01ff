"""Why the bot cannot be on Matrix."""

from bot.core.reply import Phrase


class Off(Exception):
    """Matrix stays off until somebody changes something; trying again does not help.

    Attributes:
        why: What happened and what to do, for whoever runs the bot.
    """

    def __init__(self, why: Phrase) -> None:
        super().__init__(why.key)
        self.why = why
