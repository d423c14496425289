"""Helm values wherever they are: in the release, in YAML inside their texts, in value files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .facts import UNKNOWN, File, Resource, fits, items, plain

_WORTH_PARSING = re.compile(
    r"privileged|hostNetwork|hostPID|hostIPC|hostPath|hostPort|runAs|capabilities|Escalation|LoadBalancer|internet-facing"
    r"|insecure|verify|tls|ssl|passw|token|secret|api_?key|private_?key|credential|://[^\s/]*:[^\s/]*@",
    re.IGNORECASE,
)
"""A text without any of these can't hold what the rules look for; most are queries and dashboards."""
_LARGEST = 512 * 1024
"""Characters of a text that is parsed; Kubernetes takes no larger ConfigMap than 1 MiB."""
_MOST_VALUES = 100_000
"""Values in a text, aliases written out: a tenth of a second's work."""
_DEPTH = 3
"""Texts inside texts: an operator's configuration inside a manifest inside `extraManifests`, as text each time."""


def documents(text: str) -> Iterator[Any]:
    """The YAML (or JSON) documents in a text that are maps or lists; nothing where it is no YAML."""
    if len(text) > _LARGEST:
        return
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = list(yaml.load_all(text, Loader=loader))
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError, OverflowError):
        return
    for document in found:
        if isinstance(document, dict | list) and fits(document, _MOST_VALUES):
            yield plain(document)


def inside(text: str) -> Iterator[Any]:
    """Structured data in a text, where it may matter to a rule."""
    structured = "\n" in text or text.lstrip().startswith(("{", "["))
    if structured and ":" in text and _WORTH_PARSING.search(text):
        yield from documents(text)


def blocks(release: Resource) -> Iterator[tuple[str, Any]]:
    """Path and content of each set of values; UNKNOWN where it can't be read yet, a File where never."""
    values = release.get("values")
    if values is not None:
        yield "values", values
    for number, file in enumerate(items(release.get("valueYamlFiles"))):
        where = f"valueYamlFiles[{number}]"
        if isinstance(file, File):
            text = _read(file.path)
            if text is None:
                yield where, file
            else:
                yield from ((where, document) for document in documents(text))
        elif isinstance(file, str):
            yield from ((where, document) for document in documents(file))
        else:
            yield where, file


def _read(path: str) -> str | None:
    """A value file, looked for from where the pack runs and from the folder above it: the project's, as a rule."""
    here = Path(__file__).resolve().parent
    for place in (Path(path), here.parent / path, Path.cwd().parent / path):
        try:
            if place.is_file() and place.stat().st_size <= _LARGEST:
                return place.read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            continue
    return None


def leaves(value: Any, where: str, texts: int = 0, depth: int = 0) -> Iterator[tuple[str, str, Any, Any]]:
    """Path, key, value and enclosing map of everything in values, and in the texts among them."""
    if depth > 60:
        return
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, f"{where}[{number}]", texts, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            path = f"{where}.{key}"
            yield path, key, item, value
            yield from leaves(item, path, texts, depth + 1)
    elif isinstance(value, str) and texts < _DEPTH:
        for document in inside(value):
            yield from leaves(document, where, texts + 1, depth + 1)


def documents_in(value: Any, where: str, texts: int = 0, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The structured data in the texts among values, with the path of the text."""
    if depth > 60 or texts >= _DEPTH or value is UNKNOWN:
        return
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from documents_in(item, f"{where}[{number}]", texts, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from documents_in(item, f"{where}.{key}", texts, depth + 1)
    elif isinstance(value, str):
        for document in inside(value):
            yield where, document
            yield from documents_in(document, where, texts + 1, depth + 1)
