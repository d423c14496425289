"""SeaweedFS as a small S3 for clusters without AWS: values of its chart, keys and flows, as pure functions.

One master, one volume server and one filer, which also speaks S3. Not for production: nothing here is kept twice, and
S3 is spoken without TLS.
"""

import json
import re
from typing import Any, NotRequired, TypedDict

from ..security.network_policy import NetworkPoliciesArgs
from ..security.surroundings import OBJECT_STORE_PORT, flow, names_flows, surroundings
from ..validation import Fault
from .checks import dns_label_faults
from .lifecycle import bucket_name_faults
from .object_store import ObjectStoreArgs
from .pods import RESTRICTED_CONTAINER, resources, restricted_pod

RELEASE = "seaweedfs"
CREDENTIALS_SECRET = "object-store-credentials"
"""Secret with the keys for the rooms."""
IDENTITIES_SECRET = "seaweedfs-identities"
"""Secret with the same keys as SeaweedFS reads them."""
IDENTITIES_KEY = "seaweedfs_s3_config"
"""Key in it, which is the chart's."""
ACCESS_KEY_ID = "observability"
"""Name of the only identity. Not a secret; the key that belongs to it is."""

VOLUME_MIB = 128
"""Size at which SeaweedFS begins another of its own volumes (files, not Kubernetes' volumes)."""
VOLUMES_PER_BUCKET = 2
"""How many it writes to at once for one bucket. Seven, the program's default, would be a GiB for each bucket."""
FULL_PERCENT = 80
"""Part of the disk that may be filled: compacting one of its volumes needs room for a copy."""
USER = 1000
"""User of the image."""
METRICS_PORT = 9327
_PODS = {"app.kubernetes.io/name": RELEASE}


class SeaweedFsArgs(TypedDict):
    """A small S3 and its buckets."""

    namespace: str
    """Namespace of the backends, which exists already."""
    bucket_names: list[str]
    """Buckets to make. More may be added later; those that are taken away stay until the volume goes."""
    storage_class_name: str
    """Storage class of the volume: `standard` on kind, `local-path` on k3d."""
    storage_gib: NotRequired[int]
    """GiB of the volume, of which four fifths get filled. From 5 to 16384, and at least 1 for every three buckets.
    Default 20."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""
    service_monitor: NotRequired[bool]
    """Whether Prometheus scrapes it, which takes the operator's CRDs. Default true."""


def seaweedfs_faults(args: SeaweedFsArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = dns_label_faults("namespace", args["namespace"])
    buckets = args["bucket_names"]
    if not buckets:
        faults.append(Fault("bucket_names", [], "name at least one bucket"))
    for index, bucket in enumerate(buckets):
        faults += bucket_name_faults(f"bucket_names[{index}]", bucket)
        if bucket in buckets[:index]:
            faults.append(Fault(f"bucket_names[{index}]", bucket, "appear once only"))
    name = args["storage_class_name"]
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", name):
        faults.append(Fault("storage_class_name", name, "be the name of a storage class"))
    gib = args.get("storage_gib", 20)
    fewest = max(5, -(-len(buckets) // 3))
    if isinstance(gib, bool) or float(gib) != int(gib) or not fewest <= gib <= 16384:
        faults.append(Fault("storage_gib", gib, f"be a whole number from {fewest} to 16384"))
    return faults


def seaweedfs_endpoint(namespace: str) -> str:
    """Host and port of the S3."""
    return f"{RELEASE}-s3.{namespace}.svc.cluster.local:{OBJECT_STORE_PORT}"


def seaweedfs_object_store(namespace: str) -> ObjectStoreArgs:
    """What the rooms are told about it. Plain HTTP: the traffic stays in one cluster, on a laptop in one machine."""
    return {
        "endpoint": seaweedfs_endpoint(namespace),
        "credentials_secret_name": CREDENTIALS_SECRET,
        "insecure": True,
    }


def seaweedfs_identities(secret_key: str) -> str:
    """SeaweedFS' own file of identities: one, which may use buckets and neither make nor remove them."""
    identity = {
        "name": ACCESS_KEY_ID,
        "credentials": [{"accessKey": ACCESS_KEY_ID, "secretKey": secret_key}],
        "actions": ["Read", "Write", "List", "Tagging"],
    }
    return json.dumps({"identities": [identity]}, sort_keys=True)


def seaweedfs_values(args: SeaweedFsArgs) -> dict[str, Any]:
    """Values of the chart. It draws no key at random, since `existingConfigSecret` is given.

    Not the chart's all-in-one form: that one makes keys for an SFTP server that nobody starts.
    """
    gib = int(args.get("storage_gib", 20))
    return {
        "global": {
            "seaweedfs": {
                # The chart's role deletes pods in every namespace, for a migration of its own past.
                "createClusterRole": False,
                "serviceAccountName": RELEASE,
                "automountServiceAccountToken": False,
                "monitoring": {"enabled": bool(args.get("service_monitor", True))},
            }
        },
        "master": {
            **_pod("50m", "256Mi"),
            "data": _claim(args, 1),
            "logs": {"type": ""},
            "volumeSizeLimitMB": VOLUME_MIB,
            "extraEnvironmentVars": {"WEED_MASTER_VOLUME_GROWTH_COPY_1": str(VOLUMES_PER_BUCKET)},
            "extraArgs": ["-telemetry=false"],
        },
        "volume": {
            **_pod("100m", "384Mi"),
            # The most volumes is said outright: left to itself the program counts the whole disk that a claim of
            # kind's or k3d's is a folder of.
            "dataDirs": [{"name": "data", "maxVolumes": _volumes(gib), **_claim(args, gib)}],
            # It would take an image and rights of its own.
            "resizeHook": {"enabled": False},
        },
        "filer": {
            **_pod("100m", "512Mi"),
            "data": _claim(args, 2),
            "logs": {"type": ""},
            "s3": {
                "enabled": True,
                "port": OBJECT_STORE_PORT,
                "enableAuth": True,
                "existingConfigSecret": IDENTITIES_SECRET,
                "createBuckets": [{"name": bucket} for bucket in args["bucket_names"]],
                "createBucketsHook": {"resources": resources("50m", "128Mi", "500m")},
            },
            # Catalogues of tables, which nobody here reads.
            "extraArgs": ["-s3.port.iceberg=0", "-s3.port.lance=0"],
        },
    }


def _pod(cpu: str, memory: str) -> dict[str, Any]:
    return {
        "resources": resources(cpu, memory, "1"),
        "podSecurityContext": {"enabled": True, **restricted_pod(USER)},
        "containerSecurityContext": {"enabled": True, **RESTRICTED_CONTAINER},
        # Sockets, on a root file system that is read-only. Texts, because the chart runs them through its templates.
        "extraVolumes": "- name: tmp\n  emptyDir:\n    sizeLimit: 256Mi\n",
        "extraVolumeMounts": "- name: tmp\n  mountPath: /tmp\n",
    }


def _claim(args: SeaweedFsArgs, gib: int) -> dict[str, Any]:
    return {"type": "persistentVolumeClaim", "size": f"{gib}Gi", "storageClass": args["storage_class_name"]}


def _volumes(gib: int) -> int:
    return gib * 1024 * FULL_PERCENT // 100 // VOLUME_MIB


def seaweedfs_network(namespace: str) -> NetworkPoliciesArgs:
    """Flows: S3 from every pod of the namespace, which still needs the keys; everything else among themselves.

    The hook that makes buckets carries the same label, and calls the master and the filer.
    """
    return {
        "namespace": namespace,
        "instance": RELEASE,
        "peers": {
            **surroundings(),
            "pods-here": {"namespace": namespace, "labels": {}},
            RELEASE: {"namespace": namespace, "labels": _PODS},
        },
        "flows": [
            flow(RELEASE, RELEASE),
            flow("pods-here", RELEASE, OBJECT_STORE_PORT),
            flow("prometheus-anywhere", RELEASE, METRICS_PORT),
            *names_flows([RELEASE]),
        ],
    }
