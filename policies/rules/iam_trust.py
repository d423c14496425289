"""Roles: who may become them."""

from collections.abc import Iterator
from typing import Any

from ..actions import wild
from ..documents import BROKEN, Statement, anyone, statements
from ..facts import UNKNOWN, Resource
from ..identities import ROLE
from ..model import Finding, Rule, unknown

_TRUST = "assumeRolePolicy"

TRUST = Rule(
    21,
    "iam-trust-principal",
    cause="A role names who may assume it",
    why="A role that trusts `*` belongs to whoever finds its ARN.",
    fix="Name accounts, roles or services under Principal, or narrow `*` by aws:PrincipalOrgID or aws:PrincipalArn.",
    severity="critical",
)


@TRUST.resource(ROLE)
def trust(resource: Resource) -> Iterator[Finding]:
    """Wildcards among the principals of any kind, conditions understood."""
    for statement in _trust_statements(resource):
        if isinstance(statement, Finding):
            yield statement
            continue
        where = f"{_TRUST}, statement {statement.number}"
        public = anyone(statement)
        if public is UNKNOWN:
            yield unknown(f"{where}: its principal or condition")
        elif public or any(
            kind in ("Service", "Federated") and isinstance(value, str) and wild(value)
            for kind, value in statement.principals
        ):
            yield Finding("any-principal", f"{where}: name the principals: anybody may assume the role")


def _trust_statements(resource: Resource) -> Iterator[Statement | Finding]:
    """Statements that allow somebody to assume the role, or what kept us from reading them."""
    found = statements(resource.get(_TRUST))
    if found is UNKNOWN:
        yield unknown(_TRUST)
    elif found is BROKEN:
        yield Finding("not-json", f"{_TRUST} {BROKEN}")
    elif found is not None:
        yield from (statement for statement in found if statement.allows)


IRSA = Rule(
    22,
    "irsa-trust-exact",
    cause="A role for pods trusts exact service accounts",
    why="Without an exact `sub` every pod of the cluster may assume the role; without an exact `aud`, tokens that "
    "were made for somebody else are accepted.",
    fix='In every statement with the OIDC provider: StringEquals on "<issuer>:sub" '
    '("system:serviceaccount:<namespace>:<name>") and on "<issuer>:aud" ("sts.amazonaws.com"), without wildcards.',
    severity="critical",
    frameworks=("CIS EKS 1.5.0 5.2.1",),
)


@IRSA.resource(ROLE)
def irsa(resource: Resource) -> Iterator[Finding]:
    """Every statement whose principal is an OIDC provider, each by itself."""
    for statement in _trust_statements(resource):
        if isinstance(statement, Finding):
            yield statement
            continue
        providers = [value for kind, value in statement.principals if kind == "Federated"]
        named = [value for value in providers if isinstance(value, str) and ":oidc-provider/" in value]
        if not named and UNKNOWN not in providers:
            continue
        issuers = [value.partition(":oidc-provider/")[2] for value in named]
        for claim in ("sub", "aud"):
            yield from _exact(statement, claim, issuers if UNKNOWN not in providers else [])


def _exact(statement: Statement, claim: str, issuers: list[str]) -> Iterator[Finding]:
    """Whether one claim is pinned for the statement's issuers; no issuers means that they aren't known."""
    where = f"{_TRUST}, statement {statement.number}"
    wanted = [f"{issuer}:{claim}".lower() for issuer in issuers]
    doubtful, loose, pinned = False, False, set()
    for operator, key, values in statement.conditions():
        if UNKNOWN in values:
            doubtful = doubtful or not key or key.endswith(f":{claim}")
            continue
        if not (key in wanted if wanted else key.endswith(f":{claim}")):
            continue
        if operator.lower() in ("stringequals", "stringlike") and values and not any(map(_loose, values)):
            pinned.add(key)
        else:
            loose = True
    if pinned and pinned.issuperset(wanted):
        return
    if doubtful:
        yield unknown(f"{where}: its condition on {claim}")
    elif loose:
        yield Finding(f"loose-{claim}", f"{where}: use StringEquals on {claim} with exact values, without wildcards")
    else:
        yield Finding(f"no-{claim}", f"{where}: add StringEquals on <issuer>:{claim} with exact values")


def _loose(value: Any) -> bool:
    return not isinstance(value, str) or not value or wild(value)


BOUNDARY = Rule(
    23,
    "iam-boundary",
    cause="A role has a permissions boundary",
    why="A boundary holds when a policy is wrong. Some organisations demand one, so the rule can ask for it.",
    fix="Set permissionsBoundary to the boundary's ARN.",
    severity="low",
    level="advisory",
    config={"required": {"type": "boolean", "default": False, "description": "Whether roles must have a boundary."}},
)


@BOUNDARY.resource(ROLE)
def boundary(resource: Resource, config: dict[str, Any]) -> Iterator[Finding]:
    """Off unless asked for."""
    if config.get("required") is True and resource.get("permissionsBoundary") in (None, ""):
        yield Finding("no-boundary", "set permissionsBoundary")
