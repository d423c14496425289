"""Values of the collector's chart for the agent of every node, as a pure function.

Not here on purpose: ports of the node (a node-local Service leads applications to their own node's agent, keeps
their address, and needs no right that Pod Security `restricted` withholds), logs (logs/), profiles (profiles/).
"""

from typing import Any, NotRequired, TypedDict

from ..foundation.pods import RESTRICTED_CONTAINER, resources, restricted_pod
from ..metrics.names import KUBELET_PORT
from ..metrics.sizing import twice
from . import names
from .collector import (
    USER,
    collector_values,
    health_check,
    memory_limiter,
    otlp_receiver,
    retry,
    service,
)
from .sampling import Sampling, TraceSamplingArgs, head_sampling, sampling
from .sizing import TracesSizingArgs, traces_sizing


class OpenTelemetryAgentArgs(TypedDict):
    """What the agents need to know."""

    cluster_name: str
    """`k8s.cluster.name` on every span and metric."""
    namespace: NotRequired[str]
    """Namespace of the agents; Pod Security `privileged` if they read the node's metrics, else `restricted` is
    enough. Default observability-agents."""
    gateway_namespace: NotRequired[str]
    """Namespace of the gateways. Default observability."""
    sampling: NotRequired[TraceSamplingArgs]
    """Which traces are kept. Default: 10 %, and by the gateways all errors, slow traces and payments."""
    metrics_enabled: NotRequired[bool]
    """Take the applications' OTLP metrics too; the gateways must have somewhere to write them. Default true."""
    node_metrics_enabled: NotRequired[bool]
    """Read the node's and the kubelet's metrics as well, which node-exporter and Prometheus have already.
    Default false."""
    sizing: NotRequired[TracesSizingArgs]
    """Room. Default 100m of CPU and 384Mi."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


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


def agent_values(args: OpenTelemetryAgentArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    sizing = traces_sizing(args.get("sizing"), sampling(args.get("sampling")))
    cpu = sizing["agent_cpu"]
    room = resources(cpu, sizing["agent_memory"], twice(twice(cpu)))
    values = {
        **collector_values(names.AGENT, "daemonset", agent_config(args), room),
        "clusterRole": {"create": True, "rules": _rights(args)},
        "podSecurityContext": restricted_pod(USER),
        "securityContext": RESTRICTED_CONTAINER,
        "tolerations": [{"operator": "Exists"}],
        # Without a port of the node's a new agent can be ready before the old one goes: no gap on any node.
        "rollout": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
        "service": {"enabled": True, "internalTrafficPolicy": "Local"},
    }
    if args.get("node_metrics_enabled", False):
        mount = {"name": "node", "mountPath": "/hostfs", "readOnly": True, "mountPropagation": "HostToContainer"}
        values |= {"extraVolumes": [{"name": "node", "hostPath": {"path": "/"}}], "extraVolumeMounts": [mount]}
    return values


def agent_config(args: OpenTelemetryAgentArgs) -> dict[str, Any]:
    """The collector's own configuration."""
    chosen = sampling(args.get("sampling"))
    node = bool(args.get("node_metrics_enabled", False))
    metrics = bool(args.get("metrics_enabled", True))
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
    return {
        "extensions": {"health_check": health_check()},
        "receivers": {"otlp": otlp_receiver(), **(_node_receivers() if metrics and node else {})},
        "processors": _processors(args, chosen, metrics and node),
        "exporters": _exporters(args, chosen, metrics),
        "service": service([], pipelines),
    }


def _metrics_pipeline(receivers: list[str], processors: list[str]) -> dict[str, Any]:
    return {"receivers": receivers, "processors": processors, "exporters": ["load_balancing/metrics"]}


def _processors(args: OpenTelemetryAgentArgs, chosen: Sampling, node: bool) -> dict[str, Any]:
    cluster = {"key": "k8s.cluster.name", "value": args["cluster_name"], "action": "upsert"}
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
        "resource/cluster": {"attributes": [cluster]},
        "batch": {"send_batch_size": 512, "send_batch_max_size": 1024, "timeout": "1s"},
    }
    if node:
        name = {"key": "k8s.node.name", "value": "${env:OTEL_K8S_NODE_NAME}", "action": "upsert"}
        processors["resource/node"] = {"attributes": [name]}
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
                "service": f"{names.GATEWAY}.{namespace}",
                "ports": [names.OTLP_GRPC_PORT],
                "return_hostnames": True,
            }
        },
        "protocol": {
            "otlp": {
                "tls": {"insecure": True},
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


def _rights(args: OpenTelemetryAgentArgs) -> list[dict[str, Any]]:
    """Pods, for whom spans come from; endpoint slices, for where gateways are."""
    read = ["get", "list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": read},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read},
    ]
    if args.get("node_metrics_enabled", False):
        rules.append({"apiGroups": [""], "resources": ["nodes/stats"], "verbs": ["get"]})
    return rules
