"""What all tests share: a marker by folder, and the library as its users have it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.gomodule import modules

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
TIERS = ("values", "components", "policies", "engine", "config", "charts", "cluster")
"""Folders of tests/, cheapest first; each has a marker of its name."""


def pytest_configure() -> None:
    """Let tests find the tools that `tools/build.py` has built, without each knowing where."""
    built = [module.home() / "bin" for module in modules()]
    found = [str(folder) for folder in built if folder.is_dir()]
    os.environ["PATH"] = os.pathsep.join([*found, os.environ.get("PATH", "")])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its tier, and run the cheap tiers first: what is broken shows early."""
    for item in items:
        if tier := _tier(item):
            item.add_marker(tier)
    items.sort(key=lambda item: TIERS.index(_tier(item) or TIERS[0]))


def _tier(item: pytest.Item) -> str | None:
    parts = item.path.relative_to(TESTS).parts if item.path.is_relative_to(TESTS) else ()
    return parts[0] if parts and parts[0] in TIERS else None


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library's wheel, built from a copy, since building leaves files beside the sources."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("components", "policies"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    target = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(target), str(source))
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed_library(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH that holds the library as `pip install` puts it, and nothing of this repository."""
    target = tmp_path_factory.mktemp("site-packages")
    pip("install", "--no-deps", "--no-index", "--no-compile", "--target", str(target), str(wheel))
    return target


def pip(*arguments: str) -> None:
    """Run pip, showing what it printed if it fails."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"pip {arguments[0]}: {done.stdout}{done.stderr}")
