"""Who speaks in the terminal, where, and in which language."""

import dataclasses
import re
import unicodedata
import uuid
from collections.abc import Mapping

from bot.core.invocation import Address, Invocation, Press

PLATFORM = "terminal"
GUEST = "gast"
FIRST_SPEAKER = "vrijwilliger"
_NAME = re.compile(r"[\w.-]{1,40}")
_NOTHING: Mapping[str, str] = {}


def account(text: str) -> str | None:
    """The name of an account as it is kept, or None when it cannot be one."""
    name = unicodedata.normalize("NFC", text.casefold())
    return name if _NAME.fullmatch(name) else None


def place(id_: str) -> Address:
    """A room `#name`, or the private talk with a person."""
    return Address(PLATFORM, id_)


@dataclasses.dataclass(slots=True)
class Session:
    """The speaker of the moment.

    Attributes:
        room: `#name`; None in the private talk.
        languages: What the platform reports per account, since `/lang`.
    """

    speaker: str = FIRST_SPEAKER
    room: str | None = None
    languages: dict[str, str] = dataclasses.field(default_factory=dict)
    _run: str = dataclasses.field(default_factory=lambda: uuid.uuid4().hex)
    _calls: int = 0

    @property
    def who(self) -> Address:
        return place(self.speaker)

    @property
    def where(self) -> Address:
        return place(self.room or self.speaker)

    @property
    def language(self) -> str | None:
        return self.languages.get(self.speaker)

    def call(
        self, *, line: str | None = None, command: str | None = None, values: Mapping[str, str] = _NOTHING,
        where: Address | None = None, press: Press | None = None,
    ) -> Invocation:  # fmt: skip
        """A call by the speaker, here unless `where` says otherwise; its id never comes back, in no run."""
        self._calls += 1
        where = where or self.where
        return Invocation(
            id=f"{PLATFORM}:{self._run}:{self._calls}",
            who=self.who,
            where=where,
            private=not where.id.startswith("#"),
            line=line,
            command=command,
            values=values,
            groups=frozenset() if self.speaker == GUEST else frozenset({"member"}),
            language=self.language,
            press=press,
        )
