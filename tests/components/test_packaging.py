"""The library as others install it: `eks_observability.components` and `.policies`, and nothing else."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

IMPORTS = """
import sys
import eks_observability.components
import eks_observability.components.naming
import eks_observability.policies.pack
print(eks_observability.components.__file__)
leaked = {name for name in ("components", "policies", "settings", "sandbox", "tools") if name in sys.modules}
assert not leaked, leaked
"""


@pytest.fixture(scope="session")
def names(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


def python(code: str, path: Path, cwd: Path) -> str:
    """Run code with one folder on the import path, away from the repository; return what it prints."""
    env = {**os.environ, "PYTHONPATH": str(path), "PYTHONSAFEPATH": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_wheel_has_one_top_level_name(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"eks_observability"}


def test_wheel_holds_every_module_of_the_two_packages(names: list[str], repository: Path) -> None:
    sources = {
        f"eks_observability/{path.relative_to(repository)}"
        for package in ("components", "policies")
        for path in (repository / package).rglob("*")
        if path.suffix in {".py", ".yaml", ".json"} and "__pycache__" not in path.parts
    }
    assert sources
    assert sources - set(names) == set(), "a folder without __init__.py?"


def test_wheel_says_that_it_is_typed(names: list[str]) -> None:
    assert {"eks_observability/components/py.typed", "eks_observability/policies/py.typed"} <= set(names)


def test_wheel_carries_the_policy_packs_manifest(names: list[str]) -> None:
    assert "eks_observability/policies/PulumiPolicy.yaml" in names


def test_wheel_carries_the_licence(names: list[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_installed_library_imports(installed_library: Path, tmp_path: Path) -> None:
    assert python(IMPORTS, installed_library, tmp_path).startswith(str(installed_library))


def test_editable_library_imports_from_the_sources(repository: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(repository / name, source)
    for name in ("components", "policies"):  # links: building leaves its files here, the modules stay where they are
        (source / name).symlink_to(repository / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(target), "-e", str(source)], check=True, timeout=120)
    # `--target` is no site folder: its .pth file, which is what makes an editable install work, has to be asked for.
    code = f"import site; site.addsitedir({str(target)!r})" + IMPORTS
    assert python(code, tmp_path / "nothing", tmp_path).startswith(str(repository))


def test_dependencies_are_locked_within_the_declared_ranges(repository: Path) -> None:
    from packaging.requirements import Requirement

    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = {
        "requirements.txt": [*project["dependencies"], *extras["policies"]],
        "requirements-dev.txt": [*project["dependencies"], *extras["policies"], *extras["dev"]],
    }
    for lock, requirements in declared.items():
        lines = (repository / lock).read_text().splitlines()
        pins = dict(line.split(" ")[0].split("==") for line in lines if "==" in line)
        for requirement in map(Requirement, requirements):
            assert requirement.name in pins, f"{lock} lacks {requirement.name}: run `make lock`"
            pinned = pins[requirement.name]
            assert requirement.specifier.contains(pinned), f"{lock}: {requirement} is pinned to {pinned}"


def test_development_lock_repeats_the_runtime_lock(repository: Path) -> None:
    runtime, development = (
        {line for line in (repository / name).read_text().splitlines() if "==" in line}
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert runtime <= development


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt", "tools/go-toolchain.txt"])
def test_lock_names_no_index_and_no_path(lock: str, repository: Path) -> None:
    text = (repository / lock).read_text()
    for line in text.splitlines():
        stripped = line.strip()
        assert stripped.startswith(("#", "--hash=sha256:")) or "==" in stripped, line
    assert "://" not in text
    assert str(Path.home()) not in text
