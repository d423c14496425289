"""Arguments of the whole logs room, and what is wrong with them."""

import datetime
from typing import Any, NotRequired, TypedDict, cast

import pulumi

from ..foundation.object_store import ObjectStoreArgs, aws_only_faults
from ..storage import LogsRetentionArgs
from ..validation import Fault
from . import names
from .fluent_bit_args import FluentBitArgs, fluent_bit_faults
from .loki_args import LokiArgs, loki_faults
from .redaction import RedactionArgs
from .retention import logs_retention_days, logs_retention_faults
from .schema import SchemaPeriodArgs
from .sizing import LokiSizingArgs
from .tenants import LogsLimitsArgs, LogsTenantArgs


class FluentBitSettingsArgs(TypedDict):
    """How lines are collected."""

    drop_debug: NotRequired[bool]
    """Leave out lines of level trace and debug, on the node. Default true."""
    buffer_gib: NotRequired[int]
    """GiB of each node's disk that lines may take, for each of two outputs, while Loki is down. Default 4."""
    redaction: NotRequired[RedactionArgs]
    """Secrets and personal data to take out. Default: every built-in pattern."""
    events: NotRequired[bool]
    """Collect Kubernetes' events too. Default true."""
    cpu: NotRequired[str]
    """CPU requested on each node; it may use ten times as much. Default 50m."""
    memory: NotRequired[str]
    """Memory on each node. Default 256Mi."""


class LogsArgs(TypedDict):
    """What only the caller can decide, and what most leave alone."""

    platform_name: str
    """Name of the platform, from which roles are named."""
    cluster_name: str
    """Label `cluster` on every stream; unique among the clusters that write to one Loki."""
    account_id: NotRequired[str]
    """AWS account, twelve digits. Needed, unless `object_store` is given."""
    region: str
    """AWS region; with `object_store` the one that its requests are signed for."""
    bucket_name: str
    """Bucket of chunks and indexes. Its policy must let the role `loki` of this platform delete objects."""
    bucket_expire_after_days: NotRequired[int]
    """Age at which that bucket deletes, to judge the retention by: at least two days more. Default: not judged."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the key that encrypts the bucket. Needed, unless `object_store` is given."""
    oidc_provider_arn: NotRequired[pulumi.Input[str]]
    """ARN of the cluster's IAM OIDC provider. Needed, unless `object_store` is given."""
    oidc_issuer: NotRequired[pulumi.Input[str]]
    """The cluster's OIDC issuer, without `https://`. Needed, unless `object_store` is given."""
    object_store: NotRequired[ObjectStoreArgs]
    """Another S3 than AWS', with keys instead of a role; not together with `audit_logs`. Default AWS."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer that signs the room's certificates: everything in it then speaks TLS. Default none: plain."""
    namespace: NotRequired[str]
    """Namespace for all but Fluent Bit's DaemonSet; it may have Pod Security `restricted`. Default observability."""
    agents_namespace: NotRequired[str]
    """Namespace of Fluent Bit's DaemonSet; it must have Pod Security `privileged`. Default observability-agents."""
    storage_class_name: NotRequired[str]
    """Storage class of the volumes. Default gp3."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""
    topology: NotRequired[str]
    """`distributed` or `simple-scalable`, which Loki 4.0 removes. Default distributed."""
    availability_zones: NotRequired[list[str]]
    """Zones over which ingesters spread; three for the distributed topology. Default a, b and c of the region."""
    node_count: NotRequired[int]
    """Fewest nodes that pods may land on, to judge replicas by. Default: not judged."""
    node_memory_gib: NotRequired[float]
    """Memory of the largest node in GiB, to judge pods by. Default: not judged."""
    retention: NotRequired[LogsRetentionArgs]
    """Days that logs are kept. Default 30."""
    schema_periods: NotRequired[list[SchemaPeriodArgs]]
    """Layouts of the data by first day, which never moves. Default v13 from 2024-04-01."""
    multi_tenancy: NotRequired[bool]
    """Keep tenants apart: every request must say whose it is (X-Scope-OrgID). Default false."""
    tenant: NotRequired[str]
    """The platform's own tenant. Default `fake`, what Loki calls the only one."""
    tenants: NotRequired[dict[str, LogsTenantArgs]]
    """Further tenants by name: their namespaces and limits. Default none."""
    limits: NotRequired[LogsLimitsArgs]
    """Limits of every tenant. Default: for 100 GB a day."""
    sizing: NotRequired[LokiSizingArgs]
    """Replicas and room of Loki. Default: 100 nodes."""
    fluent_bit: NotRequired[FluentBitSettingsArgs]
    """How lines are collected. Default: production's."""
    rules: NotRequired[dict[str, Any]]
    """The ruler's rules: `groups`, with LogQL. Default: two alerts on Kubernetes' events."""
    alertmanager_url: NotRequired[str]
    """Where the ruler sends alerts. Default: the metrics room's Alertmanager."""
    audit_logs: NotRequired[bool]
    """Carry EKS' audit log from CloudWatch to `audit_bucket_name`. Default false: not every cluster is EKS' own."""
    audit_bucket_name: NotRequired[str]
    """Bucket of the audit log; needed with `audit_logs`."""
    protect: NotRequired[bool]
    """Refuse to move or remove a schema period. Default true."""
    permissions_boundary_arn: NotRequired[str]
    """Permissions boundary of the roles. Default none."""


LOKI_KEYS = (
    "bucket_name", "region", "namespace", "storage_class_name", "charts_source", "topology", "availability_zones",
    "node_count", "node_memory_gib", "schema_periods", "multi_tenancy", "tenant", "tenants", "limits", "sizing",
    "rules", "alertmanager_url", "protect", "object_store", "certificate_issuer",
)  # fmt: skip
FLUENT_BIT_KEYS = (
    "cluster_name", "namespace", "agents_namespace", "charts_source", "tenant", "tenants", "certificate_issuer",
)  # fmt: skip


def logs_faults(args: LogsArgs, today: datetime.date) -> list[Fault]:
    """Everything wrong with the arguments that can be told without a cloud."""
    faults = logs_retention_faults(args.get("retention"), args.get("bucket_expire_after_days"))
    faults += aws_only_faults(args)
    faults += loki_faults(loki_args(args, ""), today)
    faults += [
        fault if fault.path == "cluster_name" else fault._replace(path=f"fluent_bit.{fault.path}")
        for fault in fluent_bit_faults(fluent_bit_args(args))
        if fault.path != "certificate_issuer"  # Loki has said so already
    ]
    if args.get("audit_logs") and "object_store" in args:
        bound = "be off with object_store: CloudWatch and Firehose carry the audit log, and both are AWS'"
        return [*faults, Fault("audit_logs", True, bound)]
    if args.get("audit_logs") and not args.get("audit_bucket_name"):
        faults.append(Fault("audit_bucket_name", "", "name a bucket while audit_logs is on"))
    if args.get("audit_logs") and args.get("audit_bucket_name") == args["bucket_name"]:
        bound = "be another bucket than bucket_name: audit records are kept longer, and Loki may not delete them"
        faults.append(Fault("audit_bucket_name", args["bucket_name"], bound))
    return faults


def loki_args(args: LogsArgs, role_arn: pulumi.Input[str]) -> LokiArgs:
    """What Loki needs of it. With another S3 there is no role."""
    given = _pick(args, LOKI_KEYS)
    if "object_store" not in args:
        given["role_arn"] = role_arn
    return cast(LokiArgs, {**given, "retention_days": logs_retention_days(args.get("retention"))})


def fluent_bit_args(args: LogsArgs) -> FluentBitArgs:
    """What Fluent Bit needs of it."""
    return cast(FluentBitArgs, {**_pick(args, FLUENT_BIT_KEYS), **args.get("fluent_bit", {})})


def collects_events(args: LogsArgs) -> bool:
    """Whether Kubernetes' events are collected."""
    return bool(args.get("fluent_bit", {}).get("events", True))


def topology(args: LogsArgs) -> str:
    """The topology, with its default."""
    return args.get("topology", names.DISTRIBUTED)


def _pick(args: LogsArgs, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: args[key] for key in keys if key in args}  # type: ignore[literal-required]
