"""Delivery to the receiving stand-in, on SQLite and on PostgreSQL."""

from tests.postgresql import cluster
from tests.receiver import receiver, receiving
from tests.store.conftest import database, url

__all__ = ["cluster", "database", "receiver", "receiving", "url"]
