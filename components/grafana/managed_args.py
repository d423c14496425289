"""Arguments of Amazon Managed Grafana, and what is wrong with them."""

import ipaddress
import re
from typing import Any, NotRequired, TypedDict

import pulumi

from ..foundation.checks import account_faults, dns_label_faults, region_faults
from ..storage import RetentionArgs
from ..validation import Fault, known
from .auth_args import url_faults
from .grafana_args import GrafanaSignalsArgs, signals_faults


class ManagedGrafanaSamlArgs(TypedDict):
    """A SAML identity provider, instead of IAM Identity Center."""

    idp_metadata_url: str
    """Address of the provider's metadata, https."""
    admin_groups: list[str]
    """Values of the role attribute that make administrators; at least one."""
    editor_groups: NotRequired[list[str]]
    """Values that make editors. Default nobody."""
    role_attribute: NotRequired[str]
    """Attribute of the assertion that holds them. Default groups."""
    login_attribute: NotRequired[str]
    """Attribute of the login name. Default mail."""
    email_attribute: NotRequired[str]
    """Attribute of the address. Default mail."""
    name_attribute: NotRequired[str]
    """Attribute of the full name. Default displayName."""


class ManagedGrafanaArgs(TypedDict):
    """An Amazon Managed Grafana workspace over this platform's backends."""

    platform_name: str
    """Name of the platform, from which workspace, role and secret are named."""
    account_id: str
    """AWS account, twelve digits."""
    region: str
    """AWS region."""
    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the token in Secrets Manager."""
    signals: GrafanaSignalsArgs
    """The backends, by addresses that the workspace reaches: internal load balancers', not the cluster's Services'."""
    vpc_id: pulumi.Input[str]
    """VPC through which the workspace reaches the backends."""
    subnet_ids: pulumi.Input[list[str]]
    """Private subnets in two zones or more."""
    backend_cidr_blocks: list[str]
    """Networks of the backends' load balancers; the workspace may call nobody else through the VPC."""
    secret_store_name: str
    """ClusterSecretStore over Secrets Manager, which brings the token to the job that pushes datasources."""
    namespace: NotRequired[str]
    """Namespace of that job. Default observability."""
    token_period: NotRequired[str]
    """Any text; a new one makes a new token. A token lives for 30 days, AWS' longest: change it every month, `2026-11`
    say, or the job stops pushing (the workspace keeps what it has). Default `first`."""
    ca_config_map_name: NotRequired[str]
    """ConfigMap in the namespace with `ca.crt`, the authority of the backends' certificates. Default public ones."""
    admin_group_ids: NotRequired[list[str]]
    """Groups of IAM Identity Center whose members are administrators. Default nobody, with `saml` only."""
    editor_group_ids: NotRequired[list[str]]
    """The same for editors. Default nobody."""
    viewer_group_ids: NotRequired[list[str]]
    """The same for viewers. Default nobody."""
    saml: NotRequired[ManagedGrafanaSamlArgs]
    """SAML instead of IAM Identity Center. Default none."""
    vpc_endpoint_ids: NotRequired[list[str]]
    """Interface endpoints for `grafana-workspace`, through which alone browsers may come. Default: from anywhere, with
    a sign-in."""
    retention: NotRequired[RetentionArgs]
    """How long each signal is kept, shown on the first dashboard. Default the platform's own defaults."""
    permissions_boundary_arn: NotRequired[str]
    """Permissions boundary of the role. Default none."""
    protect: NotRequired[bool]
    """Refuse to delete the workspace, with everything that people made in it. Default true."""


def managed_grafana_faults(args: ManagedGrafanaArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = account_faults("account_id", args["account_id"]) + region_faults("region", args["region"])
    faults += dns_label_faults("platform_name", args["platform_name"])
    faults += dns_label_faults("namespace", args.get("namespace", "observability"))
    faults += signals_faults(args["signals"])
    faults += [
        Fault(f"signals.{key}", url, "be an address that a VPC resolves: the workspace is outside of the cluster")
        for key, url in args["signals"].items()
        if key.endswith("_url") and ".svc" in str(url)
    ]
    faults += _people_faults(args)
    for index, block in enumerate(args["backend_cidr_blocks"]):
        if not _network(block):
            faults.append(Fault(f"backend_cidr_blocks[{index}]", block, "be an IPv4 network such as 10.64.0.0/16"))
    if not args["backend_cidr_blocks"]:
        faults.append(Fault("backend_cidr_blocks", [], "name at least one network"))
    subnets = args["subnet_ids"]
    if known(subnets) and isinstance(subnets, list) and len(subnets) < 2:
        faults.append(Fault("subnet_ids", subnets, "be two subnets or more, in different zones"))
    if not re.fullmatch(r"[A-Za-z0-9-]{1,32}", args.get("token_period", "first")):
        faults.append(Fault("token_period", args["token_period"], "be 1 to 32 letters, digits and hyphens"))
    return faults


def _people_faults(args: ManagedGrafanaArgs) -> list[Fault]:
    groups: dict[str, Any] = {key: value for key, value in args.items() if key.endswith("_group_ids") and value}
    if "saml" not in args:
        bound = "name at least one group, or saml be given: nobody else could sign in"
        return [] if "admin_group_ids" in groups else [Fault("admin_group_ids", [], bound)]
    faults = url_faults("saml.idp_metadata_url", args["saml"]["idp_metadata_url"])
    if not args["saml"]["admin_groups"]:
        faults.append(Fault("saml.admin_groups", [], "name at least one group"))
    return faults + [
        Fault(key, value, "be left out with saml, which has groups of its own") for key, value in groups.items()
    ]


def _network(text: str) -> bool:
    try:
        return ipaddress.IPv4Network(text).prefixlen >= 8
    except ValueError:
        return False
