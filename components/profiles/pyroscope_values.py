"""Values of the Pyroscope chart, as a pure function: microservices on the second storage ("v2"), over S3.

Not here on purpose: the chart's own Alloy and MinIO, the first storage, and anything that lets the outside in.
"""

from typing import Any, NotRequired, TypedDict

import pulumi

from .. import defaults, naming
from ..foundation.object_store import ObjectStoreArgs, credentials_environment
from ..foundation.pods import NOT_ON_SPOT, RESTRICTED_CONTAINER, SPOT_TOLERATIONS, resources, restricted_pod, spread
from ..metrics.sizing import twice
from ..security.certificate import secret_mount, secret_volume
from . import names
from .limits import ProfilesLimitsArgs, default_limits, pyroscope_limits
from .retention import profiles_retention_days
from .sizing import PyroscopeSizingArgs, go_memory_limit, pyroscope_sizing
from .tls import pyroscope_identity, pyroscope_tls, scraped

USER = 10001
"""The user of Pyroscope's image."""
DATA = "/data"
"""Where the chart mounts the one folder that a part may write to; only the metastore's is a volume."""


class PyroscopeArgs(TypedDict):
    """What Pyroscope needs to know."""

    bucket_name: str
    """Physical name of the bucket."""
    region: str
    """AWS region of the bucket."""
    role_arn: NotRequired[pulumi.Input[str]]
    """ARN of the role through which every part uses the bucket. Required, unless `object_store` is given."""
    retention_days: NotRequired[int]
    """Days that profiles are kept. 1 to 3650; default 7."""
    namespace: NotRequired[str]
    """Namespace; Pod Security `restricted` is enough. Default observability."""
    storage_class_name: NotRequired[str]
    """Storage class of the metastore's volumes. Default gp3."""
    multi_tenancy: NotRequired[bool]
    """Tell tenants apart by the header X-Scope-OrgID, and refuse calls without it. Default false: one tenant."""
    limits: NotRequired[ProfilesLimitsArgs]
    """What each tenant may send and ask. Default: 32 MB a second, ranges of a day."""
    tenant_limits: NotRequired[dict[str, ProfilesLimitsArgs]]
    """Other limits for some tenants, by tenant. Default none."""
    sizing: NotRequired[PyroscopeSizingArgs]
    """Replicas and room. Default: a cluster of 100 nodes."""
    object_store: NotRequired[ObjectStoreArgs]
    """Another S3, with keys. Default: S3 of the region, with the role."""
    certificate_secret_name: NotRequired[str]
    """Secret with `tls.crt`, `tls.key` and `ca.crt`, for every name of `pyroscope_certificate`: Pyroscope then speaks
    TLS. Default none."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


def pyroscope_values(args: PyroscopeArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    sizing = pyroscope_sizing(args.get("sizing"))
    return {
        "alloy": {"enabled": False},
        "agent": {"enabled": False},
        "minio": {"enabled": False},
        "architecture": {"microservices": {"enabled": True}, "storage": {"v1": False, "v2": True}},
        "pyroscope": {
            "fullnameOverride": names.PYROSCOPE,
            "serviceAccount": {"name": names.PYROSCOPE, "annotations": _role_annotation(args)},
            "extraArgs": {"log.level": "info"},
            "podSecurityContext": restricted_pod(USER),
            "securityContext": RESTRICTED_CONTAINER,
            "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
            "structuredConfig": pyroscope_config(args),
            "tenantOverrides": {
                tenant: pyroscope_limits(limits) for tenant, limits in args.get("tenant_limits", {}).items()
            },
            "components": _components(args, sizing),
            **_keys(args),
            **_certificate(args),
        },
        "serviceMonitor": {
            "enabled": True,
            **_scraping(args),
            # Each part has two Services, and the chart means to leave the headless one out but asks for a label
            # where it sets an annotation: every pod would be scraped twice, and every sum be double.
            "relabelings": [
                {"sourceLabels": ["__meta_kubernetes_service_name"], "regex": ".*-headless", "action": "drop"}
            ],
        },
    }


def _role_annotation(args: PyroscopeArgs) -> dict[str, Any]:
    return {} if "object_store" in args else {"eks.amazonaws.com/role-arn": args["role_arn"]}


def _keys(args: PyroscopeArgs) -> dict[str, Any]:
    """Keys to another S3, by reference; the chart adds each part's own variables to these."""
    variables = credentials_environment(args.get("object_store"))
    if not variables:
        return {}
    return {"extraEnvVars": {each["name"]: {"valueFrom": each["valueFrom"]} for each in variables}}


def _certificate(args: PyroscopeArgs) -> dict[str, Any]:
    """The certificate in every part; probes and the chart's own annotations follow the port."""
    if "certificate_secret_name" not in args:
        return {}
    return {
        "service": {"scheme": "HTTPS"},
        "extraVolumes": [secret_volume(args["certificate_secret_name"])],
        "extraVolumeMounts": [secret_mount()],
        # The agent reads pprof by the addresses of pods, which no certificate can name. eBPF still samples the CPU.
        "podAnnotations": {f"profiles.grafana.com/{kind}.scrape": "false" for kind in ("cpu", "memory", "goroutine")},
    }


def _scraping(args: PyroscopeArgs) -> dict[str, Any]:
    if "certificate_secret_name" not in args:
        return {}
    identity = pyroscope_identity(args.get("namespace", "observability"))
    return {"scheme": "https", "tlsConfig": scraped(args["certificate_secret_name"], identity)}


def pyroscope_config(args: PyroscopeArgs) -> dict[str, Any]:
    """Pyroscope's configuration file, the same for every part.

    No numbers of a million or more: on their way through Pulumi and Helm they would turn into `1e+06`.
    """
    kept = f"{profiles_retention_days(args.get('retention_days')) * 24}h"
    tls: dict[str, Any] = {}
    if "certificate_secret_name" in args:
        tls = pyroscope_tls(args.get("namespace", "observability"))
    return {
        **tls,
        "multitenancy_enabled": bool(args.get("multi_tenancy", False)),
        "analytics": {"reporting_enabled": False},
        "storage": {"backend": "s3", "s3": _bucket(args)},
        # `compactor_blocks_retention_period` is of the first storage and would delete nothing.
        "limits": {
            **default_limits(args.get("limits")),
            "retention_period": kept,
            "max_query_lookback": kept,
            # What waited beside an agent for the centre to come back.
            "reject_older_than": f"{defaults.PROFILES_OLDEST_HOURS}h",
        },
        "segment_writer": {
            **tls.get("segment_writer", {}),
            "segment_duration": f"{defaults.PYROSCOPE_SEGMENT_SECONDS}s",
        },
        # The root file system is read-only, /tmp too.
        "compaction_worker": {"temp_dir": DATA},
    }


def _bucket(args: PyroscopeArgs) -> dict[str, Any]:
    """No keys: the client looks for them in its environment and falls back to the web identity token that EKS mounts
    for the role (minio-go's default chain), and the bucket's own default encrypts.
    """
    bucket: dict[str, Any] = {"bucket_name": args["bucket_name"], "region": args["region"]}
    store = args.get("object_store")
    if store is None:
        return {**bucket, "endpoint": naming.s3_endpoint(args["region"])}
    other = {"endpoint": store["endpoint"], "bucket_lookup_type": "path-style"}
    # Said only where it is so: the word alone has to be excused to whoever looks for what is not encrypted.
    return {**bucket, **other, "insecure": True} if store.get("insecure") else {**bucket, **other}


def _components(args: PyroscopeArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    return {
        names.DISTRIBUTOR: {**_pod(names.DISTRIBUTOR, *_room(sizing, "distributor")), **_scaled(sizing, "distributor")},
        names.SEGMENT_WRITER: {
            **_pod(names.SEGMENT_WRITER, *_room(sizing, "segment_writer")),
            "replicaCount": sizing["segment_writer_replicas"],
        },
        names.METASTORE: _metastore(args, sizing),
        names.COMPACTION_WORKER: {
            **_pod(names.COMPACTION_WORKER, *_room(sizing, "compaction_worker")),
            **_scaled(sizing, "compaction_worker"),
        },
        names.QUERY_FRONTEND: {
            **_pod(names.QUERY_FRONTEND, "100m", sizing["query_frontend_memory"], "500m"),
            "replicaCount": sizing["query_frontend_replicas"],
        },
        names.QUERY_BACKEND: {
            **_pod(names.QUERY_BACKEND, *_room(sizing, "query_backend")),
            **_scaled(sizing, "query_backend"),
        },
        **{part: {**_pod(part, "20m", sizing["helper_memory"], "200m"), "replicaCount": 1} for part in names.HELPERS},
    }


def _metastore(args: PyroscopeArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    """Raft members, the only part that keeps anything: each on a node of its own, in as many zones as there are."""
    replicas = sizing["metastore_replicas"]
    return {
        **_pod(names.METASTORE, "250m", sizing["metastore_memory"], "1", stateful=True),
        "replicaCount": replicas,
        # A member that finds fewer peers waits, one that finds more splits the cluster: exactly the replicas.
        "extraArgs": {"metastore.raft.bootstrap-expect-peers": str(replicas)},
        "persistence": {
            "enabled": True,
            "storageClassName": args.get("storage_class_name", "gp3"),
            "size": f"{sizing['metastore_storage_gib']}Gi",
            "accessModes": ["ReadWriteOnce"],
        },
    }


def _room(sizing: dict[str, Any], part: str) -> tuple[str, str, str]:
    cpu = sizing[f"{part}_cpu"]
    return cpu, sizing[f"{part}_memory"], twice(cpu)


def _scaled(sizing: dict[str, Any], part: str) -> dict[str, Any]:
    fewest, most = sizing[f"{part}_replicas"], sizing[f"{part}_max_replicas"]
    scaling = {
        "enabled": most > fewest,
        "minReplicas": fewest,
        "maxReplicas": most,
        "targetCPUUtilizationPercentage": 70,
    }
    return {"replicaCount": fewest, "autoscaling": scaling}


def _pod(part: str, cpu: str, memory: str, cpu_limit: str, stateful: bool = False) -> dict[str, Any]:
    """A profile is in S3 before its sender is told, so all but the metastore may be interrupted, also on Spot."""
    place: dict[str, Any] = {"affinity": NOT_ON_SPOT} if stateful else {"tolerations": SPOT_TOLERATIONS}
    constraints = spread(names.part_labels(part), stateful)
    if stateful:
        constraints = [{**constraint, "whenUnsatisfiable": "DoNotSchedule"} for constraint in constraints]
    return {
        **place,
        "topologySpreadConstraints": constraints,
        "resources": resources(cpu, memory, cpu_limit),
        "extraEnvVars": {"GOMEMLIMIT": go_memory_limit(memory)},
    }
