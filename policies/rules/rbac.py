"""Who may do what in the cluster."""

from collections.abc import Iterator
from typing import Any

from ..facts import UNKNOWN, Resource, dig, items
from ..model import Finding, Rule, unknown

_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role"
_CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
_BINDINGS = (
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
)

RBAC = Rule(
    36,
    "rbac-least-privilege",
    cause="A role names what it allows, and allows no way to more",
    why="A wildcard is every resource, and every one that comes; whoever reads all secrets, or may escalate, bind, "
    "impersonate, enter pods or make tokens, has the rights of everybody else in the cluster.",
    fix="List verbs, resources and API groups. Name the secrets that are read under resourceNames, in a Role.",
    severity="high",
    frameworks=("CIS EKS 1.5.0 4.1.2", "CIS EKS 1.5.0 4.1.3", "CIS EKS 1.5.0 4.1.8"),
)
_RBAC_GROUP = "rbac.authorization.k8s.io"
_DANGERS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("escalate", _RBAC_GROUP, ("roles", "clusterroles"), ("escalate",)),
    ("bind", _RBAC_GROUP, ("roles", "clusterroles"), ("bind",)),
    ("impersonate", "", ("users", "groups", "serviceaccounts"), ("impersonate",)),
    ("impersonate", "authentication.k8s.io", ("userextras", "uids"), ("impersonate",)),
    ("exec", "", ("pods/exec", "pods/attach"), ("create", "get")),
    ("exec", "", ("pods/ephemeralcontainers",), ("update", "patch")),
    ("token", "", ("serviceaccounts/token",), ("create",)),
    ("node-proxy", "", ("nodes/proxy",), ("create", "get", "update", "patch", "delete")),
    ("approve", "certificates.k8s.io", ("certificatesigningrequests/approval",), ("update", "patch")),
    ("approve", "certificates.k8s.io", ("signers",), ("approve", "sign")),
    (
        "webhooks",
        "admissionregistration.k8s.io",
        ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
        ("create", "update", "patch"),
    ),
)
"""Word, API group, resources and verbs: each leads to more rights (Kubernetes, RBAC Good Practices)."""
_READS = ("get", "list", "watch")


@RBAC.resource(_ROLE, _CLUSTER_ROLE)
def role(resource: Resource) -> Iterator[Finding]:
    """Each rule by itself. Aggregated roles get their rules from others, which are judged there."""
    rules = resource.get("rules")
    if rules is UNKNOWN:
        yield unknown("rules")
    for number, rule in enumerate(items(rules) if rules is not UNKNOWN else ()):
        if rule is UNKNOWN:
            yield unknown(f"rules[{number}]")
        else:
            yield from _rule(rule, f"rules[{number}]", resource.type == _CLUSTER_ROLE)


def _rule(rule: Any, where: str, everywhere: bool) -> Iterator[Finding]:
    verbs, resources = list(items(dig(rule, "verbs"))), list(items(dig(rule, "resources")))
    groups, names = list(items(dig(rule, "apiGroups"))), list(items(dig(rule, "resourceNames")))
    for key, values in (("verbs", verbs), ("resources", resources), ("apiGroups", groups)):
        if UNKNOWN in values:
            yield unknown(f"{where}.{key}")
    wild = [
        key
        for key, values in (("verbs", verbs), ("resources", resources), ("apiGroups", groups))
        if any(isinstance(value, str) and (value == "*" or value.startswith("*/")) for value in values)
    ]
    if wild:
        yield Finding("wildcard", f"{where}: list {' and '.join(wild)} instead of *")
    if any(url in ("*", "/*") for url in items(dig(rule, "nonResourceURLs"))):
        yield Finding("wildcard", f"{where}: list nonResourceURLs instead of *")
    if _in_group(groups, "") and "secrets" in resources and not names and any(_has(verbs, verb) for verb in _READS):
        if everywhere:
            yield Finding("secrets", f"{where}: every secret of the cluster can be read: use a Role and resourceNames")
        else:
            yield Finding("secrets", f"{where}: name the secrets under resourceNames")
    for word, group, kinds, doing in _DANGERS:
        if names and word in ("escalate", "bind", "impersonate", "token", "webhooks", "approve"):
            continue
        if not _in_group(groups, group):
            continue
        kind = next((kind for kind in kinds if _names(resources, kind)), None)
        verb = next((verb for verb in doing if _has(verbs, verb)), None)
        if kind is not None and verb is not None:
            yield Finding(word, f"{where}: remove {verb} on {kind}, or name what it is for under resourceNames")


def _has(verbs: list[Any], verb: str) -> bool:
    return verb in verbs or "*" in verbs


def _names(resources: list[Any], kind: str) -> bool:
    """Whether a kind is named; that `*` stands for it is said as `wildcard`."""
    sub = kind.partition("/")[2]
    return kind in resources or (bool(sub) and f"*/{sub}" in resources)


def _in_group(groups: list[Any], group: str) -> bool:
    return group in groups or "*" in groups or (not groups and not group)


ADMIN = Rule(
    37,
    "rbac-no-cluster-admin",
    cause="Nobody is bound to cluster-admin",
    why="cluster-admin is root of everything in the cluster, and bindings to it outlive the reason they were made for.",
    fix="Bind a role that lists what is needed; people get access through EKS access entries.",
    severity="critical",
    frameworks=("CIS EKS 1.5.0 4.1.1",),
)
_EVERYBODY = ("system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts")


@ADMIN.resource(*_BINDINGS)
def binding(resource: Resource) -> Iterator[Finding]:
    """The role, and groups that are everybody."""
    name = resource.get("roleRef", "name")
    if name is UNKNOWN:
        yield unknown("roleRef.name")
    elif name == "cluster-admin":
        yield Finding("cluster-admin", "roleRef: bind a role that lists what is needed")
    subjects = resource.get("subjects")
    if subjects is UNKNOWN:
        yield unknown("subjects")
        return
    for number, subject in enumerate(items(subjects)):
        who = dig(subject, "name")
        if who is UNKNOWN:
            if dig(subject, "kind") != "ServiceAccount":
                yield unknown(f"subjects[{number}].name")
        elif who == "system:masters":
            yield Finding("cluster-admin", f"subjects[{number}]: remove system:masters, which may do everything")
        elif who in _EVERYBODY:
            yield Finding("everybody", f"subjects[{number}]: name the users or service accounts instead of everybody")
