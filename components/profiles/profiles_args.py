"""Arguments of the whole profiles room, and what is wrong with them."""

from typing import NotRequired, TypedDict

import pulumi

from ..foundation.object_store import ObjectStoreArgs, aws_only_faults, object_store_faults
from ..security.certificate import issuer_faults
from ..validation import Fault
from .alloy_args import sample_rate_faults
from .limits import ProfilesLimitsArgs, limits_faults, tenant_faults, tenant_limits_faults
from .placement import placement_faults
from .retention import bucket_expiry_faults, profiles_retention_days, profiles_retention_faults
from .sizing import ProfilesAgentSizingArgs, PyroscopeSizingArgs, agent_sizing_faults, pyroscope_sizing_faults


class ProfilesArgs(TypedDict):
    """What only the caller can decide, and what most leave alone."""

    platform_name: str
    """Name of the platform, from which the role is named."""
    cluster_name: str
    """Label `cluster` on every profile; unique among the clusters that share the bucket."""
    region: str
    """AWS region; with `object_store` whatever that S3 takes for one, such as us-east-1."""
    bucket_name: str
    """A bucket that the caller has made. Its policy must let the role `pyroscope` of this platform delete objects,
    and it must keep them longer than `retention_days`."""
    account_id: NotRequired[str]
    """AWS account, twelve digits. Required, like the next three, unless `object_store` is given."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the key that encrypts the bucket."""
    oidc_provider_arn: NotRequired[pulumi.Input[str]]
    """ARN of the cluster's IAM OIDC provider."""
    oidc_issuer: NotRequired[pulumi.Input[str]]
    """The cluster's OIDC issuer, without `https://`."""
    object_store: NotRequired[ObjectStoreArgs]
    """Another S3 than AWS', with keys in place of a role. Default none."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer of cert-manager that signs the room's certificates: everything but Raft and gossip then speaks
    TLS. Default none: plain text."""
    namespace: NotRequired[str]
    """Namespace of Pyroscope; it may have Pod Security `restricted`. Default observability."""
    agents_namespace: NotRequired[str]
    """Namespace of the agent; it must have Pod Security `privileged` for eBPF. Default observability-agents."""
    storage_class_name: NotRequired[str]
    """Storage class of the metastore's volumes. Default gp3."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""
    retention_days: NotRequired[int]
    """Days that profiles are kept. 1 to 3650; default 7."""
    bucket_expire_after_days: NotRequired[int]
    """Age in days at which the bucket itself deletes, to be held against `retention_days`. Default: not judged."""
    ebpf_enabled: NotRequired[bool]
    """Sample the CPU of every container. Default true."""
    sample_rate_hz: NotRequired[int]
    """Samples a second and CPU. 1 to 100; 40 and more may cost over 2 % of CPU. Default 19."""
    multi_tenancy: NotRequired[bool]
    """Tell tenants apart by the header X-Scope-OrgID, and refuse calls without it. Default false: one tenant."""
    tenant: NotRequired[str]
    """Tenant of what the agent sends. Required with `multi_tenancy`, and only with it."""
    limits: NotRequired[ProfilesLimitsArgs]
    """What each tenant may send and ask. Default: 32 MB a second, ranges of a day."""
    tenant_limits: NotRequired[dict[str, ProfilesLimitsArgs]]
    """Other limits for some tenants, by tenant. Only with `multi_tenancy`. Default none."""
    pyroscope: NotRequired[PyroscopeSizingArgs]
    """Replicas and room of Pyroscope. Default: a cluster of 100 nodes."""
    agent: NotRequired[ProfilesAgentSizingArgs]
    """Room of the agent on each node. Default 100m CPU and 512Mi."""
    zones: NotRequired[int]
    """Availability zones of the nodes, to be held against the metastores. Default: not judged."""
    nodes: NotRequired[int]
    """Fewest nodes that take volumes, to be held against the metastores. Default: not judged."""
    permissions_boundary_arn: NotRequired[str]
    """Permissions boundary of the role. Default none."""


def profiles_faults(args: ProfilesArgs) -> list[Fault]:
    """Everything wrong with the arguments that can be told without a cloud."""
    multi_tenancy = bool(args.get("multi_tenancy", False))
    return [
        *_retention_faults(args),
        *sample_rate_faults(args.get("sample_rate_hz")),
        *_tenant_faults(args.get("tenant", ""), multi_tenancy),
        *limits_faults(args.get("limits")),
        *tenant_limits_faults(args.get("tenant_limits"), multi_tenancy),
        *pyroscope_sizing_faults(args.get("pyroscope")),
        *agent_sizing_faults(args.get("agent")),
        *placement_faults(args.get("pyroscope"), args.get("zones"), args.get("nodes")),
        *aws_only_faults(args),
        *object_store_faults("object_store", args.get("object_store")),
        *issuer_faults(args.get("certificate_issuer")),
    ]


def _retention_faults(args: ProfilesArgs) -> list[Fault]:
    faults = profiles_retention_faults(args.get("retention_days"))
    if faults or "bucket_expire_after_days" not in args:
        return faults
    kept = profiles_retention_days(args.get("retention_days"))
    return bucket_expiry_faults(kept, args["bucket_expire_after_days"])


def _tenant_faults(tenant: str, multi_tenancy: bool) -> list[Fault]:
    if multi_tenancy and not tenant:
        bound = "be given with multi_tenancy: Pyroscope refuses profiles without a tenant"
        return [Fault("tenant", tenant, bound)]
    if tenant and not multi_tenancy:
        return [Fault("tenant", tenant, "be left out, or multi_tenancy be true: without it tenants are ignored")]
    return tenant_faults(tenant) if tenant else []
