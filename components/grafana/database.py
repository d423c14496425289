"""Grafana's database on RDS: PostgreSQL in two zones, reachable from the cluster alone, over TLS alone."""

from typing import Any

import pulumi
import pulumi_aws as aws

from ..ordering import child_of
from ..validation import refuse
from ..versions import GRAFANA_POSTGRES_VERSION
from . import names
from .database_args import GrafanaDatabaseArgs, grafana_database_faults
from .secret import drawn_password, stored_secret

__all__ = ["GrafanaDatabase", "GrafanaDatabaseArgs", "grafana_database_faults"]

SECRET = "grafana/database"
"""Name of the secret below `/<platform>/`."""
CERTIFICATE_AUTHORITY = "rds-ca-rsa2048-g1"
LOGS = ("postgresql", "upgrade")
USER = DATABASE = "grafana"


class GrafanaDatabase(pulumi.ComponentResource):
    """PostgreSQL for Grafana, so that it can run in several pods."""

    secret_name: str
    """What Grafana's `database.secret_name` takes: host, name, user and password, in Secrets Manager."""
    host: pulumi.Output[str]
    """Host name."""

    def __init__(self, name: str, args: GrafanaDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("GrafanaDatabase", name, grafana_database_faults(args))
        super().__init__("eks-observability:index:GrafanaDatabase", name, dict(args), opts)
        child = pulumi.ResourceOptions(parent=self)
        protect = bool(args.get("protect", True))
        password = drawn_password(f"{name}-password", child)
        # Before the database, which would make them itself, unencrypted and for ever.
        logs = [_log_group(name, args, log, child) for log in LOGS]
        database = aws.rds.Instance(
            f"{name}-instance",
            **_settings(args, protect),
            password=password,
            db_subnet_group_name=_subnets(name, args, child).name,
            vpc_security_group_ids=[_security_group(name, args, child).id],
            parameter_group_name=_parameters(name, args, child).name,
            opts=child_of(self, opts, logs, protect=protect),
        )
        stored = stored_secret(
            name,
            names.secret_path(args["platform_name"], SECRET),
            "Grafana's database: host, name, user and password",
            args["kms_key_arn"],
            {
                "engine": "postgres",
                "host": database.address,
                "port": str(names.DATABASE_PORT),
                "dbname": DATABASE,
                "username": USER,
                "password": password,
            },
            protect,
            child,
        )
        self.gates: list[pulumi.Resource] = [stored]
        self.secret_name, self.host = SECRET, database.address
        self.register_outputs({"secret_name": self.secret_name, "host": self.host})


def database_identifier(platform_name: str) -> str:
    """Name of the instance."""
    return f"{platform_name}-grafana"


def _settings(args: GrafanaDatabaseArgs, protect: bool) -> dict[str, Any]:
    identifier = database_identifier(args["platform_name"])
    return {
        "identifier": identifier,
        "engine": "postgres",
        "engine_version": GRAFANA_POSTGRES_VERSION,
        "auto_minor_version_upgrade": True,
        "instance_class": args.get("instance_class", "db.t4g.medium"),
        "multi_az": bool(args.get("multi_az", True)),
        "db_name": DATABASE,
        "username": USER,
        "port": names.DATABASE_PORT,
        "publicly_accessible": False,
        "iam_database_authentication_enabled": True,
        "ca_cert_identifier": CERTIFICATE_AUTHORITY,
        "storage_type": "gp3",
        "allocated_storage": int(args.get("storage_gib", 20)),
        "max_allocated_storage": int(args.get("max_storage_gib", 100)),
        "storage_encrypted": True,
        "kms_key_id": args["kms_key_arn"],
        "performance_insights_enabled": True,
        "performance_insights_kms_key_id": args["kms_key_arn"],
        "performance_insights_retention_period": 7,
        "enabled_cloudwatch_logs_exports": list(LOGS),
        "backup_retention_period": int(args.get("backup_days", 7)),
        "backup_window": "02:00-03:00",
        "maintenance_window": "sun:03:30-sun:04:30",
        "copy_tags_to_snapshot": True,
        "delete_automated_backups": not protect,
        "deletion_protection": protect,
        "skip_final_snapshot": not protect,
        **({"final_snapshot_identifier": f"{identifier}-final"} if protect else {}),
        "tags": {"Name": identifier},
    }


def _log_group(
    name: str, args: GrafanaDatabaseArgs, log: str, child: pulumi.ResourceOptions
) -> aws.cloudwatch.LogGroup:
    group = f"/aws/rds/instance/{database_identifier(args['platform_name'])}/{log}"
    return aws.cloudwatch.LogGroup(
        f"{name}-log-{log}",
        name=group,
        retention_in_days=int(args.get("log_retention_days", 90)),
        kms_key_id=args["kms_key_arn"],
        tags={"Name": group},
        opts=child,
    )


def _subnets(name: str, args: GrafanaDatabaseArgs, child: pulumi.ResourceOptions) -> aws.rds.SubnetGroup:
    identifier = database_identifier(args["platform_name"])
    return aws.rds.SubnetGroup(
        f"{name}-subnets",
        name=identifier,
        description="Private subnets of Grafana's database",
        subnet_ids=args["subnet_ids"],
        tags={"Name": identifier},
        opts=child,
    )


def _parameters(name: str, args: GrafanaDatabaseArgs, child: pulumi.ResourceOptions) -> aws.rds.ParameterGroup:
    identifier = database_identifier(args["platform_name"])
    return aws.rds.ParameterGroup(
        f"{name}-parameters",
        # With the major version in its name: a new one needs a group of its own, beside the old one.
        name=f"{identifier}-{GRAFANA_POSTGRES_VERSION}",
        family=f"postgres{GRAFANA_POSTGRES_VERSION}",
        description="No connection without TLS; connections are logged",
        parameters=[
            {"name": "rds.force_ssl", "value": "1"},
            {"name": "log_connections", "value": "1"},
            {"name": "log_disconnections", "value": "1"},
        ],
        tags={"Name": identifier},
        opts=child,
    )


def _security_group(name: str, args: GrafanaDatabaseArgs, child: pulumi.ResourceOptions) -> aws.ec2.SecurityGroup:
    """PostgreSQL from nodes and pods; nothing goes out."""
    identifier = database_identifier(args["platform_name"])
    group = aws.ec2.SecurityGroup(
        f"{name}-security-group",
        name=f"{identifier}-database",
        description="Grafana database: PostgreSQL from the cluster",
        vpc_id=args["vpc_id"],
        tags={"Name": f"{identifier}-database"},
        opts=child,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-from-cluster",
        security_group_id=group.id,
        description="PostgreSQL from nodes and pods",
        referenced_security_group_id=args["client_security_group_id"],
        ip_protocol="tcp",
        from_port=names.DATABASE_PORT,
        to_port=names.DATABASE_PORT,
        opts=child,
    )
    return group
