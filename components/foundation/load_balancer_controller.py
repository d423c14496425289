"""AWS Load Balancer Controller: load balancers from Ingresses, and targets for those that are made elsewhere."""

from typing import Any, NotRequired, TypedDict

import pulumi

from ..ordering import child_of
from ..validation import Fault, refuse
from .checks import account_faults, cluster_name_faults, dns_label_faults, region_faults
from .controller_role import controller_role
from .helm_release import HelmRelease, chart_faults
from .iam import to_json
from .irsa_role import IrsaRole, IrsaRoleArgs
from .load_balancer_access import load_balancer_access
from .outputs import after
from .pods import resources
from .system_pods import CONTAINER, NAMESPACE, replica_faults, system_pod

RELEASE = "aws-load-balancer-controller"
"""Name of the release, the Deployment and its service account."""
INGRESS_CLASS = "alb"
ROLE = "load-balancer"
"""Purpose of the role, in its name."""


class LoadBalancerControllerArgs(TypedDict):
    """Which cluster's load balancers."""

    cluster_name: str
    """Name of the EKS cluster, which everything made is tagged with."""
    account_id: str
    """AWS account, twelve digits."""
    region: str
    """AWS region."""
    vpc_id: pulumi.Input[str]
    """VPC of the cluster: pods can't ask the nodes' metadata for it."""
    oidc_provider_arn: pulumi.Input[str]
    """ARN of the IAM OIDC provider of the cluster."""
    oidc_issuer: pulumi.Input[str]
    """Issuer of the cluster's tokens, without `https://`."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer that certifies the webhooks. Default none: Helm makes a certificate once, for ten years."""
    replicas: NotRequired[int]
    """Pods, 1 to 5. Default 2: one works, both answer webhooks."""
    service_monitor: NotRequired[bool]
    """Whether to be scraped, which needs the Prometheus operator's CRDs. Default True."""
    charts_source: NotRequired[str]
    """Where charts come from, as for HelmRelease. Default upstream."""
    permissions_boundary_arn: NotRequired[str]
    """Policy that bounds the role, where the account demands one. Default none."""


def load_balancer_controller_faults(args: LoadBalancerControllerArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = cluster_name_faults("cluster_name", args["cluster_name"], args["region"])
    faults += account_faults("account_id", args["account_id"]) + region_faults("region", args["region"])
    if "certificate_issuer" in args:
        faults += dns_label_faults("certificate_issuer", args["certificate_issuer"])
    faults += replica_faults(args.get("replicas", 2))
    return faults + chart_faults(RELEASE, args.get("charts_source", ""))


def load_balancer_controller_values(args: LoadBalancerControllerArgs, role_arn: str) -> dict[str, Any]:
    """Helm values."""
    replicas = int(args.get("replicas", 2))
    return {
        **system_pod(RELEASE),
        "replicaCount": replicas,
        "clusterName": args["cluster_name"],
        "region": args["region"],
        "vpcId": args["vpc_id"],
        "serviceAccount": {"create": True, "name": RELEASE, "annotations": {"eks.amazonaws.com/role-arn": role_arn}},
        # It would stand in the way of every new Service of the cluster, for the sake of `type: LoadBalancer` alone.
        "enableServiceMutatorWebhook": False,
        "enableShield": False,
        "enableWaf": False,
        "ingressClass": INGRESS_CLASS,
        "securityContext": CONTAINER,
        "resources": resources("100m", "256Mi", "500m"),
        "podDisruptionBudget": {"maxUnavailable": 1} if replicas > 1 else {},
        "serviceMonitor": {"enabled": bool(args.get("service_monitor", True))},
        **_webhook_certificate(args),
    }


def _webhook_certificate(args: LoadBalancerControllerArgs) -> dict[str, Any]:
    if "certificate_issuer" not in args:
        # Or each upgrade would make a new authority, and calls fail until the pods have its certificate.
        return {"keepTLSSecret": True}
    issuer = {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": args["certificate_issuer"]}
    manager = {"issuerRef": issuer, "duration": "2160h0m0s", "renewBefore": "720h0m0s"}
    return {"enableCertManager": True, "certManager": manager}


class LoadBalancerController(pulumi.ComponentResource):
    """The controller in kube-system, with a role that changes this cluster's load balancers only."""

    ingress_class: pulumi.Output[str]
    """Class of Ingresses that get a load balancer; depending on it is depending on a controller that is ready."""
    role_arn: str
    """ARN of the controller's role."""

    def __init__(self, name: str, args: LoadBalancerControllerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("LoadBalancerController", name, load_balancer_controller_faults(args))
        super().__init__("eks-observability:index:LoadBalancerController", name, dict(args), opts)
        role = IrsaRole(f"{name}-role", _role(args), pulumi.ResourceOptions(parent=self))
        release = HelmRelease(
            f"{name}-controller",
            {
                "chart": RELEASE,
                "release_name": RELEASE,
                "namespace": NAMESPACE,
                "values": load_balancer_controller_values(args, role.role_arn),
                "charts_source": args.get("charts_source", ""),
                # Upstream has no release for them alone; docs/cluster-services.md says how to upgrade them.
                "skip_crds": False,
            },
            # On the way down the rights outlive the controller, which deletes load balancers with them.
            child_of(self, opts, [role]),
        )
        self.gates: list[pulumi.Resource] = [release]
        self.ingress_class = after(INGRESS_CLASS, [release])
        self.role_arn = role.role_arn
        self.register_outputs({"ingress_class": self.ingress_class, "role_arn": self.role_arn})


def _role(args: LoadBalancerControllerArgs) -> IrsaRoleArgs:
    access = load_balancer_access(args["cluster_name"], args["account_id"], args["region"])
    return controller_role(args, ROLE, RELEASE, {"load-balancers": to_json(access)})
