"""Certificates of the room: whose they are, which names they bear, and what each program is told about them.

The query frontend, the distributor and every other HTTP port ask callers for no certificate; gRPC between Pyroscope's
parts is mutual. Two ports stay plain, closed to all but Pyroscope by network policies: Raft, which Pyroscope 2.2
speaks over bare TCP, and gossip, whose server reads its certificate once and would show an old one after renewal.
"""

from typing import Any

from ..security.certificate import CA_FILE, CERTIFICATE_FILE, KEY_FILE, CertificateArgs, service_names
from . import names

PYROSCOPE_SECRET, AGENT_SECRET = "pyroscope-tls", "alloy-tls"
"""Certificates of Pyroscope's parts, which share one, and of the agent; both names are also the Secrets'."""
CENTRE_CERTIFICATE_FOLDER, CENTRE_CA_FOLDER = "/etc/centre/certificate", "/etc/centre/authority"
"""Where the buffer beside a workload cluster's agent sees the Secrets of `centre`."""
OLDEST_TLS = "VersionTLS12"


def pyroscope_identity(namespace: str) -> str:
    """The one name that all parts prove, and that callers ask for whatever address they dial.

    Parts find each other by the addresses of pods, which no certificate can name. It is the Service of gossip, behind
    which all of them stand.
    """
    return f"{names.service('memberlist')}.{namespace}.svc.cluster.local"


def pyroscope_certificate(namespace: str, issuer: str) -> CertificateArgs:
    """The certificate of Pyroscope's parts, as servers and as clients of each other."""
    services = [names.service(part) for part in ("memberlist", *names.PARTS)]
    return {
        "certificate_name": PYROSCOPE_SECRET,
        "namespace": namespace,
        "issuer_name": issuer,
        "common_name": names.PYROSCOPE,
        "dns_names": [name for service in services for name in service_names(service, namespace)],
    }


def agent_certificate(namespace: str, issuer: str) -> CertificateArgs:
    """The agent's, for its own pages; from the same Secret it takes the authority that it checks Pyroscope by."""
    return {
        "certificate_name": AGENT_SECRET,
        "namespace": namespace,
        "issuer_name": issuer,
        "common_name": names.AGENT,
        "dns_names": service_names(names.AGENT, namespace),
    }


def pyroscope_tls(namespace: str) -> dict[str, Any]:
    """Part of Pyroscope's configuration. Servers and gRPC clients read certificate and key at each handshake."""
    server = {"cert_file": CERTIFICATE_FILE, "key_file": KEY_FILE}
    client = {
        "grpc_client_config": {
            "tls_enabled": True,
            "tls_cert_path": CERTIFICATE_FILE,
            "tls_key_path": KEY_FILE,
            "tls_ca_path": CA_FILE,
            "tls_server_name": pyroscope_identity(namespace),
            "tls_min_version": OLDEST_TLS,
        }
    }
    return {
        "server": {
            "tls_min_version": OLDEST_TLS,
            "http_tls_config": server,
            "grpc_tls_config": {
                **server,
                "client_auth_type": "RequireAndVerifyClientCert",
                "client_ca_file": CA_FILE,
            },
        },
        **dict.fromkeys(("metastore", "segment_writer", "query_backend"), client),
    }


def scraped(secret: str, server_name: str) -> dict[str, Any]:
    """`tlsConfig` of a ServiceMonitor: Prometheus dials pods by address, and checks the name that they prove."""
    return {"ca": {"secret": {"name": secret, "key": "ca.crt"}}, "serverName": server_name}
