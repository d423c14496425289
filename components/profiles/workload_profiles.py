"""Profiles of a workload cluster: the agent alone, which sends to the centre. No Pyroscope here, no bucket."""

from typing import Any, NotRequired, TypedDict

import pulumi

from ..ordering import child_of
from ..security.centre import CentreArgs
from ..security.network_policy import NetworkPolicies
from ..validation import Fault, refuse
from .alloy_args import profiles_agent_faults
from .flows import agent_network
from .limits import tenant_faults
from .profiles_agent import ProfilesAgent, ProfilesAgentArgs
from .sizing import ProfilesAgentSizingArgs


class WorkloadProfilesAgentArgs(TypedDict):
    """Whose profiles go where."""

    cluster_name: str
    """Label `cluster` on every profile; unique among the clusters that write to the centre."""
    tenant: str
    """The cluster's tenant. The centre's entrance sets it for whatever the cluster sends, whatever is said here."""
    centre: CentreArgs
    """The centre, and the Secrets to reach it with, in the agent's namespace."""
    agents_namespace: NotRequired[str]
    """Namespace of the agent; it must have Pod Security `privileged` for eBPF. Default observability-agents."""
    ebpf_enabled: NotRequired[bool]
    """Sample the CPU of every container. Default true."""
    sample_rate_hz: NotRequired[int]
    """Samples a second and CPU. 1 to 100; 40 and more may cost over 2 % of CPU. Default 19."""
    external_labels: NotRequired[dict[str, str]]
    """More labels on every profile. Default none."""
    buffer_mib: NotRequired[int]
    """MiB on each node's disk for what the centre hasn't taken yet. 64 to 65536, default 1024: seven hours at
    least of 30 containers."""
    sizing: NotRequired[ProfilesAgentSizingArgs]
    """Room on each node. Default 100m CPU and 512Mi."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


def workload_profiles_faults(args: WorkloadProfilesAgentArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = profiles_agent_faults(_agent(args))
    return faults if args["tenant"] else [*faults, *tenant_faults(args["tenant"])]


class WorkloadProfiles(pulumi.ComponentResource):
    """The agent on every node of a workload cluster, and the flows it needs.

    The namespace, the Secrets that `centre` names and the CRDs of the Prometheus operator must be there first.
    """

    release_name: str
    """Helm's name for the release, and the DaemonSet's."""

    def __init__(self, name: str, args: WorkloadProfilesAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("WorkloadProfiles", name, workload_profiles_faults(args))
        super().__init__("eks-observability:index:WorkloadProfiles", name, dict(args), opts)
        agent = _agent(args)
        flows = agent_network(agent.get("namespace", "observability-agents"))
        network = NetworkPolicies(f"{name}-agent-network", flows, child_of(self, opts))
        self.release_name = ProfilesAgent(f"{name}-agent", agent, child_of(self, opts, [network])).release_name
        self.register_outputs({"release_name": self.release_name})


def _agent(args: WorkloadProfilesAgentArgs) -> ProfilesAgentArgs:
    given: Any = {key: value for key, value in args.items() if key != "agents_namespace"}
    if "agents_namespace" in args:
        given["namespace"] = args["agents_namespace"]
    agent: ProfilesAgentArgs = given
    return agent
