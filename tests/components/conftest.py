"""The fixture that runs programs on the recording mock."""

import pytest

from tests.components.recorder import Runner


@pytest.fixture
def run() -> Runner:
    """Runs a program without an engine and gives back what it registered."""
    return Runner()
