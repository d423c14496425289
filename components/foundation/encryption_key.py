"""A KMS key with rotation, an alias and the least policy that lets this platform's services use it."""

import re
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .. import defaults
from ..ordering import child_of
from ..validation import Fault, refuse
from .checks import account_faults, region_faults
from .iam import to_json
from .key_policy import SERVICES, key_policy

SHORTEST_WINDOW_DAYS, LONGEST_WINDOW_DAYS = 14, 30
"""KMS offers 7 to 30 days. A week passes unnoticed when the one who would notice is away."""


class EncryptionKeyArgs(TypedDict):
    """What a key is for, and who may use it."""

    alias: str
    """Alias without `alias/`; unique in the account and region."""
    description: str
    """What the key encrypts, for whoever reads the list of keys."""
    account_id: str
    """AWS account, twelve digits: its IAM policies govern the key."""
    region: str
    """AWS region of the key."""
    services: NotRequired[list[str]]
    """AWS services that may use it: `logs` (log groups), `ebs` (root volumes of nodes). Default none: S3, EKS
    secrets and volumes made by the CSI driver work with the caller's own rights."""
    deletion_window_days: NotRequired[int]
    """Days between scheduling the deletion and losing the key, 14 to 30. Default 30."""
    protect: NotRequired[bool]
    """Whether deleting is refused, and the key kept when it leaves the stack. Default True: whatever the key
    encrypts is lost with it."""


def encryption_key_faults(args: EncryptionKeyArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = account_faults("account_id", args["account_id"]) + region_faults("region", args["region"])
    alias = args["alias"]
    if not re.fullmatch(r"[A-Za-z0-9/_-]{1,250}", alias) or alias.startswith(("alias/", "aws/")):
        faults.append(Fault("alias", alias, "be letters, digits, /, _ or -, without `alias/` and not begin with aws/"))
    for index, service in enumerate(args.get("services", [])):
        if service not in SERVICES:
            faults.append(Fault(f"services[{index}]", service, f"be one of {', '.join(SERVICES)}"))
    window = args.get("deletion_window_days", defaults.KMS_DELETION_WINDOW_DAYS)
    if not SHORTEST_WINDOW_DAYS <= window <= LONGEST_WINDOW_DAYS:
        faults.append(
            Fault("deletion_window_days", window, f"be {SHORTEST_WINDOW_DAYS} to {LONGEST_WINDOW_DAYS} (days)")
        )
    return faults


class EncryptionKey(pulumi.ComponentResource):
    """Customer-managed symmetric key that rotates every year, under an alias."""

    key_arn: pulumi.Output[str]
    """ARN, for everything that encrypts."""
    key_id: pulumi.Output[str]
    """Id, the last part of the ARN."""
    alias_name: pulumi.Output[str]
    """Alias with its `alias/`."""

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("EncryptionKey", name, encryption_key_faults(args))
        super().__init__("eks-observability:index:EncryptionKey", name, dict(args), opts)
        protect = args.get("protect", True)
        key = aws.kms.Key(
            f"{name}-key",
            description=args["description"],
            policy=to_json(key_policy(args["account_id"], args["region"], args.get("services", []))),
            enable_key_rotation=True,
            deletion_window_in_days=int(args.get("deletion_window_days", defaults.KMS_DELETION_WINDOW_DAYS)),
            tags={"Name": args["alias"]},
            opts=child_of(self, opts, protect=protect, retain_on_delete=protect),
        )
        alias = aws.kms.Alias(
            f"{name}-alias",
            name=f"alias/{args['alias']}",
            target_key_id=key.key_id,
            opts=child_of(self, opts, retain_on_delete=protect),
        )
        self.key_arn = key.arn
        self.key_id = key.key_id
        self.alias_name = alias.name
        self.register_outputs({"key_arn": self.key_arn, "key_id": self.key_id, "alias_name": self.alias_name})
