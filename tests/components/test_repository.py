"""Files of the repository that no program reads in a test run, and that fail in silence when they are wrong."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.gomodule import modules


def test_renovate_finds_every_marked_version(repository: Path) -> None:
    (manager,) = json.loads((repository / "renovate.json").read_text())["customManagers"]
    (pattern,) = (text.replace("(?<", "(?P<") for text in manager["matchStrings"])
    versions = (repository / "components" / "versions.py").read_text()
    found = [match["currentValue"] for match in re.finditer(pattern, versions)]
    assert len(found) == versions.count("# renovate: "), found
    assert all(re.fullmatch(r"v?\d+(\.\d+)*\S*", value) for value in found), found


def test_every_folder_has_its_row_in_the_table_of_rooms(repository: Path) -> None:
    table = (repository / "AGENTS.md").read_text()
    hidden = {".github", ".ci"}
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    if tracked.returncode:
        pytest.skip("not a git checkout")
    folders = {line.split("/")[0] for line in tracked.stdout.splitlines() if "/" in line} | hidden
    assert {name for name in folders if f"`{name}/" not in table} == set()


def test_every_tool_module_tells_its_version_and_programs() -> None:
    for module in modules():
        assert re.fullmatch(r"\d+\.\d+\.\d+", module.version), module
        assert module.programs(), module


def test_unknown_tool_is_refused_with_the_names_of_the_known(repository: Path) -> None:
    command = [sys.executable, repository / "tools" / "build.py", "terraform"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no tool named 'terraform'" in done.stderr
    assert "pulumi" in done.stderr


def test_tool_in_the_cache_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tools import build

    monkeypatch.setenv("EKS_OBSERVABILITY_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "_make", lambda *_: pytest.fail("built, though it is there"))
    home = build.module("helm").home()
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "helm").touch()
    assert build.ensure("helm") == {"helm": home / "bin" / "helm"}


def test_makefile_lists_its_targets(repository: Path) -> None:
    done = subprocess.run(["make", "--no-print-directory"], cwd=repository, capture_output=True, text=True, check=True)
    listed = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"preview", "test", "test-all", "lint", "bench", "lock", "clean"} <= listed
