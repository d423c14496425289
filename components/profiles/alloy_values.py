"""Values of the Alloy chart for the agent, as a pure function: a DaemonSet with no more rights than eBPF needs."""

from typing import Any

from .. import defaults
from ..foundation.pods import RESTRICTED_CONTAINER, resources
from ..security.certificate import CA_FILE, secret_mount, secret_volume
from . import names
from .alloy_args import ProfilesAgentArgs
from .alloy_config import AlloyConfigArgs, alloy_config
from .buffer_values import BUFFER_URL, buffer_controller, buffer_objects, buffer_volumes
from .sizing import agent_sizing
from .tls import scraped

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


def profiles_agent_values(args: ProfilesAgentArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    ebpf = bool(args.get("ebpf_enabled", True))
    sizing = agent_sizing(args.get("sizing"))
    return {
        "fullnameOverride": names.AGENT,
        **_readable(args),
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
            **({"listenScheme": "HTTPS"} if "certificate_secret_name" in args else {}),
            "mounts": {"extra": [*_mounts(ebpf), *([secret_mount()] if "certificate_secret_name" in args else [])]},
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
            "volumes": {"extra": [*_volumes(ebpf), *_certificate(args), *buffer_volumes(args)]},
            **buffer_controller(args),
        },
        "serviceMonitor": {"enabled": True, **_scraping(args)},
        **buffer_objects(args),
    }


def _config(args: ProfilesAgentArgs) -> AlloyConfigArgs:
    config: AlloyConfigArgs = {
        "write_url": BUFFER_URL if "centre" in args else args["write_url"],
        "cluster_name": args["cluster_name"],
        "ebpf_enabled": bool(args.get("ebpf_enabled", True)),
        "sample_rate_hz": int(args.get("sample_rate_hz", defaults.PROFILES_SAMPLE_RATE_HZ)),
    }
    if args.get("tenant"):
        config["tenant"] = args["tenant"]
    if "external_labels" in args:
        config["external_labels"] = args["external_labels"]
    if "certificate_secret_name" in args:
        config["serve_tls"] = True
        if "centre" not in args:
            config["ca_file"] = CA_FILE
    return config


def _certificate(args: ProfilesAgentArgs) -> list[dict[str, object]]:
    return [secret_volume(args["certificate_secret_name"])] if "certificate_secret_name" in args else []


def _readable(args: ProfilesAgentArgs) -> dict[str, Any]:
    """The buffer, and the agent without eBPF, aren't root, and read certificates as one of their group."""
    own = "certificate_secret_name" in args and not args.get("ebpf_enabled", True)
    return {"global": {"podSecurityContext": {"fsGroup": USER}}} if own or "centre" in args else {}


def _scraping(args: ProfilesAgentArgs) -> dict[str, Any]:
    if "certificate_secret_name" not in args:
        return {}
    host = f"{names.AGENT}.{args.get('namespace', 'observability-agents')}.svc.cluster.local"
    return {"tlsConfig": scraped(args["certificate_secret_name"], host)}


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
