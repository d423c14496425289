"""An IAM role that exactly the named service accounts of one cluster may assume (IRSA)."""

import json
import re
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .. import naming
from ..ordering import child_of
from ..validation import Fault, known, refuse
from .checks import account_faults, dns_label_faults, region_faults, role_name_faults
from .iam import bucket_access, irsa_trust, key_use, to_json
from .lifecycle import bucket_name_faults


class IrsaRoleArgs(TypedDict):
    """Whom the role trusts, and what it may do."""

    role_name: str
    """Physical name, at most 64 characters, unique in the account."""
    account_id: str
    """AWS account, twelve digits, for the role's ARN."""
    region: str
    """AWS region, for the partition of ARNs."""
    oidc_provider_arn: pulumi.Input[str]
    """ARN of the IAM OIDC provider of the cluster."""
    oidc_issuer: pulumi.Input[str]
    """Issuer of the cluster's tokens, without `https://`."""
    namespace: str
    """Kubernetes namespace of the service accounts."""
    service_accounts: list[str]
    """Names of the service accounts, exactly; at least one, no wildcard."""
    bucket_name: NotRequired[str]
    """Bucket whose objects the role reads, writes and deletes. Default none."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Key of that bucket: the role decrypts with it and asks it for data keys. Default none."""
    inline_policies: NotRequired[dict[str, pulumi.Input[str]]]
    """Policy documents as JSON, by the names that they get in the role. What is unknown until AWS decides it
    (a key's ARN, say) has a document of its own, so that the others can be judged in a preview. Default none."""
    managed_policy_arns: NotRequired[list[str]]
    """AWS managed policies to attach. Default none."""
    permissions_boundary_arn: NotRequired[str]
    """Policy that bounds the role, where the account demands one. Default none."""


def irsa_role_faults(args: IrsaRoleArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = role_name_faults("role_name", args["role_name"])
    faults += account_faults("account_id", args["account_id"]) + region_faults("region", args["region"])
    faults += dns_label_faults("namespace", args["namespace"])
    if not args["service_accounts"]:
        faults.append(Fault("service_accounts", [], "name at least one service account"))
    for index, account in enumerate(args["service_accounts"]):
        faults += dns_label_faults(f"service_accounts[{index}]", account)
    issuer = args["oidc_issuer"]
    if known(issuer) and str(issuer).startswith("https://"):
        faults.append(Fault("oidc_issuer", issuer, "come without https://"))
    if "bucket_name" in args:
        faults += bucket_name_faults("bucket_name", args["bucket_name"])
    for policy, text in args.get("inline_policies", {}).items():
        if policy in ("bucket", "key") or not re.fullmatch(r"[\w+=,.@-]{1,128}", policy, re.ASCII):
            faults.append(
                Fault("inline_policies", policy, "be 1 to 128 letters, digits or +=,.@_-, not bucket nor key")
            )
        if known(text) and not _is_document(str(text)):
            faults.append(Fault(f"inline_policies.{policy}", text, "be a policy document as JSON, with a Statement"))
    return faults


def _is_document(text: str) -> bool:
    try:
        return bool(json.loads(text)["Statement"])
    except (ValueError, KeyError, TypeError):
        return False


class IrsaRole(pulumi.ComponentResource):
    """Role for service accounts: its trust names them exactly, its rights a bucket, a key and what it is given."""

    role_arn: str
    """ARN, computed from account and name, so that it is known at preview."""
    role_name: pulumi.Output[str]
    """Physical name."""

    def __init__(self, name: str, args: IrsaRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("IrsaRole", name, irsa_role_faults(args))
        super().__init__("eks-observability:index:IrsaRole", name, dict(args), opts)
        child = child_of(self, opts)
        accounts = args["service_accounts"]
        role = aws.iam.Role(
            f"{name}-role",
            name=args["role_name"],
            description=f"{', '.join(accounts)} in namespace {args['namespace']}",
            assume_role_policy=pulumi.Output.all(args["oidc_provider_arn"], args["oidc_issuer"]).apply(
                lambda oidc: to_json(irsa_trust(oidc[0], oidc[1], args["namespace"], accounts))
            ),
            permissions_boundary=args.get("permissions_boundary_arn"),
            tags={"Name": args["role_name"]},
            opts=child,
        )
        rights: list[pulumi.Resource] = []
        if "bucket_name" in args:
            # Apart from the key's: the bucket is known at preview, so a policy can judge this document.
            may_read = to_json(bucket_access(args["region"], args["bucket_name"]))
            rights.append(
                aws.iam.RolePolicy(f"{name}-bucket", name="bucket", role=role.name, policy=may_read, opts=child)
            )
        if "kms_key_arn" in args:
            may_use = pulumi.Output.from_input(args["kms_key_arn"]).apply(lambda arn: to_json(key_use(arn)))
            rights.append(aws.iam.RolePolicy(f"{name}-key", name="key", role=role.name, policy=may_use, opts=child))
        rights += [
            aws.iam.RolePolicy(f"{name}-{policy}", name=policy, role=role.name, policy=text, opts=child)
            for policy, text in args.get("inline_policies", {}).items()
        ]
        rights += [
            aws.iam.RolePolicyAttachment(f"{name}-{arn.rsplit('/', 1)[-1]}", role=role.name, policy_arn=arn, opts=child)
            for arn in args.get("managed_policy_arns", [])
        ]
        self.gates: list[pulumi.Resource] = rights or [role]
        self.role_arn = naming.role_arn(args["account_id"], args["region"], args["role_name"])
        self.role_name = role.name
        self.register_outputs({"role_arn": self.role_arn, "role_name": self.role_name})
