"""What a rule is: a pure function over plain data, and what people need to know about it.

A rule yields findings. It never raises on odd data (the pack catches what slips through), never looks at another
rule, and never puts a property's value into a message.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .facts import Resource


class Finding(NamedTuple):
    """One fault of one resource."""

    word: str
    """The rule's own stable word for the fault: exemptions name it."""
    message: str
    """What to change, and where."""
    level: str = ""
    """`advisory` where this finding weighs less than its rule; `unknown` where the rule couldn't judge."""
    urn: str = ""
    """The resource at fault, in rules over the whole stack."""
    path: str = ""
    """Of an `unknown`: what isn't known."""


def unknown(path: str, urn: str = "") -> Finding:
    """The rule can't be judged before this property is known."""
    return Finding("unknown", f"can't be judged yet: {path} is not known before it is created", "unknown", urn, path)


class Stack:
    """All resources of a stack, with the ways to find what belongs together."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = tuple(resources)
        self._by_type: dict[str, list[Resource]] = {}
        for resource in self.resources:
            self._by_type.setdefault(resource.type, []).append(resource)
        self.links: dict[tuple[str, str, str], Any] = {}
        """What `linking` has found out, so that it looks at each setting once."""

    def of(self, kind: str) -> list[Resource]:
        """The resources of a canonical type."""
        return self._by_type.get(kind, [])

    @property
    def types(self) -> Iterable[str]:
        """The canonical types that occur."""
        return self._by_type.keys()


ANY = "*"
"""In a rule's types: every resource."""
ANY_OBJECT = "kubernetes:*"
"""In a rule's types: every Kubernetes object for whose type the rule has no check of its own."""

type_of_check = Callable[..., Iterable[Finding]]


@dataclass(frozen=True)
class Rule:
    """A rule and its card."""

    number: int
    """Its place in the catalogue."""
    id: str
    cause: str
    """What is wrong, in half a sentence: the headline of every violation."""
    why: str
    """What may happen, and where that is written."""
    fix: str
    """Steps that put it right."""
    severity: str
    level: str = "mandatory"
    frameworks: tuple[str, ...] = ()
    """Where others demand the same: `<catalogue> <reference>`, the closest first."""
    config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """JSON schema of each setting; the rule's functions then take the settings as second argument."""
    on_resource: dict[str, type_of_check] = field(default_factory=dict)
    """Check by canonical type, run before the resource is created."""
    on_stack: list[type_of_check] = field(default_factory=list)
    """Checks over the whole stack: for what lives in sibling resources."""

    def check(self, kind: str) -> type_of_check | None:
        """The check for a canonical type: its own, else that for all of Kubernetes, else that for everything."""
        found = self.on_resource.get(kind)
        if found is None and kind.startswith("kubernetes:"):
            found = self.on_resource.get(ANY_OBJECT)
        return found or self.on_resource.get(ANY)

    remembered: tuple[str, ...] = ()
    """Types whose properties the rule's checks over the stack need: they are kept from before creation. While a
    provider's own settings aren't known (a cluster's credentials, in a first preview) the stack shows nothing."""
    remedies: list[Callable[..., Any]] = field(default_factory=list)
    """Properties put right, from type, properties, provider and settings: only ever merges tags."""

    def judge(self, check: type_of_check, subject: Any, config: Mapping[str, Any]) -> list[Finding]:
        """The findings up to a rule's own failure, and the failure as a note: an exception ends the deployment."""
        found: dict[Finding, None] = {}
        try:
            for finding in check(subject, config) if self.config else check(subject):
                found[finding] = None
        except Exception as failure:  # whatever it is, it must not end the deployment
            where = f"{type(failure).__name__} in {check.__name__}"
            note = Finding("rule-failed", f"the rule itself failed ({where}) and judged only in part", "advisory")
            found[note] = None
        return list(found)

    def resource(self, *types: str) -> Callable[[type_of_check], type_of_check]:
        """Decorator: check each resource of these types."""

        def register(check: type_of_check) -> type_of_check:
            for name in types:
                if name in self.on_resource:
                    raise ValueError(f"{self.id} has two checks for {name}")
                self.on_resource[name] = check
            return check

        return register

    def remedy(self, mend: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: how a resource is put right."""
        self.remedies.append(mend)
        return mend

    def stack(self, check: type_of_check) -> type_of_check:
        """Decorator: check the whole stack."""
        self.on_stack.append(check)
        return check
