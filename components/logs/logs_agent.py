"""Logs of a workload cluster: Fluent Bit alone, which sends lines and events to the centre. No Loki here, no bucket."""

from typing import NotRequired, TypedDict, cast

import pulumi

from ..ordering import child_of
from ..security.centre import CentreArgs
from ..security.network_policy import NetworkPolicies
from ..validation import Fault, refuse
from .flows import logs_agent_network
from .fluent_bit import FluentBit
from .fluent_bit_args import FluentBitArgs, fluent_bit_faults, namespaces
from .logs_args import FluentBitSettingsArgs
from .tenants import tenant_name_faults


class LogsAgentArgs(TypedDict):
    """Whose logs go where."""

    cluster_name: str
    """Label `cluster` on every stream; unique among the clusters that write to the centre."""
    tenant: str
    """The cluster's tenant. The centre's entrance sets it for whatever the cluster sends, whatever is said here."""
    centre: CentreArgs
    """The centre, and the Secrets to reach it with. They must be in both namespaces while events are collected."""
    external_labels: NotRequired[dict[str, str]]
    """More labels on every stream. Default none."""
    namespace: NotRequired[str]
    """Namespace of the collector of events; Pod Security `restricted` suffices. Default observability."""
    agents_namespace: NotRequired[str]
    """Namespace of the DaemonSet; it must have Pod Security `privileged`. Default observability-agents."""
    fluent_bit: NotRequired[FluentBitSettingsArgs]
    """How lines are collected. Default: production's; `buffer_gib` of 4 GiB holds an hour of 1 MB/s."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


AGENT_KEYS = ("cluster_name", "tenant", "centre", "external_labels", "namespace", "agents_namespace", "charts_source")


def logs_agent_faults(args: LogsAgentArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    own = ("cluster_name", "centre.", "external_labels.")
    faults = [
        fault if fault.path.startswith(own) else fault._replace(path=f"fluent_bit.{fault.path}")
        for fault in fluent_bit_faults(agent_fluent_bit_args(args))
    ]
    return faults + tenant_name_faults("tenant", args["tenant"])


def agent_fluent_bit_args(args: LogsAgentArgs) -> FluentBitArgs:
    """What Fluent Bit needs of it."""
    given = {key: args[key] for key in AGENT_KEYS if key in args}  # type: ignore[literal-required]
    return cast(FluentBitArgs, {**given, **args.get("fluent_bit", {})})


class LogsAgent(pulumi.ComponentResource):
    """Fluent Bit on every node and for events, and the flows it needs.

    Namespaces, the Secrets that `centre` names and the CRDs of the Prometheus operator must be there first.
    """

    release_names: list[str]
    """Helm's names for the releases."""

    def __init__(self, name: str, args: LogsAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("LogsAgent", name, logs_agent_faults(args))
        super().__init__("eks-observability:index:LogsAgent", name, dict(args), opts)
        collectors = agent_fluent_bit_args(args)
        events = bool(collectors.get("events", True))
        networks = [
            NetworkPolicies(f"{name}-{suffix}", network, child_of(self, opts))
            for suffix, network in zip(
                ("agents-network", "network"), logs_agent_network(*namespaces(collectors), events), strict=False
            )
        ]
        bit = FluentBit(f"{name}-fluent-bit", collectors, child_of(self, opts, networks))
        self.release_names = bit.release_names
        self.register_outputs({"release_names": self.release_names})
