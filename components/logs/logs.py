"""Everything about logs in one component: role, Loki, Fluent Bit, events, the audit log, the flows between them.

Not here: buckets. The caller makes them, since they outlive what fills them.
"""

import datetime

import pulumi

from .. import naming
from ..foundation.irsa_role import IrsaRole, IrsaRoleArgs
from ..ordering import child_of
from ..security.network_policy import NetworkPolicies
from ..validation import refuse
from . import names
from .audit import AuditLogs, AuditLogsArgs
from .flows import logs_network
from .fluent_bit import FluentBit
from .logs_args import LogsArgs, collects_events, fluent_bit_args, logs_faults, loki_args, topology
from .loki import Loki

__all__ = ["ROLE", "Logs", "LogsArgs", "logs_faults"]

ROLE = "loki"
"""Purpose of the role that reads, writes and deletes in the bucket (`naming.role_name`)."""


class Logs(pulumi.ComponentResource):
    """Logs of one cluster, kept in tiered S3.

    Namespaces, the storage class, the bucket and the CRDs of the Prometheus operator must be there first.
    """

    gateway_url: str
    """Loki's HTTP API inside the cluster; what Grafana asks."""
    otlp_url: str
    """Where an OpenTelemetry collector sends logs."""
    tenant: str
    """Tenant to name in `X-Scope-OrgID` for the platform's own logs."""
    audit_prefix: str
    """Beginning of the audit log's objects in its bucket; empty without one."""

    def __init__(self, name: str, args: LogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Logs", name, logs_faults(args, datetime.datetime.now(datetime.UTC).date()))
        super().__init__("eks-observability:index:Logs", name, dict(args), opts)
        first = child_of(self, opts)
        aside = pulumi.ResourceOptions(parent=self)
        role = None if "object_store" in args else IrsaRole(f"{name}-loki-role", _role(args), aside)
        networks = [
            NetworkPolicies(f"{name}-{suffix}", network, first)
            for suffix, network in zip(
                ("network", "agents-network"),
                logs_network(
                    args.get("namespace", "observability"),
                    args.get("agents_namespace", "observability-agents"),
                    topology(args),
                    collects_events(args),
                    args.get("object_store"),
                ),
                strict=True,
            )
        ]
        loki = Loki(
            f"{name}-loki",
            loki_args(args, role.role_arn if role else ""),
            child_of(self, opts, [*([role] if role else []), *networks]),
        )
        FluentBit(
            f"{name}-fluent-bit",
            fluent_bit_args(args),
            child_of(self, opts, [loki]),
        )
        audit = AuditLogs(f"{name}-audit", _audit(args), first) if args.get("audit_logs") else None
        self.gateway_url, self.otlp_url, self.tenant = loki.gateway_url, loki.otlp_url, loki.tenant
        self.audit_prefix = audit.prefix if audit else ""
        self.register_outputs(
            {
                "gateway_url": self.gateway_url,
                "otlp_url": self.otlp_url,
                "tenant": self.tenant,
                "audit_prefix": self.audit_prefix,
            }
        )


def _role(args: LogsArgs) -> IrsaRoleArgs:
    role: IrsaRoleArgs = {
        "role_name": naming.role_name(args["platform_name"], args["region"], ROLE),
        "account_id": args["account_id"],
        "region": args["region"],
        "oidc_provider_arn": args["oidc_provider_arn"],
        "oidc_issuer": args["oidc_issuer"],
        "namespace": args.get("namespace", "observability"),
        "service_accounts": [names.LOKI_SERVICE_ACCOUNT],
        "bucket_name": args["bucket_name"],
        "kms_key_arn": args["kms_key_arn"],
    }
    if "permissions_boundary_arn" in args:
        role["permissions_boundary_arn"] = args["permissions_boundary_arn"]
    return role


def _audit(args: LogsArgs) -> AuditLogsArgs:
    audit: AuditLogsArgs = {
        "platform_name": args["platform_name"],
        "cluster_name": args["cluster_name"],
        "account_id": args["account_id"],
        "region": args["region"],
        "bucket_name": args["audit_bucket_name"],
        "kms_key_arn": args["kms_key_arn"],
    }
    if "permissions_boundary_arn" in args:
        audit["permissions_boundary_arn"] = args["permissions_boundary_arn"]
    return audit
