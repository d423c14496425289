"""Values of the Alloy chart for the agent, as a pure function: a DaemonSet with no more rights than eBPF needs."""

from typing import Any

from .. import defaults
from ..foundation.pods import RESTRICTED_CONTAINER, resources
from ..security.certificate import CA_FILE, FOLDER, secret_mount, secret_volume
from . import names
from .alloy_args import ProfilesAgentArgs
from .alloy_config import AlloyConfigArgs, alloy_config
from .sizing import agent_sizing
from .tls import CENTRE_CA_FOLDER, CENTRE_CERTIFICATE_FOLDER, scraped

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
    secrets = _secrets(args)
    return {
        "fullnameOverride": names.AGENT,
        **_readable(ebpf, bool(secrets)),
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
            "mounts": {
                "extra": [*_mounts(ebpf), *(secret_mount(name, folder) for name, (folder, _) in secrets.items())]
            },
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
            "volumes": {
                "extra": [*_volumes(ebpf), *(secret_volume(secret, name) for name, (_, secret) in secrets.items())]
            },
        },
        "serviceMonitor": {"enabled": True, **_scraping(args)},
    }


def _config(args: ProfilesAgentArgs) -> AlloyConfigArgs:
    config: AlloyConfigArgs = {
        "write_url": f"https://{args['centre']['host']}" if "centre" in args else args["write_url"],
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
        config["ca_file"] = CA_FILE
    if "centre" in args:
        config["ca_file"] = f"{CENTRE_CA_FOLDER}/ca.crt"
        config["client_certificate_folder"] = CENTRE_CERTIFICATE_FOLDER
        config["patient"] = True
    return config


def _secrets(args: ProfilesAgentArgs) -> dict[str, tuple[str, str]]:
    """Folder and Secret of each volume with certificates."""
    secrets: dict[str, tuple[str, str]] = {}
    if "certificate_secret_name" in args:
        secrets["tls"] = (FOLDER, args["certificate_secret_name"])
    if "centre" in args:
        secrets["centre-certificate"] = (CENTRE_CERTIFICATE_FOLDER, args["centre"]["certificate_secret_name"])
        secrets["centre-authority"] = (CENTRE_CA_FOLDER, args["centre"]["ca_secret_name"])
    return secrets


def _readable(ebpf: bool, secrets: bool) -> dict[str, Any]:
    """Without eBPF the agent isn't root, and reads certificates as one of their group."""
    return {"global": {"podSecurityContext": {"fsGroup": USER}}} if secrets and not ebpf else {}


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
