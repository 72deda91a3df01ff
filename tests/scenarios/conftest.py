"""The stages that there are: every scenario is played on each."""

import contextlib
import pathlib
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from tests.scenarios.on_discord import DiscordStage
from tests.scenarios.on_matrix import MatrixStage
from tests.scenarios.on_terminal import TerminalStage
from tests.scenarios.stage import Stage
from tests.synapse import Synapse, synapse

__all__ = ["synapse"]

Set = Callable[[pytest.FixtureRequest, pathlib.Path], contextlib.AbstractAsyncContextManager[Stage]]


def _synapse(request: pytest.FixtureRequest) -> Synapse:
    found: Synapse = request.getfixturevalue("synapse")
    return found


STAGES: Mapping[str, Set] = {
    "matrix plain": lambda request, folder: MatrixStage.set(_synapse(request), folder, encrypted=False),
    "matrix encrypted": lambda request, folder: MatrixStage.set(_synapse(request), folder, encrypted=True),
    "discord": lambda _, folder: DiscordStage.set(folder),
    "terminal": lambda _, folder: TerminalStage.set(folder),
}


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> AsyncIterator[Stage]:
    """An empty one; its bot is down."""
    async with STAGES[request.param](request, tmp_path) as made:
        yield made
