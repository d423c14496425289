"""Pods: what they may do on the node, and what they run."""

import re
from collections.abc import Iterator
from typing import Any

from ..facts import UNKNOWN, Resource, dig, items, truth
from ..model import ANY_OBJECT, Finding, Rule, unknown
from ..pods import HOST_SWITCHES, WORKLOADS, Container, Pod, added_capabilities, hostile, pod_of

RESTRICTED = Rule(
    38,
    "pod-restricted",
    cause="A pod keeps to the Pod Security Standard `restricted`",
    why="A container that runs as root, or shares the host's namespaces, files or kernel features, is one bug away "
    "from the node, and from every other pod on it.",
    fix="Set in the pod's securityContext runAsNonRoot true and seccompProfile.type RuntimeDefault; in each "
    "container's allowPrivilegeEscalation false and capabilities.drop [ALL]. Use no host namespaces, ports or paths.",
    severity="high",
    frameworks=("Pod Security Standards restricted", "CIS EKS 1.5.0 4.2.1", "CIS EKS 1.5.0 4.2.5"),
)
_VOLUMES = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "name",
    ]
)
_SYSCTLS = frozenset(
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    ]
)
"""Safe sysctls (Kubernetes, Pod Security Standards, baseline)."""
_SELINUX = ("container_t", "container_init_t", "container_kvm_t", "container_engine_t", "", None, UNKNOWN)
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


@RESTRICTED.resource(*WORKLOADS)
def restricted(resource: Resource) -> Iterator[Finding]:
    """The standard's controls, one by one."""
    pod = pod_of(resource)
    if pod.spec is UNKNOWN:
        yield unknown(pod.path)
        return
    yield from _host(pod)
    yield from _volumes(pod)
    windows = dig(pod.spec, "os", "name") == "windows"
    context = dig(pod.spec, "securityContext")
    yield from _context(context, f"{pod.path}.securityContext")
    yield from _sysctls(context, f"{pod.path}.securityContext.sysctls")
    yield from _apparmor(pod)
    for container in pod.containers():
        if container.body is UNKNOWN:
            yield unknown(container.path)
            continue
        yield from _container(container)
        yield from _required(container, context, pod.partial, windows)


def _host(pod: Pod) -> Iterator[Finding]:
    for key, word in HOST_SWITCHES.items():
        value = truth(dig(pod.spec, key))
        if value is UNKNOWN:
            yield unknown(f"{pod.path}.{key}")
        elif value:
            yield Finding(word, f"remove {pod.path}.{key}")


def _volumes(pod: Pod) -> Iterator[Finding]:
    for number, volume in enumerate(items(dig(pod.spec, "volumes"))):
        where = f"{pod.path}.volumes[{number}]"
        if volume is UNKNOWN:
            yield unknown(where)
        elif dig(volume, "hostPath") is not None:
            yield Finding("host-path", f"remove hostPath from {where}: use a volume that isn't the host's")
        elif isinstance(volume, dict) and not _VOLUMES.issuperset(volume):
            yield Finding("volume-type", f"use a claim, a projected volume or an emptyDir for {where}")


def _context(context: Any, where: str) -> Iterator[Finding]:
    """What is wrong in a pod's or container's own securityContext, whatever the other says."""
    if context is UNKNOWN:
        yield unknown(where)
        return
    kind = dig(context, "seccompProfile", "type")
    if kind == "Unconfined":
        yield Finding("seccomp", f'set {where}.seccompProfile.type to "RuntimeDefault"')
    if dig(context, "seLinuxOptions", "type") not in _SELINUX or any(
        dig(context, "seLinuxOptions", key) not in (None, "", UNKNOWN) for key in ("user", "role")
    ):
        yield Finding("selinux", f"remove type, user and role from {where}.seLinuxOptions")
    if dig(context, "appArmorProfile", "type") == "Unconfined":
        yield Finding("apparmor", f'set {where}.appArmorProfile.type to "RuntimeDefault"')
    if truth(dig(context, "windowsOptions", "hostProcess")) is True:
        yield Finding("host-process", f"remove {where}.windowsOptions.hostProcess")
    if dig(context, "runAsUser") == 0 and dig(context, "runAsUser") is not False:
        yield Finding("root", f"set {where}.runAsUser to a user that isn't root")


def _sysctls(context: Any, where: str) -> Iterator[Finding]:
    for number, each in enumerate(items(dig(context, "sysctls"))):
        name = dig(each, "name")
        if name is not UNKNOWN and name not in _SYSCTLS:
            yield Finding("sysctl", f"remove {where}[{number}]: it isn't one of the safe ones")


def _apparmor(pod: Pod) -> Iterator[Finding]:
    annotations = dig(pod.metadata, "annotations")
    for key, value in annotations.items() if isinstance(annotations, dict) else ():
        if key.startswith(_APPARMOR) and value == "unconfined":
            yield Finding("apparmor", f"remove the annotation {_APPARMOR}... that says unconfined")


def _container(container: Container) -> Iterator[Finding]:
    """What a container must not say."""
    where, context = f"{container.path}.securityContext", dig(container.body, "securityContext")
    yield from _context(context, where)
    privileged = truth(dig(context, "privileged"))
    if privileged is True:
        yield Finding("privileged", f"remove {where}.privileged")
    elif privileged is UNKNOWN and context is not UNKNOWN:
        yield unknown(f"{where}.privileged")
    if added_capabilities(dig(context, "capabilities")):
        yield Finding("capabilities-added", f"remove all but NET_BIND_SERVICE from {where}.capabilities.add")
    if dig(context, "procMount") not in (None, "", "Default", UNKNOWN):
        yield Finding("proc-mount", f"remove {where}.procMount")
    for number, port in enumerate(items(dig(container.body, "ports"))):
        host_port = dig(port, "hostPort")
        if host_port is UNKNOWN:
            yield unknown(f"{container.path}.ports[{number}].hostPort")
        elif host_port:
            yield Finding("host-port", f"remove {container.path}.ports[{number}].hostPort")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop"):
        for action in ("httpGet", "tcpSocket"):
            if dig(container.body, *probe.split("."), action, "host") not in (None, "", UNKNOWN):
                yield Finding("probe-host", f"remove host from {container.path}.{probe}.{action}")


def _required(container: Container, pod_context: Any, partial: bool, windows: bool) -> Iterator[Finding]:
    """What must be said, in the container or for the whole pod. Of a patch, only what it does say is judged."""
    where, own = f"{container.path}.securityContext", dig(container.body, "securityContext")
    escalation = truth(dig(own, "allowPrivilegeEscalation"))
    inherited = [dig(own, "runAsNonRoot"), dig(pod_context, "runAsNonRoot")]
    as_user = truth(next((value for value in inherited if value is not None), None))
    profiles = [dig(own, "seccompProfile", "type"), dig(pod_context, "seccompProfile", "type")]
    seccomp = next((value for value in profiles if value is not None), None)
    dropped = list(items(dig(own, "capabilities", "drop")))
    linux: list[tuple[Any, bool, str, str]] = [
        (escalation, escalation is False, "privilege-escalation", "allowPrivilegeEscalation to false"),
        (seccomp, seccomp in ("RuntimeDefault", "Localhost"), "seccomp", 'seccompProfile.type to "RuntimeDefault"'),
        (
            UNKNOWN if UNKNOWN in dropped else dropped or None,
            "ALL" in dropped,
            "capabilities-kept",
            'capabilities.drop to ["ALL"]',
        ),
    ]
    for value, fine, word, what in [
        (as_user, as_user is True, "may-be-root", "runAsNonRoot to true"),
        *(() if windows else linux),
    ]:
        if fine or (partial and value is None):
            continue
        if value is UNKNOWN:
            if own is not UNKNOWN and pod_context is not UNKNOWN:
                yield unknown(f"{where}.{what.partition(' ')[0]}")
        elif not (word == "seccomp" and value == "Unconfined"):
            yield Finding(word, f"set {where}.{what}")


@RESTRICTED.resource(ANY_OBJECT)
def custom(resource: Resource) -> Iterator[Finding]:
    """Kinds of operators that make pods: what they say outright is judged, their defaults are the operator's."""
    if ".k8s.io/" not in resource.type and "helm.sh/" not in resource.type and "/" in resource.type:
        yield from hostile(resource.get("spec"), "spec")


IMAGE = Rule(
    39,
    "image-pinned-limits",
    cause="A container runs a named version of an image, within limits",
    why="`latest` is another program after every restart, and nobody knows which one failed; a container without "
    "limits takes the node's memory from its neighbours.",
    fix="Give every image a version or a digest; set resources.limits.",
    severity="medium",
    frameworks=("CIS EKS 1.5.0 5.1.3",),
)
_FLOATING = re.compile(r"(?:latest|main|master|dev|develop|edge|nightly|stable)", re.IGNORECASE)


@IMAGE.resource(*WORKLOADS)
def images(resource: Resource) -> Iterator[Finding]:
    """Every container, and what it may use."""
    pod = pod_of(resource)
    for container in pod.containers():
        image, limits = dig(container.body, "image"), dig(container.body, "resources", "limits")
        if image is UNKNOWN:
            yield unknown(f"{container.path}.image")
        elif isinstance(image, str) and floating(image):
            yield Finding("floating-image", f"give {container.path}.image a version or a digest")
        elif image in (None, "") and not pod.partial:
            yield Finding("no-image", f"set {container.path}.image")
        missing = [what for what in ("cpu", "memory") if dig(limits, what) in (None, "")]
        if missing and not pod.partial and limits is not UNKNOWN and ".ephemeralContainers[" not in container.path:
            paths = " and ".join(f"limits.{what}" for what in missing)
            yield Finding("no-limits", f"set {container.path}.resources.{paths}", "advisory")


def floating(image: str) -> bool:
    """Whether an image has no version, or one that moves."""
    if "@sha256:" in image:
        return False
    name = image.rpartition("/")[2]
    tag = name.partition(":")[2]
    return not tag or _FLOATING.fullmatch(tag) is not None
