"""Arguments of the whole traces room, and what is wrong with them."""

import re
from typing import NotRequired, TypedDict

import pulumi

from .. import defaults
from ..foundation.checks import dns_label_faults
from ..foundation.lifecycle import bucket_name_faults
from ..foundation.object_store import ObjectStoreArgs, aws_only_faults, object_store_faults
from ..validation import Fault
from ..versions import TEMPO_VERSION
from .sampling import TraceSamplingArgs, sampling, sampling_faults
from .sizing import TracesNodesArgs, TracesSizingArgs, traces_sizing_faults
from .tempo_faults import retention_faults, version_faults


class TracesArgs(TypedDict):
    """What only the caller can decide, and what most leave alone."""

    platform_name: str
    """Name of the platform, from which the role is named."""
    cluster_name: str
    """`k8s.cluster.name` on every span."""
    account_id: NotRequired[str]
    """AWS account, twelve digits. Default none, with `object_store`."""
    region: str
    """AWS region; with `object_store` the region that it calls itself, such as us-east-1."""
    bucket_name: str
    """Physical name of the bucket, made by the caller. Its policy must let the role `tempo` of this platform
    delete objects."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the key that encrypts the bucket. Default none, with `object_store`."""
    oidc_provider_arn: NotRequired[pulumi.Input[str]]
    """ARN of the cluster's IAM OIDC provider. Default none, with `object_store`."""
    oidc_issuer: NotRequired[pulumi.Input[str]]
    """The cluster's OIDC issuer, without `https://`. Default none, with `object_store`."""
    object_store: NotRequired[ObjectStoreArgs]
    """Another S3, with keys: then no role is made. Default AWS'."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer of certificates for agents, gateways and Tempo, which then speak TLS. Default none: plain."""
    namespace: NotRequired[str]
    """Namespace of gateways and Tempo; it may have Pod Security `restricted`. Default observability."""
    agents_namespace: NotRequired[str]
    """Namespace of the agents. Default observability-agents."""
    storage_class_name: NotRequired[str]
    """Storage class of the volumes. Default gp3."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""
    retention_days: NotRequired[int]
    """Days that a trace is kept. 1 to 3650; default 14."""
    bucket_expire_after_days: NotRequired[int]
    """Days after which the bucket itself deletes: more than `retention_days`. Default unknown, and not checked."""
    sampling: NotRequired[TraceSamplingArgs]
    """Which traces are kept. Default: all errors, those over two seconds and of payments, 10 % of the rest."""
    remote_write_urls: NotRequired[list[str]]
    """Where metrics of spans, of the service graph and of applications are written: one address for each replica
    of Prometheus (`names.remote_write_urls`). Default none, and then no such metrics are made."""
    node_metrics_enabled: NotRequired[bool]
    """Let the agents read the node's and the kubelet's metrics too; needs `remote_write_urls`. Default false."""
    multi_tenancy: NotRequired[bool]
    """Keep tenants apart in Tempo, and refuse whoever names none. Default false."""
    tenant: NotRequired[str]
    """Tenant of everything that comes through this room's gateways; with `multi_tenancy` only. Default the
    platform's name."""
    other_clusters: NotRequired[bool]
    """Take spans and metrics of other clusters from the entrance: at the agents, port 4319. Default false."""
    tenants: NotRequired[dict[str, str]]
    """Tenant of each of the other clusters, by the cluster's name; with `multi_tenancy` and `other_clusters` only.
    Default none: all are stored in `tenant`."""
    sizing: NotRequired[TracesSizingArgs]
    """Replicas and room. Default: the sizing guide's small cluster, and the expected spans a second."""
    nodes: NotRequired[TracesNodesArgs]
    """The nodes that have to carry it; what doesn't fit is refused. Default unknown, and not checked."""
    tempo_image_tag: NotRequired[str]
    """Another Tempo of the 2.10 line. Default the pinned one."""
    permissions_boundary_arn: NotRequired[str]
    """Permissions boundary of the role. Default none."""


def tenant(args: TracesArgs) -> str:
    """The tenant that gateways name, or nothing where there is only one."""
    return args.get("tenant", args["platform_name"]) if args.get("multi_tenancy", False) else ""


def traces_faults(args: TracesArgs) -> list[Fault]:
    """Everything wrong with the arguments that can be told without a cloud."""
    faults = [
        *aws_only_faults(args),
        *object_store_faults("object_store", args.get("object_store")),
        *dns_label_faults("certificate_issuer", args.get("certificate_issuer", "none")),
        *bucket_name_faults("bucket_name", args["bucket_name"]),
        *retention_faults(args.get("retention_days", defaults.TRACES_DAYS), args.get("bucket_expire_after_days")),
        *(f._replace(path=f.path.replace("image_tag", "tempo_image_tag")) for f in _version_faults(args)),
        *_tenant_faults(args),
        *_remote_write_faults(args),
    ]
    choices = sampling_faults(args.get("sampling"))
    sizes = (
        [] if choices else traces_sizing_faults(args.get("sizing"), sampling(args.get("sampling")), args.get("nodes"))
    )
    return [*faults, *choices, *sizes]


def _version_faults(args: TracesArgs) -> list[Fault]:
    return version_faults(args.get("tempo_image_tag", TEMPO_VERSION))


def tenant_faults(path: str, name: str) -> list[Fault]:
    """A name that Tempo refuses (dskit, tenant: valid characters)."""
    if re.fullmatch(r"[A-Za-z0-9!\-_.*'()]{1,150}", name) and name not in (".", ".."):
        return []
    return [Fault(path, name, "be 1 to 150 letters, digits or !-_.*'()")]


def _tenant_faults(args: TracesArgs) -> list[Fault]:
    named = {"tenant": args["tenant"]} if "tenant" in args else {}
    named |= {f"tenants.{cluster}": whose for cluster, whose in args.get("tenants", {}).items()}
    if not args.get("multi_tenancy", False):
        bound = "be left out without multi_tenancy: there is one tenant only"
        return [Fault(path, name, bound) for path, name in named.items()]
    faults = [fault for path, name in named.items() for fault in tenant_faults(path, name)]
    if args.get("tenants") and not args.get("other_clusters", False):
        faults.append(Fault("tenants", dict(args["tenants"]), "come with other_clusters, or no other cluster can send"))
    return faults


def _remote_write_faults(args: TracesArgs) -> list[Fault]:
    urls = args.get("remote_write_urls", [])
    faults = [
        Fault(f"remote_write_urls[{index}]", url, "be an address such as http://prometheus:9090/api/v1/write")
        for index, url in enumerate(urls)
        if not re.fullmatch(r"https?://[^\s/@]+/\S+", url)
    ]
    if args.get("node_metrics_enabled", False) and not urls:
        faults.append(Fault("node_metrics_enabled", True, "come with remote_write_urls, or they go nowhere"))
    return faults
