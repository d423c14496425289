"""Arguments of Grafana's database, and what is wrong with them."""

import re
from typing import Any, NotRequired, TypedDict

import pulumi

from ..foundation.checks import account_faults, dns_label_faults, log_retention_faults, region_faults
from ..validation import Fault, known


class GrafanaDatabaseArgs(TypedDict):
    """A PostgreSQL of RDS."""

    platform_name: str
    """Name of the platform, from which database, group and secret are named."""
    account_id: str
    """AWS account, twelve digits."""
    region: str
    """AWS region."""
    kms_key_arn: pulumi.Input[str]
    """Key that encrypts data, snapshots, insights, the password and the log; CloudWatch Logs must be let use it."""
    vpc_id: pulumi.Input[str]
    """VPC of the cluster."""
    subnet_ids: pulumi.Input[list[str]]
    """Private subnets in two zones or more."""
    client_security_group_id: pulumi.Input[str]
    """The only security group that may connect: that of nodes and pods."""
    instance_class: NotRequired[str]
    """Size. Default db.t4g.medium."""
    storage_gib: NotRequired[int]
    """GiB at first, 20 to 1000. Default 20."""
    max_storage_gib: NotRequired[int]
    """GiB up to which it grows by itself, above `storage_gib`. Default 100."""
    multi_az: NotRequired[bool]
    """Keep a standby in another zone, which takes over within a minute or two. Default true."""
    backup_days: NotRequired[int]
    """Days back to any second of which it can be restored, 7 to 35. Default 7."""
    log_retention_days: NotRequired[int]
    """Days that its log is kept; one of CloudWatch Logs' periods. Default 90."""
    protect: NotRequired[bool]
    """Refuse to delete it, and keep it, a last snapshot and the password for 30 days when the stack goes. Default
    true."""


def grafana_database_faults(args: GrafanaDatabaseArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    given: dict[str, Any] = dict(args)
    faults = account_faults("account_id", args["account_id"]) + region_faults("region", args["region"])
    faults += dns_label_faults("platform_name", args["platform_name"])
    faults += log_retention_faults("log_retention_days", args.get("log_retention_days", 90))
    if not re.fullmatch(r"db\.[a-z0-9]+\.[a-z0-9]+", args.get("instance_class", "db.t4g.medium")):
        faults.append(Fault("instance_class", given["instance_class"], "be a class of RDS such as db.t4g.medium"))
    for key, fewest, most, unit in (("storage_gib", 20, 1000, "GiB"), ("backup_days", 7, 35, "days")):
        if key in given and not fewest <= given[key] <= most:
            faults.append(Fault(key, given[key], f"be {fewest} to {most} ({unit})"))
    first, last = args.get("storage_gib", 20), args.get("max_storage_gib", 100)
    if last <= first:
        faults.append(Fault("max_storage_gib", last, f"be above storage_gib ({first})"))
    subnets = args["subnet_ids"]
    if known(subnets) and isinstance(subnets, list) and len(subnets) < 2:
        faults.append(Fault("subnet_ids", subnets, "be two subnets or more, in different zones"))
    return faults
