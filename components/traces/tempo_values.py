"""Values of tempo-distributed, as a pure function.

Not here on purpose: the metrics generator (`gateway_config.py` says why), Kafka and all that needs it (Tempo 3),
the chart's own caches (`metrics/memcached.py` makes one with limits and an exporter), receivers but OTLP.
"""

import json
from typing import Any

from .. import defaults
from ..foundation.pods import NOT_ON_SPOT, RESTRICTED_CONTAINER, SPOT_TOLERATIONS, resources, restricted_pod, spread
from ..metrics.names import host
from ..metrics.sizing import twice
from ..versions import TEMPO_VERSION
from . import names
from .collector import MAX_MESSAGE_MIB
from .sampling import Sampling, sampling
from .sizing import traces_sizing
from .tempo_args import TempoArgs
from .tempo_connections import bucket_keys, encryption, every_component, probes, receiver, scraping, storage
from .tempo_rules import tempo_rules

__all__ = ["TempoArgs", "tempo_labels", "tempo_retention_days", "tempo_values"]

USER = 10001
"""The user of Tempo's image."""
KEPT_SPAN_BYTES = 1024
"""A span on its way to Tempo, with room: those of the measurement in docs/traces.md have a third of it."""
LIVE_TRACE_SECONDS = 30
"""How long a trace is open in an ingester: 5 s after its last span, and its parts arrive over some seconds."""


def tempo_values(args: TempoArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    chosen = sampling(args.get("sampling"))
    sizing = traces_sizing(args.get("sizing"), chosen)
    retention = f"{tempo_retention_days(args) * 24}h"
    keys = bucket_keys(args)
    return {
        "fullnameOverride": names.TEMPO,
        "reportingEnabled": False,
        "multitenancyEnabled": bool(args.get("multi_tenancy", False)),
        "tempo": _every_pod(args),
        **every_component(args),
        "serviceAccount": {
            "create": True,
            "name": names.TEMPO_SERVICE_ACCOUNT,
            "annotations": {"eks.amazonaws.com/role-arn": args["role_arn"]} if "role_arn" in args else {},
            "automountServiceAccountToken": False,
        },
        "storage": {"trace": storage(args)},
        "traces": {"otlp": {"grpc": {"enabled": True, "receiverConfig": receiver(args)}}},
        "server": _server(),
        "overrides": {"defaults": _limits(chosen, retention)},
        "distributor": {**_scaled("distributor", sizing), "config": {}},
        "ingester": {**_ingester(args, sizing), **keys},
        "querier": {**_scaled("querier", sizing), **keys},
        "queryFrontend": {**_query_frontend(sizing), **keys},
        "compactor": {**_compactor(sizing, retention), **keys},
        "metricsGenerator": {"enabled": False},
        "memcached": {"enabled": False},
        "cache": {"caches": [_cache(args)]},
        "metaMonitoring": {"serviceMonitor": {"enabled": True, **scraping(args)}},
        "prometheusRule": {"enabled": True, "groups": tempo_rules()},
    }


def tempo_retention_days(args: TempoArgs) -> int:
    """Days that a trace is kept."""
    return int(args.get("retention_days", defaults.TRACES_DAYS))


def _every_pod(args: TempoArgs) -> dict[str, Any]:
    """For all pods of Tempo.

    The chart asks `/ready` for whether a pod is alive: an ingester that replays a long log isn't ready, and would
    be killed over it again and again.
    """
    return {
        "image": {"tag": args.get("image_tag", TEMPO_VERSION)},
        "podSecurityContext": restricted_pod(USER),
        "securityContext": {**RESTRICTED_CONTAINER, "runAsUser": USER, "runAsGroup": USER},
        **probes(args),
        # Over its limits Tempo asks gateways to come again; otherwise they would throw the batch away.
        "structuredConfig": {"distributor": {"retry_after_on_resource_exhausted": "5s"}, **encryption(args)},
    }


def _server() -> dict[str, Any]:
    """As text: whole numbers of this size arrive in the template as 1.6777216e+07."""
    size = str(MAX_MESSAGE_MIB * 2**20)
    return {"grpc_server_max_recv_msg_size": size, "grpc_server_max_send_msg_size": size}


def _limits(chosen: Sampling, retention: str) -> dict[str, Any]:
    """Of each tenant. Wide enough that nothing expected is refused, narrow enough that one tenant can't fill all."""
    rate = max(chosen.spans_per_second * KEPT_SPAN_BYTES, 15_000_000)
    traces = -(-chosen.spans_per_second // chosen.spans_per_trace) * LIVE_TRACE_SECONDS
    return {
        "ingestion": {
            "rate_strategy": "global",
            "rate_limit_bytes": rate,
            "burst_size_bytes": max(rate, 20_000_000),
            "max_traces_per_user": max(traces, 10_000),
        },
        "global": {"max_bytes_per_trace": 5_000_000},
        "read": {"max_search_duration": retention},
    }


def _scaled(part: str, sizing: dict[str, Any]) -> dict[str, Any]:
    """A stateless part: spread, at home on Spot, more of it under load.

    The chart wants each on a node of its own, which a small cluster hasn't got; spreading is asked for instead.
    """
    fewest, most, cpu = sizing[f"{part}_replicas"], sizing[f"{part}_max_replicas"], sizing[f"{part}_cpu"]
    scaling: dict[str, Any] = {"enabled": most > fewest}
    if most > fewest:
        target = defaults.TRACES_TARGET_CPU_PERCENTAGE
        scaling |= {"minReplicas": fewest, "maxReplicas": most, "targetCPUUtilizationPercentage": target}
    return {
        **_placed(part, most),
        "replicas": fewest,
        "autoscaling": scaling,
        "resources": resources(cpu, sizing[f"{part}_memory"], twice(cpu)),
        "tolerations": SPOT_TOLERATIONS,
    }


def _query_frontend(sizing: dict[str, Any]) -> dict[str, Any]:
    return {
        **_placed("query-frontend", sizing["query_frontend_replicas"]),
        "replicas": sizing["query_frontend_replicas"],
        "resources": resources("200m", sizing["query_frontend_memory"], "1"),
        "tolerations": SPOT_TOLERATIONS,
    }


def _ingester(args: TempoArgs, sizing: dict[str, Any]) -> dict[str, Any]:
    """Each on a node of its own: two copies of a trace must not be lost with one node.

    On shutdown they leave blocks and log on the volume, and come back to them; flushing everything to S3 first
    would take longer than a node waits.
    """
    alone = {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"labelSelector": {"matchLabels": tempo_labels("ingester")}, "topologyKey": "kubernetes.io/hostname"}
        ]
    }
    return {
        **_placed("ingester", sizing["ingester_replicas"], stateful=True),
        "replicas": sizing["ingester_replicas"],
        "config": {"replication_factor": sizing["replication_factor"]},
        "resources": resources(sizing["ingester_cpu"], sizing["ingester_memory"], twice(sizing["ingester_cpu"])),
        "affinity": json.dumps({**NOT_ON_SPOT, "podAntiAffinity": alone}),
        "persistence": {
            "enabled": True,
            "size": f"{sizing['ingester_storage_gib']}Gi",
            "storageClass": args.get("storage_class_name", "gp3"),
        },
    }


def _compactor(sizing: dict[str, Any], retention: str) -> dict[str, Any]:
    """One is enough and no state is lost with it; it runs on nodes that stay."""
    cpu = sizing["compactor_cpu"]
    return {
        "replicas": 1,
        "affinity": json.dumps(NOT_ON_SPOT),
        "resources": resources(cpu, sizing["compactor_memory"], twice(cpu)),
        "config": {"compaction": {"block_retention": retention}},
    }


def _cache(args: TempoArgs) -> dict[str, Any]:
    service = host(names.CACHE, args.get("namespace", "observability"))
    memcached = {"host": service, "service": "memcached", "consistent_hash": True, "timeout": "500ms"}
    return {"memcached": memcached, "roles": ["parquet-footer", "bloom", "frontend-search"]}


def _placed(component: str, most: int, stateful: bool = False) -> dict[str, Any]:
    """As text, which the chart takes for a template of its own. A single one has nothing to spread."""
    constraints = spread(tempo_labels(component), stateful=stateful) if most > 1 else []
    return {"affinity": "{}", "topologySpreadConstraints": json.dumps(constraints)}


def tempo_labels(component: str) -> dict[str, str]:
    """Labels that select the pods of a component."""
    return {
        "app.kubernetes.io/name": names.TEMPO,
        "app.kubernetes.io/instance": names.TEMPO,
        "app.kubernetes.io/component": component,
    }
