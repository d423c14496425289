"""Arguments of tracing on a cluster without Tempo, and what is wrong with them."""

import re
from typing import Any, NotRequired, TypedDict

from ..foundation.checks import dns_label_faults
from ..security.centre import CentreArgs
from ..validation import Fault
from .names import CLUSTER_ATTRIBUTE, TENANT_ATTRIBUTE
from .sampling import TraceSamplingArgs, sampling_faults
from .sizing import quantity_faults


class TracesAgentSizingArgs(TypedDict):
    """Replicas and room of agents and forwarders."""

    agent_cpu: NotRequired[str]
    """CPU requested by the agent of each node; it may use four times as much. Default 100m."""
    agent_memory: NotRequired[str]
    """Memory of each agent. Default 384Mi."""
    replicas: NotRequired[int]
    """Forwarders. 1 to 20; default 2."""
    cpu: NotRequired[str]
    """CPU requested by each forwarder; it may use twice as much. Default: from the expected spans a second."""
    memory: NotRequired[str]
    """Memory of each forwarder. Default 512Mi."""
    storage_gib: NotRequired[int]
    """GiB of each forwarder's volume, half of which its queues may fill. 1 to 16,384; default: an hour of the
    expected spans, and a fifth as much for metrics."""


class TracesAgentArgs(TypedDict):
    """What a cluster without Tempo needs to know."""

    cluster_name: str
    """`k8s.cluster.name` on every span and metric."""
    tenant: str
    """Tenant that the centre gave this cluster."""
    centre: CentreArgs
    """Where to send to, and with which certificate."""
    namespace: NotRequired[str]
    """Namespace of the forwarders, with the Secrets of `centre`. Default observability-agents."""
    agents_namespace: NotRequired[str]
    """Namespace of the agents. Default observability-agents."""
    storage_class_name: NotRequired[str]
    """Storage class of the queues. Default gp3."""
    sampling: NotRequired[TraceSamplingArgs]
    """`expected_spans_per_second`, from which room is computed; nothing is sampled on this side. Default 10,000."""
    sizing: NotRequired[TracesAgentSizingArgs]
    """Replicas and room. Default: two forwarders with room for an hour."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer of certificates for mutual TLS from agents to forwarders. Default none: plain."""
    metrics_enabled: NotRequired[bool]
    """Take the applications' OTLP metrics too; the centre writes them into its Prometheus. Default false."""
    resource_attributes: NotRequired[dict[str, str]]
    """More attributes for every span and metric, such as `deployment.environment.name`. Default none."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


_BOUNDS = {"replicas": (1, 20), "storage_gib": (1, 16384)}


def traces_agent_faults(args: TracesAgentArgs) -> list[Fault]:
    """Everything wrong with the arguments that can be told without a cluster."""
    centre = args["centre"]
    faults = [
        *sampling_faults(args.get("sampling")),
        *_sizing_faults(args.get("sizing", {})),
        *dns_label_faults("certificate_issuer", args.get("certificate_issuer", "none")),
        *dns_label_faults("centre.certificate_secret_name", centre["certificate_secret_name"]),
        *dns_label_faults("centre.ca_secret_name", centre["ca_secret_name"]),
    ]
    for key in ("cluster_name", "tenant"):
        if not args[key].strip():
            faults.append(Fault(key, args[key], "be given"))
    for key in {CLUSTER_ATTRIBUTE, TENANT_ATTRIBUTE} & {*args.get("resource_attributes", {})}:
        faults.append(Fault("resource_attributes", key, "be left out: it is set from other arguments"))
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", centre["host"]):
        faults.append(Fault("centre.host", centre["host"], "be a host name, without a scheme, port or path"))
    return faults


def _sizing_faults(given: Any) -> list[Fault]:
    faults = []
    for key, value in given.items():
        path = f"sizing.{key}"
        if key not in TracesAgentSizingArgs.__annotations__:
            faults.append(Fault(path, value, f"be one of {', '.join(TracesAgentSizingArgs.__annotations__)}"))
        elif key in _BOUNDS:
            fewest, most = _BOUNDS[key]
            if isinstance(value, bool) or float(value) != int(value) or not fewest <= value <= most:
                faults.append(Fault(path, value, f"be a whole number from {fewest} to {most}"))
        else:
            faults += quantity_faults(path, key, value)
    return faults
