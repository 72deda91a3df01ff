"""The stages that there are: every scenario is played on each."""

import pathlib
from collections.abc import AsyncIterator

import pytest

from tests.scenarios.on_matrix import MatrixStage
from tests.scenarios.stage import Stage
from tests.synapse import synapse

__all__ = ["synapse"]

STAGES = {
    "matrix plain": lambda request, folder: MatrixStage.set(
        request.getfixturevalue("synapse"), folder, encrypted=False
    ),
    "matrix encrypted": lambda request, folder: MatrixStage.set(
        request.getfixturevalue("synapse"), folder, encrypted=True
    ),
}


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> AsyncIterator[Stage]:
    """An empty one; its bot is down."""
    async with STAGES[request.param](request, tmp_path) as made:
        yield made
