"""Amazon Managed Grafana: a workspace of AWS' over the same backends, with the same datasources and dashboards."""

import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from .. import naming
from ..foundation.iam import service_trust, to_json
from ..foundation.labels import labels
from ..ordering import child_of
from ..security.external_secret import ExternalSecret
from ..security.network_policy import NetworkPolicies
from ..validation import refuse
from ..versions import MANAGED_GRAFANA_VERSION
from . import names
from .managed_args import ManagedGrafanaArgs, managed_grafana_faults
from .managed_provisioning import JOB, provisioning_files, provisioning_job, provisioning_network
from .secret import stored_secret

__all__ = ["ManagedGrafana", "ManagedGrafanaArgs", "managed_grafana_faults"]

TOKEN_SECONDS = 30 * 24 * 3600
"""The longest that AWS gives."""
SECRET = "grafana/managed"


class ManagedGrafana(pulumi.ComponentResource):
    """A workspace that reaches the backends through the VPC, and a job that keeps it provisioned.

    External Secrets and its store must be there first, and load balancers in front of the backends.
    """

    url: pulumi.Output[str]
    """Address in browsers."""
    workspace_id: pulumi.Output[str]
    """Id of the workspace, `g-...`."""

    def __init__(self, name: str, args: ManagedGrafanaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("ManagedGrafana", name, managed_grafana_faults(args))
        super().__init__("eks-observability:index:ManagedGrafana", name, dict(args), opts)
        child = child_of(self, opts)
        workspace = _workspace(self, name, args, opts)
        _people(name, args, workspace, child)
        token = _token(name, args, workspace, child)
        _provisioning(self, name, args, opts, token)
        self.url = pulumi.Output.concat("https://", workspace.endpoint)
        self.workspace_id = workspace.id
        self.register_outputs({"url": self.url, "workspace_id": self.workspace_id})


def _workspace(
    parent: ManagedGrafana, name: str, args: ManagedGrafanaArgs, opts: pulumi.ResourceOptions | None
) -> aws.grafana.Workspace:
    child, protect = child_of(parent, opts), bool(args.get("protect", True))
    workspace_name = f"{args['platform_name']}-grafana"
    role = aws.iam.Role(
        f"{name}-role",
        name=naming.role_name(args["platform_name"], args["region"], "managed-grafana"),
        # It reaches the backends by network and needs no right in AWS.
        description=f"Amazon Managed Grafana of {args['platform_name']}",
        assume_role_policy=to_json(service_trust("grafana.amazonaws.com", args["account_id"])),
        permissions_boundary=args.get("permissions_boundary_arn"),
        tags={"Name": workspace_name},
        opts=child,
    )
    given: dict[str, Any] = {}
    if "vpc_endpoint_ids" in args:
        given["network_access_control"] = {"vpce_ids": args["vpc_endpoint_ids"], "prefix_list_ids": []}
    return aws.grafana.Workspace(
        f"{name}-workspace",
        name=workspace_name,
        description=f"Metrics, logs, traces and profiles of {args['platform_name']}",
        grafana_version=MANAGED_GRAFANA_VERSION,
        account_access_type="CURRENT_ACCOUNT",
        authentication_providers=["SAML" if "saml" in args else "AWS_SSO"],
        permission_type="CUSTOMER_MANAGED",
        role_arn=role.arn,
        configuration=json.dumps({"plugins": {"pluginAdminEnabled": False}, "unifiedAlerting": {"enabled": True}}),
        vpc_configuration={
            "security_group_ids": [_security_group(name, args, child).id],
            "subnet_ids": args["subnet_ids"],
        },
        tags={"Name": workspace_name},
        **given,
        opts=child_of(parent, opts, protect=protect),
    )


def _security_group(name: str, args: ManagedGrafanaArgs, child: pulumi.ResourceOptions) -> aws.ec2.SecurityGroup:
    """To the backends' ports, and nothing comes in."""
    group_name = f"{args['platform_name']}-managed-grafana"
    group = aws.ec2.SecurityGroup(
        f"{name}-security-group",
        name=group_name,
        description="Amazon Managed Grafana: to the backends",
        vpc_id=args["vpc_id"],
        tags={"Name": group_name},
        opts=child,
    )
    for port in backend_ports(args):
        for index, block in enumerate(args["backend_cidr_blocks"]):
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-to-{port}-{index}",
                security_group_id=group.id,
                description=f"Backends on port {port}",
                cidr_ipv4=block,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                opts=child,
            )
    return group


def backend_ports(args: ManagedGrafanaArgs) -> list[int]:
    """Ports of the backends' addresses."""
    urls = [urlsplit(str(url)) for key, url in args["signals"].items() if key.endswith("_url")]
    return sorted({url.port or (443 if url.scheme == "https" else 80) for url in urls})


def _people(
    name: str, args: ManagedGrafanaArgs, workspace: aws.grafana.Workspace, child: pulumi.ResourceOptions
) -> None:
    """Who signs in as what."""
    if "saml" in args:
        saml = args["saml"]
        aws.grafana.WorkspaceSamlConfiguration(
            f"{name}-saml",
            workspace_id=workspace.id,
            idp_metadata_url=saml["idp_metadata_url"],
            admin_role_values=saml["admin_groups"],
            editor_role_values=saml.get("editor_groups", []),
            role_assertion=saml.get("role_attribute", "groups"),
            login_assertion=saml.get("login_attribute", "mail"),
            email_assertion=saml.get("email_attribute", "mail"),
            name_assertion=saml.get("name_attribute", "displayName"),
            opts=child,
        )
    groups = {
        "admin": args.get("admin_group_ids", []),
        "editor": args.get("editor_group_ids", []),
        "viewer": args.get("viewer_group_ids", []),
    }
    for role, members in groups.items():
        if members:
            aws.grafana.RoleAssociation(
                f"{name}-{role}", workspace_id=workspace.id, role=role.upper(), group_ids=members, opts=child
            )


def _token(
    name: str, args: ManagedGrafanaArgs, workspace: aws.grafana.Workspace, child: pulumi.ResourceOptions
) -> pulumi.Resource:
    """What the job signs in with, in Secrets Manager."""
    account = aws.grafana.WorkspaceServiceAccount(
        f"{name}-account", name="provisioning", grafana_role="ADMIN", workspace_id=workspace.id, opts=child
    )
    token = aws.grafana.WorkspaceServiceAccountToken(
        f"{name}-token",
        name=f"provisioning-{args.get('token_period', 'first')}",
        service_account_id=account.service_account_id,
        seconds_to_live=TOKEN_SECONDS,
        workspace_id=workspace.id,
        opts=child,
    )
    path = names.secret_path(args["platform_name"], SECRET)
    key: pulumi.Output[str] = token.key
    return stored_secret(
        name,
        path,
        "Amazon Managed Grafana: address, and the token of the job that pushes datasources",
        args["kms_key_arn"],
        {"endpoint": workspace.endpoint, "token": key},
        bool(args.get("protect", True)),
        child,
    )


def _provisioning(
    parent: ManagedGrafana,
    name: str,
    args: ManagedGrafanaArgs,
    opts: pulumi.ResourceOptions | None,
    token: pulumi.Resource,
) -> None:
    namespace, child = args.get("namespace", "observability"), child_of(parent, opts)
    path = names.secret_path(args["platform_name"], SECRET)
    copied = ExternalSecret(
        f"{name}-token",
        {
            "secret_name": JOB,
            "namespace": namespace,
            "store_name": args["secret_store_name"],
            "keys": {key: f"{path}#{key}" for key in ("endpoint", "token")},
        },
        child_of(parent, opts, [token]),
    )
    files = provisioning_files(args)
    content = kubernetes.core.v1.ConfigMap(
        f"{name}-files",
        metadata={"name": JOB, "namespace": namespace, "labels": labels(JOB, names.GRAFANA, "provisioning")},
        data=files,
        opts=child,
    )
    network = NetworkPolicies(f"{name}-network", provisioning_network(namespace), child)
    checksum = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    job: Any = provisioning_job(args, checksum)
    kubernetes.batch.v1.CronJob(f"{name}-job", **job, opts=child_of(parent, opts, [copied, content, network]))
