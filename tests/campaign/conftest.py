"""Rules of the campaign, on SQLite and on PostgreSQL."""

from tests.postgresql import cluster
from tests.receiver import receiver, receiving
from tests.store.conftest import database, url
from tests.talk import anna, bram, gast, joris, sjoera, talk

__all__ = [
    "anna", "bram", "cluster", "database", "gast", "joris", "receiver", "receiving", "sjoera", "talk", "url",
]  # fmt: skip
