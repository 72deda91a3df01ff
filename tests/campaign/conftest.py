"""Rules of the campaign, on SQLite and on PostgreSQL."""

from tests.postgresql import cluster
from tests.store.conftest import database, url
from tests.talk import anna, bram, gast, joris, sjoera, talk

__all__ = ["anna", "bram", "cluster", "database", "gast", "joris", "sjoera", "talk", "url"]
