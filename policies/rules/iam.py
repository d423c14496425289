"""Identities: which actions they are granted, and on what."""

import re
from collections.abc import Iterator
from typing import Any

from ..actions import every_service, expand, service_actions, split, spoken, wild
from ..documents import Statement
from ..facts import UNKNOWN, Resource
from ..identities import IDENTITY_TYPES, each_allowed, names_something, reach
from ..model import Finding, Rule, unknown

WILDCARD_ACTION = Rule(
    14,
    "iam-no-wildcard-action",
    cause="An identity is granted actions by name",
    why="`s3:*` grants today's actions and next year's. What a pattern grants is judged after expansion: one that "
    "only reads, or only names variants of one action (`kms:GenerateDataKey*`), is accepted.",
    fix="List the actions that the workload calls.",
    severity="high",
    frameworks=("AWS FSBP IAM.21", "CIS AWS Foundations 3.0.0 1.16"),
)


@WILDCARD_ACTION.resource(*IDENTITY_TYPES)
def wildcard_action(resource: Resource) -> Iterator[Finding]:
    """Every pattern under Action of a statement that allows."""
    yield from each_allowed(resource, _wildcards)


def _wildcards(statement: Statement, where: str) -> Iterator[Finding]:
    for pattern in statement.actions:
        if pattern is UNKNOWN:
            yield unknown(f"{where}, an action")
        elif every_service(pattern):
            yield Finding("all-services", f"{where}: list actions instead of *")
        elif wild(split(pattern)[1]) and _whole_service(pattern):
            yield Finding("whole-service", f"{where}: list actions instead of {spoken(pattern)}, which is all of them")
        elif wild(split(pattern)[1]) and not _harmless(pattern):
            yield Finding("many-actions", f"{where}: list actions instead of {spoken(pattern)}, which writes")


def _whole_service(pattern: str) -> bool:
    service, name = split(pattern)
    known = service_actions(service)
    return not name.strip("*") or (bool(known) and len(expand(pattern)) == len(known))


def _harmless(pattern: str) -> bool:
    """Whether a pattern stands for nothing, one action, reading only, or variants of one action.

    Of a service that the table doesn't know, the action's name has to tell.
    """
    service, name = split(pattern)
    granted = expand(pattern)
    if not service_actions(service):
        return re.match("(BatchGet|Describe|Get|List)", name) is not None
    if len(granted) <= 1 or all(action.access in ("Read", "List") for action in granted):
        return True
    stem = name.rstrip("*").lower()
    return any(
        action.name.lower() == stem and all(other.access == action.access for other in granted) for action in granted
    )


WILDCARD_RESOURCE = Rule(
    15,
    "iam-no-wildcard-resource",
    cause="An identity is granted actions on named resources",
    why="An action on `*` reaches every resource of the account. Actions that know no resources can't be limited, "
    "and are accepted.",
    fix="Name the ARNs under Resource; put actions that know no resources into a statement of their own.",
    severity="high",
    frameworks=("CIS AWS Foundations 3.0.0 1.16",),
)


@WILDCARD_RESOURCE.resource(*IDENTITY_TYPES)
def wildcard_resource(resource: Resource) -> Iterator[Finding]:
    """Every statement that allows."""
    yield from each_allowed(resource, _unlimited)


def _unlimited(statement: Statement, where: str) -> Iterator[Finding]:
    extent = reach(statement, names_something)
    if extent is False or statement.has("notresource"):
        return
    scopable = _first_scopable(statement)
    if extent is UNKNOWN and scopable is not None:
        yield unknown(f"{where}, a resource")
    elif scopable is UNKNOWN:
        yield unknown(f"{where}, an action")
    elif scopable is not None:
        yield Finding("all-resources", f"{where}: name the resources for {scopable} instead of *")


def _first_scopable(statement: Statement) -> Any:
    """An action that could be limited to resources, as text; None where all of them know none."""
    if statement.has("notaction"):
        return "what NotAction leaves"
    doubtful = None
    for pattern in statement.actions:
        if pattern is UNKNOWN:
            doubtful = UNKNOWN
        elif every_service(pattern) or not service_actions(split(pattern)[0]):
            return spoken(pattern)
        else:
            action = next((action for action in expand(pattern) if action.scopable), None)
            if action is not None:
                return action.full
    return doubtful


NOT_ELEMENTS = Rule(
    16,
    "iam-no-notaction-notresource",
    cause="No statement allows everything but a list",
    why="Allow with NotAction or NotResource grants all that the list doesn't name, and all that AWS adds later.",
    fix="List what is allowed under Action and Resource; NotAction belongs to Deny.",
    severity="high",
)


@NOT_ELEMENTS.resource(*IDENTITY_TYPES)
def not_elements(resource: Resource) -> Iterator[Finding]:
    """Deny with NotAction is a guard rail, and right."""
    yield from each_allowed(resource, _nots)


def _nots(statement: Statement, where: str) -> Iterator[Finding]:
    if statement.has("notaction"):
        yield Finding("not-action", f"{where}: list actions under Action instead of NotAction")
    if statement.has("notresource"):
        yield Finding("not-resource", f"{where}: list resources under Resource instead of NotResource")
