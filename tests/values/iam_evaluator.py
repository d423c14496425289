"""A small evaluator of IAM documents: enough of AWS' logic to ask what a document allows and denies.

Explicit deny beats allow, and what nothing allows is denied. It knows the condition operators that our
documents use and fails on any other, so that it never passes a statement which it did not understand.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any


def decide(
    document: Mapping[str, Any],
    action: str,
    resource: str,
    principal: str = "",
    context: Mapping[str, str] | None = None,
) -> str:
    """`allow`, `deny` or `none` (nothing applies) for one request."""
    verdict = "none"
    for statement in document["Statement"]:
        if not _applies(statement, action, resource, principal, {"aws:PrincipalArn": principal, **(context or {})}):
            continue
        if statement["Effect"] == "Deny":
            return "deny"
        verdict = "allow"
    return verdict


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _like(patterns: Any, text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in _list(patterns))


def _applies(
    statement: Mapping[str, Any], action: str, resource: str, principal: str, context: Mapping[str, str]
) -> bool:
    assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement)
    if not any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _list(statement["Action"])):
        return False
    if "Resource" in statement and not _like(statement["Resource"], resource):
        return False
    if "Principal" in statement and not _principal(statement["Principal"], principal):
        return False
    return all(
        _condition(operator, key, values, context.get(key) or None)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _principal(element: Any, principal: str) -> bool:
    if element == "*":
        return True
    if "AWS" in element:
        root = principal.rsplit(":", 1)[0] + ":root" if ":role/" in principal else principal
        return any(entry in ("*", principal, root) for entry in _list(element["AWS"]))
    return principal in _list(element.get("Service", [])) + _list(element.get("Federated", []))


def _condition(operator: str, key: str, values: Any, actual: str | None) -> bool:
    if operator == "Null":
        return (actual is None) == (values == "true")
    if operator in ("StringEquals", "Bool", "ArnEquals"):
        return actual is not None and actual in _list(values)
    if operator == "StringNotEquals":
        return actual is None or actual not in _list(values)
    if operator == "StringEqualsIfExists":
        return actual is None or actual in _list(values)
    if operator == "ForAllValues:StringEquals":
        # A key of several values is given as one text with commas.
        return actual is None or set(actual.split(",")) <= set(_list(values))
    if operator in ("ArnLike", "StringLike"):
        return actual is not None and _like(values, actual)
    if operator == "ArnNotLike":
        return actual is None or not _like(values, actual)
    raise AssertionError(f"condition operator {operator} on {key} is not known here")
