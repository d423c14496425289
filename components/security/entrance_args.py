"""Arguments of the entrance for other clusters, and what is wrong with them."""

import ipaddress
import re
from typing import NotRequired, TypedDict
from urllib.parse import urlsplit

import pulumi

from ..foundation.checks import dns_label_faults
from ..logs import names as logs
from ..metrics import names as metrics
from ..profiles import names as profiles
from ..traces import names as traces
from ..validation import Fault, known
from .authority_exchange import CENTRE
from .centre import METRICS_PATH

SIGNALS = ("metrics", "logs", "otlp", "profiles")


class EntranceClusterArgs(TypedDict):
    """A workload cluster, as the centre sees it."""

    tenant: str
    """Tenant of everything that it sends, whatever it says itself: 1 to 64 letters, digits and `-_.`."""


class EntrancePrivateLinkArgs(TypedDict):
    """An endpoint service for VPCs that no route leads to."""

    allowed_principals: list[str]
    """IAM principals that may make an endpoint for it: `arn:aws:iam::<account>:root` or a role of it."""
    acceptance_required: NotRequired[bool]
    """Whether each endpoint waits until somebody here accepts it. Default true."""


class EntranceUpstreamsArgs(TypedDict):
    """Where each signal goes: `http://` or `https://`, a host, a port. A signal without an address is refused."""

    metrics: NotRequired[str]
    """Thanos receive. Default none."""
    logs: NotRequired[str]
    """Loki's gateway. Default none."""
    otlp: NotRequired[str]
    """OpenTelemetry collectors, for traces and metrics over OTLP/HTTP. Default none."""
    profiles: NotRequired[str]
    """Pyroscope's distributor. Default none."""


class EntranceArgs(TypedDict):
    """Who comes in, from where, and where it is sent on."""

    platform_name: str
    """Name of the centre's platform, from which physical names derive."""
    clusters: dict[str, EntranceClusterArgs]
    """Workload clusters by name; each calls `<cluster>.<domain>`. At least one."""
    vpc_id: pulumi.Input[str]
    """VPC of the load balancer."""
    subnet_ids: pulumi.Input[list[str]]
    """Its private subnets."""
    allowed_cidr_blocks: list[str]
    """Networks that may call it: those of the workload clusters' nodes and pods."""
    domain: NotRequired[str]
    """Domain of the host names, private. Default `<platform_name>.internal`."""
    private_link: NotRequired[EntrancePrivateLinkArgs]
    """Offer it as an endpoint service. Default not: workload VPCs are peered or on one transit gateway."""
    upstreams: NotRequired[EntranceUpstreamsArgs]
    """Where each signal goes. Default: this platform's own backends, in `namespace`, without TLS."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer of the entrance's certificate. Default observability-ca."""
    secret_store_name: NotRequired[str]
    """ClusterSecretStore over SSM parameters, for the exchange of authorities. Default parameter-store."""
    namespace: NotRequired[str]
    """Namespace; that of the backends. Default observability."""
    agents_namespace: NotRequired[str]
    """Namespace of the central collectors. Default observability-agents."""
    replicas: NotRequired[int]
    """Fewest pods. 1 to 20; default 3, one in each zone."""
    max_replicas: NotRequired[int]
    """Most pods, reached when CPU passes 70 % of the request. Default 9."""
    protect: NotRequired[bool]
    """Whether the load balancer refuses to be deleted. Default true."""


def domain(args: EntranceArgs) -> str:
    """The domain of the host names."""
    return args.get("domain", f"{args['platform_name']}.internal")


def host(cluster: str, of_domain: str) -> str:
    """The host name that is a cluster's own."""
    return f"{cluster}.{of_domain}"


def default_upstreams(namespace: str, agents_namespace: str) -> EntranceUpstreamsArgs:
    """This platform's own backends, speaking plain HTTP."""
    return {
        "metrics": metrics.url(f"{metrics.THANOS}-receive", namespace, metrics.REMOTE_WRITE_PORT),
        "logs": logs.gateway_url(namespace),
        "otlp": traces.other_clusters_url(agents_namespace),
        "profiles": metrics.url(profiles.service(profiles.DISTRIBUTOR), namespace, profiles.HTTP_PORT),
    }


def upstreams(args: EntranceArgs) -> EntranceUpstreamsArgs:
    """Where each signal goes."""
    own = default_upstreams(
        args.get("namespace", "observability"), args.get("agents_namespace", "observability-agents")
    )
    return args.get("upstreams", own)


def entrance_faults(args: EntranceArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = dns_label_faults("platform_name", args["platform_name"])
    if len(args["platform_name"]) > 20:
        bound = "have at most 20 characters: a load balancer's name has 32 (Elastic Load Balancing, API reference)"
        faults.append(Fault("platform_name", args["platform_name"], bound))
    faults += cluster_faults("clusters", args["clusters"])
    faults += domain_faults("domain", domain(args))
    faults += _network_faults(args) + _upstream_faults(upstreams(args))
    fewest, most = args.get("replicas", 3), args.get("max_replicas", 9)
    if not 1 <= fewest <= 20:
        faults.append(Fault("replicas", fewest, "be 1 to 20"))
    if most < fewest:
        faults.append(Fault("max_replicas", most, f"be at least replicas ({fewest})"))
    for key in ("certificate_issuer", "secret_store_name", "namespace", "agents_namespace"):
        if key in args:
            faults += dns_label_faults(key, args[key])
    return faults


def cluster_faults(path: str, clusters: dict[str, EntranceClusterArgs]) -> list[Fault]:
    """Names that are no host names, and tenants that backends would refuse."""
    faults = [] if clusters else [Fault(path, {}, "name at least one cluster")]
    for name, cluster in clusters.items():
        # 63 less the length of `entrance-client-ca-`, the name of the Secret with the cluster's authority.
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", name):
            faults.append(Fault(path, name, "be 1 to 40 lower-case letters, digits and inner hyphens"))
        elif name == CENTRE:
            faults.append(Fault(path, name, "be another name: the centre itself is called that"))
        faults += tenant_faults(f"{path}.{name}.tenant", cluster["tenant"])
    return faults


def tenant_faults(path: str, tenant: str) -> list[Fault]:
    """A tenant that Loki, Thanos or Pyroscope would refuse, or that would end a string of the configuration."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", tenant):
        return []
    return [Fault(path, tenant, "be 1 to 64 letters, digits and -_., a letter or digit first")]


def domain_faults(path: str, name: str) -> list[Fault]:
    """A domain that no certificate or host name could have."""
    if re.fullmatch(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", name) and len(name) <= 200:
        return []
    return [Fault(path, name, "be a domain in lower case such as obs.internal")]


def _network_faults(args: EntranceArgs) -> list[Fault]:
    faults: list[Fault] = []
    blocks = args["allowed_cidr_blocks"]
    if not blocks and "private_link" not in args:
        faults.append(Fault("allowed_cidr_blocks", [], "name at least one network, unless private_link is given"))
    for index, block in enumerate(blocks):
        try:
            whole = ipaddress.IPv4Network(block)
        except ValueError:
            whole = None
        if whole is None or whole.is_global or whole.prefixlen < 8:
            bound = "be a private IPv4 network such as 10.80.0.0/16, with no host bits set"
            faults.append(Fault(f"allowed_cidr_blocks[{index}]", block, bound))
    subnets = args["subnet_ids"]
    if known(subnets) and isinstance(subnets, list) and len(subnets) < 2:
        faults.append(Fault("subnet_ids", subnets, "be two subnets or more, in different zones"))
    for index, principal in enumerate(args.get("private_link", {}).get("allowed_principals", [])):
        if not re.fullmatch(r"arn:aws(-cn|-us-gov)?:iam::\d{12}:(root|(role|user)/[\w+=,.@/-]+)", principal):
            path = f"private_link.allowed_principals[{index}]"
            faults.append(Fault(path, principal, "be the ARN of an account's root, a role or a user; * is everybody"))
    return faults


def _upstream_faults(wanted: EntranceUpstreamsArgs) -> list[Fault]:
    faults = [] if wanted else [Fault("upstreams", {}, "name at least one signal's address")]
    for signal, url in wanted.items():
        if signal not in SIGNALS:
            faults.append(Fault("upstreams", signal, f"be one of {', '.join(SIGNALS)}"))
            continue
        parts = urlsplit(str(url))
        host_is_plain = re.fullmatch(r"[a-z0-9.-]+", parts.hostname or "")
        # Receive's address is often told with its path, which is the one that callers use here.
        other_path = parts.path and (signal, parts.path) != ("metrics", METRICS_PATH)
        if parts.scheme not in ("http", "https") or not host_is_plain or other_path or parts.query:
            bound = "be http:// or https://, a host, a port if need be, and no path"
            faults.append(Fault(f"upstreams.{signal}", url, bound))
    return faults
