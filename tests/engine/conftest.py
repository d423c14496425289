"""Stacks on the real engine: a program goes in, what the engine did comes out."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.engine import find_pulumi
from sandbox.place import SandboxError
from sandbox.testing import Stack

ProgramFactory = Callable[..., Stack]
EngineFactory = Callable[[Path, str], Stack]


@pytest.fixture(scope="session", autouse=True)
def _pulumi() -> None:
    try:
        find_pulumi()
    except SandboxError as error:
        pytest.fail(f"{error} `make setup` installs one.")


@pytest.fixture
def engine(tmp_path: Path) -> EngineFactory:
    """`engine(project, "dev")`: a stack of a project on disk, its state kept in the test's own folder."""

    def make(project: Path, stack: str) -> Stack:
        return Stack(project, stack, home=tmp_path / "sandbox")

    return make


@pytest.fixture
def program(tmp_path: Path, engine: EngineFactory) -> ProgramFactory:
    """`program(source)`: a stack `dev` of a project with that source. Called again, it changes the source."""

    def make(source: str, config: str = "") -> Stack:
        project = tmp_path / "project"
        project.mkdir(exist_ok=True)
        (project / "Pulumi.yaml").write_text("name: tried\nruntime: python\n")
        (project / "__main__.py").write_text(textwrap.dedent(source))
        if config:
            (project / "Pulumi.dev.yaml").write_text(textwrap.dedent(config))
        return engine(project, "dev")

    return make
