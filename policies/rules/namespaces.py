"""Namespaces: which pods they admit, and who may talk to whom."""

from collections.abc import Iterator
from typing import Any

from ..facts import UNKNOWN, Resource, dig, items
from ..model import Finding, Rule, Stack, unknown

_NAMESPACE = "kubernetes:core/v1:Namespace"
_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
_LABEL = "pod-security.kubernetes.io/enforce"

NAMESPACE = Rule(
    40,
    "namespace-pss-default-deny",
    cause="A namespace enforces a Pod Security Standard, and lets nothing in that isn't named",
    why="Without the label whoever may make pods may make privileged ones; without a network policy every pod of the "
    "cluster reaches every other.",
    fix=f'Label the namespace {_LABEL} "restricted" (or "baseline"); add a NetworkPolicy for all of its pods '
    "(podSelector {}) without ingress rules, and one for each way in that is needed.",
    severity="medium",
    frameworks=("Pod Security Standards", "CIS EKS 1.5.0 4.3.2"),
    remembered=(_NAMESPACE, _POLICY),
)


@NAMESPACE.resource(_NAMESPACE)
def labelled(resource: Resource) -> Iterator[Finding]:
    """The label that counts is `enforce`: the others only talk."""
    labels = resource.get("metadata", "labels")
    level = dig(labels, _LABEL)
    if level is UNKNOWN:
        yield unknown("metadata.labels")
    elif level == "privileged":
        yield Finding("privileged", f'metadata.labels: set {_LABEL} to "restricted" or "baseline"')
    elif level not in ("restricted", "baseline") and not (resource.partial and level is None):
        yield Finding("no-pod-security", f'metadata.labels: set {_LABEL} to "restricted" or "baseline"')


@NAMESPACE.stack
def default_deny(stack: Stack) -> Iterator[Finding]:
    """One policy for all pods of the namespace: policies for single workloads leave open what comes next."""
    policies = stack.of(_POLICY)
    for namespace in stack.of(_NAMESPACE):
        if namespace.partial:
            continue
        name = namespace.get("metadata", "name") if namespace.props else UNKNOWN
        mine = [
            each
            for each in policies
            if (isinstance(name, str) and each.namespace == name) or namespace.urn in _sources(each)
        ]
        if any(_denies(each) for each in mine):
            continue
        doubtful = [each for each in policies if each not in mine and _may_deny(each)]
        if doubtful or (name is UNKNOWN and any(map(_denies, policies))):
            yield unknown("which namespace a NetworkPolicy belongs to", namespace.urn)
        else:
            message = "add a NetworkPolicy with podSelector {} and policyTypes [Ingress] without ingress rules"
            yield Finding("no-default-deny", message, urn=namespace.urn)


def _may_deny(policy: Resource) -> bool:
    """Whether a policy may be the one, as far as it is known: its namespace isn't, or nothing is."""
    return not policy.props or (policy.get("metadata", "namespace") is UNKNOWN and _denies(policy))


def _sources(policy: Resource) -> Any:
    return [urn for key, urns in policy.depends.items() if key == "metadata" for urn in urns]


def _denies(policy: Resource) -> bool:
    """Whether a policy covers every pod and lets nothing in."""
    selector = policy.get("spec", "podSelector")
    kinds = list(items(policy.get("spec", "policyTypes")))
    everyone = (
        isinstance(selector, dict)
        and dig(selector, "matchLabels") in (None, {})
        and dig(selector, "matchExpressions") in (None, [])
    )
    return everyone and policy.get("spec", "ingress") in (None, []) and (not kinds or "Ingress" in kinds)
