"""Grafana in the cluster: its secrets, its release, dashboards, alerts and who may talk to whom."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from ..foundation.helm_release import HelmRelease
from ..foundation.labels import labels
from ..ordering import child_of, placed_in
from ..security.certificate import Certificate, service_names
from ..security.external_secret import ExternalSecret
from ..security.network_policy import NetworkPolicies
from ..validation import refuse
from . import names
from .alerts import grafana_alerts
from .dashboard_files import dashboard_config_maps
from .datasources import datasources
from .flows import grafana_network
from .given_secrets import external_secrets
from .grafana_args import GrafanaArgs, grafana_faults, serves_tls
from .grafana_values import address, grafana_values
from .secret import GeneratedSecret, GeneratedSecretArgs

__all__ = ["Grafana", "GrafanaArgs", "grafana_faults"]


class Grafana(pulumi.ComponentResource):
    """One place to look at metrics, logs, traces and profiles, each a step from the others.

    The namespace and the CRDs of the Prometheus operator must be there first; without a database the storage class;
    with a secret store, a certificate issuer or an ingress also what serves these.
    """

    url: str
    """Address inside the cluster."""
    address: str
    """What browsers call it by; empty without ingress or root_url."""
    admin_secret_name: str
    """Kubernetes Secret with the first administrator's name and password, `admin-user` and `admin-password`."""

    def __init__(self, name: str, args: GrafanaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("Grafana", name, grafana_faults(args))
        super().__init__("eks-observability:index:Grafana", name, dict(args), opts)
        namespace = args.get("namespace", "observability")
        child = child_of(self, opts)
        first: list[pulumi.Resource] = [
            GeneratedSecret(f"{name}-admin", _admin(args), child),
            *(ExternalSecret(f"{name}-{what}", given, child) for what, given in external_secrets(args).items()),
            NetworkPolicies(f"{name}-network", grafana_network(args), child),
            _role(name, namespace, placed_in(self, opts)),
        ]
        if serves_tls(args):
            first.append(_certificate(name, args, child))
        _dashboards(name, args, placed_in(self, opts))
        _alerts(name, namespace, child)
        HelmRelease(
            f"{name}-stack",
            {
                "chart": "grafana",
                "release_name": names.GRAFANA,
                "namespace": namespace,
                "values": grafana_values(args),
                "charts_source": args.get("charts_source", ""),
            },
            child_of(self, opts, first),
        )
        self.url, self.address = names.url(namespace, serves_tls(args)), address(args)
        self.admin_secret_name = names.ADMIN_SECRET
        self.register_outputs({"url": self.url, "address": self.address, "admin_secret_name": self.admin_secret_name})


def _admin(args: GrafanaArgs) -> GeneratedSecretArgs:
    """The first administrator, and the key that encrypts secrets in Grafana's database: its default is public."""
    given: GeneratedSecretArgs = {
        "secret_name": names.ADMIN_SECRET,
        "namespace": args.get("namespace", "observability"),
        "generated": [names.ADMIN_PASSWORD_KEY, names.ENCRYPTION_KEY],
        "fixed": {names.ADMIN_USER_KEY: "admin"},
    }
    if args.get("secret_store_name"):
        given["store_name"] = args["secret_store_name"]
        given["path"] = names.secret_path(args["platform_name"], "grafana/admin")
        given["description"] = "Grafana's first administrator, and the key of its database"
        given["kms_key_arn"] = args["kms_key_arn"]
        given["protect"] = bool(args.get("protect", True))
    return given


def _certificate(name: str, args: GrafanaArgs, child: pulumi.ResourceOptions) -> Certificate:
    return Certificate(
        f"{name}-tls",
        {
            "certificate_name": names.TLS_SECRET,
            "namespace": args.get("namespace", "observability"),
            "issuer_name": args["certificate_issuer"],
            "dns_names": service_names(names.GRAFANA, args.get("namespace", "observability")),
        },
        child,
    )


def _role(name: str, namespace: str, child: pulumi.ResourceOptions) -> kubernetes.rbac.v1.Role:
    """What the sidecar may read; the chart binds it to the service account."""
    return kubernetes.rbac.v1.Role(
        f"{name}-dashboards-role",
        metadata={
            "name": names.DASHBOARDS_ROLE,
            "namespace": namespace,
            "labels": labels(names.GRAFANA, names.GRAFANA, "dashboards"),
        },
        rules=[{"api_groups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}],
        opts=child,
    )


def _dashboards(name: str, args: GrafanaArgs, child: pulumi.ResourceOptions) -> None:
    made = datasources(args["signals"], serves_tls(args))
    namespace = args.get("namespace", "observability")
    for config_map, manifest in dashboard_config_maps(made, args.get("retention", {}), namespace).items():
        content: Any = manifest
        kubernetes.core.v1.ConfigMap(f"{name}-{config_map}", **content, opts=child)


def _alerts(name: str, namespace: str, child: pulumi.ResourceOptions) -> None:
    kubernetes.apiextensions.CustomResource(
        f"{name}-alerts",
        api_version="monitoring.coreos.com/v1",
        kind="PrometheusRule",
        metadata={
            "name": names.GRAFANA,
            "namespace": namespace,
            "labels": labels(names.GRAFANA, names.GRAFANA, "alerts"),
        },
        spec={"groups": grafana_alerts(namespace)},
        opts=child,
    )
