"""Arguments of the Prometheus agent, and what is wrong with them."""

import re
from typing import Any, NotRequired, TypedDict

from ..foundation.checks import dns_label_faults, external_label_faults
from ..security.centre import CentreArgs
from ..validation import Fault
from .names import REPLICA_LABEL
from .sizing import amount_faults, filled


class PrometheusAgentSizingArgs(TypedDict):
    """Room for the agents."""

    replicas: NotRequired[int]
    """Agents that each scrape everything and send it. 1 to 3; default 2."""
    cpu: NotRequired[str]
    """CPU requested by each, as a Kubernetes quantity; it may use twice as much. Default 500m, for 500,000 series."""
    memory: NotRequired[str]
    """Memory requested by and allowed to each. Default 4Gi, for 500,000 series."""
    storage_gib: NotRequired[int]
    """GiB of each one's volume, for what is not sent yet. 5 to 16384; default 30, for 500,000 series."""


class PrometheusAgentArgs(TypedDict):
    """What agents of a workload cluster need to know."""

    cluster_name: str
    """External label `cluster` on every series; unique among all clusters of the centre."""
    tenant: str
    """Tenant at the centre, a DNS label; best one for each cluster. The entrance there has the last word."""
    centre: CentreArgs
    """Where to send, and the Secrets with certificate and authority, in `namespace`."""
    external_labels: NotRequired[dict[str, str]]
    """More labels on every series, such as the region. Default none."""
    namespace: NotRequired[str]
    """Namespace of agents, operator and kube-state-metrics; Pod Security `restricted` suffices. Default
    observability-agents."""
    agents_namespace: NotRequired[str]
    """Namespace of node-exporter, which needs Pod Security `privileged`. Default observability-agents."""
    storage_class_name: NotRequired[str]
    """Storage class of the volumes, encrypted. Default gp3."""
    sizing: NotRequired[PrometheusAgentSizingArgs]
    """Replicas and room. Default: 500,000 series."""
    install_crds: NotRequired[bool]
    """Install the Prometheus operator's custom resource definitions. Default true; false where they are there."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


AGENT_SIZING: dict[str, Any] = {"replicas": 2, "cpu": "500m", "memory": "4Gi", "storage_gib": 30}
_BOUNDS = {"replicas": (1, 3), "storage_gib": (5, 16384)}

TAKEN = ("cluster", REPLICA_LABEL, "receive_replica", "tenant_id")
"""Labels with a meaning at the centre."""


def agent_sizing(args: PrometheusAgentArgs) -> dict[str, Any]:
    """The sizes given, and the defaults for the rest."""
    return filled(AGENT_SIZING, args.get("sizing", {}))


def prometheus_agent_faults(args: PrometheusAgentArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    centre = args["centre"]
    faults = dns_label_faults("tenant", args["tenant"])
    if not re.fullmatch(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+", centre["host"]):
        faults.append(Fault("centre.host", centre["host"], "be a host name such as shop.observability.internal"))
    faults += dns_label_faults("centre.certificate_secret_name", centre["certificate_secret_name"])
    faults += dns_label_faults("centre.ca_secret_name", centre["ca_secret_name"])
    for label in args.get("external_labels", {}):
        faults += external_label_faults(label, TAKEN)
    return faults + amount_faults("sizing", args.get("sizing", {}), AGENT_SIZING, _BOUNDS)
