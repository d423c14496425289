"""IAM documents, as statements in one form: JSON text or object, one statement or a list, one value or a list."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from .actions import glob, wild
from .facts import UNKNOWN, dig, items, plain

BROKEN: Final = "is no JSON document that IAM would accept: write it with json.dumps from a mapping"


class Statement:
    """One statement. Its lists hold texts, and UNKNOWN where a part isn't known yet."""

    __slots__ = ("_fields", "number")

    def __init__(self, number: int, fields: dict[str, Any]) -> None:
        self.number = number
        """Counted from 1, for messages."""
        self._fields = {key.lower(): value for key, value in fields.items()}

    def texts(self, key: str) -> list[Any]:
        """Texts under an element, in lower case; UNKNOWN where a part isn't known."""
        return [item for item in items(self._fields.get(key)) if isinstance(item, str) or item is UNKNOWN]

    @property
    def allows(self) -> bool:
        """Whether it grants; IAM knows `Allow` and `Deny` only, and an unknown effect may grant."""
        effect = self._fields.get("effect")
        return effect is UNKNOWN or (isinstance(effect, str) and effect.lower() == "allow")

    @property
    def denies(self) -> bool:
        """Whether it certainly denies."""
        effect = self._fields.get("effect")
        return isinstance(effect, str) and effect.lower() == "deny"

    @property
    def actions(self) -> list[Any]:
        """Patterns under Action."""
        return self.texts("action")

    @property
    def resources(self) -> list[Any]:
        """Patterns under Resource."""
        return self.texts("resource")

    def has(self, key: str) -> bool:
        """Whether the statement has an element, whatever is in it."""
        return key.lower() in self._fields

    @property
    def principals(self) -> list[tuple[str, Any]]:
        """Kind (AWS, Service, Federated, CanonicalUser, or * for everyone) and value of each principal."""
        value = self._fields.get("principal")
        if isinstance(value, dict):
            return [(str(kind), item) for kind, each in value.items() for item in items(each)]
        return [("*", item) for item in items(value)]

    def conditions(self) -> Iterator[tuple[str, str, list[Any]]]:
        """Operator, key in lower case, and values of each condition; all of them must hold together."""
        block = self._fields.get("condition")
        if block is UNKNOWN:
            yield "", "", [UNKNOWN]
        for operator, keys in block.items() if isinstance(block, dict) else ():
            if keys is UNKNOWN:
                yield str(operator), "", [UNKNOWN]
            for key, values in keys.items() if isinstance(keys, dict) else ():
                yield str(operator), str(key).lower(), [_text(value) for value in items(values)]


def _text(value: Any) -> Any:
    """JSON writers put booleans and numbers into conditions; IAM compares text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def statements(value: Any) -> Any:
    """The statements of a document: a list, UNKNOWN, None where there is no document, or BROKEN."""
    if value is UNKNOWN or value is None:
        return value
    if isinstance(value, str):
        try:
            value = plain(json.loads(value))
        except (ValueError, RecursionError):
            return BROKEN
    if not isinstance(value, dict):
        return BROKEN
    body = next((value[key] for key in value if key.lower() == "statement"), None)
    if body is UNKNOWN:
        return UNKNOWN
    return [
        Statement(number, each if isinstance(each, dict) else {"effect": each})
        for number, each in enumerate(items(body), 1)
        if isinstance(each, dict) or each is UNKNOWN
    ]


_WHO: Final = (
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principaltag/*",
    "aws:userid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpcsourceip",
    "aws:sourceip",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
)
"""Keys that say who calls or from where. Others (`kms:ViaService`, `aws:SecureTransport`) say how: anyone can do so."""

_NARROWING: Final = (
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
    "arnequals",
    "arnlike",
    "ipaddress",
)


def narrowed(statement: Statement, keys: Iterable[str] = _WHO) -> Any:
    """Whether a condition really limits a statement to somebody: True, False, or UNKNOWN.

    Negated operators, `...IfExists` and `ForAllValues:` let those through who don't have the key, and a value that
    is all wildcard limits nobody.
    """
    verdict: Any = False
    for operator, key, values in statement.conditions():
        name = operator.lower().removeprefix("foranyvalue:")
        if not operator or not key:
            verdict = UNKNOWN
            continue
        if name not in _NARROWING or not any(glob(pattern, key) for pattern in keys):
            continue
        if any(value is UNKNOWN for value in values):
            verdict = UNKNOWN
        elif values and all(isinstance(value, str) and _limits(value) for value in values):
            return True
    return verdict


def _limits(value: str) -> bool:
    """Whether a value leaves anybody out: not `*`, nor an ARN of any account, nor the whole internet."""
    if value in ("0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1"):
        return False
    if value.lower().startswith("arn:"):
        account = value.split(":")[4:5]
        service = value.split(":")[2:3]
        if service == ["s3"] and account == [""]:  # a bucket's ARN has no account; its name is what limits
            return bool(value.split(":", 5)[5:]) and bool(value.split(":", 5)[5].strip("*?/"))
        return bool(account) and bool(account[0]) and not wild(account[0])
    return bool(value.strip("*?:/"))


def anyone(statement: Statement) -> Any:
    """Whether a statement speaks to everybody, conditions understood: True, False, or UNKNOWN."""
    public = statement.has("notprincipal") or any(
        kind in ("*", "AWS") and isinstance(value, str) and _public(value) for kind, value in statement.principals
    )
    if not public and all(value is not UNKNOWN for _, value in statement.principals):
        return False
    limited = narrowed(statement)
    if limited is True:
        return False
    return True if public and limited is False else UNKNOWN


def _public(value: str) -> bool:
    """`*`, and ARNs whose account is a wildcard."""
    if not value.strip("*?"):
        return bool(value)
    account = dig(value.split(":"), 4)
    return isinstance(account, str) and wild(account)
