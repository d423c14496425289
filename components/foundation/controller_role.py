"""The role of a controller in kube-system: of a cluster, and with policies of its own."""

from collections.abc import Mapping
from typing import Any

import pulumi

from .. import naming
from .irsa_role import IrsaRoleArgs
from .system_pods import NAMESPACE


def controller_role(
    args: Mapping[str, Any], purpose: str, account: str, policies: dict[str, pulumi.Input[str]]
) -> IrsaRoleArgs:
    """For the service account; `purpose` ends the role's name, and `args` are those of the controller's component."""
    role: IrsaRoleArgs = {
        "role_name": naming.role_name(args["cluster_name"], args["region"], purpose),
        "account_id": args["account_id"],
        "region": args["region"],
        "oidc_provider_arn": args["oidc_provider_arn"],
        "oidc_issuer": args["oidc_issuer"],
        "namespace": NAMESPACE,
        "service_accounts": [account],
        "inline_policies": policies,
    }
    if "permissions_boundary_arn" in args:
        role["permissions_boundary_arn"] = args["permissions_boundary_arn"]
    return role
