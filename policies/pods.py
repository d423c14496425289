"""Pods, wherever they are written: in a Pod, a workload's template, a job's, a template of its own."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from .facts import UNKNOWN, Resource, dig, items, truth
from .model import Finding, unknown

_TEMPLATE = ("spec", "template")
_PATHS: dict[str, tuple[str, ...]] = {
    "kubernetes:core/v1:Pod": (),
    "kubernetes:core/v1:PodTemplate": ("template",),
    "kubernetes:core/v1:ReplicationController": _TEMPLATE,
    "kubernetes:apps/v1:Deployment": _TEMPLATE,
    "kubernetes:apps/v1:StatefulSet": _TEMPLATE,
    "kubernetes:apps/v1:DaemonSet": _TEMPLATE,
    "kubernetes:apps/v1:ReplicaSet": _TEMPLATE,
    "kubernetes:batch/v1:Job": _TEMPLATE,
    "kubernetes:batch/v1:CronJob": ("spec", "jobTemplate", "spec", "template"),
}
WORKLOADS = tuple(_PATHS)
"""Every built-in type that makes pods."""


class Container(NamedTuple):
    """A container of any of the three kinds."""

    path: str
    body: Any


class Pod(NamedTuple):
    """A pod's metadata and spec, and where they are."""

    path: str
    """Of the spec, for messages."""
    metadata: Any
    spec: Any
    partial: bool
    """Whether absence means nothing: in a patch."""

    def containers(self) -> Iterator[Container]:
        """Init, ordinary and ephemeral ones; one that isn't known yet is UNKNOWN."""
        for kind in ("initContainers", "containers", "ephemeralContainers"):
            for number, body in enumerate(items(dig(self.spec, kind))):
                yield Container(f"{self.path}.{kind}[{number}]", body)


def pod_of(resource: Resource) -> Pod:
    """The pod that a workload makes."""
    path = _PATHS[resource.type]
    holder = resource.get(*path)
    return Pod(
        ".".join((*path, "spec")),
        UNKNOWN if holder is UNKNOWN else dig(holder, "metadata"),
        UNKNOWN if holder is UNKNOWN else dig(holder, "spec"),
        resource.partial,
    )


HOST_SWITCHES = {"hostNetwork": "host-network", "hostPID": "host-pid", "hostIPC": "host-ipc"}


def hostile(value: Any, where: str = "", depth: int = 0) -> Iterator[Finding]:
    """What reaches for the host or for root, wherever it is written: in Helm values, in operators' own kinds."""
    if depth > 40:
        return
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from hostile(item, f"{where}[{number}]", depth + 1)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        path = f"{where}.{key}" if where else key
        yield from _hostile_setting(key, item, path)
        if isinstance(item, dict | list):
            yield from hostile(item, path, depth + 1)


def _hostile_setting(key: str, value: Any, path: str) -> Iterator[Finding]:
    if key in _SWITCHES and value is UNKNOWN:
        yield unknown(path)
    elif key in _SWITCHES and truth(value) is True:
        yield Finding(_SWITCHES[key], f"set {path} to false")
    elif key == "runAsNonRoot" and truth(value) is False:
        yield Finding("root", f"set {path} to true")
    elif key == "runAsUser" and value == 0 and not isinstance(value, bool):
        yield Finding("root", f"set {path} to a user that isn't root")
    elif key == "hostPath" and value not in (None, "", {}, False) and not isinstance(value, bool):
        yield Finding("host-path", f"remove {path}: use a volume that isn't the host's")
    elif key == "hostPort" and isinstance(value, int) and value > 0:
        yield Finding("host-port", f"remove {path}")
    elif key == "capabilities" and added_capabilities(value):
        yield Finding("capabilities-added", f"remove {path}.add")


_SWITCHES = {
    **HOST_SWITCHES,
    "privileged": "privileged",
    "allowPrivilegeEscalation": "privilege-escalation",
}


def added_capabilities(capabilities: Any) -> Any:
    """Whether capabilities beyond NET_BIND_SERVICE are added."""
    return any(item is not UNKNOWN and item != "NET_BIND_SERVICE" for item in items(dig(capabilities, "add")))
