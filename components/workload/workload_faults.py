"""What is wrong with a workload cluster's arguments, before anything is registered."""

from collections.abc import Iterable

from ..foundation.checks import dns_label_faults
from ..foundation.helm_release import chart_faults
from ..platform_faults import platform_faults
from ..security.authority_exchange import CENTRE
from ..security.entrance_args import domain_faults
from ..validation import Fault
from .agents import SIGNALS, agent_faults, centre_domain, enabled, platform_args
from .workload_args import WorkloadClusterArgs

GROUND = ("name", "account_id", "region", "network", "cluster")
"""Arguments that are judged as a platform's."""

CHARTS = {
    "metrics": "kube-prometheus-stack",
    "logs": "fluent-bit",
    "traces": "opentelemetry-collector",
    "profiles": "alloy",
}


def workload_faults(args: WorkloadClusterArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = [
        fault._replace(path=fault.path.replace("name", "cluster_name", 1)) if fault.path == "name" else fault
        for fault in platform_faults(platform_args(args))
        if fault.path.split(".")[0] in GROUND
    ]
    faults += _centre_faults(args) + _existing_faults(args) + _charts_faults(args)
    if not any(enabled(args, signal) for signal in SIGNALS):
        faults.append(Fault("metrics.enabled", False, "be true, or another signal's: there is nothing else to do"))
    if not args.get("certificates", {}).get("enabled", True):
        bound = "be true: this cluster proves who it is with a certificate"
        faults.append(Fault("certificates.enabled", False, bound))
    faults += dns_label_faults("tenant", args["tenant"])
    if not any(fault.path.startswith(("cluster_name", "centre")) for fault in faults):
        faults += [fault for fault in agent_faults(args) if fault.path != "tenant"]
    return faults


def _centre_faults(args: WorkloadClusterArgs) -> list[Fault]:
    centre, name = args["centre"], args["cluster_name"]
    faults = dns_label_faults("centre.platform_name", centre["platform_name"])
    faults += domain_faults("centre.domain", centre_domain(args))
    if name in (CENTRE, centre["platform_name"]):
        # With the centre's platform name, External Secrets here could read all of the centre's secrets.
        faults.append(Fault("cluster_name", name, "be another name than the centre's"))
    if ("address" in centre) == ("endpoint_service_name" in centre):
        bound = "have either address, for peered VPCs, or endpoint_service_name, for PrivateLink"
        faults.append(Fault("centre", sorted(centre), bound))
    if ("address" in centre) != ("address_zone_id" in centre):
        faults.append(Fault("centre.address_zone_id", centre.get("address_zone_id"), "go with address"))
    return faults


def _existing_faults(args: WorkloadClusterArgs) -> list[Fault]:
    existing = args.get("cluster", {}).get("existing")
    if existing is None or "network" in existing:
        return []
    return [Fault("cluster.existing.network", None, "be given: the centre's name is made known in its VPC")]


def _charts_faults(args: WorkloadClusterArgs) -> list[Fault]:
    """A charts source that lacks what is installed from it."""
    source = args.get("charts_source", "")
    wanted = ["prometheus-operator-crds", *(CHARTS[signal] for signal in SIGNALS if enabled(args, signal))]
    if "existing_issuer" not in args.get("certificates", {}):
        wanted.append("cert-manager")
    if args.get("secrets", {}).get("install", True):
        wanted.append("external-secrets")
    return list(_once(fault for chart in wanted for fault in chart_faults(chart, source)))


def _once(faults: Iterable[Fault]) -> Iterable[Fault]:
    return dict.fromkeys(fault._replace(path="charts_source") for fault in faults)
