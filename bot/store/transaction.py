"""What code does within one transaction, whatever the database."""

import abc
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from bot.store.parameters import Value

Row = Mapping[str, Any]
"""One row by the names of its columns."""

T = TypeVar("T")
S = TypeVar("S")


class Transaction(abc.ABC):
    """One transaction: what it changes is seen by others at its end, or never.

    A statement that fails, or is cancelled, ends it: nothing of it is kept, and it takes no more statements.

    Attributes:
        urges: It left something to say or to do; after its commit, whoever does that is to be woken.
    """

    def __init__(self) -> None:
        self.urges = False
        self._over = False

    async def run(self, sql: str, /, **values: Value) -> int:
        """Run one statement; the number of rows that it changed."""
        return await self._guard(self._run, sql, values)

    async def many(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        """Run one statement for each row of values, in one go."""
        if rows:
            await self._guard(self._many, sql, rows)

    async def all(self, sql: str, /, **values: Value) -> list[Row]:
        """Every row of the answer."""
        return await self._guard(self._all, sql, values)

    async def first(self, sql: str, /, **values: Value) -> Row | None:
        """The first row of the answer."""
        rows = await self.all(sql, **values)
        return rows[0] if rows else None

    async def value(self, sql: str, /, **values: Value) -> Any:
        """The first column of the first row; None when there is no row."""
        row = await self.first(sql, **values)
        return next(iter(row.values())) if row else None

    async def _guard(self, act: Callable[[str, S], Awaitable[T]], sql: str, values: S) -> T:
        self.check()
        try:
            return await act(sql, values)
        except BaseException:
            self._over = True
            raise

    def check(self) -> None:
        """Refuse to go on with a transaction that is over.

        Raises:
            RuntimeError: it has ended, or a statement in it failed: PostgreSQL would call its rollback a commit.
        """
        if self._over:
            raise RuntimeError("this transaction is over")

    def end(self) -> None:
        """Take no more statements."""
        self._over = True

    @abc.abstractmethod
    async def _run(self, sql: str, values: Mapping[str, Value]) -> int: ...

    @abc.abstractmethod
    async def _many(self, sql: str, rows: Sequence[Mapping[str, Value]]) -> None: ...

    @abc.abstractmethod
    async def _all(self, sql: str, values: Mapping[str, Value]) -> list[Row]: ...
