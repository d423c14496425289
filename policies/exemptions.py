"""Exemptions: one finding of one rule on one resource, with a reason, an owner and an end.

A YAML list; each entry has the keys `type`, `name`, `namespace` (null outside Kubernetes), `policy`, `finding`,
`reason` (20 characters or more), `owner` and `expires` (a date). An entry excuses exactly one finding: the rest of
the rule, and the rest of the rules, still run. Invalid and expired entries stop the pack from starting; unused ones
fail the stack.
"""

import datetime
import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_policy import EnforcementLevel, Severity, StackValidationArgs, StackValidationPolicy

from .facts import Resource, canonical
from .model import Rule

KEYS = ("type", "name", "namespace", "policy", "finding", "reason", "owner", "expires")
REASON_LENGTH = 20
"""Characters: shorter reasons are "legacy" and "ok"."""


class ExemptionError(ValueError):
    """Entries that can't be accepted; the message names every fault."""


@dataclass
class Exemption:
    """One accepted entry."""

    type: str
    name: str
    namespace: str | None
    policy: str
    finding: str
    reason: str
    owner: str
    expires: datetime.date
    used: bool = False

    def matches(self, policy: str, resource: Resource, finding: str) -> bool:
        """Whether this is the finding that was excused. Kubernetes objects also go by their own name."""
        return (
            self.policy == policy
            and self.finding == finding
            and canonical(self.type) == resource.type
            and self.namespace == resource.namespace
            and self.name in (resource.name, _object_name(resource))
        )

    def label(self) -> str:
        """The entry in a message."""
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.policy} [{self.finding}] on {self.type} {place}"


def _object_name(resource: Resource) -> Any:
    return resource.get("metadata", "name") if resource.token.startswith("kubernetes:") else None


class Exemptions:
    """The accepted entries, and which of them were needed."""

    def __init__(
        self, entries: Iterable[Mapping[str, Any]], rules: Sequence[Rule], today: datetime.date | None = None
    ) -> None:
        faults: list[str] = []
        self.entries: list[Exemption] = []
        for number, entry in enumerate(entries, 1):
            found = list(_faults(entry, {rule.id for rule in rules}, today or datetime.date.today()))
            faults += [f"exemption {_place(entry, number)}: {fault}" for fault in found]
            if not found:
                self.entries.append(_accepted(entry))
        if faults:
            raise ExemptionError("\n".join(faults))

    def excuse(self, policy: str, resource: Resource, finding: str) -> bool:
        """Whether the finding is excused; the entry then counts as used."""
        excused = False
        for entry in self.entries:
            if entry.policy == policy and entry.matches(policy, resource, finding):
                entry.used = excused = True
        return excused


def _place(entry: Any, number: int) -> str:
    line = entry.get("line") if isinstance(entry, Mapping) else None
    return f"{number} (line {line})" if line else str(number)


def _accepted(entry: Mapping[str, Any]) -> Exemption:
    expires = _date(entry["expires"])
    assert expires is not None
    fields: dict[str, Any] = {key: entry.get(key) for key in KEYS}
    return Exemption(**{**fields, "expires": expires})


def _faults(entry: Any, policies: set[str], today: datetime.date) -> Iterable[str]:
    if not isinstance(entry, Mapping):
        yield "is not a mapping"
        return
    for key in entry:
        if key not in (*KEYS, "line"):
            yield f"has an unknown key {key!r}{_nearest(str(key), KEYS)}"
    for key in KEYS:
        value = entry.get(key)
        if key in ("namespace", "expires") and (value is None or key == "expires"):
            continue
        if not isinstance(value, str) or not value.strip():
            yield f"{key} must be a text that is not empty"
    policy = entry.get("policy")
    if isinstance(policy, str) and policy and policy not in policies:
        yield f"there is no policy {policy!r}{_nearest(policy, policies)}"
    reason = entry.get("reason")
    if isinstance(reason, str) and len(reason.strip()) < REASON_LENGTH:
        yield f"reason must have {REASON_LENGTH} characters or more"
    expires = _date(entry.get("expires"))
    if expires is None:
        yield "expires must be a date (YYYY-MM-DD)"
    elif expires < today:
        yield f"expired on {expires}: fix the resource, or renew the entry with a reason"


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, sorted(known), 1)
    return f", did you mean {close[0]!r}?" if close else ""


def _date(value: Any) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


class UnusedExemptions(StackValidationPolicy):
    """Fails a stack whose exemptions excuse nothing any more."""

    def __init__(self, exemptions: Exemptions) -> None:
        super().__init__(
            "exemptions-in-use",
            "Every exemption excuses a finding that exists",
            self._check,
            EnforcementLevel.MANDATORY,
            severity=Severity.LOW,
            remediation_steps="Delete the entry from the exemptions file.",
        )
        self._exemptions = exemptions

    def _check(self, _args: StackValidationArgs, report: Any) -> None:
        for entry in self._exemptions.entries:
            if not entry.used:
                report(f"the exemption from {entry.label()} excuses nothing: delete it")


def load(path: Path) -> list[dict[str, Any]]:
    """The entries of a file, each with the `line` it starts on."""
    import yaml  # only where there is a file to read

    text = path.read_text(encoding="utf-8")
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    entries = yaml.safe_load(text)
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise ExemptionError(f"{path}: must hold a list of exemptions")
    return [
        {**entry, "line": item.start_mark.line + 1} if isinstance(entry, dict) else entry
        for entry, item in zip(entries, node.value, strict=True)
    ]


def beside_the_stack() -> list[dict[str, Any]]:
    """Entries of `policy-exemptions.yaml` and `policy-exemptions.<stack>.yaml` beside this folder.

    POLICY_EXEMPTIONS names another file, or several separated by the system's path separator.
    """
    named = os.environ.get("POLICY_EXEMPTIONS")
    if named:
        return [entry for path in named.split(os.pathsep) for entry in load(Path(path))]
    project = Path(__file__).resolve().parent.parent
    stack = os.environ.get("PULUMI_STACK", "")
    paths = (project / "policy-exemptions.yaml", project / f"policy-exemptions.{stack}.yaml")
    return [entry for path in paths if path.is_file() for entry in load(path)]
