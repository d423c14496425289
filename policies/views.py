"""Other ways to write a resource: lists of Kubernetes objects, the Cloud Control providers' types.

`views` gives what a resource stands for, as resources of the types that rules know. Of Cloud Control's types
(`aws-native`, `aws:cloudcontrol/resource:Resource`) those are read that can hold what the rules guard; `native`
has the table.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from . import native
from .facts import UNKNOWN, Resource, canonical, items, plain
from .model import Finding, unknown

CLOUD_CONTROL = "aws:cloudcontrol/resource:Resource"


@lru_cache(maxsize=4096)
def written_otherwise(token: str) -> bool:
    """Whether a resource of a type stands for others."""
    return (
        token == CLOUD_CONTROL
        or token.startswith("aws-native:")
        or (token.startswith("kubernetes:") and canonical(token).endswith("List"))
    )


def views(resource: Resource) -> list[Resource]:
    """The resource, and what it stands for."""
    if not written_otherwise(resource.token):
        return [resource]
    return [resource, *_others(resource)]


def _others(resource: Resource) -> Iterator[Resource]:
    if resource.token == CLOUD_CONTROL:
        state = desired_state(resource)
        kind = resource.get("typeName")
        if isinstance(kind, str) and isinstance(state, dict):
            yield from _native(resource, kind.lower().replace("::", ":").removeprefix("aws:"), state)
    elif resource.token.startswith("aws-native:"):
        yield from _native(resource, resource.token.removeprefix("aws-native:").lower(), resource.props)
    else:
        for item in items(resource.get("items")):
            if isinstance(item, dict):
                yield manifest(item, resource.urn, resource.name)


def desired_state(resource: Resource) -> Any:
    """A Cloud Control resource's properties: JSON text; UNKNOWN, or None where it is no JSON object."""
    state = resource.get("desiredState")
    if isinstance(state, str):
        try:
            state = plain(json.loads(state))
        except (ValueError, RecursionError):
            return None
    return state if isinstance(state, dict) or state is UNKNOWN else None


def unread(resource: Resource) -> Iterator[Finding]:
    """What kept a Cloud Control resource from being read."""
    if resource.token != CLOUD_CONTROL:
        return
    if resource.get("typeName") is UNKNOWN or desired_state(resource) is UNKNOWN:
        yield unknown("typeName or desiredState")


def _native(resource: Resource, kind: str, state: dict[str, Any]) -> Iterator[Resource]:
    """A bucket's settings are inside it there, so they are linked to it; other links stay as they are."""
    depends = resource.depends
    if resource.token == CLOUD_CONTROL:
        depends = {"bucket": depends.get("desiredState", ())}
    for token, props in native.translated(kind, state):
        if kind == "s3:bucket" and token != native.BUCKET:
            yield Resource(token, resource.name, {**props, "bucket": UNKNOWN}, resource.urn, {"bucket": [resource.urn]})
        else:
            yield Resource(token, resource.name, props, resource.urn, depends)


def manifest(body: dict[str, Any], urn: str = "", name: str = "", rendered: bool = False) -> Resource:
    """A Kubernetes manifest as a resource of its type."""
    version, kind = body.get("apiVersion"), body.get("kind")
    version = version if isinstance(version, str) else ""
    kind = kind if isinstance(kind, str) else ""
    module = version if "/" in version else f"core/{version}"
    metadata = body.get("metadata")
    own = metadata.get("name") if isinstance(metadata, dict) else None
    own = own if isinstance(own, str) and own else name
    return Resource(f"kubernetes:{module}:{kind}", own, body, urn, rendered=rendered)
