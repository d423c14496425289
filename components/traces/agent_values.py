"""Values of the collector's chart for the agent of every node, as a pure function.

Not here on purpose: ports of the node (a node-local Service leads applications to their own node's agent, keeps
their address, and needs no right that Pod Security `restricted` withholds), logs (logs/), profiles (profiles/).
"""

from typing import Any

from ..foundation.pods import RESTRICTED_CONTAINER, resources, restricted_pod
from ..metrics.sizing import twice
from . import names
from .agent_args import OpenTelemetryAgentArgs
from .agent_config import agent_config
from .collector import USER, collector_values
from .sampling import sampling
from .sizing import traces_sizing
from .tls import mounted

__all__ = ["OpenTelemetryAgentArgs", "agent_config", "agent_values"]


def agent_values(args: OpenTelemetryAgentArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    sizing = traces_sizing(args.get("sizing"), sampling(args.get("sampling")))
    cpu = sizing["agent_cpu"]
    room = resources(cpu, sizing["agent_memory"], twice(twice(cpu)))
    values: dict[str, Any] = {
        **collector_values(names.AGENT, "daemonset", agent_config(args), room),
        "clusterRole": {"create": True, "rules": _rights(args)},
        "podSecurityContext": restricted_pod(USER),
        "securityContext": RESTRICTED_CONTAINER,
        "tolerations": [{"operator": "Exists"}],
        # Without a port of the node's a new agent can be ready before the old one goes: no gap on any node.
        "rollout": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
        "service": {"enabled": True, "internalTrafficPolicy": "Local"},
    }
    if "certificate_issuer" in args:
        values |= mounted(names.AGENT)
    if args.get("other_clusters", False):
        port = names.OTHER_CLUSTERS_PORT
        opened = {"enabled": True, "containerPort": port, "servicePort": port, "hostPort": 0, "protocol": "TCP"}
        values["ports"] = {**values["ports"], "otlp-clusters": opened}
    if args.get("node_metrics_enabled", False):
        mount = {"name": "node", "mountPath": "/hostfs", "readOnly": True, "mountPropagation": "HostToContainer"}
        volume = {"name": "node", "hostPath": {"path": "/"}}
        values["extraVolumes"] = [*values.get("extraVolumes", []), volume]
        values["extraVolumeMounts"] = [*values.get("extraVolumeMounts", []), mount]
    return values


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
