"""Gives the command-line tools that preview and tests need: `python tools/build.py pulumi helm` prints their paths.

Each is built once from its Go module in this folder, into a cache outside the clone
(`$EKS_OBSERVABILITY_CACHE`, default `~/.cache/eks-observability`) as `<module>-<version>/bin/<program>`.
The Pulumi CLI may also come from PATH or from its official installer. GOPROXY, GOFLAGS, proxies and the like
are the user's: nothing here sets them.
"""

import argparse
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tools.gomodule import Module, cache, find_go, module, modules  # noqa: E402
from tools.progress import CommandFailed, Progress, run  # noqa: E402

PULUMI_MINIMUM = (3, 249, 0)
"""Oldest Pulumi CLI that the components and the offline cloud are known to work with."""
PULUMI_INSTALLER = "https://get.pulumi.com"
INSTALLER_SECONDS = 5
"""How long the installer's site may take to answer before the CLI is built instead."""


class Recipe(NamedTuple):
    """What a module's programs are compiled with; `{v}` stands for the version."""

    tags: str = ""
    ldflags: str = ""


_K8S = " ".join(
    f"-X {package}/version.{name}"
    for package in ("k8s.io/component-base", "k8s.io/client-go/pkg")
    for name in ("gitVersion=v{v}", "gitMajor={major}", "gitMinor={minor}")
)
RECIPES = {
    "pulumi": Recipe("osusergo,grpcnotrace", "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{v}"),
    "helm": Recipe(ldflags="-X helm.sh/helm/v3/internal/version.version=v{v}"),
    "kubernetes": Recipe(ldflags=_K8S),
    "kwok": Recipe(ldflags="-X sigs.k8s.io/kwok/pkg/consts.Version=v{v}"),
    "prometheus": Recipe(ldflags="-X github.com/prometheus/common/version.Version={v}"),
    # As upstream builds it: without the second tag receive panics on its first sample.
    "thanos": Recipe("netgo,slicelabels", "-X github.com/prometheus/common/version.Version={v}"),
    "loki": Recipe("netgo", "-X github.com/grafana/loki/v3/pkg/util/build.Version={v}"),
    "collector": Recipe(ldflags="-X main.version={v}"),
}
"""Without an entry: no tags, no version."""


def ensure(name: str) -> dict[str, Path]:
    """Paths by program of a module, or of one program of it; made if they aren't there yet.

    Raises CommandFailed if a program can't be had, and LookupError if no module has it.
    """
    wanted = _module_with(name)
    if name == "pulumi" and (found := pulumi_on_path()):
        return {"pulumi": found}
    home = wanted.home()
    paths = {program: home / "bin" / program for program in wanted.programs()}
    if not all(path.exists() for path in paths.values()):
        with _locked(home):
            if not all(path.exists() for path in paths.values()):
                _make(wanted, home)
    return {name: paths[name]} if name in paths else paths


def pulumi_on_path() -> Path | None:
    """The user's own Pulumi CLI, if it is new enough."""
    found = shutil.which("pulumi")
    if not found:
        return None
    quiet = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    asked = subprocess.run([found, "version"], capture_output=True, text=True, env=quiet)
    version = tuple(int(part) for part in re.findall(r"\d+", asked.stdout)[:3])
    return Path(found) if asked.returncode == 0 and version >= PULUMI_MINIMUM else None


def _module_with(name: str) -> Module:
    """The module of that name, else the one that has a program of that name."""
    for candidate in sorted(modules(), key=lambda each: each.name != name):
        if name == candidate.name or name in candidate.programs():
            return candidate
    raise LookupError(f"no tool named {name!r}: there are {', '.join(each.name for each in modules())}")


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Keep other runs from making the same tool at the same time."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(home.parent / f".{home.name}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{home.name}: waiting for another run that is making it", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(wanted: Module, home: Path) -> None:
    """Make all programs of a module in a folder beside `home`, then move it there in one step."""
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f".{home.name}-") as temporary:
        made = Path(temporary) / "made"
        (made / "bin").mkdir(parents=True)
        if not (wanted.name == "pulumi" and _installed(wanted, made)):
            _build(wanted, made / "bin")
        if home.exists():  # a folder that lacks a program: from an older go.mod, or damaged
            shutil.rmtree(home)
        made.rename(home)


def _build(wanted: Module, target: Path) -> None:
    """Compile the programs of a module into a folder."""
    go = find_go(wanted)
    # Without cgo the same binaries result on a machine with a C compiler and on one without.
    env = {"CGO_ENABLED": "0", **go.env}
    recipe = RECIPES.get(wanted.name, Recipe())
    major, minor = wanted.version.split(".")[:2]
    ldflags = "-s -w " + recipe.ldflags.format(v=wanted.version, major=major, minor=minor)
    tags = ["-tags", recipe.tags] if recipe.tags else []
    title = f"{wanted.name} {wanted.version}"

    progress = Progress(f"{title}, download")
    count = {"modules": 0, "packages": 0}

    def downloaded(line: str) -> str:
        count["modules"] += line.startswith("go: downloading")
        count["packages"] += not line.startswith("go: ")
        return f"{count['modules']} modules"

    run(progress, [go.path, "list", "-deps", *tags, *wanted.packages], downloaded, env=env, cwd=wanted.folder)
    progress.done(f"{count['modules']} modules" if count["modules"] else "nothing to download")

    progress = Progress(f"{title}, build")
    total, count["packages"] = count["packages"], 0

    def compiled(line: str) -> str:
        count["packages"] += not line.startswith("go: ")
        return f"{count['packages']} of {total} packages compiled"

    flags = ["-v", "-trimpath", "-buildvcs=false", *tags, "-ldflags", ldflags.strip()]
    for program, package in wanted.programs().items():
        command = [str(go.path), "build", *flags, "-o", str(target / program), package]
        run(progress, command, compiled, env=env, cwd=wanted.folder)
    progress.done(f"{count['packages']} of {total} packages compiled")


def _installed(wanted: Module, target: Path) -> bool:
    """Try Pulumi's official installer; False where its site can't be reached or it fails."""
    if not shutil.which("curl"):
        return False
    fetch = ["curl", "-fsSL", "--max-time", str(INSTALLER_SECONDS), PULUMI_INSTALLER]
    script = subprocess.run(fetch, capture_output=True)
    if script.returncode != 0 or not script.stdout.startswith(b"#!"):
        return False
    path = target / "install.sh"
    path.write_bytes(script.stdout)
    progress = Progress(f"pulumi {wanted.version}, official installer")
    arguments = ["--version", wanted.version, "--install-root", str(target), "--no-edit-path"]
    try:
        run(progress, ["sh", path, *arguments], lambda line: line)
    except CommandFailed as reason:
        print(reason, file=sys.stderr)
        return False
    finally:
        path.unlink()
    works = (target / "bin" / "pulumi").exists()
    progress.done("installed" if works else "gave no pulumi")
    return works


def main() -> int:
    """Print the paths of the programs that were asked for, one a line."""
    parser = argparse.ArgumentParser(description="Build the pinned command-line tools, or find them in the cache.")
    parser.add_argument("tools", nargs="+", metavar="TOOL", help=", ".join(each.name for each in modules()))
    for name in parser.parse_args().tools:
        try:
            for path in ensure(name).values():
                print(path)
        except LookupError as error:
            parser.error(str(error))
        except (CommandFailed, OSError) as error:
            print(error, file=sys.stderr)
            tool = f"Pulumi CLI {'.'.join(map(str, PULUMI_MINIMUM))} or newer" if name == "pulumi" else name
            needed = ".".join(map(str, _module_with(name).go_version))
            print(
                f"error: no {tool} could be found, downloaded or built: put it on PATH, or install Go {needed} or"
                f" newer and make sure that Go modules can be downloaded (GOPROXY, HTTPS_PROXY), then run this again.",
                file=sys.stderr,
            )
            return 1
        except KeyboardInterrupt:
            return 130
    return 0


__all__ = ["cache", "ensure", "module", "pulumi_on_path"]

if __name__ == "__main__":
    sys.exit(main())
