"""What a workload cluster tells each of its agents. Pure: judged before anything exists, and then used."""

from typing import Any, cast

from ..logs.logs_agent import LogsAgentArgs, logs_agent_faults
from ..metrics.prometheus_agent_args import PrometheusAgentArgs, prometheus_agent_faults
from ..platform_args import PlatformArgs
from ..profiles.workload_profiles import WorkloadProfilesAgentArgs, workload_profiles_faults
from ..security.centre import CentreArgs
from ..security.certificate import ISSUER
from ..security.entrance_args import host
from ..signals import AGENTS_NAMESPACE, NAMESPACE, storage_class
from ..traces.traces_agent_args import TracesAgentArgs, traces_agent_faults
from ..validation import Fault
from .workload_args import WorkloadClusterArgs

SIGNALS = ("metrics", "logs", "traces", "profiles")
CLIENT_CERTIFICATE, CENTRE_CA = "centre-client-tls", "centre-ca"
"""Secrets in both namespaces: who this cluster is, and who the centre must be."""


def enabled(args: WorkloadClusterArgs, signal: str) -> bool:
    """Whether a signal is collected."""
    return bool(cast(dict[str, Any], args).get(signal, {}).get("enabled", True))


def platform_args(args: WorkloadClusterArgs) -> PlatformArgs:
    """The cluster as that of a platform without anything on it, for what both have in common."""
    given: dict[str, Any] = {
        "name": args["cluster_name"],
        "account_id": args["account_id"],
        "region": args["region"],
        "cluster": args.get("cluster", {}),
        "network": args.get("network", {}),
        "protection": {"enabled": args.get("protect", True)},
        **{each: {"enabled": False} for each in (*SIGNALS, "grafana")},
    }
    return cast(PlatformArgs, given)


def issuer(args: WorkloadClusterArgs) -> str:
    """The ClusterIssuer of this cluster's authority."""
    return args.get("certificates", {}).get("existing_issuer", ISSUER)


def centre_domain(args: WorkloadClusterArgs) -> str:
    """Domain of the centre's entrance."""
    centre = args["centre"]
    return centre.get("domain", f"{centre['platform_name']}.internal")


def own_host(args: WorkloadClusterArgs) -> str:
    """The centre's host name for this cluster."""
    return host(args["cluster_name"], centre_domain(args))


def prometheus_agent_args(args: WorkloadClusterArgs) -> PrometheusAgentArgs:
    """Of the Prometheus agents, which need no privileges and so live among backends."""
    wanted = {**_common(args, "metrics"), "storage_class_name": storage_class(platform_args(args))}
    wanted |= {"namespace": NAMESPACE, "agents_namespace": AGENTS_NAMESPACE, "install_crds": False}
    if "external_labels" in args:
        wanted["external_labels"] = args["external_labels"]
    return cast(PrometheusAgentArgs, wanted)


def logs_agent_args(args: WorkloadClusterArgs) -> LogsAgentArgs:
    """Of Fluent Bit."""
    wanted = {**_common(args, "logs"), "namespace": NAMESPACE, "agents_namespace": AGENTS_NAMESPACE}
    if "external_labels" in args:
        wanted["external_labels"] = args["external_labels"]
    return cast(LogsAgentArgs, wanted)


def traces_agent_args(args: WorkloadClusterArgs) -> TracesAgentArgs:
    """Of agents and forwarders; the latter among backends, with a volume."""
    wanted = {**_common(args, "traces"), "storage_class_name": storage_class(platform_args(args))}
    wanted |= {"namespace": NAMESPACE, "agents_namespace": AGENTS_NAMESPACE, "certificate_issuer": issuer(args)}
    if "external_labels" in args:
        wanted["resource_attributes"] = args["external_labels"]
    return cast(TracesAgentArgs, wanted)


def profiles_agent_args(args: WorkloadClusterArgs) -> WorkloadProfilesAgentArgs:
    """Of the profiling agent."""
    wanted = {**_common(args, "profiles"), "agents_namespace": AGENTS_NAMESPACE}
    if "external_labels" in args:
        wanted["external_labels"] = args["external_labels"]
    return cast(WorkloadProfilesAgentArgs, wanted)


def agent_faults(args: WorkloadClusterArgs) -> list[Fault]:
    """What the agents find wrong with what they would be told."""
    judged: dict[str, list[Fault]] = {
        "metrics": prometheus_agent_faults(prometheus_agent_args(args)),
        "logs": logs_agent_faults(logs_agent_args(args)),
        "traces": traces_agent_faults(traces_agent_args(args)),
        "profiles": workload_profiles_faults(profiles_agent_args(args)),
    }
    shared = ("tenant", "cluster_name", "external_labels")
    found = [
        fault if fault.path.startswith(shared) else fault._replace(path=f"{signal}.{fault.path}")
        for signal, faults in judged.items()
        if enabled(args, signal)
        for fault in faults
    ]
    return list(dict.fromkeys(found))


def _common(args: WorkloadClusterArgs, signal: str) -> dict[str, Any]:
    chosen = {key: value for key, value in cast(dict[str, Any], args).get(signal, {}).items() if key != "enabled"}
    centre: CentreArgs = {
        "host": own_host(args),
        "certificate_secret_name": CLIENT_CERTIFICATE,
        "ca_secret_name": CENTRE_CA,
    }
    return {
        **chosen,
        "cluster_name": args["cluster_name"],
        "tenant": args["tenant"],
        "centre": centre,
        "charts_source": args.get("charts_source", ""),
    }
