"""Refusing bad arguments: all faults at once, before any resource is registered.

A fault names the property, the value given and the bound it breaks. Components and the stack's settings
share the functions that find faults, so that a rule is written once.
"""

from collections.abc import Iterable
from typing import NamedTuple

import pulumi


class Fault(NamedTuple):
    """One thing wrong with one argument."""

    path: str
    """The property, in the spelling of the caller's arguments: `transitions[1].after_days`."""
    value: object
    """What was given. Never a secret: it is printed."""
    bound: str
    """What is accepted, as a phrase that follows "must": `be at least 30 (days)`."""

    def __str__(self) -> str:
        return f"{self.path}: {self.value!r} must {self.bound}"


def refuse(component: str, name: str, faults: Iterable[Fault]) -> None:
    """Raise `pulumi.InputPropertiesError` naming every fault; do nothing when there is none."""
    found = list(faults)
    if not found:
        return
    raise pulumi.InputPropertiesError(
        f"{component} '{name}': " + "; ".join(str(fault) for fault in found),
        [{"property_path": f.path, "reason": f"{f.value!r} must {f.bound}"} for f in found],
    )


def known(value: object) -> bool:
    """Whether an argument is plain data, which can be judged now, and not another resource's output."""
    return not isinstance(value, pulumi.Output) and not hasattr(value, "__await__")
