"""Holds Helm values against the keys that a pinned chart knows: most charts drop an unknown key in silence.

The keys are recorded outside the repository, one JSON file per chart and version: every key that has a
default, with its type. A key whose default is an empty map or list takes anything below it.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from components.versions import CHARTS

ROOT = Path(__file__).resolve().parents[2]


def keys_folder() -> Path:
    """`CHART_KEYS`, or `../shared/charts/keys` beside the clone."""
    return Path(os.environ.get("CHART_KEYS") or ROOT.parent / "shared" / "charts" / "keys")


def require_chart_keys(chart: str) -> None:
    """Skip the calling test, with the reason, on a machine without the recorded keys."""
    path = _file(chart)
    if not path.is_file():
        pytest.skip(f"no recorded chart keys at {path} (set CHART_KEYS)")


def unknown_keys(chart: str, values: Mapping[str, Any], free: Iterable[str] = ()) -> list[str]:
    """Paths in `values` that the chart doesn't know, or knows as something else.

    `free`: paths below which the chart takes anything although their default isn't empty.
    """
    return list(_faults("", values, _known(chart), frozenset(free)))


def _file(chart: str) -> Path:
    return keys_folder() / f"{chart}-{CHARTS[chart].version}.json"


@cache
def _known(chart: str) -> Mapping[str, str]:
    keys: dict[str, str] = json.loads(_file(chart).read_text())["keys"]
    inner = {path[:end]: "inner" for path in keys for end in _dots(path)}
    return {**inner, **keys}


def _dots(path: str) -> Iterator[int]:
    """Where the path's parts end; a dot within a key is written `\\.`."""
    return (i for i, char in enumerate(path) if char == "." and path[i - 1] != "\\")


def _faults(prefix: str, values: Mapping[str, Any], known: Mapping[str, str], free: frozenset[str]) -> Iterator[str]:
    for key, value in values.items():
        path = prefix + key.replace(".", "\\.")
        kind = known.get(path)
        if path in free:
            continue
        if kind is None:
            yield path
        elif kind == "inner":
            if isinstance(value, Mapping):
                yield from _faults(f"{path}.", value, known, free)
            else:
                yield f"{path} (a map)"
        elif kind != "null" and kind != _kind(value) and {kind, _kind(value)} & {"map", "list", "bool"}:
            yield f"{path} (a {kind})"


def _kind(value: object) -> str:
    kinds = {bool: "bool", int: "number", float: "number", list: "list", dict: "map", str: "string"}
    return kinds.get(type(value), "unknown")
