"""cert-manager, and with it an authority of the cluster's own that signs every certificate inside.

No public authority and no AWS role: names end in `svc.cluster.local`, and the key never leaves the cluster.
"""

import pulumi
import pulumi_kubernetes as kubernetes

from ..foundation.helm_release import HelmRelease
from ..foundation.labels import labels
from ..foundation.namespace import Namespace
from ..foundation.outputs import after
from ..ordering import child_of, last
from ..validation import refuse
from .alerts import prometheus_rule
from .cert_manager_values import (
    AUTHORITY,
    CERT_MANAGER_ALERTS,
    NAMESPACE,
    RELEASE,
    SELF_SIGNED,
    CertManagerArgs,
    authority_specs,
    cert_manager_faults,
    cert_manager_network,
    cert_manager_values,
)
from .certificate import ISSUER
from .network_policy import NetworkPolicies

__all__ = ["CertManager", "CertManagerArgs"]

_NAMES = {"Issuer": SELF_SIGNED, "Certificate": AUTHORITY, "ClusterIssuer": ISSUER}


class CertManager(pulumi.ComponentResource):
    """cert-manager in a namespace of its own, with the ClusterIssuer of the cluster's authority."""

    issuer_name: pulumi.Output[str]
    """Name of the ClusterIssuer; depending on it is depending on a cert-manager that is ready."""
    namespace_name: str
    """Namespace of cert-manager and of the authority's key."""

    def __init__(self, name: str, args: CertManagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("CertManager", name, cert_manager_faults(args))
        super().__init__("eks-observability:index:CertManager", name, dict(args), opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = Namespace(f"{name}-namespace", {"namespace": NAMESPACE, "pod_security": "restricted"}, child)
        # Before the release: its last step is a Job that asks the API server.
        own = pulumi.ResourceOptions(parent=self, depends_on=last([namespace]))
        network = NetworkPolicies(f"{name}-network", cert_manager_network(), own)
        release = HelmRelease(
            f"{name}-cert-manager",
            {
                "chart": "cert-manager",
                "release_name": RELEASE,
                "namespace": NAMESPACE,
                "values": cert_manager_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts, [network]),
        )
        if args.get("service_monitor", True):
            prometheus_rule(
                f"{name}-alerts", NAMESPACE, NAMESPACE, CERT_MANAGER_ALERTS, child_of(self, opts, [namespace])
            )
        issuer = self._authority(name, args, release)
        self.gates: list[pulumi.Resource] = [issuer]
        self.issuer_name = after(ISSUER, [issuer])
        self.namespace_name = NAMESPACE
        self.register_outputs({"issuer_name": self.issuer_name, "namespace_name": self.namespace_name})

    def _authority(self, name: str, args: CertManagerArgs, before: pulumi.Resource) -> pulumi.Resource:
        """Issuer, Certificate and ClusterIssuer, in that order; the last of them."""
        for kind, spec in authority_specs(args).items():
            metadata = {"name": _NAMES[kind], "labels": labels("authority", ISSUER, "certificates")}
            if kind != "ClusterIssuer":
                metadata["namespace"] = NAMESPACE
            before = kubernetes.apiextensions.CustomResource(
                f"{name}-{kind.lower()}",
                api_version="cert-manager.io/v1",
                kind=kind,
                metadata=metadata,
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self, depends_on=last([before])),
            )
        return before
