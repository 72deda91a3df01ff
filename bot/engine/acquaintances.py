"""People as they were read lately, so that a question costs no look in the database to know who asks."""

from bot.campaign import people
from bot.campaign.people import Person
from bot.core.invocation import Address
from bot.store.database import Transaction

_MOST = 2000


class Acquaintances:
    """Holds until the next change: only this process writes, and whoever writes calls `forget`."""

    def __init__(self) -> None:
        self._kept: dict[Address, Person] = {}
        self._changes = 0

    async def find(self, tx: Transaction, account: Address) -> Person:
        """The person behind an account, as `people.find`; for reading only."""
        if known := self._kept.get(account):
            return known
        before = self._changes
        person = await people.find(tx, account)
        if before == self._changes and len(self._kept) < _MOST:  # what was read may be older than a change by now
            self._kept[account] = person
        return person

    def forget(self) -> None:
        """Something was changed."""
        self._kept.clear()
        self._changes += 1
