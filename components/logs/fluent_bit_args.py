"""Arguments of Fluent Bit, and what is wrong with them."""

import re
from collections.abc import Iterator
from typing import NotRequired, TypedDict

from .. import defaults
from ..foundation.checks import external_label_faults
from ..security.centre import CentreArgs, centre_faults
from ..security.certificate import issuer_faults
from ..validation import Fault
from . import names
from .redaction import RedactionArgs, redaction_faults
from .tenants import LogsTenantArgs


class FluentBitArgs(TypedDict):
    """What the collectors of logs need to know."""

    cluster_name: str
    """Label `cluster` on every stream; unique among the clusters that write to one Loki."""
    external_labels: NotRequired[dict[str, str]]
    """More labels on every stream, the same for the whole cluster. Default none."""
    namespace: NotRequired[str]
    """Namespace of Loki, and of the collector of events. Default observability."""
    agents_namespace: NotRequired[str]
    """Namespace of the DaemonSet; it must have Pod Security `privileged`. Default observability-agents."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""
    drop_debug: NotRequired[bool]
    """Leave out lines of level trace and debug, on the node. Default true."""
    buffer_gib: NotRequired[int]
    """GiB on each node's disk that lines may take, for each of the two outputs, while Loki is down; beyond that the
    oldest are lost. 1 to 100; default 4."""
    redaction: NotRequired[RedactionArgs]
    """Secrets and personal data to take out. Default: every built-in pattern."""
    events: NotRequired[bool]
    """Collect Kubernetes' events too. Default true."""
    cpu: NotRequired[str]
    """CPU requested on each node; it may use ten times as much. Default 50m."""
    memory: NotRequired[str]
    """Memory on each node. Default 256Mi: 50 MiB in use (004), the rest for a burst after an outage."""
    tenant: NotRequired[str]
    """Tenant of every line that belongs to no other. Default `fake`, Loki's name for the only one."""
    tenants: NotRequired[dict[str, LogsTenantArgs]]
    """Tenants by name, with their namespaces. Default none."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer of this cluster's certificates: the gateway then speaks TLS. Default none: plain."""
    centre: NotRequired[CentreArgs]
    """Send to another cluster's entrance instead of this one's gateway. Its Secrets must be in both namespaces, of the
    DaemonSet and of the collector of events. Default none."""


STREAM_LABELS = ("namespace", "app", "level", "stream", "canary")
"""Labels taken from each line, see `fluent_bit_config.py`."""


def fluent_bit_faults(args: FluentBitArgs, path: str = "") -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = redaction_faults(args.get("redaction"), f"{path}redaction")
    buffer = args.get("buffer_gib", defaults.LOG_BUFFER_GIB)
    if isinstance(buffer, bool) or int(buffer) != buffer or not 1 <= buffer <= 100:
        faults.append(Fault(f"{path}buffer_gib", buffer, "be a whole number from 1 to 100 (GiB)"))
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", args["cluster_name"]):
        faults.append(Fault("cluster_name", args["cluster_name"], "be letters, digits, dots, underscores or hyphens"))
    faults += issuer_faults(args.get("certificate_issuer"))
    faults += _label_faults(args.get("external_labels", {}))
    return faults + (centre_faults(args["centre"]) if "centre" in args else [])


def namespaces(args: FluentBitArgs) -> tuple[str, str]:
    """Namespace of Loki and namespace of the agents."""
    return args.get("namespace", "observability"), args.get("agents_namespace", "observability-agents")


def default_tenant(args: FluentBitArgs) -> str:
    """Tenant of every line that belongs to no other."""
    return args.get("tenant", names.TENANT)


def _label_faults(labels: dict[str, str]) -> Iterator[Fault]:
    """A comma would end a value, and a dollar sign name a field of the line (Fluent Bit, outputs: Loki)."""
    for label, value in labels.items():
        if wrong := external_label_faults(label, ("cluster", "source", "tenant", *STREAM_LABELS)):
            yield from wrong
        elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,254}", value):
            bound = "be up to 255 letters, digits, dots, underscores, colons, slashes or hyphens"
            yield Fault(f"external_labels.{label}", value, bound)
