"""Values of the Alloy chart for the agent, as a pure function: a DaemonSet with no more rights than eBPF needs."""

from typing import Any, NotRequired, TypedDict

from .. import defaults
from ..foundation.pods import RESTRICTED_CONTAINER, resources
from ..validation import Fault
from . import names
from .alloy_config import AlloyConfigArgs, alloy_config
from .limits import tenant_faults
from .sizing import ProfilesAgentSizingArgs, agent_sizing, agent_sizing_faults

USER = 473
"""The user of Alloy's image, as which the agent runs without eBPF."""
EBPF_CAPABILITIES = (
    "BPF",
    "PERFMON",
    "SYS_PTRACE",
    "CHECKPOINT_RESTORE",
    "SYS_RESOURCE",
    "DAC_READ_SEARCH",
    "SYSLOG",
)
"""Alloy, pyroscope.ebpf, "Required privileges": instead of `privileged`. containerd's default system call filter
opens `bpf` and `perf_event_open` to whoever has the first two, since 1.7."""
TRACING = "/sys/kernel/tracing"
"""Where the kernel lists the tracepoints that the profiler attaches to (same page)."""


class ProfilesAgentArgs(TypedDict):
    """What the agent needs to know."""

    write_url: str
    """Where profiles are sent: the address of Pyroscope's distributor."""
    cluster_name: str
    """Label `cluster` on every profile."""
    tenant: NotRequired[str]
    """Tenant that the profiles belong to. Default none: Pyroscope without multi-tenancy."""
    ebpf_enabled: NotRequired[bool]
    """Sample the CPU of every container, for which the agent sees all the node's processes. Default true."""
    sample_rate_hz: NotRequired[int]
    """Samples a second and CPU. 1 to 100; 40 and more may cost over 2 % of CPU. Default 19."""
    namespace: NotRequired[str]
    """Namespace; it must have Pod Security `privileged` for eBPF. Default observability-agents."""
    sizing: NotRequired[ProfilesAgentSizingArgs]
    """Room on each node. Default 100m CPU and 512Mi."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""


def profiles_agent_faults(args: ProfilesAgentArgs) -> list[Fault]:
    """Everything wrong with the arguments that can be told without a cloud."""
    faults = [
        *sample_rate_faults(args.get("sample_rate_hz")),
        *agent_sizing_faults(args.get("sizing"), "sizing"),
    ]
    return [*faults, *tenant_faults(args["tenant"])] if args.get("tenant") else faults


def sample_rate_faults(rate: float | None) -> list[Fault]:
    """A sample rate that yields nothing, or costs too much."""
    most = defaults.PROFILES_MAX_SAMPLE_RATE_HZ
    if rate is None or (not isinstance(rate, bool) and float(rate) == int(rate) and 1 <= rate <= most):
        return []
    return [Fault("sample_rate_hz", rate, f"be a whole number from 1 to {most} (samples a second and CPU)")]


def profiles_agent_values(args: ProfilesAgentArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    ebpf = bool(args.get("ebpf_enabled", True))
    sizing = agent_sizing(args.get("sizing"))
    return {
        "fullnameOverride": names.AGENT,
        "crds": {"create": False},
        # A changed configuration restarts the pods by its checksum; no second container has to watch for it.
        "configReloader": {"enabled": False},
        "serviceAccount": {"name": names.AGENT},
        # The chart's own rules let it read every Secret of the cluster. It writes the two lists one below the other,
        # and an empty one would break what it renders.
        "rbac": {
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
            "clusterRules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}],
        },
        "alloy": {
            "configMap": {"content": alloy_config(_config(args))},
            # Nothing of the configuration is less than generally available.
            "stabilityLevel": "generally-available",
            "enableReporting": False,
            "storagePath": "/tmp/alloy",
            "mounts": {"extra": _mounts(ebpf)},
            "securityContext": _security_context(ebpf),
            "resources": resources(sizing["cpu"], sizing["memory"], sizing["cpu_limit"]),
        },
        "controller": {
            "type": "daemonset",
            "hostPID": ebpf,
            # Every node is profiled, whatever it is kept for.
            "tolerations": [{"operator": "Exists"}],
            # One node after the other, a large cluster would take longer than Helm waits.
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%"}},
            "volumes": {"extra": _volumes(ebpf)},
        },
        "serviceMonitor": {"enabled": True},
    }


def _config(args: ProfilesAgentArgs) -> AlloyConfigArgs:
    config: AlloyConfigArgs = {
        "write_url": args["write_url"],
        "cluster_name": args["cluster_name"],
        "ebpf_enabled": bool(args.get("ebpf_enabled", True)),
        "sample_rate_hz": int(args.get("sample_rate_hz", defaults.PROFILES_SAMPLE_RATE_HZ)),
    }
    if args.get("tenant"):
        config["tenant"] = args["tenant"]
    return config


def _security_context(ebpf: bool) -> dict[str, Any]:
    if not ebpf:
        return {**RESTRICTED_CONTAINER, "runAsUser": USER, "runAsGroup": USER}
    return {
        **RESTRICTED_CONTAINER,
        "runAsNonRoot": False,
        # Capabilities added to a container reach its process only as root.
        "runAsUser": 0,
        "runAsGroup": 0,
        "capabilities": {"drop": ["ALL"], "add": list(EBPF_CAPABILITIES)},
    }


def _mounts(ebpf: bool) -> list[dict[str, Any]]:
    """State and the profiler's symbol cache lie in /tmp; the root file system is read-only."""
    own = [{"name": "tmp", "mountPath": "/tmp"}]
    return [*own, {"name": "tracing", "mountPath": TRACING, "readOnly": True}] if ebpf else own


def _volumes(ebpf: bool) -> list[dict[str, Any]]:
    own: list[dict[str, Any]] = [{"name": "tmp", "emptyDir": {"sizeLimit": "4Gi"}}]
    return [*own, {"name": "tracing", "hostPath": {"path": TRACING, "type": "Directory"}}] if ebpf else own
