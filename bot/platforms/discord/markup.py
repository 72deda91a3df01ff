"""How Discord holds what is not ours to write: text of people, commands as they are typed, and moments."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping

from bot.core.command import Catalogue, Command
from bot.core.invocation import Address
from bot.core.markup import Markup, shown
from bot.core.parameters import clean

_FORMS = {"": "F", "day": "D", "time": "t"}  # of Discord's moments: all, the day, the time
_MOMENT, _ROOM = "moment:", "room:"
_LIVING = re.compile(rf"(?:{_MOMENT}(?P<moment>-?\d+:[A-Za-z])|{_ROOM}(?P<room>\d+))")


class Slash(Markup):
    """Commands as Discord writes them, each option with its name: `/taak oppakken taak:12`."""

    def __init__(self, catalogue: Catalogue, names: str) -> None:
        """`names`: the language of the names, which are the same for everybody (`slash.py`)."""
        super().__init__(catalogue, "/", code=True)
        self._names = names

    def line(self, command: str, values: Mapping[str, str], language: str) -> str:
        known = self._catalogue.commands.get(command)
        if known is None:
            return super().line(command, values, language)
        return " ".join((self._prefix + known.names[self._names], *self._options(known, values, language)))

    def _options(self, command: Command, values: Mapping[str, str], language: str) -> Iterator[str]:
        for parameter in command.parameters:
            if words := clean(shown(parameter, values.get(parameter.name, ""), language)).split():
                yield f"{parameter.labels[self._names]}:{' '.join(words)}"


class Timed(Slash):
    """Moments and rooms too, as links that `living` knows: everybody sees them in their own zone, and by name."""

    def moment(self, moment: dt.datetime, form: str, words: str) -> str:
        # No text of people becomes a link: it is escaped.
        return f"[{self.quote(words)}]({_MOMENT}{int(moment.timestamp())}:{_FORMS[form]})"

    def place(self, address: Address) -> str:
        words = super().place(address)
        return f"[{words}]({_ROOM}{address.id})" if address.platform == "discord" else words


def living(address: str) -> str | None:
    """A moment or a room as Discord wants it, from the address of the link for it; None: it is another link."""
    found = _LIVING.fullmatch(address)
    if found is None:
        return None
    return f"<t:{found['moment']}>" if found["moment"] else f"<#{found['room']}>"
