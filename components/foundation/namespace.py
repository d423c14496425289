"""Kubernetes namespaces under a Pod Security Standard."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ..ordering import child_of
from ..validation import Fault, refuse
from .checks import dns_label_faults
from .labels import labels
from .outputs import after

POD_SECURITY_LEVELS = ("restricted", "baseline", "privileged")


class NamespaceArgs(TypedDict):
    """A namespace and what its pods may do."""

    namespace: str
    """Name, a DNS label."""
    pod_security: str
    """Pod Security Standard that is enforced: `restricted`, `baseline` or `privileged`."""
    default_deny: NotRequired[bool]
    """Whether pods here talk to nobody, in either direction, until a NetworkPolicy of their own allows it: not
    even to DNS. Default True. Pods in the node's own network are beyond any policy."""


def namespace_faults(args: NamespaceArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = dns_label_faults("namespace", args["namespace"])
    if args["pod_security"] not in POD_SECURITY_LEVELS:
        faults.append(Fault("pod_security", args["pod_security"], f"be one of {', '.join(POD_SECURITY_LEVELS)}"))
    return faults


class Namespace(pulumi.ComponentResource):
    """Namespace with Pod Security labels."""

    namespace_name: pulumi.Output[str]
    """Name; depending on it is depending on the namespace."""

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Namespace", name, namespace_faults(args))
        super().__init__("eks-observability:index:Namespace", name, dict(args), opts)
        physical = args["namespace"]
        level = args["pod_security"]
        namespace = kubernetes.core.v1.Namespace(
            f"{name}-namespace",
            metadata={
                "name": physical,
                "labels": {
                    **labels("namespace", physical, "namespace"),
                    **{f"pod-security.kubernetes.io/{mode}": level for mode in ("audit", "enforce", "warn")},
                },
            },
            opts=child_of(self, opts),
        )
        self.gates: list[pulumi.Resource] = [namespace]
        if args.get("default_deny", True):
            deny = kubernetes.networking.v1.NetworkPolicy(
                f"{name}-default-deny",
                metadata={
                    "name": "default-deny",
                    # By name and not by the namespace's output: it is known, and the policy is judged with it.
                    "namespace": physical,
                    "labels": labels("network-policy", physical, "namespace"),
                },
                spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[namespace]),
            )
            self.gates = [deny]
        self.namespace_name = after(physical, [namespace])
        self.register_outputs({"namespace_name": self.namespace_name})
