"""Two accounts on their way to one person."""

import dataclasses
import datetime as dt
from typing import Self

from bot.core.invocation import Address
from bot.core.moments import from_ms
from bot.core.reply import Phrase
from bot.store.database import Row


@dataclasses.dataclass(frozen=True, slots=True)
class Party:
    """One of the two accounts.

    Attributes:
        name: What people on its platform know it by; None: its id.
        language: That it is spoken to in.
    """

    account: Address
    name: str | None
    language: str

    @property
    def label(self) -> Phrase:
        values = {"platform": self.account.platform.capitalize(), "name": self.name or self.account.id}
        return Phrase("link.account", values)


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """A code, and who typed it.

    Attributes:
        agreed: The typer said yes.
        ends: Of the code, then of the questions.
    """

    id: int
    maker: Party
    typer: Party | None
    agreed: bool
    ends: dt.datetime

    @classmethod
    def of(cls, row: Row) -> Self:
        maker = Party(Address.parse(row["maker"]), row["maker_name"], row["maker_language"])
        typer = row["typer"] and Party(Address.parse(row["typer"]), row["typer_name"], row["typer_language"])
        return cls(row["id"], maker, typer, row["agreed_at"] is not None, from_ms(row["ends_at"]))
