"""The entrance's Kubernetes objects, as plain data."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..foundation.labels import labels
from ..foundation.pods import RESTRICTED_CONTAINER, SPOT_TOLERATIONS, resources, restricted_pod, spread
from ..versions import NGINX_VERSION
from . import entrance_names as names
from .certificate import FOLDER, secret_mount, secret_volume
from .entrance_args import EntranceArgs
from .entrance_config import CLIENTS_FOLDER, CONFIG_FOLDER, SCRIPT

USER = 101
"""The user of the image."""
DRAIN_SECONDS = 60
"""The load balancer goes on sending new connections for a while after a target is taken out: until then the old pod
serves them (Elastic Load Balancing, target groups: deregistration)."""


class EntranceManifests(NamedTuple):
    """Everything but certificates and secrets."""

    config_map: dict[str, Any]
    service_account: dict[str, Any]
    deployment: dict[str, Any]
    service: dict[str, Any]
    disruption_budget: dict[str, Any]
    autoscaler: dict[str, Any]


def entrance_manifests(args: EntranceArgs, files: Mapping[str, str]) -> EntranceManifests:
    """The manifests for these arguments and files of the ConfigMap."""
    metadata = {
        "name": names.ENTRANCE,
        "namespace": args.get("namespace", "observability"),
        "labels": labels(names.ENTRANCE, names.ENTRANCE, "entrance"),
    }
    selector = names.pod_labels()
    return EntranceManifests(
        config_map={"metadata": metadata, "data": dict(files)},
        service_account={"metadata": metadata, "automountServiceAccountToken": False},
        deployment={"metadata": metadata, "spec": _deployment(args, files, metadata["labels"])},
        service={
            "metadata": metadata,
            "spec": {
                "type": "ClusterIP",
                "selector": selector,
                "ports": [{"name": "https", "port": 443, "targetPort": "https", "protocol": "TCP"}],
            },
        },
        disruption_budget={
            "metadata": metadata,
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": selector}},
        },
        autoscaler={"metadata": metadata, "spec": _autoscaler(args)},
    )


def _deployment(args: EntranceArgs, files: Mapping[str, str], template_labels: Any) -> dict[str, Any]:
    """Without a number of replicas: that is the autoscaler's, and another one here would undo it in every update."""
    selector = names.pod_labels()
    # Another configuration starts pods anew, a new certificate doesn't: those are read by the script.
    digest = hashlib.sha256("".join(f"{name}\n{text}" for name, text in sorted(files.items())).encode()).hexdigest()
    return {
        "selector": {"matchLabels": selector},
        # No pod goes before another is there; with one pod (a laptop) too.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {
            "metadata": {"labels": template_labels, "annotations": {"checksum/configuration": digest}},
            "spec": {
                "serviceAccountName": names.ENTRANCE,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "terminationGracePeriodSeconds": 2 * DRAIN_SECONDS,
                "securityContext": restricted_pod(USER),
                "tolerations": SPOT_TOLERATIONS,
                "topologySpreadConstraints": spread(selector, stateful=False),
                "containers": [_container()],
                "volumes": _volumes(sorted(args["clusters"])),
            },
        },
    }


def _container() -> dict[str, Any]:
    probe = {"httpGet": {"path": "/healthz", "port": "health", "scheme": "HTTP"}}
    return {
        "name": "nginx",
        "image": f"docker.io/nginxinc/nginx-unprivileged:{NGINX_VERSION}",
        # Not the image's own entry point, which writes into /etc.
        "command": ["/bin/sh", f"{CONFIG_FOLDER}/{SCRIPT}"],
        "ports": [
            {"name": "https", "containerPort": names.PORT, "protocol": "TCP"},
            {"name": "health", "containerPort": names.HEALTH_PORT, "protocol": "TCP"},
        ],
        "readinessProbe": {**probe, "periodSeconds": 5},
        "livenessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/sleep", str(DRAIN_SECONDS)]}}},
        "resources": resources("200m", "256Mi", "1"),
        "securityContext": RESTRICTED_CONTAINER,
        "volumeMounts": [
            {"name": "configuration", "mountPath": CONFIG_FOLDER, "readOnly": True},
            secret_mount("tls", FOLDER),
            {"name": "clients", "mountPath": CLIENTS_FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }


def _volumes(clusters: list[str]) -> list[dict[str, Any]]:
    """Authorities in one volume. Optional: a cluster whose authority is not known yet must not hold up the others."""
    authorities = [
        {
            "secret": {
                "name": names.client_ca_secret(cluster),
                "items": [{"key": "ca.crt", "path": f"{cluster}/ca.crt"}],
                "optional": True,
            }
        }
        for cluster in clusters
    ]
    return [
        {"name": "configuration", "configMap": {"name": names.ENTRANCE}},
        secret_volume(names.CERTIFICATE),
        {"name": "clients", "projected": {"sources": authorities, "defaultMode": 0o440}},
        {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
    ]


def _autoscaler(args: EntranceArgs) -> dict[str, Any]:
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": names.ENTRANCE},
        "minReplicas": int(args.get("replicas", 3)),
        "maxReplicas": int(args.get("max_replicas", 9)),
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
            }
        ],
        # Each pod that goes takes its connections along.
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}},
    }
