"""Renders a pinned chart with our values, and reads what comes out.

Needs `helm` (`HELM`, or on PATH) and the charts as `<chart>-<version>.tgz` in the folder `CHARTS_DIR`.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from components.foundation.helm_release import chart_file
from components.versions import CHARTS

Manifest = dict[str, Any]

KUBERNETES_VERSION = "1.35.0"
"""Said outright: a Helm built from its Go module believes in a Kubernetes that most charts refuse."""


class _Loader(yaml.SafeLoader):
    """A loader that reads the plain scalar `=`, which occurs in the CRDs of the Prometheus operator."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


def charts_or_skip(*charts: str) -> Path:
    """The folder of charts; skips the calling test, with the reason, where something is missing."""
    folder = os.environ.get("CHARTS_DIR", "")
    if not folder:
        pytest.skip("CHARTS_DIR names no folder of charts")
    if not _helm():
        pytest.skip("no helm: set HELM or put it on PATH")
    missing = [chart for chart in charts if not chart_file(chart, folder).is_file()]
    if missing:
        pytest.skip(f"{folder} lacks {', '.join(f'{chart}-{CHARTS[chart].version}.tgz' for chart in missing)}")
    return Path(folder)


def render(chart: str, release: str, values: Mapping[str, Any], namespace: str = "observability") -> list[Manifest]:
    """Every manifest of a release, Helm's tests left out."""
    return _render(chart, release, yaml.safe_dump(dict(values)), namespace)


@cache
def _render(chart: str, release: str, values: str, namespace: str) -> list[Manifest]:
    file = chart_file(chart, str(charts_or_skip(chart)))
    command = [_helm(), "template", release, str(file), "--namespace", namespace, "--values", "-"]
    command += ["--kube-version", KUBERNETES_VERSION, "--api-versions", "monitoring.coreos.com/v1"]
    done = subprocess.run(command, input=values, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    manifests = [manifest for manifest in yaml.load_all(done.stdout, _Loader) if manifest]
    return [m for m in manifests if (m["metadata"].get("annotations") or {}).get("helm.sh/hook") != "test"]


def _helm() -> str:
    return os.environ.get("HELM") or shutil.which("helm") or ""


class Pod(NamedTuple):
    """The pods of one workload."""

    workload: str
    """`Kind/name`."""
    namespace: str
    labels: dict[str, str]
    spec: dict[str, Any]


def pods(manifests: list[Manifest]) -> Iterator[Pod]:
    """The pod template of every workload that is written out (the operator's own are not)."""
    for manifest in manifests:
        if manifest["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
            metadata, template = manifest["metadata"], manifest["spec"]["template"]
            yield Pod(
                f"{manifest['kind']}/{metadata['name']}",
                metadata.get("namespace", ""),
                template["metadata"]["labels"],
                template["spec"],
            )


def containers(pod: Pod) -> list[dict[str, Any]]:
    """All containers of a pod."""
    return [*pod.spec.get("initContainers", []), *pod.spec["containers"]]


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """The one manifest of a kind and name."""
    found = [m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} of {kind}/{name}"
    return found[0]


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """All manifests of a kind."""
    return [m for m in manifests if m["kind"] == kind]


_SAFE_SYSCTLS = {"net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies"}
_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip


def restricted_faults(pod: Pod) -> list[str]:
    """What Pod Security `restricted` would refuse (Kubernetes, Pod Security Standards)."""
    spec, context = pod.spec, pod.spec.get("securityContext") or {}
    faults = [key for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    faults += [f"volume {v['name']}" for v in spec.get("volumes") or [] if not (set(v) - {"name"}) <= _VOLUMES]
    faults += [f"sysctl {s['name']}" for s in context.get("sysctls", []) if s["name"] not in _SAFE_SYSCTLS]
    for container in containers(pod):
        own = container.get("securityContext") or {}
        name = container["name"]
        if own.get("privileged"):
            faults.append(f"{name}: privileged")
        if own.get("allowPrivilegeEscalation") is not False:
            faults.append(f"{name}: allowPrivilegeEscalation")
        if own.get("capabilities", {}).get("drop") != ["ALL"] or own["capabilities"].get("add"):
            faults.append(f"{name}: capabilities")
        if not own.get("runAsNonRoot", context.get("runAsNonRoot")):
            faults.append(f"{name}: runAsNonRoot")
        if own.get("runAsUser", context.get("runAsUser")) == 0:
            faults.append(f"{name}: runAsUser")
        if own.get("seccompProfile", context.get("seccompProfile", {})).get("type") != "RuntimeDefault":
            faults.append(f"{name}: seccompProfile")
        faults += [f"{name}: hostPort" for port in container.get("ports", []) if port.get("hostPort")]
    return faults


def resource_faults(container: Mapping[str, Any]) -> list[str]:
    """Requests and limits that a container lacks."""
    given = container.get("resources") or {}
    return [
        f"{container.get('name', '?')}: {side}.{what}"
        for side in ("requests", "limits")
        for what in ("cpu", "memory")
        if what not in given.get(side, {})
    ]
