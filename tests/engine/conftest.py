"""Delivery to the receiving stand-in, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.postgresql import cluster
from tests.receiver import receiver, receiving
from tests.store.conftest import database, url

__all__ = ["cluster", "database", "receiver", "receiving", "url"]


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    """What is logged, unwritten: drawing the traceback of a planned fault takes longer than the test."""
    with capture_logs() as entries:
        yield entries
