"""Exemptions: one finding of one rule on one resource, with a reason, an owner and an end.

A YAML list; each entry has the keys `type`, `name`, `namespace` (null outside Kubernetes), `policy`, `finding`,
`reason` (20 characters or more), `owner` and `expires` (a date). An entry excuses exactly one finding: the rest of
the rule, and the rest of the rules, still run. Invalid and expired entries stop the pack from starting; unused ones
fail the stack.
"""

import datetime
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from .configuration import nearest
from .facts import Resource, canonical
from .model import Rule
from .server import Closer

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
    line: int | None = None
    file: str | None = None
    shared: bool = False
    """Whether the file holds for several stacks, of which some lack the resource."""
    used: bool = False
    doubtful: bool = False
    """Whether the rule couldn't judge the resource yet, so that the finding may still come."""

    def matches(self, policy: str, resource: Resource) -> bool:
        """Whether this is about a policy and resource. Kubernetes objects also go by their own name."""
        return (
            self.policy == policy
            and canonical(self.type) == resource.type
            and self.namespace == resource.namespace
            and self.name in (resource.name, _object_name(resource))
        )

    def label(self) -> str:
        """The entry in a message."""
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.policy} [{self.finding}] on {self.type} {place}"

    def place(self) -> str:
        """Where it is written, in brackets; empty where it comes from no file."""
        return f" ({self.file or 'exemptions'}, line {self.line})" if self.line else ""

    def card(self) -> str:
        """The entry in the report of those in force."""
        return f"{self.label()} until {self.expires}, {self.owner}: {self.reason}"


def _object_name(resource: Resource) -> Any:
    return resource.get("metadata", "name") if resource.token.startswith("kubernetes:") else None


class Exemptions:
    """The accepted entries, and which of them were needed."""

    def __init__(
        self, entries: Iterable[Mapping[str, Any]], rules: Sequence[Rule], today: datetime.date | None = None
    ) -> None:
        faults: list[str] = []
        self.seen: set[str] = set()
        """URNs of the resources that rules have looked at before they are created."""
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
            if entry.policy == policy and entry.matches(policy, resource):
                if entry.finding == finding:
                    entry.used = excused = True
                elif finding == "unknown":
                    entry.doubtful = True
        return excused

    def unused(self, urns: Iterable[str]) -> list[Exemption]:
        """Entries that excuse nothing, as far as can be told.

        With `--target` the engine shows the rules a part of the stack only. It shows in the whole stack then, which
        has resources that no rule has seen before: of those, and of resources that aren't there, nothing can be told.
        Nor does an entry of a file for all stacks of a project mean one that has switched the resource off.
        """
        all_of_them = [urn for urn in urns if not urn.startswith("urn:") or "::pulumi:" not in urn]
        in_part = bool(self.seen) and not self.seen.issuperset(all_of_them)
        named = {urn.rpartition("::")[2] for urn in self.seen}
        return [
            entry
            for entry in self.entries
            if not entry.used and not entry.doubtful and (not (in_part or entry.shared) or entry.name in named)
        ]


def _place(entry: Any, number: int) -> str:
    line = entry.get("line") if isinstance(entry, Mapping) else None
    file = entry.get("file") if isinstance(entry, Mapping) else None
    return f"{number} ({f'{file}, ' if file else ''}line {line})" if line else str(number)


def _accepted(entry: Mapping[str, Any]) -> Exemption:
    expires = _date(entry["expires"])
    assert expires is not None
    fields: dict[str, Any] = {key: entry.get(key) for key in (*KEYS, "line", "file")}
    fields["shared"] = bool(entry.get("shared", False))
    return Exemption(**{**fields, "expires": expires})


def _faults(entry: Any, policies: set[str], today: datetime.date) -> Iterable[str]:
    if not isinstance(entry, Mapping):
        yield "is not a mapping"
        return
    for key in entry:
        if key not in (*KEYS, "line", "file", "shared"):
            yield f"has an unknown key {key!r}{nearest(str(key), KEYS)}"
    for key in KEYS:
        value = entry.get(key)
        if key in ("namespace", "expires") and (value is None or key == "expires"):
            continue
        if not isinstance(value, str) or not value.strip():
            yield f"{key} must be a text that is not empty"
    policy = entry.get("policy")
    if isinstance(policy, str) and policy and policy not in policies:
        yield f"there is no policy {policy!r}{nearest(policy, policies)}"
    reason = entry.get("reason")
    if isinstance(reason, str) and len(reason.strip()) < REASON_LENGTH:
        yield f"reason must have {REASON_LENGTH} characters or more"
    expires = _date(entry.get("expires"))
    if expires is None:
        yield "expires must be a date (YYYY-MM-DD)"
    elif expires < today:
        yield f"expired on {expires}: fix the resource, or renew the entry with a reason"


def _date(value: Any) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


class _Names:
    """What the two forms of the policy have in common."""

    _exemptions: Exemptions

    def _tell(self, urns: Iterable[str], report: Any) -> None:
        for entry in self._exemptions.unused(urns):
            report(f"the exemption from {entry.label()}{entry.place()} excuses nothing: delete it [unused]")

    def _report_use(self, advise: Any) -> None:
        used = [entry for entry in self._exemptions.entries if entry.used]
        if used:
            lines = "\n".join(f"- {entry.card()}" for entry in used)
            advise(f"{len(used)} in force:\n{lines}\n[in-force]")


def _card() -> dict[str, Any]:
    return {
        "enforcement_level": EnforcementLevel.MANDATORY,
        "severity": Severity.LOW,
        "remediation_steps": "Delete the entry from the exemptions file.",
    }


_TITLE = "exemptions-in-use", "Every exemption excuses a finding that exists"


class InUse(_Names, Closer, ResourceValidationPolicy):
    """When all rules are through, fails a stack whose exemptions excuse nothing, and reports those in force."""

    def __init__(self, exemptions: Exemptions) -> None:
        super().__init__(*_TITLE, lambda _args, _report: None, **_card())
        self._exemptions = exemptions
        self.closer = self

    def after_resource(self, _response: Any, _reporter: Any, urn: str) -> None:
        """Take note that the rules have looked at a resource."""
        self._exemptions.seen.add(urn)

    def after_stack(self, _response: Any, reporter: Any, urns: list[str]) -> None:
        """When the rules over the stack are through, too."""
        report = reporter(self)
        if not report.disabled:
            self._tell(urns, report)
            self._report_use(report.advise)


class InUseUnhooked(_Names, StackValidationPolicy):
    """The same where pulumi_policy's server can't be hooked into: a policy over the stack, the last one."""

    def __init__(self, exemptions: Exemptions) -> None:
        super().__init__(*_TITLE, self._check, **_card())
        self._exemptions = exemptions

    def _check(self, args: StackValidationArgs, report: Any) -> None:
        self._tell([resource.urn for resource in args.resources], report)


def load(path: Path) -> list[dict[str, Any]]:
    """The entries of a file, each with the `line` it starts on, and whether the file is for all of a project."""
    import yaml  # only where there is a file to read

    try:
        text = path.read_text(encoding="utf-8")
        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
        entries = yaml.safe_load(text)
    except OSError as failure:
        raise ExemptionError(f"{path}: {failure.strerror}") from None
    except (yaml.YAMLError, ValueError) as failure:
        mark = getattr(failure, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise ExemptionError(f"{path}{where}: is no YAML") from None
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise ExemptionError(f"{path}: must hold a list of exemptions")
    shared = path.resolve().parent == Path(__file__).resolve().parent
    return [
        {**entry, "line": item.start_mark.line + 1, "file": path.name, "shared": shared}
        if isinstance(entry, dict)
        else entry
        for entry, item in zip(entries, node.value, strict=True)
    ]


def files_of(project: str, stack: str) -> list[Path]:
    """The files that hold for a stack, as far as they are there.

    Beside this folder, `policy-exemptions.yaml` and `policy-exemptions.<stack>.yaml`; in it,
    `policy-exemptions.<project>.yaml`, which a copy of the folder in another project doesn't read.
    """
    here = Path(__file__).resolve().parent
    paths = (
        here.parent / "policy-exemptions.yaml",
        here.parent / f"policy-exemptions.{stack}.yaml",
        here / f"policy-exemptions.{project}.yaml",
    )
    return [path for path in dict.fromkeys(paths) if path.is_file()]


def beside_the_stack() -> list[dict[str, Any]]:
    """Entries of the stack's files. POLICY_EXEMPTIONS names others, separated by the system's path separator."""
    named = os.environ.get("POLICY_EXEMPTIONS")
    if named is not None:
        paths = [Path(path) for path in named.split(os.pathsep) if path]
    else:
        paths = files_of(os.environ.get("PULUMI_PROJECT", ""), os.environ.get("PULUMI_STACK", ""))
    return [entry for path in paths for entry in load(path)]
