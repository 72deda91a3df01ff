"""nio's file of keys, without the work that nio does over and over at each sync."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from nio.store import SqliteStore
from peewee import SqliteDatabase


class Keyring(SqliteStore):  # type: ignore[misc]  # to mypy nio has no types
    """The keys of one device."""

    def _create_database(self) -> "_Database":
        return _Database(self.database_path, pragmas={"foreign_keys": 1, "secure_delete": 1})

    def save_encrypted_rooms(self, rooms: set[str]) -> None:
        """Keep which rooms are encrypted; most syncs tell of none, and nio opens a transaction for them."""
        if rooms:
            super().save_encrypted_rooms(rooms)


class _Database(SqliteDatabase):  # type: ignore[misc]  # to mypy peewee has no types
    @contextlib.contextmanager
    def bind_ctx(self, models: Sequence[Any], *_: object) -> Iterator[None]:
        """Have the models write here.

        peewee walks through all that they refer to, twice for each call, which took half of what a sync costs. nio's
        list names them all, and nothing else runs in between.
        """
        for model in models:
            if model._meta.database is not self:  # noqa: SLF001 - peewee's own name for a model's settings
                model._meta.set_database(self)  # noqa: SLF001
        yield
