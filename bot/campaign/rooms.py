"""Rooms: which room hears what, in which language, and how many people it reaches."""

import dataclasses
from collections.abc import Mapping, Sequence

from bot.core.invocation import Address
from bot.store.database import Transaction


@dataclasses.dataclass(frozen=True, slots=True)
class Room:
    """A room that the campaign speaks in; `people` as its platform last counted them."""

    address: Address
    language: str
    people: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms of each kind: "announcements", "volunteers", "organisers"."""

    kinds: Mapping[str, tuple[Room, ...]]

    def of(self, kind: str) -> tuple[Room, ...]:
        return self.kinds.get(kind, ())

    def language_of(self, address: Address) -> str | None:
        """The language of a room of ours; None for any other place."""
        return next((room.language for rooms in self.kinds.values() for room in rooms if room.address == address), None)

    def is_kind(self, address: Address, kind: str) -> bool:
        return any(room.address == address for room in self.of(kind))


async def counted(tx: Transaction, rooms: Sequence[Room]) -> tuple[Room, ...]:
    """The rooms with the number of people that their platform last counted."""
    people = {row["address"]: row["people"] for row in await tx.all("SELECT address, people FROM room")}
    return tuple(dataclasses.replace(room, people=people.get(str(room.address))) for room in rooms)


async def count_people(tx: Transaction, address: Address, people: int) -> None:
    """Keep how many people a room holds."""
    await tx.run(
        """
        INSERT INTO room (address, people) VALUES (:address, :people)
        ON CONFLICT (address) DO UPDATE SET people = excluded.people""",
        address=str(address), people=people,
    )  # fmt: skip
