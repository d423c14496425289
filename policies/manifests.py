"""Kubernetes manifests in files: read with their lines, judged by the same rules as a stack."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .exemptions import Exemptions
from .facts import Resource, fits, plain
from .model import Finding, Rule, Stack
from .rules import RULES
from .views import manifest, views

_MOST_VALUES = 2_000_000
"""Values in one manifest; the largest CRDs have a tenth of it."""


class ManifestError(ValueError):
    """A file that can't be read, or isn't YAML; the message names it, and the line."""


class Source(NamedTuple):
    """One manifest, and where it is."""

    file: str
    line: int
    """Counted from 1."""
    body: dict[str, Any]


class Violation(NamedTuple):
    """A finding on a manifest."""

    rule: Rule
    level: str
    """`mandatory` or `advisory`."""
    finding: Finding
    source: Source
    label: str
    """Kind, namespace and name."""


def read_all(paths: Iterable[str]) -> Iterator[Source]:
    """The manifests of files, of folders (`*.yaml`, `*.yml`, `*.json`, deep) and of `-`, the standard input."""
    for name in paths:
        if name == "-":
            yield from _read("-", sys.stdin.read())
            continue
        path = Path(name)
        if path.is_dir():
            found = sorted(each for each in path.rglob("*") if each.suffix in (".yaml", ".yml", ".json"))
            if not found:
                raise ManifestError(f"{name}: there is no manifest in this folder")
        else:
            found = [path]
        for file in found:
            try:
                text = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as failure:
                raise ManifestError(f"{file}: {getattr(failure, 'strerror', None) or 'is no UTF-8 text'}") from None
            yield from _read(str(file), text)


def _read(file: str, text: str) -> Iterator[Source]:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Reads the plain scalar `=` as text: it occurs in the CRDs of the Prometheus operator."""

    Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))
    loader = Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            line = node.start_mark.line + 1
            document = loader.construct_document(node)
            if not fits(document, _MOST_VALUES):
                raise ManifestError(f"{file}, line {line}: its aliases stand for too many values")
            body = plain(document)
            for each in _objects(body, f"{file}, line {line}"):
                yield Source(file, line, each)
    except (yaml.YAMLError, RecursionError, ValueError) as failure:
        if isinstance(failure, ManifestError):
            raise
        mark = getattr(failure, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        # Never the text at fault: it may be a secret.
        raise ManifestError(f"{file}{where}: is no YAML: {getattr(failure, 'problem', None) or 'unreadable'}") from None
    finally:
        loader.dispose()


def _objects(body: Any, where: str) -> Iterator[dict[str, Any]]:
    if body is None:
        return
    if not isinstance(body, dict) or not isinstance(body.get("kind"), str):
        raise ManifestError(f"{where}: is no Kubernetes manifest: it has no kind")
    if body["kind"].endswith("List") and isinstance(body.get("items"), list):
        for item in body["items"]:
            yield from _objects(item, where)
    else:
        yield body


def judge(
    sources: Iterable[Source],
    config: Mapping[str, Any] | None = None,
    exemptions: Exemptions | None = None,
    namespace: str | None = None,
) -> list[Violation]:
    """All findings. `config` is a configuration by rule; `namespace` is for manifests that name none."""
    listed = [(source, _resource(source, number, namespace)) for number, source in enumerate(sources)]
    by_urn = {resource.urn: (source, resource) for source, resource in listed}
    stack = Stack(resource for _, resource in listed)
    found: list[Violation] = []
    for rule in RULES:
        level, settings = _configured(rule, (config or {}).get(rule.id))
        if level == "disabled":
            continue
        for urn, finding in _of_rule(rule, stack, settings):
            source, resource = by_urn[urn]
            if exemptions is None or not exemptions.excuse(rule.id, resource, finding.word):
                found.append(Violation(rule, finding.level or level, finding, source, _label(resource)))
    return sorted(found, key=lambda each: (each.source.file, each.source.line, each.rule.number))


def _resource(source: Source, number: int, namespace: str | None) -> Resource:
    body = source.body
    metadata = body.get("metadata")
    if namespace and isinstance(metadata, dict) and not metadata.get("namespace") and body["kind"] not in _GLOBAL:
        body = {**body, "metadata": {**metadata, "namespace": namespace}}
    return manifest(body, f"manifest-{number}", rendered=True)


_GLOBAL = (
    *("Namespace", "ClusterRole", "ClusterRoleBinding", "StorageClass", "CustomResourceDefinition"),
    *("PersistentVolume", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "PriorityClass"),
)
"""Kinds without a namespace."""


def _of_rule(rule: Rule, stack: Stack, settings: Mapping[str, Any]) -> Iterator[tuple[str, Finding]]:
    for resource in stack.resources:
        for view in views(resource):
            check = rule.check(view.type)
            if check is not None:
                yield from ((resource.urn, finding) for finding in rule.judge(check, view, settings))
    for check in rule.on_stack:
        yield from ((finding.urn, finding) for finding in rule.judge(check, stack, settings) if finding.urn)


def _configured(rule: Rule, given: Any) -> tuple[str, dict[str, Any]]:
    settings = {"enforcementLevel": given} if isinstance(given, str) else dict(given or {})
    level = settings.pop("enforcementLevel", rule.level)
    return ("mandatory" if level == "remediate" else level), settings


def _label(resource: Resource) -> str:
    kind = resource.token.rpartition(":")[2]
    return f"{kind} {resource.namespace}/{resource.name}" if resource.namespace else f"{kind} {resource.name}"
