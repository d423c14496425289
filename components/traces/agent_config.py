"""The agents' own configuration: say where spans come from, and hand each trace to one gateway."""

from typing import Any

from ..metrics.names import KUBELET_PORT
from . import names
from .agent_args import OpenTelemetryAgentArgs
from .collector import health_check, memory_limiter, other_clusters_receiver, otlp_receiver, retry, service
from .sampling import Sampling, head_sampling, sampling
from .tls import otlp_client

QUEUE_MIB = 64
"""Spans that an agent holds in memory while no gateway takes them: a minute of 1 MiB/s, and what its limit allows."""
RETRY_SECONDS = 300
"""How long an agent tries: longer than a gateway takes to move to another node with its volume."""
KUBERNETES_ATTRIBUTES = (
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.pod.uid",
    "k8s.node.name",
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "k8s.cronjob.name",
    "k8s.job.name",
    "k8s.container.name",
    "container.image.name",
    "container.image.tag",
)
"""All from the pods themselves: names of deployments are those of their replica sets without the hash, so that
agents watch the pods of their own node and nothing else."""
_NO_TENANT = {"key": names.TENANT_ATTRIBUTE, "action": "delete"}


def agent_config(args: OpenTelemetryAgentArgs) -> dict[str, Any]:
    """The collector's own configuration."""
    chosen = sampling(args.get("sampling"))
    node = bool(args.get("node_metrics_enabled", False))
    metrics = bool(args.get("metrics_enabled", True))
    others = bool(args.get("other_clusters", False))
    described = ["memory_limiter", "k8s_attributes", "resource/cluster"]
    sampler = [] if chosen.tail else ["probabilistic_sampler"]
    pipelines: dict[str, Any] = {
        "traces": {
            "receivers": ["otlp"],
            "processors": [*described, *sampler, "batch"],
            "exporters": ["load_balancing/traces"],
        }
    }
    if metrics:
        pipelines["metrics"] = _metrics_pipeline(["otlp"], [*described, "batch"])
    if metrics and node:
        processors = ["memory_limiter", "resource/cluster", "resource/node", "batch"]
        pipelines["metrics/node"] = _metrics_pipeline(["host_metrics", "kubelet_stats"], processors)
    if others:
        pipelines |= _other_clusters(sampler, metrics)
    return {
        "extensions": {"health_check": health_check()},
        "receivers": {
            "otlp": otlp_receiver(),
            **(_node_receivers() if metrics and node else {}),
            **({"otlp/clusters": other_clusters_receiver()} if others else {}),
        },
        "processors": _processors(args, chosen, metrics and node),
        "exporters": _exporters(args, chosen, metrics),
        "service": service([], pipelines),
    }


def _other_clusters(sampler: list[str], metrics: bool) -> dict[str, Any]:
    """What comes from other clusters says already which cluster, node and pod it is from.

    Its own way in, because `k8s_attributes` would see the entrance's pod at the other end of the connection.
    """
    processors = ["memory_limiter", "resource/tenant", *sampler, "batch"]
    spans = {"receivers": ["otlp/clusters"], "processors": processors, "exporters": ["load_balancing/traces"]}
    points = _metrics_pipeline(["otlp/clusters"], ["memory_limiter", "resource/tenant", "batch"])
    return {"traces/clusters": spans, **({"metrics/clusters": points} if metrics else {})}


def _metrics_pipeline(receivers: list[str], processors: list[str]) -> dict[str, Any]:
    return {"receivers": receivers, "processors": processors, "exporters": ["load_balancing/metrics"]}


def _processors(args: OpenTelemetryAgentArgs, chosen: Sampling, node: bool) -> dict[str, Any]:
    said = {**args.get("resource_attributes", {}), names.CLUSTER_ATTRIBUTE: args["cluster_name"]}
    attributes = [{"key": key, "value": value, "action": "upsert"} for key, value in said.items()]
    if args.get("other_clusters", False):
        # An application can't choose its tenant.
        attributes.append(_NO_TENANT)
    processors: dict[str, Any] = {
        "memory_limiter": memory_limiter(),
        "k8s_attributes": {
            "auth_type": "serviceAccount",
            "filter": {"node_from_env_var": "OTEL_K8S_NODE_NAME"},
            "extract": {"metadata": list(KUBERNETES_ATTRIBUTES)},
            # What a pod says of itself first (a proxy may have sent it), then the address that it came from.
            "pod_association": [
                {"sources": [{"from": "resource_attribute", "name": "k8s.pod.uid"}]},
                {"sources": [{"from": "resource_attribute", "name": "k8s.pod.ip"}]},
                {"sources": [{"from": "connection"}]},
            ],
        },
        "resource/cluster": {"attributes": attributes},
        "batch": {"send_batch_size": 512, "send_batch_max_size": 1024, "timeout": "1s"},
    }
    if node:
        name = {"key": "k8s.node.name", "value": "${env:OTEL_K8S_NODE_NAME}", "action": "upsert"}
        processors["resource/node"] = {"attributes": [name]}
    if args.get("other_clusters", False):
        header = f"metadata.{names.TENANT_HEADER.lower()}"
        tenant = {"key": names.TENANT_ATTRIBUTE, "from_context": header, "action": "upsert"}
        processors["resource/tenant"] = {"attributes": [_NO_TENANT, tenant]}
    if not chosen.tail:
        processors["probabilistic_sampler"] = head_sampling(chosen)
    return processors


def _exporters(args: OpenTelemetryAgentArgs, chosen: Sampling, metrics: bool) -> dict[str, Any]:
    """To the gateways: spans of one trace to one of them, whichever agent sends them.

    Metrics keep to one gateway by their origin, so that no two write the same series.
    """
    exporters = {"load_balancing/traces": _balanced(args, chosen.routing_key)}
    if metrics:
        exporters["load_balancing/metrics"] = _balanced(args, "resource")
    return exporters


def _balanced(args: OpenTelemetryAgentArgs, routing_key: str) -> dict[str, Any]:
    """Hashed over the gateways' names, which stay when their pods are replaced.

    Queue and retries are the balancer's, not each gateway's: what one gateway doesn't take is hashed anew over
    those that are there by then.
    """
    namespace = args.get("gateway_namespace", "observability")
    return {
        "routing_key": routing_key,
        "resolver": {
            "k8s": {
                "service": f"{args.get('gateway_service', names.GATEWAY)}.{namespace}",
                "ports": [names.OTLP_GRPC_PORT],
                "return_hostnames": True,
            }
        },
        "protocol": {
            "otlp": {
                "tls": otlp_client("certificate_issuer" in args),
                "timeout": "5s",
                "sending_queue": {"enabled": False},
                "retry_on_failure": {"enabled": False},
            }
        },
        "timeout": "10s",
        "retry_on_failure": retry(RETRY_SECONDS),
        "sending_queue": {"enabled": True, "sizer": "bytes", "queue_size": QUEUE_MIB * 2**20, "num_consumers": 10},
    }


def _node_receivers() -> dict[str, Any]:
    scrapers = ("cpu", "load", "memory", "disk", "filesystem", "network", "paging")
    return {
        "host_metrics": {
            "collection_interval": "30s",
            "root_path": "/hostfs",
            "scrapers": {scraper: {} for scraper in scrapers},
        },
        "kubelet_stats": {
            "collection_interval": "30s",
            "auth_type": "serviceAccount",
            "endpoint": f"https://${{env:OTEL_K8S_NODE_IP}}:{KUBELET_PORT}",
        },
    }
