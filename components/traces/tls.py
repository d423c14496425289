"""Certificates of the traces room: whose they are, where they lie, and how each program is told.

Given an issuer, OTLP between our own collectors and on to Tempo is mutual TLS, and so is gRPC inside Tempo.
Applications speak to the agent of their own node in plain text, which never leaves that node.
"""

from typing import Any

from ..metrics.names import host
from ..security.certificate import (
    CA_FILE,
    CERTIFICATE_FILE,
    KEY_FILE,
    CertificateArgs,
    secret_mount,
    secret_volume,
    service_names,
)
from . import names

RELOAD = "1h"
"""How often collectors look for new files. They are there a month before the old ones expire."""
TEMPO_SERVICES = (
    *names.TEMPO_COMPONENTS,
    "distributor-discovery",
    "query-frontend-discovery",
)
"""What Tempo's pods are called by, all under one certificate: the chart mounts the same into each."""


def secret(workload: str) -> str:
    """Name of a workload's Certificate and of its Secret."""
    return f"{workload}-tls"


def collector_certificate(workload: str, namespace: str, issuer: str) -> CertificateArgs:
    """Of a release of collectors, by its Service's names and by those of its pods, which agents call."""
    return {
        "certificate_name": secret(workload),
        "namespace": namespace,
        "issuer_name": issuer,
        "dns_names": service_names(workload, namespace, pods=True),
        "common_name": workload,
    }


def tempo_certificate(namespace: str, issuer: str) -> CertificateArgs:
    """Of all of Tempo."""
    services = [f"{names.TEMPO}-{service}" for service in TEMPO_SERVICES]
    return {
        "certificate_name": secret(names.TEMPO),
        "namespace": namespace,
        "issuer_name": issuer,
        "dns_names": [name for service in services for name in service_names(service, namespace)],
        "common_name": names.TEMPO,
    }


def mounted(workload: str) -> dict[str, Any]:
    """Volume and mount of a workload's certificate, as both charts take them."""
    return {"extraVolumes": [secret_volume(secret(workload))], "extraVolumeMounts": [secret_mount()]}


def otlp_server() -> dict[str, Any]:
    """`tls` of a receiver that asks its callers for a certificate."""
    return {
        "cert_file": CERTIFICATE_FILE,
        "key_file": KEY_FILE,
        "client_ca_file": CA_FILE,
        "reload_interval": RELOAD,
        "min_version": "1.2",
    }


def otlp_client(encrypted: bool) -> dict[str, Any]:
    """`tls` of an exporter to one of our own."""
    if not encrypted:
        return {"insecure": True}
    return {
        "ca_file": CA_FILE,
        "cert_file": CERTIFICATE_FILE,
        "key_file": KEY_FILE,
        "reload_interval": RELOAD,
        "min_version": "1.2",
    }


def tempo_server() -> dict[str, Any]:
    """`server` of Tempo: HTTP asks for no certificate, since Prometheus, Grafana and probes have none.

    Both read the files anew for every connection (dskit at the commit of Tempo 2.10.8, `server/server.go`).
    """
    files = {"cert_file": CERTIFICATE_FILE, "key_file": KEY_FILE}
    asking = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": CA_FILE}
    return {"tls_min_version": "VersionTLS12", "http_tls_config": files, "grpc_tls_config": {**files, **asking}}


def tempo_client(component: str, namespace: str) -> dict[str, Any]:
    """`grpc_client_config` towards a component, which is called by its address: hence a name to check instead."""
    return {
        "tls_enabled": True,
        "tls_ca_path": CA_FILE,
        "tls_cert_path": CERTIFICATE_FILE,
        "tls_key_path": KEY_FILE,
        "tls_server_name": host(f"{names.TEMPO}-{component}", namespace),
        "tls_min_version": "VersionTLS12",
    }
