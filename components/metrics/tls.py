"""Certificates of the metrics room, and how Prometheus and Alertmanager use theirs, as parts of Helm values.

HTTP with TLS asks no client for a certificate: scrapers and Grafana need only `ca.crt`. gRPC and gossip, which only
this room's own programs speak, ask both ends. The operator mounts whole Secrets and never single files, and both
programs read key and certificate anew for each connection: a renewed certificate needs no restart.
"""

from typing import Any

from ..security.certificate import (
    CA_FILE,
    CERTIFICATE_FILE,
    DURATION_HOURS,
    KEY_FILE,
    CertificateArgs,
    secret_mount,
    secret_volume,
    service_names,
)
from . import names

Values = dict[str, Any]
"""Part of a chart's values."""

HTTP_CLIENT_CONFIG = f"{names.PROMETHEUS}-thanos-http-client"
"""ConfigMap of how the sidecar calls Prometheus in the same pod."""
_OPERATOR_S_FOLDER, _OPERATOR_S_FILE = "/etc/thanos/config", "prometheus.http-client-file.yaml"
"""Where the operator puts its own version of that, which checks no certificate."""

MUTUAL = {"certFile": CERTIFICATE_FILE, "keyFile": KEY_FILE, "caFile": CA_FILE}
"""The sidecar's gRPC server, as the operator spells it."""


def prometheus_certificates(namespace: str, issuer: str) -> list[CertificateArgs]:
    """Those of Prometheus' pods, which the sidecar shares, and of Alertmanager's.

    Pods have names of their own in them: the traces' gateways write to each replica of Prometheus.
    """
    prometheus = [
        *service_names(f"{names.PROMETHEUS}-prometheus", namespace),
        *service_names("prometheus-operated", namespace, pods=True),
        *service_names(f"{names.PROMETHEUS}-thanos-discovery", namespace, pods=True),
    ]
    alertmanager = [
        *service_names(f"{names.PROMETHEUS}-alertmanager", namespace),
        *service_names("alertmanager-operated", namespace, pods=True),
    ]
    return [
        _certificate(names.PROMETHEUS_CERTIFICATE, namespace, issuer, prometheus),
        _certificate(names.ALERTMANAGER_CERTIFICATE, namespace, issuer, alertmanager),
    ]


def thanos_certificate(namespace: str, issuer: str) -> CertificateArgs:
    """One for all components that speak gRPC: each is called by its own Service's name, and all trust each other."""
    services = [f"{names.THANOS}-query", f"{names.THANOS}-storegateway", names.STORE_GROUP]
    spelled = [spelling for service in services for spelling in service_names(service, namespace)]
    for component in ("ruler", "receive"):
        spelled += service_names(f"{names.THANOS}-{component}", namespace)
        spelled += service_names(f"{names.THANOS}-{component}-headless", namespace, pods=True)
    return _certificate(names.THANOS_CERTIFICATE, namespace, issuer, spelled)


def _certificate(name: str, namespace: str, issuer: str, dns_names: list[str]) -> CertificateArgs:
    return {
        "certificate_name": name,
        "namespace": namespace,
        "issuer_name": issuer,
        "dns_names": dns_names,
        "common_name": name.removesuffix("-tls"),
    }


def web(secret: str) -> Values:
    """The `web` of a Prometheus or Alertmanager; the operator makes probes and reloads HTTPS by it."""
    return {"tlsConfig": {**_pair(secret), "minVersion": "TLS12"}}


def caller(secret: str, server_name: str) -> Values:
    """How Prometheus calls somebody over TLS. By address and not by name: hence the server's name."""
    return {"scheme": "https", "tlsConfig": {"ca": _key(secret, "ca.crt"), "serverName": server_name}}


def gossip(namespace: str) -> Values:
    """Alertmanagers among themselves, over TCP alone."""
    secret = names.ALERTMANAGER_CERTIFICATE
    return {
        "server": {
            **_pair(secret),
            "client_ca": _key(secret, "ca.crt"),
            "clientAuthType": "RequireAndVerifyClientCert",
            "minVersion": "TLS12",
        },
        "client": {
            **_pair(secret),
            "ca": _key(secret, "ca.crt"),
            "serverName": names.host("alertmanager-operated", namespace),
        },
    }


def webhook_certificate(issuer: str) -> Values:
    """The operator's admission webhooks: cert-manager in place of the chart's job.

    Still passed over while nobody answers, as with the job; without the job the chart would refuse everything then.
    """
    return {
        "failurePolicy": "Ignore",
        "patch": {"enabled": False},
        "certManager": {
            "enabled": True,
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer},
            "admissionCert": {"duration": f"{DURATION_HOURS}h0m0s"},
        },
    }


def sidecar_mounts() -> list[Values]:
    """What a strategic merge adds to the sidecar's container: mounts are told apart by their path.

    The operator lets the sidecar call Prometheus, in the same pod, without checking its certificate. Its
    configuration is covered by ours, which checks.
    """
    return [{"name": "thanos-http-client", "mountPath": _OPERATOR_S_FOLDER, "readOnly": True}]


def sidecar_volumes() -> list[Values]:
    """The volumes of `sidecar_mounts` and of the certificate."""
    client = {"name": "thanos-http-client", "configMap": {"name": HTTP_CLIENT_CONFIG}}
    return [secret_volume(names.PROMETHEUS_CERTIFICATE), client]


def sidecar_tls() -> Values:
    """The certificate in the sidecar: mutual TLS with Query."""
    return {"grpcServerTlsConfig": MUTUAL, "volumeMounts": [secret_mount()]}


def http_client_config(namespace: str) -> Values:
    """The ConfigMap of `sidecar_volumes`, for the chart to install along."""
    host = names.host(f"{names.PROMETHEUS}-prometheus", namespace)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": HTTP_CLIENT_CONFIG,
            "namespace": namespace,
            "labels": {
                "app.kubernetes.io/name": HTTP_CLIENT_CONFIG,
                "app.kubernetes.io/instance": names.PROMETHEUS,
                "app.kubernetes.io/component": "thanos-sidecar",
                "app.kubernetes.io/part-of": "eks-observability",
                "app.kubernetes.io/managed-by": "Helm",
            },
        },
        "data": {_OPERATOR_S_FILE: f"tls_config:\n  ca_file: {CA_FILE}\n  server_name: {host}\n"},
    }


def _pair(secret: str) -> Values:
    return {"keySecret": {"name": secret, "key": "tls.key"}, "cert": _key(secret, "tls.crt")}


def _key(secret: str, key: str) -> Values:
    return {"secret": {"name": secret, "key": key}}
