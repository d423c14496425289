"""Charts: where they come from, and which version."""

import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..facts import UNKNOWN, Resource, items, truth
from ..model import Finding, Rule, unknown

_EXACT = re.compile(r"v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
"""Semantic version in full: no range, no `latest`, no missing part."""

SOURCE = Rule(
    43,
    "helm-source-locked",
    cause="A release installs a chart from a known place at the locked version",
    why="A chart is code that runs with the cluster's rights: from an unknown host, or at whatever version is newest, "
    "it is somebody else's choice what runs.",
    fix="Use a repository of the lock (or add it under `repositories`), the version of the lock (or add the chart "
    "under `charts`), atomic or cleanupOnFail, and a timeout.",
    severity="high",
    config={
        "charts": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "Versions by chart name, added to the lock in components/versions.py where there is one.",
        },
        "repositories": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Chart repositories, OCI prefixes and local folders, added to the lock's.",
        },
    },
)


@cache
def _default_lock() -> tuple[dict[str, str], tuple[str, ...]]:
    """Versions and repositories of `components/versions.py` beside this package; empty where there is none.

    Loaded by its path: importing its package would load every component, and the provider SDKs with them.
    """
    path = Path(__file__).resolve().parents[2] / "components" / "versions.py"
    spec = importlib.util.spec_from_file_location("_chart_lock", path) if path.is_file() else None
    if spec is None or spec.loader is None:
        return {}, ()
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        charts = list(module.CHARTS.values())
        return {chart.name: chart.version for chart in charts}, tuple(chart.repository for chart in charts)
    except Exception:  # another project's module of that name: no lock of ours
        return {}, ()


def _lock(config: dict[str, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
    versions, repositories = _default_lock()
    charts = config.get("charts")
    added = {str(name): str(version) for name, version in charts.items()} if isinstance(charts, dict) else {}
    return {**versions, **added}, (*repositories, *(str(each) for each in items(config.get("repositories"))))


@SOURCE.resource("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart")
def source(release: Resource, config: dict[str, Any]) -> Iterator[Finding]:
    """Place, version, and what happens when the installation fails."""
    versions, repositories = _lock(config)
    chart, repository = release.get("chart"), release.get("repositoryOpts", "repo")
    if repository is None:
        repository = release.get("fetchOpts", "repo")
    if chart is UNKNOWN or repository is UNKNOWN:
        yield unknown("chart or repositoryOpts.repo")
    elif isinstance(chart, str):
        yield from _place(chart, repository, repositories)
        yield from _version(release, chart, versions)
    if release.type.endswith(":Release"):
        yield from _care(release)


def _place(chart: str, repository: Any, repositories: tuple[str, ...]) -> Iterator[Finding]:
    at = repository if isinstance(repository, str) and repository else chart.rpartition("/")[0]
    if at.startswith("http://") or chart.startswith("http://"):
        yield Finding("plain-http", "use https:// or oci:// for the chart's repository")
        return
    remote = at.startswith(("https://", "oci://"))
    if any(_within(at, known) for known in repositories) or (remote and not repositories):
        return
    where = "repositoryOpts.repo" if isinstance(repository, str) and repository else "chart"
    yield Finding("unknown-source", f"{where}: use a repository of the lock, or add it under `repositories`")


def _within(place: str, known: str) -> bool:
    """Whether a place is a known one or below it, part by part: `oci://host/a` does not cover `oci://host/ab`."""
    if "://" not in known:
        here, there = Path(place), Path(known)
        return ".." not in here.parts and (here == there or there in here.parents)
    try:
        here_url, there_url = urlsplit(place), urlsplit(known)
        same = (here_url.scheme, here_url.hostname, here_url.port) == (
            there_url.scheme,
            there_url.hostname,
            there_url.port,
        )
    except ValueError:
        return False
    below, above = here_url.path.rstrip("/") + "/", there_url.path.rstrip("/") + "/"
    return same and below.startswith(above) and ".." not in below and "@" not in here_url.netloc


def _version(release: Resource, chart: str, versions: dict[str, str]) -> Iterator[Finding]:
    version = release.get("version")
    name = chart.rstrip("/").rpartition("/")[2]
    if name.endswith(".tgz"):  # an archive carries its version: the file's name is <chart>-<version>.tgz
        if name not in {f"{locked}-{at.lstrip('v')}.tgz" for locked, at in versions.items()}:
            yield Finding("not-in-lock", "chart: use the archive of a chart and version in the lock")
    elif version is UNKNOWN:
        yield unknown("version")
    elif not isinstance(version, str) or not _EXACT.fullmatch(version):
        yield Finding("not-exact", "set version to one exact version (1.2.3), not to a range and not to nothing")
    elif versions and name not in versions:
        yield Finding("not-in-lock", "add the chart and its version to the lock, or under `charts`")
    elif versions and version.lstrip("v") != versions[name].lstrip("v"):
        yield Finding("other-version", f"set version to {versions[name]}, the locked one")


def _care(release: Resource) -> Iterator[Finding]:
    """Advice only: a failed release that stays is a nuisance, not a hole."""
    switches = [truth(release.get("atomic")), truth(release.get("cleanupOnFail"))]
    if True not in switches and UNKNOWN not in switches:
        yield Finding("not-atomic", "set atomic or cleanupOnFail to true", "advisory")
    if release.get("timeout") in (None, 0):
        yield Finding("no-timeout", "set timeout (seconds)", "advisory")
