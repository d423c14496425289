"""The agent on every node: eBPF profiles of all containers, pprof profiles of pods that offer them."""

import pulumi

from ..foundation.helm_release import HelmRelease
from ..ordering import child_of
from ..validation import refuse
from . import names
from .alloy_args import ProfilesAgentArgs, profiles_agent_faults
from .alloy_values import profiles_agent_values

__all__ = ["ProfilesAgent", "ProfilesAgentArgs", "profiles_agent_faults", "profiles_agent_values"]


class ProfilesAgent(pulumi.ComponentResource):
    """Grafana Alloy as a DaemonSet that does nothing but profile."""

    release_name: str
    """Helm's name for the release, and the DaemonSet's."""

    def __init__(self, name: str, args: ProfilesAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("ProfilesAgent", name, profiles_agent_faults(args))
        super().__init__("eks-observability:index:ProfilesAgent", name, dict(args), opts)
        HelmRelease(
            f"{name}-daemon",
            {
                "chart": "alloy",
                "release_name": names.AGENT,
                "namespace": args.get("namespace", "observability-agents"),
                "values": profiles_agent_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts),
        )
        self.release_name = names.AGENT
        self.register_outputs({"release_name": self.release_name})
