"""Values of the Thanos chart, as a pure function.

Not here on purpose: rules for the ruler, but for the one about other clusters' silence (alerting/), and anything
that lets the outside in.
"""

from typing import Any

from .. import defaults
from ..foundation.object_store import credentials_environment
from ..foundation.pods import NOT_ON_SPOT, RESTRICTED_CONTAINER, SPOT_TOLERATIONS, resources, restricted_pod, spread
from ..versions import THANOS_VERSION
from . import names, thanos_tls
from .caches import bucket_cache_config, index_cache_config, response_cache_config
from .retention import MetricsRetention, metrics_retention
from .sizing import thanos_sizing, twice
from .thanos_args import ThanosArgs
from .workload_alerts import rules_as_template, rules_checksum

USER = 1001
"""The user of Thanos' image."""


def thanos_values(args: ThanosArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    sizing = thanos_sizing(args.get("sizing"))
    namespace = args.get("namespace", "observability")
    receive = bool(args.get("receive_enabled", False))
    return {
        "fullnameOverride": names.THANOS,
        "global": _global(args, receive),
        "bucket": {"enabled": False},
        "query": _query(args, namespace, sizing),
        "queryFrontend": _query_frontend(args, namespace, sizing),
        "storegateway": _store(args, namespace, sizing),
        "compactor": _compactor(args, sizing, metrics_retention(args.get("retention"))),
        "ruler": _ruler(args, namespace, sizing),
        "receive": _receive(args, namespace, sizing) if receive else {"enabled": False},
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


def _query(args: ThanosArgs, namespace: str, sizing: dict[str, Any]) -> dict[str, Any]:
    """Fans out to every replica of Prometheus, but asks only one store gateway at a time.

    All store gateways hold the same blocks. Through the chart's own Service a Query would stay with the one
    its connection landed on, and added replicas would idle: hence an endpoint group of our own.
    """
    peers = [f"{names.PROMETHEUS}-thanos-discovery", f"{names.THANOS}-ruler-headless"]
    if args.get("receive_enabled"):
        peers.append(f"{names.THANOS}-receive-headless")
    by_flag = [] if thanos_tls.secured(args) else peers
    return {
        **_pod(args, "query", stateful=False),
        **thanos_tls.mounted(args),
        "replicaCount": sizing["query_replicas"],
        "autoscaling": _autoscaling(sizing["query_replicas"], sizing["query_max_replicas"], cpu=70),
        "resources": resources(sizing["query_cpu"], sizing["query_memory"], twice(sizing["query_cpu"])),
        "replicaLabels": [names.REPLICA_LABEL, "receive_replica", "ruler_replica"],
        "endpoints": {
            "autogen": {"enabled": False},
            "static": [f"dnssrv+_grpc._tcp.{names.host(peer, namespace)}" for peer in by_flag],
        },
        "extraArgs": [
            "--log.level=info",
            "--enable-auto-gomemlimit",
            "--query.auto-downsampling",
            f"--endpoint.sd-config={thanos_tls.endpoints(args, namespace, peers)}",
            *thanos_tls.grpc_server_flags(args),
        ],
    }


def _query_frontend(args: ThanosArgs, namespace: str, sizing: dict[str, Any]) -> dict[str, Any]:
    cache = response_cache_config(namespace)
    return {
        **_pod(args, "query-frontend", stateful=False),
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
        **_pod(args, "storegateway", stateful=True),
        **_bucket(args),
        **thanos_tls.mounted(args),
        "replicaCount": sizing["store_replicas"],
        "autoscaling": _autoscaling(sizing["store_replicas"], sizing["store_max_replicas"], cpu=80, memory=80),
        "resources": resources(sizing["store_cpu"], sizing["store_memory"], twice(sizing["store_cpu"])),
        "persistence": {"size": f"{sizing['store_storage_gib']}Gi"},
        "cachingBucketConfig": bucket_cache_config(namespace),
        "extraArgs": [
            "--log.level=info",
            "--enable-auto-gomemlimit",
            f"--index-cache.config={index_cache_config(namespace)}",
            *thanos_tls.grpc_server_flags(args),
        ],
    }


def _compactor(args: ThanosArgs, sizing: dict[str, Any], retention: MetricsRetention) -> dict[str, Any]:
    """Exactly one: two on the same bucket destroy each other's work (Thanos, compact).

    Vertical compaction stays off: replicas are told apart by their label until a query merges them, and
    joining them in the bucket can't be undone.
    """
    return {
        **_pod(args, "compactor", stateful=True),
        **_bucket(args),
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
    """Evaluates rules that need more than Prometheus' few local hours; only one comes with it.

    That is about other clusters' silence, where there are such. The chart's example rule always fires, and its
    importer would evaluate Prometheus' own rules twice.
    """
    return {
        **_pod(args, "ruler", stateful=True),
        **_bucket(args),
        **thanos_tls.mounted(args),
        "enabled": True,
        "replicaCount": sizing["ruler_replicas"],
        "resources": resources("100m", "512Mi", "500m"),
        "persistence": {"size": "10Gi"},
        **_rules(args),
        "autoImportPrometheusRules": {"enabled": False},
        "alertmanagers": {"config": thanos_tls.alertmanagers(args, namespace)},
        "alertQueryUrl": names.url(f"{names.THANOS}-query-frontend", namespace, names.THANOS_QUERY_PORT),
        "extraArgs": [
            "--enable-auto-gomemlimit",
            f'--label=cluster="{args["cluster_name"]}"',
            *thanos_tls.grpc_server_flags(args),
        ],
    }


def _rules(args: ThanosArgs) -> dict[str, Any]:
    rules = {"example-alerts.yaml": "groups: []"}
    if not args.get("receive_enabled"):
        return {"rules": rules}
    environment = [*credentials_environment(args.get("object_store")), {"name": "RULES", "value": rules_checksum()}]
    return {"rules": {**rules, "workload-clusters.yaml": rules_as_template()}, "extraEnv": environment}


def _receive(args: ThanosArgs, namespace: str, sizing: dict[str, Any]) -> dict[str, Any]:
    """A hashring whose members each route and keep: a sample is accepted once two of its three keepers have it.

    Fewer than three keep each sample once: with two copies both would have to answer.
    """
    replicas = sizing["receive_replicas"]
    copies = defaults.THANOS_RECEIVE_REPLICATION if replicas >= defaults.THANOS_RECEIVE_REPLICATION else 1
    return {
        **_pod(args, "receive", stateful=True),
        **_bucket(args),
        **thanos_tls.mounted(args),
        "enabled": True,
        "replicaCount": replicas,
        "vpa": {"enabled": False},
        "resources": resources("500m", sizing["receive_memory"], "1"),
        "persistence": {"size": f"{sizing['receive_storage_gib']}Gi"},
        "extraArgs": [
            "--enable-auto-gomemlimit",
            f"--receive.replication-factor={copies}",
            *thanos_tls.receive_flags(args, namespace),
            *thanos_tls.grpc_server_flags(args),
        ],
    }


def _pod(args: ThanosArgs, component: str, stateful: bool) -> dict[str, Any]:
    labels = {"app.kubernetes.io/instance": names.THANOS, "app.kubernetes.io/component": component}
    # Off AWS a node need not say in which zone it is, and a strict spread leaves pods out of such nodes.
    strict = stateful and "object_store" not in args
    place: dict[str, Any] = {
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": names.THANOS, **labels}, strict),
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


def _bucket(args: ThanosArgs) -> dict[str, Any]:
    """What lets a component use the bucket: on AWS a role, elsewhere keys in its environment."""
    if "object_store" in args:
        return {"extraEnv": credentials_environment(args["object_store"])}
    return {"serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": args["role_arn"]}}}


def _autoscaling(fewest: int, most: int, cpu: int, memory: int | None = None) -> dict[str, Any]:
    scaling = {
        "enabled": most > fewest,
        "minReplicas": fewest,
        "maxReplicas": most,
        "targetCPUUtilizationPercentage": cpu,
    }
    return scaling if memory is None else {**scaling, "targetMemoryUtilizationPercentage": memory}
