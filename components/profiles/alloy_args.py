"""Arguments of the agent, and what is wrong with them."""

import re
from collections.abc import Mapping
from typing import NotRequired, TypedDict

from .. import defaults
from ..foundation.checks import dns_label_faults
from ..security.centre import CentreArgs, centre_faults
from ..validation import Fault
from .limits import tenant_faults
from .sizing import ProfilesAgentSizingArgs, agent_sizing_faults

BUFFER_MIB = (64, 65536)
"""Least and most of `buffer_mib`: four of the largest pushes, and more than most nodes' disks."""
_OWN_LABELS = ("cluster", "service_name", "namespace", "pod", "container", "node")


class ProfilesAgentArgs(TypedDict):
    """What the agent needs to know."""

    write_url: NotRequired[str]
    """Where profiles are sent: the address of Pyroscope's distributor. Either this or `centre`."""
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
    centre: NotRequired[CentreArgs]
    """The centre of several clusters, to send to in place of `write_url`. Default none."""
    buffer_mib: NotRequired[int]
    """MiB on each node's disk for what the centre hasn't taken yet; only with `centre`. 64 to 65536, default 1024:
    seven hours at least of 30 containers, each with a push of 10 to 20 KB every 15 seconds (70 to 140 MB an hour)."""
    certificate_secret_name: NotRequired[str]
    """Secret with `tls.crt`, `tls.key` and `ca.crt`, for every name of `agent_certificate`: the agent's own pages are
    then served over TLS, and `write_url` is checked by that authority. Default none."""
    external_labels: NotRequired[dict[str, str]]
    """More labels on every profile. Default none."""
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
    faults += [*_target_faults(args), *label_faults(args.get("external_labels", {}))]
    if "certificate_secret_name" in args:
        faults += dns_label_faults("certificate_secret_name", args["certificate_secret_name"])
    return [*faults, *tenant_faults(args["tenant"])] if args.get("tenant") else faults


def _target_faults(args: ProfilesAgentArgs) -> list[Fault]:
    if ("write_url" in args) == ("centre" in args):
        return [Fault("write_url", args.get("write_url"), "be given, or centre: one of the two")]
    if "centre" in args:
        return [*centre_faults(args["centre"]), *_buffer_faults(args.get("buffer_mib"))]
    if "buffer_mib" in args:
        return [Fault("buffer_mib", args["buffer_mib"], "be left out without centre: nothing is kept on disk then")]
    return []


def _buffer_faults(mib: float | None) -> list[Fault]:
    """A buffer with no room for a burst, or with more than a node's disk."""
    least, most = BUFFER_MIB
    if mib is None or (not isinstance(mib, bool) and float(mib) == int(mib) and least <= mib <= most):
        return []
    return [Fault("buffer_mib", mib, f"be a whole number from {least} to {most} (MiB on each node)")]


def label_faults(labels: Mapping[str, str]) -> list[Fault]:
    """Names that no label may have, or that the agent itself gives."""
    faults = []
    for name, value in labels.items():
        if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]*", name) or name in _OWN_LABELS:
            bound = f"have names of letters, digits and underscores, and none of {', '.join(_OWN_LABELS)}"
            faults.append(Fault("external_labels", name, bound))
        elif not value or not value.isprintable() or "{{" in value:
            faults.append(Fault(f"external_labels.{name}", value, "be printable text without two opening braces"))
    return faults


def sample_rate_faults(rate: float | None) -> list[Fault]:
    """A sample rate that yields nothing, or costs too much."""
    most = defaults.PROFILES_MAX_SAMPLE_RATE_HZ
    if rate is None or (not isinstance(rate, bool) and float(rate) == int(rate) and 1 <= rate <= most):
        return []
    return [Fault("sample_rate_hz", rate, f"be a whole number from 1 to {most} (samples a second and CPU)")]
