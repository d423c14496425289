"""Values of the Thanos chart, as a pure function.

Not here on purpose: rules for the ruler (alerting/), and anything that lets the outside in.
"""

from typing import Any, NotRequired, TypedDict

import pulumi

from .. import defaults
from ..foundation.pods import NOT_ON_SPOT, RESTRICTED_CONTAINER, SPOT_TOLERATIONS, resources, restricted_pod, spread
from ..storage import MetricsRetentionArgs
from ..versions import THANOS_VERSION
from . import names
from .caches import bucket_cache_config, index_cache_config, response_cache_config
from .retention import MetricsRetention, metrics_retention
from .sizing import ThanosSizingArgs, thanos_sizing, twice

USER = 1001
"""The user of Thanos' image."""


class ThanosArgs(TypedDict):
    """What Thanos needs to know."""

    cluster_name: str
    """Label `cluster` on what the ruler records and alerts, as on Prometheus' own series."""
    object_store_config: str
    """Thanos' object store configuration, whose Secret the pods mount; here for its checksum."""
    role_arn: pulumi.Input[str]
    """ARN of the role through which store gateway, compactor, ruler and receive use the bucket."""
    retention: NotRequired[MetricsRetentionArgs]
    """Days that raw, 5-minute and 1-hour data are kept. Default 30, 90 and 365."""
    namespace: NotRequired[str]
    """Namespace; that of Prometheus too. Default observability."""
    storage_class_name: NotRequired[str]
    """Storage class of the volumes. Default gp3."""
    sizing: NotRequired[ThanosSizingArgs]
    """Replicas and room. Default: a cluster of 500,000 series."""
    receive_enabled: NotRequired[bool]
    """Accept remote write from other clusters, each sample kept by three replicas. Default false."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


def thanos_values(args: ThanosArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    sizing = thanos_sizing(args.get("sizing"))
    namespace = args.get("namespace", "observability")
    receive = bool(args.get("receive_enabled", False))
    return {
        "fullnameOverride": names.THANOS,
        "global": _global(args, receive),
        "bucket": {"enabled": False},
        "query": _query(namespace, sizing, receive),
        "queryFrontend": _query_frontend(namespace, sizing),
        "storegateway": _store(args, namespace, sizing),
        "compactor": _compactor(args, sizing, metrics_retention(args.get("retention"))),
        "ruler": _ruler(args, namespace, sizing),
        "receive": _receive(args) if receive else {"enabled": False},
    }


def _global(args: ThanosArgs, receive: bool) -> dict[str, Any]:
    sidecars = {"enabled": True, "jobPattern": f"{names.PROMETHEUS}-thanos-discovery"}
    return {
        "image": {"tag": THANOS_VERSION},
        "storageClass": args.get("storage_class_name", "gp3"),
        # The chart only hashes this text here, so that a changed bucket restarts the pods; the Secret is ours.
        "objstore": {
            "createSecret": False,
            "secretName": names.OBJECT_STORE_SECRET,
            "secretKey": names.OBJECT_STORE_KEY,
            "config": args["object_store_config"],
        },
        "podSecurityContext": restricted_pod(USER),
        # A service account each, and none for the chart: only those that use the bucket carry the role.
        "serviceAccount": {"create": False, "perComponent": True, "automountServiceAccountToken": False},
        "serviceMonitor": {"enabled": True},
        "pdb": {"enabled": True, "maxUnavailable": 1},
        "thanosRules": {"enabled": True, "groups": {"thanosSidecar": sidecars, "thanosReceive": {"enabled": receive}}},
    }


def _query(namespace: str, sizing: dict[str, Any], receive: bool) -> dict[str, Any]:
    """Fans out to every replica of Prometheus, but asks only one store gateway at a time.

    All store gateways hold the same blocks. Through the chart's own Service a Query would stay with the one
    its connection landed on, and added replicas would idle: hence an endpoint group of our own.
    """
    peers = [f"{names.PROMETHEUS}-thanos-discovery", f"{names.THANOS}-ruler-headless"]
    if receive:
        peers.append(f"{names.THANOS}-receive-headless")
    group = f"dnssrv+_grpc._tcp.{names.host(names.STORE_GROUP, namespace)}"
    return {
        **_pod("query", stateful=False),
        "replicaCount": sizing["query_replicas"],
        "autoscaling": _autoscaling(sizing["query_replicas"], sizing["query_max_replicas"], cpu=70),
        "resources": resources(sizing["query_cpu"], sizing["query_memory"], twice(sizing["query_cpu"])),
        "replicaLabels": [names.REPLICA_LABEL, "receive_replica", "ruler_replica"],
        "endpoints": {
            "autogen": {"enabled": False},
            "static": [f"dnssrv+_grpc._tcp.{names.host(peer, namespace)}" for peer in peers],
        },
        "extraArgs": [
            "--log.level=info",
            "--enable-auto-gomemlimit",
            "--query.auto-downsampling",
            f"--endpoint.sd-config=endpoints: [{{address: {group}, group: true}}]",
        ],
    }


def _query_frontend(namespace: str, sizing: dict[str, Any]) -> dict[str, Any]:
    cache = response_cache_config(namespace)
    return {
        **_pod("query-frontend", stateful=False),
        "enabled": True,
        "replicaCount": defaults.THANOS_QUERY_FRONTEND_REPLICAS if sizing["query_replicas"] > 1 else 1,
        "resources": resources("200m", "512Mi", "1"),
        "cacheConfig": cache,
        "extraArgs": [
            "--enable-auto-gomemlimit",
            f"--labels.response-cache-config={cache}",
            "--cache-compression-type=snappy",
            "--query-frontend.compress-responses",
            # The sizing guide's threshold for adding Query replicas.
            "--query-frontend.log-queries-longer-than=10s",
        ],
    }


def _store(args: ThanosArgs, namespace: str, sizing: dict[str, Any]) -> dict[str, Any]:
    return {
        **_pod("storegateway", stateful=True),
        "serviceAccount": _role(args),
        "replicaCount": sizing["store_replicas"],
        "autoscaling": _autoscaling(sizing["store_replicas"], sizing["store_max_replicas"], cpu=80, memory=80),
        "resources": resources(sizing["store_cpu"], sizing["store_memory"], twice(sizing["store_cpu"])),
        "persistence": {"size": f"{sizing['store_storage_gib']}Gi"},
        "cachingBucketConfig": bucket_cache_config(namespace),
        "extraArgs": [
            "--log.level=info",
            "--enable-auto-gomemlimit",
            f"--index-cache.config={index_cache_config(namespace)}",
        ],
    }


def _compactor(args: ThanosArgs, sizing: dict[str, Any], retention: MetricsRetention) -> dict[str, Any]:
    """Exactly one: two on the same bucket destroy each other's work (Thanos, compact).

    Vertical compaction stays off: replicas are told apart by their label until a query merges them, and
    joining them in the bucket can't be undone.
    """
    return {
        **_pod("compactor", stateful=True),
        "serviceAccount": _role(args),
        "replicaCount": 1,
        "vpa": {"enabled": False},
        "resources": resources("500m", sizing["compactor_memory"], "2"),
        "persistence": {"size": f"{sizing['compactor_storage_gib']}Gi"},
        "retention": {
            "resolutionRaw": f"{retention.raw_days}d",
            "resolution5m": f"{retention.five_minute_days}d",
            "resolution1h": f"{retention.one_hour_days}d",
        },
        "extraArgs": [
            "--log.level=info",
            "--enable-auto-gomemlimit",
            f"--consistency-delay={defaults.THANOS_CONSISTENCY_DELAY_MINUTES}m",
            f"--delete-delay={defaults.THANOS_DELETE_DELAY_HOURS}h",
        ],
    }


def _ruler(args: ThanosArgs, namespace: str, sizing: dict[str, Any]) -> dict[str, Any]:
    """Evaluates rules that need more than Prometheus' few local hours; none come with it.

    The chart's example rule always fires, and its importer would evaluate Prometheus' own rules twice.
    """
    alertmanagers = f"dnssrv+_http-web._tcp.{names.host('alertmanager-operated', namespace)}"
    return {
        **_pod("ruler", stateful=True),
        "enabled": True,
        "serviceAccount": _role(args),
        "replicaCount": sizing["ruler_replicas"],
        "resources": resources("100m", "512Mi", "500m"),
        "persistence": {"size": "10Gi"},
        "rules": {"example-alerts.yaml": "groups: []"},
        "autoImportPrometheusRules": {"enabled": False},
        "alertmanagers": {
            "config": f"alertmanagers:\n- scheme: http\n  api_version: v2\n  static_configs: [{alertmanagers}]\n"
        },
        "alertQueryUrl": names.url(f"{names.THANOS}-query-frontend", namespace, names.THANOS_QUERY_PORT),
        "extraArgs": ["--enable-auto-gomemlimit", f'--label=cluster="{args["cluster_name"]}"'],
    }


def _receive(args: ThanosArgs) -> dict[str, Any]:
    """A hashring whose members each route and keep: a sample is accepted once two of its three keepers have it."""
    return {
        **_pod("receive", stateful=True),
        "enabled": True,
        "serviceAccount": _role(args),
        "replicaCount": defaults.THANOS_RECEIVE_REPLICAS,
        "vpa": {"enabled": False},
        "resources": resources("500m", "4Gi", "1"),
        "persistence": {"size": "50Gi"},
        "extraArgs": [
            "--enable-auto-gomemlimit",
            f"--receive.replication-factor={defaults.THANOS_RECEIVE_REPLICATION}",
        ],
    }


def _pod(component: str, stateful: bool) -> dict[str, Any]:
    labels = {"app.kubernetes.io/instance": names.THANOS, "app.kubernetes.io/component": component}
    place: dict[str, Any] = {
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": names.THANOS, **labels}, stateful),
    }
    if not stateful:
        place["tolerations"] = SPOT_TOLERATIONS
    else:
        # For these components the chart has a pod security context of its own, which hides the global one.
        place |= {
            "affinity": NOT_ON_SPOT,
            "podSecurityContext": {"fsGroup": USER},
            "containerSecurityContext": {**RESTRICTED_CONTAINER, "runAsUser": USER, "runAsGroup": USER},
        }
    return place


def _role(args: ThanosArgs) -> dict[str, Any]:
    return {"annotations": {"eks.amazonaws.com/role-arn": args["role_arn"]}}


def _autoscaling(fewest: int, most: int, cpu: int, memory: int | None = None) -> dict[str, Any]:
    scaling = {
        "enabled": most > fewest,
        "minReplicas": fewest,
        "maxReplicas": most,
        "targetCPUUtilizationPercentage": cpu,
    }
    return scaling if memory is None else {**scaling, "targetMemoryUtilizationPercentage": memory}
