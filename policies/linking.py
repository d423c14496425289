"""Which resource a separate setting belongs to: by whose output it was given, else by literal name."""

from typing import Any, NamedTuple

from .facts import UNKNOWN, Resource
from .model import Stack


class _Links(NamedTuple):
    """Settings of one kind, by what they name."""

    by_urn: dict[str, list[Resource]]
    by_name: dict[str, list[Resource]]
    doubtful: bool
    """Whether one of them names something that isn't known yet."""


def linked(stack: Stack, owner: Resource, kind: str, key: str = "bucket") -> Any:
    """The settings of a kind that name an owner; UNKNOWN where one might be its and can't be told.

    A setting made from another owner's output is that one's, whatever its value turns out to be.
    """
    index = (owner.type, kind, key)
    if index not in stack.links:
        stack.links[index] = _links(stack, *index)
    links: _Links = stack.links[index]
    found = list(links.by_urn.get(owner.urn, ()))
    for name in {value for field in ("id", key, "arn") if isinstance(value := owner.get(field), str)}:
        found += links.by_name.get(name, ())
    return UNKNOWN if links.doubtful and not found else found


def _links(stack: Stack, owners_type: str, kind: str, key: str) -> _Links:
    owners = {each.urn for each in stack.of(owners_type)}
    links = _Links({}, {}, False)
    for setting in stack.of(kind):
        value = setting.get(key)
        sources = owners.intersection(setting.depends.get(key, ()))
        for source in sources:
            links.by_urn.setdefault(source, []).append(setting)
        if not sources and isinstance(value, str):
            links.by_name.setdefault(value, []).append(setting)
        elif not sources and value is UNKNOWN:
            links = links._replace(doubtful=True)
    return links
