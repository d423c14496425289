"""The simulated cluster: objects are kept as they are given, Helm releases are recorded but not rendered."""

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..simulation import Changes, Checked, CloudError, Failure, Props, Resource, changes, hexes, letters
from ..store import Item, Store
from ..values import UNKNOWN, is_secret, secret, unknown

RELEASE = "kubernetes:helm.sh/v3:Release"
NAMESPACE = "kubernetes:core/v1:Namespace"
NAMESPACES = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
"""What every cluster is born with."""
CLUSTER_SCOPED = frozenset(
    [
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "ClusterExternalSecret",
        "ClusterGenerator",
        "ClusterIssuer",
        "ClusterPolicy",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterSecretStore",
        "ComponentStatus",
        "CustomResourceDefinition",
        "EC2NodeClass",
        "FlowSchema",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "NodeClass",
        "NodePool",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
        "VolumeSnapshotClass",
        "VolumeSnapshotContent",
    ]
)
"""Kinds without a namespace; every other kind, custom ones too, has one."""
_NAMESPACE_SECONDS = 2.0
"""The real provider, too, tries a few times while a namespace is missing."""
_IDENTITY = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
REPLACE: dict[str, tuple[str, ...]] = {
    "ClusterRoleBinding": ("roleRef",),
    "ConfigMap": ("data", "binaryData"),
    "DaemonSet": ("spec.selector",),
    "Deployment": ("spec.selector",),
    "Job": ("spec.completionMode", "spec.completions", "spec.selector", "spec.template"),
    "PersistentVolumeClaim": (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeMode",
        "spec.volumeName",
    ),
    "PriorityClass": ("value", "preemptionPolicy"),
    "ReplicaSet": ("spec.selector",),
    "ResourceQuota": ("spec.scopes",),
    "RoleBinding": ("roleRef",),
    "Secret": ("type", "data", "stringData"),
    "Service": ("spec.clusterIP",),
    "StatefulSet": (
        "spec.podManagementPolicy",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "StorageClass": ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"),
}
"""Fields that can't be changed in place (pulumi-kubernetes, provider/pkg/provider/diff.go; Kubernetes' validation)."""
_MUTABLE = {"ConfigMap": "enableConfigMapMutable", "Secret": "enableSecretMutable"}
"""Kinds whose content is replaced, unless the provider is told otherwise (the same file's `forceNewProperties`)."""
_RELEASE_REPLACE = ("name", "namespace")


class Kubernetes:
    """Implements `Simulation`. Providers with a `clusterIdentifier` see that cluster, all others one more."""

    package = "kubernetes"

    def __init__(self, store: Store) -> None:
        self.store = store

    def configure(self, config: Props) -> dict[str, Any]:
        """Read the kubeconfig. One that makes no sense is reported by the first resource, as the real provider does."""
        text = config.get("kubeconfig")
        problem = _kubeconfig_problem(text) if text else ""
        return {
            "namespace": config.get("namespace") or "default",
            "unreachable": problem,
            "cluster": config.get("clusterIdentifier") or "",
            "mutable": {kind for kind, key in _MUTABLE.items() if str(config.get(key)).lower() == "true"},
        }

    def check(self, config: Any, resource: Resource, news: Props, olds: Props, seed: bytes) -> Checked:
        if resource.type == RELEASE:
            return self._check_release(config, resource, news, olds, seed)
        inputs = dict(news)
        metadata = dict(inputs.get("metadata") or {}) if not unknown(inputs.get("metadata")) else None
        if metadata is None:
            return Checked(inputs)
        if "name" not in metadata and not metadata.get("generateName"):
            old = olds.get("metadata") or {}
            if _autonamed(old):
                metadata["name"] = old["name"]
            else:
                metadata["name"] = f"{resource.name}-{_suffix(seed)}"
            metadata["annotations"] = {**(metadata.get("annotations") or {}), "pulumi.com/autonamed": "true"}
        if "namespace" not in metadata and _namespaced(resource.type):
            metadata["namespace"] = config["namespace"]
        inputs["metadata"] = metadata
        return Checked(inputs, tuple(_failures(resource, inputs)))

    def _check_release(self, config: Any, resource: Resource, news: Props, olds: Props, seed: bytes) -> Checked:
        inputs = dict(news)
        defaulted = []
        if "name" not in inputs:
            inputs["name"] = (
                olds["name"] if "name" in olds.get("__defaults", []) else f"{resource.name}-{_suffix(seed)}"
            )
            defaulted.append("name")
        inputs.setdefault("namespace", config["namespace"])
        inputs["__defaults"] = defaulted
        return Checked(inputs, tuple(_release_failures(inputs)))

    def diff(self, config: Any, resource: Resource, olds: Props, news: Props) -> Changes:
        if resource.type == RELEASE:
            same = news.get("name") == olds.get("name") and "name" not in news.get("__defaults", [])
            return Changes(changes(olds, news, _RELEASE_REPLACE), delete_first=same)
        kind = resource.type.rpartition(":")[2]
        replace = (*_IDENTITY, *REPLACE.get(kind, ()))
        if kind in config["mutable"] and not olds.get("immutable"):
            replace = _IDENTITY
        paths = changes(olds, news, replace)
        metadata = news.get("metadata") or {}
        return Changes(paths, delete_first=not _autonamed(metadata) and _id(olds) == _id(news))

    def create(self, config: Any, resource: Resource, inputs: Props, preview: bool) -> tuple[str, Props]:
        if preview:
            return "", _outputs(resource, inputs, "", preview=True)
        self._refuse(config, resource, inputs)
        id_ = _id(inputs) if resource.type != RELEASE else f"{inputs['namespace']}/{inputs['name']}"
        with self.store.lock:
            key = _key(config, id_)
            if resource.type == RELEASE and self.store.get(RELEASE, key):
                raise CloudError("cannot re-use a name that is still in use")
            if resource.type == RELEASE and inputs.get("createNamespace"):
                namespace = Item(
                    "helm:namespace", _key(config, str(inputs["namespace"])), resource.urn, {}, {}, retained=True
                )
                self.store.put(namespace)
            outputs = _outputs(resource, inputs, secrets.token_hex(8))
            self.store.put(Item(resource.type, key, resource.urn, inputs, _plain(outputs)))
        return id_, outputs

    def update(self, config: Any, resource: Resource, id_: str, olds: Props, inputs: Props, preview: bool) -> Props:
        outputs = _outputs(resource, inputs, id_, olds=olds, preview=preview)
        if not preview:
            self._refuse(config, resource, inputs)
            if self.store.get(resource.type, _key(config, id_)) is None:
                raise CloudError(f'{resource.type.rpartition(":")[2].lower()}s "{id_}" not found')
            self.store.put(Item(resource.type, _key(config, id_), resource.urn, inputs, _plain(outputs)))
        return outputs

    def read(self, config: Any, type_: str, id_: str) -> tuple[Props, Props] | None:
        item = self.store.get(type_, _key(config, id_))
        if item is not None:
            return item.inputs, _marked(type_, dict(item.outputs))
        if id_ in self.store.existing or (type_ == NAMESPACE and id_ in NAMESPACES):
            namespace, _, name = id_.rpartition("/")
            metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
            return {"metadata": metadata}, {"metadata": metadata}
        return None

    def delete(self, config: Any, resource: Resource, id_: str) -> None:
        with self.store.lock:
            self.store.delete(resource.type, _key(config, id_))
            if resource.type == NAMESPACE:  # Kubernetes removes what is in it
                end = _key(config, "")
                for item in list(self.store):
                    inside = item.id.startswith(id_ + "/") and item.id.endswith(end)
                    if item.type.startswith("kubernetes:") and inside:
                        self.store.delete(item.type, item.id)

    def invoke(self, config: Any, token: str, args: Props) -> Props:
        raise CloudError(f"{token} is not simulated: use helm.v3.Release and typed resources.")

    def _refuse(self, config: Any, resource: Resource, inputs: Props) -> None:
        if config["unreachable"]:
            raise CloudError(f"configured Kubernetes cluster is unreachable: {config['unreachable']}")
        if resource.type == RELEASE:
            namespace = str(inputs["namespace"])
            if inputs.get("createNamespace"):
                return
        else:
            namespace = str((inputs.get("metadata") or {}).get("namespace") or "")
        if namespace and not self.store.wait_for(lambda: self._namespace(config, namespace), _NAMESPACE_SECONDS):
            raise CloudError(f'namespaces "{namespace}" not found')

    def _namespace(self, config: Any, name: str) -> bool:
        return (
            name in NAMESPACES
            or name in self.store.existing
            or self.store.get(NAMESPACE, _key(config, name)) is not None
            or self.store.get("helm:namespace", _key(config, name)) is not None
        )


def _key(config: Any, id_: str) -> str:
    """What an object is kept under: its id is unique in its cluster only."""
    cluster = config.get("cluster") if config else ""
    return f"{id_}@{cluster}" if cluster else id_


def _kubeconfig_problem(text: Any) -> str:
    """Why the real provider could not use this kubeconfig, if it could not."""
    if unknown(text):
        return ""
    if not isinstance(text, str):
        return "" if isinstance(text, Mapping) else "kubeconfig is neither text nor an object"
    if "\n" not in text and "{" not in text:
        return "" if Path(text).expanduser().exists() else f"kubeconfig file {text} does not exist"
    try:
        parsed = yaml.safe_load(text)
    except yaml.YAMLError:
        parsed = None
    if not isinstance(parsed, Mapping) or not parsed.get("clusters"):
        return "unable to load Kubernetes client configuration from kubeconfig: no cluster in it"
    return ""


def _namespaced(type_: str) -> bool:
    return type_.rpartition(":")[2].removesuffix("Patch") not in CLUSTER_SCOPED


def _autonamed(metadata: Props) -> bool:
    return (metadata.get("annotations") or {}).get("pulumi.com/autonamed") == "true"


def _suffix(seed: bytes) -> str:
    """Eight characters, as the real provider appends."""
    return letters(8, seed.hex() or secrets.token_hex(8), alphabet="abcdefghijklmnopqrstuvwxyz0123456789")


def _id(inputs: Props) -> str:
    metadata = inputs.get("metadata") or {}
    name = str(metadata.get("name") or f"{metadata.get('generateName', '')}{secrets.token_hex(3)[:5]}")
    namespace = metadata.get("namespace")
    return f"{namespace}/{name}" if namespace else name


_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def _failures(resource: Resource, inputs: Props) -> Iterator[Failure]:
    name = (inputs.get("metadata") or {}).get("name")
    free = resource.type.startswith("kubernetes:rbac.authorization.k8s.io/")  # `system:node` is a role's name
    if isinstance(name, str) and not unknown(name) and not free and not _NAME.fullmatch(name):
        yield Failure(
            "metadata.name",
            f'Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric '
            "characters, '-' or '.', and must start and end with an alphanumeric character",
        )


def _release_failures(inputs: Props) -> Iterator[Failure]:
    chart = inputs.get("chart")
    if not chart:
        yield Failure("chart", "chart is required")
        return
    if unknown(chart):
        return
    remote = bool((inputs.get("repositoryOpts") or {}).get("repo")) or str(chart).startswith(("oci://", "https://"))
    if not remote and not Path(str(chart)).expanduser().exists():
        yield Failure("chart", f'chart "{chart}" not found: no such file, and no repository is given')
    if remote and not inputs.get("version") and not str(chart).startswith("https://"):
        yield Failure("version", f"chart {chart} has no version, and no repository can be asked for the newest one")


def _outputs(
    resource: Resource, inputs: Props, seed: str, *, olds: Props | None = None, preview: bool = False
) -> dict[str, Any]:
    outputs = {key: value for key, value in inputs.items() if key != "__defaults"}
    if resource.type == RELEASE:
        return _release_outputs(outputs, seed, olds, preview)
    if preview:
        return _marked(resource.type, outputs)
    old = (olds or {}).get("metadata") or {}
    drawn = hexes(32, resource.urn, seed)
    metadata = dict(outputs.get("metadata") or {})
    metadata.setdefault(
        "uid", old.get("uid") or f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-a{drawn[17:20]}-{drawn[20:]}"
    )
    metadata.setdefault("creationTimestamp", "2026-01-01T00:00:00Z")
    metadata.setdefault("resourceVersion", str(int(old.get("resourceVersion", 0)) + 1))
    outputs["metadata"] = metadata
    if resource.type == "kubernetes:core/v1:Service":
        spec = dict(outputs.get("spec") or {})
        spec.setdefault("clusterIP", f"172.20.{int(drawn[:2], 16)}.{int(drawn[2:4], 16)}")
        spec.setdefault("type", "ClusterIP")
        outputs["spec"] = spec
    return _marked(resource.type, outputs)


def _release_outputs(outputs: dict[str, Any], seed: str, olds: Props | None, preview: bool) -> dict[str, Any]:
    if preview:
        return {**outputs, "status": UNKNOWN, "resourceNames": UNKNOWN, "checksum": UNKNOWN}
    revision = int(((olds or {}).get("status") or {}).get("revision", 0)) + 1
    chart = str(outputs["chart"]).rpartition("/")[2].removesuffix(".tgz")
    return {
        **outputs,
        "checksum": hexes(64, json.dumps(outputs, sort_keys=True, default=str)),
        "resourceNames": {},
        "status": {
            "appVersion": "",
            "chart": chart,
            "name": outputs["name"],
            "namespace": outputs["namespace"],
            "revision": revision,
            "status": "deployed",
            "version": outputs.get("version", ""),
        },
    }


def _marked(type_: str, outputs: dict[str, Any]) -> dict[str, Any]:
    """A Secret's contents are secret whatever the program says."""
    if type_ == "kubernetes:core/v1:Secret":
        for key in ("data", "stringData"):
            if key in outputs:
                outputs[key] = secret(outputs[key])
    return outputs


def _plain(outputs: Props) -> dict[str, Any]:
    """Outputs without their secret envelopes, for the store."""
    return {key: value["value"] if is_secret(value) else value for key, value in outputs.items()}
