"""What a command gets."""

import dataclasses
import datetime as dt
from collections.abc import Callable

from bot.campaign.faq import Faq
from bot.campaign.people import Person
from bot.campaign.quiet import QuietHours
from bot.campaign.rooms import Rooms
from bot.core.command import Catalogue, Role
from bot.core.invocation import Address, Invocation
from bot.core.reply import Phrase, Words
from bot.core.texts import Texts
from bot.engine.budget import Rate
from bot.engine.roles import Roles
from bot.store.database import Transaction

OWN_BUTTONS = dt.timedelta(minutes=15)
"""How long buttons for the asker alone act."""


@dataclasses.dataclass(frozen=True, slots=True)
class Campaign:
    """The settings that commands and rules need, as plain values."""

    name: str
    language: str
    zone: str
    website: str
    contact: Words
    rooms: Rooms
    roles: Roles
    quiet: QuietHours | None
    person_rate: Rate
    room_rate: Rate
    guest_rate: Rate


@dataclasses.dataclass(slots=True)
class Bot:
    """The running bot, as commands may know it.

    Attributes:
        faq: The answers now in force; replaced whole by a reload.
        notes: What platforms want known, by subject, until further notice.
    """

    campaign: Campaign
    texts: Texts
    catalogue: Catalogue
    faq: Faq
    version: str
    started: dt.datetime
    platforms: tuple[str, ...]
    storage: str
    played: bool
    free_disk: Callable[[], int]
    muted: bool
    notes: dict[str, Phrase] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """One call, known and allowed: who, where, in which language, at what moment, in which transaction.

    Attributes:
        now: The campaign's clock, UTC.
        zone: The person's, else the campaign's.
    """

    call: Invocation
    person: Person
    role: Role
    language: str
    zone: str
    now: dt.datetime
    tx: Transaction
    bot: Bot

    @property
    def author(self) -> int:
        """The person's number, in a command that writes."""
        if self.person.id is None:
            raise RuntimeError("only a writing command knows its author")
        return self.person.id

    async def member(self, text: str) -> Address:
        """The account that a mention or name stands for, on the platform where it was typed."""
        name = text.strip().removeprefix("<@").removeprefix("!").removesuffix(">")
        if self.call.who.platform == "matrix" and name.startswith("@"):
            return Address("matrix", name)
        platform, colon, id_ = name.partition(":")
        if colon and platform.isalpha():
            return Address(platform, id_)
        return Address(self.call.who.platform, name.removeprefix("@"))
