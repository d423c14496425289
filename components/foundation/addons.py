"""EKS add-ons in the order in which they can work: some before there are nodes, some after."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from ..ordering import last
from ..versions import EKS_ADDONS
from .iam import to_json

BEFORE_NODES = ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")
"""DaemonSets: a node that comes up without the first two never becomes ready."""
AFTER_NODES = ("coredns", "aws-ebs-csi-driver", "metrics-server")
"""Deployments: without a group of nodes they stay degraded until the creation times out."""

_CONFIGURATION: Mapping[str, Mapping[str, Any]] = {
    # The agent that enforces NetworkPolicy; off by default, and every policy is then decoration.
    "vpc-cni": {"enableNetworkPolicy": "true"},
    # Unlike the other two it does not tolerate the system nodes' taint by itself.
    "metrics-server": {"tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}]},
}


def addons(
    name: str,
    names: Sequence[str],
    cluster_name: pulumi.Input[str],
    version: str,
    roles: Mapping[str, str],
    rights: Mapping[str, Sequence[pulumi.Resource]],
    after: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """The named add-ons, each at the version pinned for this Kubernetes, with the roles of their service accounts.

    All wait for `after`, and each for its `rights`.
    """
    return [
        aws.eks.Addon(
            f"{name}-addon-{addon}",
            addon_name=addon,
            addon_version=EKS_ADDONS[version][addon],
            cluster_name=cluster_name,
            configuration_values=to_json(_CONFIGURATION[addon]) if addon in _CONFIGURATION else None,
            service_account_role_arn=roles.get(addon),
            # EKS installs its own CNI, kube-proxy and CoreDNS with the cluster: they are taken over, and what
            # is changed by hand later is put back.
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=pulumi.ResourceOptions(parent=parent, depends_on=last([*after, *rights.get(addon, [])])),
        )
        for addon in names
    ]
