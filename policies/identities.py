"""What the rules about IAM identities share: their documents, and how far a statement reaches."""

from collections.abc import Callable, Iterator
from typing import Any

from .documents import BROKEN, Statement, narrowed, statements
from .facts import UNKNOWN, Resource, dig, items
from .model import Finding, unknown

ROLE = "aws:iam/role:Role"
_DOCUMENTS = (
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
_PERMISSION_SET = "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy"
IDENTITY_TYPES = (*_DOCUMENTS, _PERMISSION_SET, ROLE)


def _documents(resource: Resource) -> Iterator[tuple[str, Any]]:
    """Path and value of every identity document that a resource carries."""
    if resource.type == ROLE:
        for number, inline in enumerate(items(resource.get("inlinePolicies"))):
            yield f"inlinePolicies[{number}].policy", dig(inline, "policy")
    elif resource.type == _PERMISSION_SET:
        yield "inlinePolicy", resource.get("inlinePolicy")
    else:
        yield "policy", resource.get("policy")


def each_allowed(resource: Resource, judge: Callable[[Statement, str], Iterator[Finding]]) -> Iterator[Finding]:
    """Findings on each statement that grants, and what couldn't be read."""
    for path, value in _documents(resource):
        found = statements(value)
        if found is UNKNOWN:
            yield unknown(path)
        elif found is BROKEN:
            yield Finding("not-json", f"{path} {BROKEN}")
        for statement in found if isinstance(found, list) else ():
            if statement.allows:
                yield from judge(statement, f"{path}, statement {statement.number}")


def reach(statement: Statement, scoped: Callable[[str], bool]) -> Any:
    """Whether a statement reaches beyond named resources: True, False, or UNKNOWN.

    A condition on the resource's own tags or account narrows as well as a name does.
    """
    if statement.has("notresource"):
        return True
    if narrowed(statement, ("aws:resourcetag/*", "*:resourcetag/*", "kms:resourcealiases")) is True:
        return False
    if any(isinstance(pattern, str) and not scoped(pattern) for pattern in statement.resources):
        return True
    return UNKNOWN if UNKNOWN in statement.resources else False


def names_something(pattern: str) -> bool:
    """Whether a resource pattern names anything at all beyond the service: not `*`, not `arn:aws:s3:::*`."""
    tail = pattern.split(":", 5)[5] if pattern.count(":") >= 5 else pattern
    return bool(tail.strip("*?/:"))
