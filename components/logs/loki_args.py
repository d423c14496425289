"""Arguments of Loki, and what is wrong with them."""

import datetime
from typing import Any, NotRequired, TypedDict

import pulumi

from .. import defaults
from ..foundation.lifecycle import bucket_name_faults
from ..foundation.object_store import ObjectStoreArgs, object_store_faults
from ..security.certificate import issuer_faults
from ..validation import Fault
from . import names
from .placement import placement_faults
from .schema import SchemaPeriodArgs, schema_faults
from .sizing import LokiSizingArgs, loki_sizing_faults
from .tenants import LogsLimitsArgs, LogsTenantArgs, tenant_faults


class LokiArgs(TypedDict):
    """What Loki needs to know."""

    bucket_name: str
    """Bucket of chunks and indexes."""
    region: str
    """AWS region of the bucket."""
    role_arn: NotRequired[pulumi.Input[str]]
    """ARN of the role through which Loki reads, writes and deletes there. Needed, unless `object_store` is given."""
    object_store: NotRequired[ObjectStoreArgs]
    """Another S3 than AWS', with keys instead of a role. Default AWS."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer that signs the certificates of Loki and its gateway, which then speak TLS. Default none: plain."""
    namespace: NotRequired[str]
    """Namespace of everything; Pod Security `restricted` suffices. Default observability."""
    storage_class_name: NotRequired[str]
    """Storage class of the volumes. Default gp3."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""
    topology: NotRequired[str]
    """`distributed` or `simple-scalable`, which Loki 4.0 removes. Default distributed."""
    availability_zones: NotRequired[list[str]]
    """Zones over which ingesters spread, one group in each; three for the distributed topology. Default a, b and c
    of the region."""
    node_count: NotRequired[int]
    """Fewest nodes that pods may land on, to judge replicas by. Default: not judged."""
    node_memory_gib: NotRequired[float]
    """Memory of the largest node in GiB, to judge pods by. Default: not judged."""
    retention_days: NotRequired[int]
    """Days that logs are kept; the bucket must keep them at least two days longer. Default 30."""
    schema_periods: NotRequired[list[SchemaPeriodArgs]]
    """Layouts of the data by first day. The first never moves, a new one begins in the future. Default v13 from
    2024-04-01."""
    multi_tenancy: NotRequired[bool]
    """Keep tenants apart: every request must say whose it is (X-Scope-OrgID). Default false."""
    tenant: NotRequired[str]
    """The platform's own tenant: every log that belongs to no other. Default `fake`, Loki's name for the only one,
    so that multi-tenancy finds what was stored before."""
    tenants: NotRequired[dict[str, LogsTenantArgs]]
    """Further tenants by name. Default none."""
    limits: NotRequired[LogsLimitsArgs]
    """Limits of every tenant. Default: for 100 GB a day."""
    sizing: NotRequired[LokiSizingArgs]
    """Replicas and room. Default: 100 nodes."""
    alertmanager_url: NotRequired[str]
    """Where the ruler sends alerts; its host may be looked up as SRV record. Default: the metrics room's."""
    rules: NotRequired[dict[str, Any]]
    """The ruler's rules for the platform's own tenant: `groups`, as in a file of Prometheus rules, with LogQL.
    Default: two alerts on Kubernetes' events."""
    protect: NotRequired[bool]
    """Refuse to move or remove a schema period. Default true."""


def loki_faults(args: LokiArgs, today: datetime.date) -> list[Fault]:
    """Everything wrong with the arguments that can be told without a cloud."""
    topology = args.get("topology", names.DISTRIBUTED)
    days = int(args.get("retention_days", defaults.LOGS_DAYS))
    faults = bucket_name_faults("bucket_name", args["bucket_name"])
    faults += object_store_faults("object_store", args.get("object_store"))
    faults += issuer_faults(args.get("certificate_issuer"))
    if "role_arn" not in args and "object_store" not in args:
        faults.append(Fault("role_arn", None, "be given, unless object_store is"))
    faults += schema_faults(args.get("schema_periods"), today)
    faults += tenant_faults(
        bool(args.get("multi_tenancy", False)),
        args.get("tenant", names.TENANT),
        args.get("tenants", {}),
        args.get("limits"),
        days,
    )
    if topology not in names.TOPOLOGIES:
        return [*faults, Fault("topology", topology, f"be {' or '.join(names.TOPOLOGIES)}")]
    bad_sizes = loki_sizing_faults(args.get("sizing"))
    zone_faults = [] if bad_sizes else _placement_faults(args, topology)
    return [*faults, *bad_sizes, *zone_faults]


def loki_namespace(args: LokiArgs) -> str:
    """Namespace of everything."""
    return args.get("namespace", "observability")


def loki_zones(args: LokiArgs) -> list[str]:
    """The zones given, or the region's first three."""
    return args.get("availability_zones") or [f"{args['region']}{letter}" for letter in "abc"]


def _placement_faults(args: LokiArgs, topology: str) -> list[Fault]:
    zones = loki_zones(args)
    return placement_faults(
        topology, args.get("sizing"), len(set(zones)), args.get("node_count"), args.get("node_memory_gib")
    )
