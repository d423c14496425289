"""A cluster that collects metrics, logs, traces and profiles, stores none of them, and sends all to a centre.

It has an authority of its own, whose key never leaves it. The centre knows the cluster by that authority, and by the
host name that is the cluster's alone.
"""

import pulumi

from ..foundation.encryption_key import EncryptionKey
from ..logs.logs_agent import LogsAgent
from ..metrics.prometheus_agent import PrometheusAgent
from ..platform_cluster import existing_cluster, new_cluster
from ..platform_ground import after
from ..profiles.workload_profiles import WorkloadProfiles
from ..traces.traces_agent import TracesAgent
from ..validation import refuse
from .agents import (
    enabled,
    logs_agent_args,
    own_host,
    platform_args,
    profiles_agent_args,
    prometheus_agent_args,
    traces_agent_args,
)
from .way_to_centre import way_to_centre
from .workload_args import WorkloadClusterArgs
from .workload_faults import workload_faults
from .workload_ground import workload_ground

__all__ = ["WorkloadCluster", "WorkloadClusterArgs", "workload_faults"]


class WorkloadCluster(pulumi.ComponentResource):
    """Collectors on a cluster, existing or made here, and the way to the centre."""

    cluster_name: pulumi.Output[str]
    """Name of the cluster."""
    kubeconfig: pulumi.Output[str]
    """Kubeconfig of a cluster made here, empty for an existing one. It holds no credentials."""
    centre_host: str
    """The centre's host name for this cluster, known in its VPC."""
    otlp_urls: dict[str, str]
    """Where applications send spans, by protocol: `grpc` and `http`; empty without traces."""

    def __init__(self, name: str, args: WorkloadClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("WorkloadCluster", name, workload_faults(args))
        super().__init__("eks-observability:index:WorkloadCluster", name, dict(args), opts)
        own = platform_args(args)
        key_arn = args["kms_key_arn"] if "kms_key_arn" in args else _key(name, args, self)
        foothold = existing_cluster(name, own, key_arn, self)
        if foothold is None:
            foothold = new_cluster(name, own, pulumi.Output.from_input(key_arn), self)
        assert foothold.place is not None, "workload_faults: an existing cluster names its network"
        outside = pulumi.ResourceOptions(parent=self)
        way = way_to_centre(f"{name}-way", args, foothold.place, outside)
        ready = workload_ground(name, args, key_arn, foothold)
        self.otlp_urls = _agents(name, args, after(foothold.inside, [*ready, *way]))
        self.cluster_name = pulumi.Output.from_input(args["cluster_name"])
        self.kubeconfig = foothold.kubeconfig or pulumi.Output.from_input("")
        self.centre_host = own_host(args)
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "kubeconfig": self.kubeconfig,
                "centre_host": self.centre_host,
                "otlp_urls": self.otlp_urls,
            }
        )


def _agents(name: str, args: WorkloadClusterArgs, opts: pulumi.ResourceOptions) -> dict[str, str]:
    """The collectors of the signals that are switched on; where applications send spans."""
    if enabled(args, "metrics"):
        PrometheusAgent(f"{name}-metrics", prometheus_agent_args(args), opts)
    if enabled(args, "logs"):
        LogsAgent(f"{name}-logs", logs_agent_args(args), opts)
    if enabled(args, "profiles"):
        WorkloadProfiles(f"{name}-profiles", profiles_agent_args(args), opts)
    if not enabled(args, "traces"):
        return {}
    traces = TracesAgent(f"{name}-traces", traces_agent_args(args), opts)
    return {"grpc": traces.otlp_grpc_url, "http": traces.otlp_http_url}


def _key(name: str, args: WorkloadClusterArgs, parent: pulumi.Resource) -> pulumi.Output[str]:
    key = EncryptionKey(
        f"{name}-key",
        {
            "alias": args["cluster_name"],
            "description": f"Volumes and logs of {args['cluster_name']}",
            "account_id": args["account_id"],
            "region": args["region"],
            "services": ["logs", "ebs"],
            "protect": args.get("protect", True),
        },
        pulumi.ResourceOptions(parent=parent),
    )
    return key.key_arn
