"""What rules could not judge: said once for a resource and property, by the first rule for all that wait for it."""

import re
import threading
from typing import Any

from . import configuration
from .server import Closer

_PROPERTY = re.compile(r"[A-Za-z][A-Za-z0-9]*")


class Unjudged(Closer):
    """Notes of the request that is being answered; the server answers each request in one thread."""

    def __init__(self) -> None:
        self._of = threading.local()

    def add(self, response: Any, urn: str, path: str, policy: Any) -> None:
        """A policy couldn't judge a resource."""
        if getattr(self._of, "response", None) is not response:
            self._of.response, self._of.notes = response, {}
        policies, paths = self._of.notes.setdefault((urn, _property(path)), ({}, {}))
        policies[policy.name] = policy
        paths[path] = None

    def after_resource(self, response: Any, reporter: Any, _urn: str) -> None:
        """The notes on one resource."""
        self._tell(response, reporter)

    def after_stack(self, response: Any, reporter: Any, _urns: list[str]) -> None:
        """The notes on what belongs together."""
        self._tell(response, reporter)

    def configured(self, config: dict[str, dict[str, Any]], policies: list[str]) -> list[str]:
        """Names and keys that nobody knows."""
        return list(configuration.faults(config, policies))

    def _tell(self, response: Any, reporter: Any) -> None:
        if getattr(self._of, "response", None) is not response:
            return
        for (urn, whole), (policies, paths) in self._of.notes.items():
            first, *others = policies.values()
            path = " and ".join(paths) if len(paths) <= 2 else whole
            text = f"can't be judged yet: {path} is not known before it is created"
            if others:
                text += f"; {', '.join(policy.name for policy in others)} can't either"
            reporter(first).advise(f"{text} [unknown]", urn)
        self._of.response = self._of.notes = None


def _property(path: str) -> str:
    """The property that a path begins with: `policy` of `policy, statement 1, a resource`; else all of it."""
    found = _PROPERTY.match(path)
    return found[0] if found and path[found.end() : found.end() + 1] in ("", ",", ".", "[", ":") else path
