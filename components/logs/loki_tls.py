"""TLS in Loki's configuration and chart, as parts of their values; empty without an issuer.

HTTP (writes, queries, metrics, probes): TLS, nobody is asked for a certificate. gRPC, which Loki's processes speak
with each other only: both sides show theirs. Gossip stays plain: its listener reads its certificate once, when the
process starts, and would go on showing it after it has expired.

New certificates: Loki's servers and gRPC clients read the files at each handshake; so does nginx, because the names of
the files are variables there.
"""

from typing import Any

from ..foundation.object_store import credentials_environment
from ..security.certificate import CA_FILE, CERTIFICATE_FILE, FOLDER, KEY_FILE
from . import names, tls
from .loki_args import LokiArgs, loki_namespace

STATUS_PORT = 8081
"""On which the gateway tells its own exporter, and nobody outside the pod, how many connections it has: the exporter
can't be told of an authority."""


def loki_tls_config(args: LokiArgs) -> dict[str, Any]:
    """Values below `loki:`, to be added to the rest."""
    if not args.get("certificate_issuer"):
        return {}
    namespace = loki_namespace(args)
    client = _client(namespace)
    grpc = {"tls_enabled": True, **client}
    served = {"cert_file": CERTIFICATE_FILE, "key_file": KEY_FILE}
    https = {"httpGet": {"scheme": "HTTPS"}}
    config: dict[str, Any] = {
        "server": {
            "tls_min_version": "VersionTLS12",
            "http_tls_config": served,
            "grpc_tls_config": {
                **served,
                "client_auth_type": "RequireAndVerifyClientCert",
                "client_ca_file": CA_FILE,
            },
        },
        "ingester_client": {"grpc_client_config": grpc},
        "query_scheduler": {"grpc_client_config": grpc},
        "frontend_worker": {"query_frontend_grpc_client": grpc, "query_scheduler_grpc_client": grpc},
        "frontend": {"grpc_client_config": grpc, "tail_tls_config": client},
        "compactor_grpc_client": grpc,
        "storage_config": {
            shipper: {"index_gateway_client": {"grpc_client_config": grpc}}
            for shipper in ("tsdb_shipper", "boltdb_shipper")
        },
        "livenessProbe": https,
        "readinessProbe": https,
    }
    if args.get("topology", names.DISTRIBUTED) == names.DISTRIBUTED:
        # The chart's own says http. In the other topology the frontend is itself a querier.
        querier = names.host(f"{names.LOKI}-querier", namespace)
        config["frontend"]["tail_proxy_url"] = f"https://{querier}:{names.LOKI_PORT}"
    return config


def ruler_tls_config(args: LokiArgs) -> dict[str, Any]:
    """Values of the ruler: calls between rulers, and those to the metrics room's Alertmanager."""
    if not args.get("certificate_issuer"):
        return {}
    namespace = loki_namespace(args)
    config: dict[str, Any] = {"ruler_client": {"tls_enabled": True, **_client(namespace)}}
    if "alertmanager_url" not in args:
        config["alertmanager_client"] = {
            "tls_ca_path": CA_FILE,
            "tls_server_name": names.host(names.ALERTMANAGER_SERVICE, namespace),
        }
    return config


def pods(args: LokiArgs) -> dict[str, Any]:
    """What every process of Loki gets: certificate, and another S3's keys."""
    made: dict[str, Any] = tls.mounted(tls.LOKI_SECRET) if args.get("certificate_issuer") else {}
    if "object_store" in args:
        made["extraEnv"] = credentials_environment(args["object_store"])
    return made


def gateway(args: LokiArgs) -> dict[str, Any]:
    """What the gateway gets; `nginxConfig` and `metrics` are to be added to what is there."""
    if not args.get("certificate_issuer"):
        return {"nginxConfig": {}, "metrics": {}}
    return {
        **tls.mounted(tls.GATEWAY_SECRET),
        "service": {"port": names.GATEWAY_TLS_SERVICE_PORT},
        "readinessProbe": {"httpGet": {"scheme": "HTTPS"}},
        "nginxConfig": {
            "ssl": True,
            "schema": "https",
            "httpSnippet": _nginx_http(tls.loki_identity(loki_namespace(args))),
            "serverSnippet": "ssl_certificate $certificate_file;\nssl_certificate_key $key_file;",
        },
        # Given twice, the last one counts.
        "metrics": {"extraArgs": ["--nginx.scrape-url", f"http://127.0.0.1:{STATUS_PORT}/stub_status"]},
    }


def canary(args: LokiArgs) -> dict[str, Any]:
    """What the canary gets. Its own flag for an authority wants a certificate and a key of it as well, which it has no
    use for; so the authority stands in for the system's.
    """
    if not args.get("certificate_issuer"):
        return {}
    return {
        **tls.authority_mounted(tls.LOKI_SECRET),
        "lokiurl": f"{names.gateway_host(loki_namespace(args))}:{names.GATEWAY_TLS_SERVICE_PORT}",
        "extraArgs": ["-tls"],
        "extraEnv": [{"name": "SSL_CERT_FILE", "value": CA_FILE}, {"name": "SSL_CERT_DIR", "value": FOLDER}],
    }


def scraping(args: LokiArgs) -> dict[str, Any]:
    """The chart has one monitor for all that it installs. Of these only Loki's processes serve TLS."""
    if not args.get("certificate_issuer"):
        return {}
    return {
        "relabelings": [
            {
                "action": "replace",
                "sourceLabels": ["__meta_kubernetes_pod_label_app_kubernetes_io_part_of"],
                "regex": "memberlist",
                "targetLabel": "__scheme__",
                "replacement": "https",
            }
        ],
        "tlsConfig": {
            "ca": {"secret": {"name": tls.LOKI_SECRET, "key": "ca.crt"}},
            "serverName": tls.loki_identity(loki_namespace(args)),
        },
    }


def _client(namespace: str) -> dict[str, str]:
    return {
        "tls_cert_path": CERTIFICATE_FILE,
        "tls_key_path": KEY_FILE,
        "tls_ca_path": CA_FILE,
        "tls_server_name": tls.loki_identity(namespace),
    }


def _nginx_http(identity: str) -> str:
    """Nginx reads a certificate again at each handshake if its file's name is a variable, and otherwise never."""
    return f"""\
map "" $certificate_file {{ default {CERTIFICATE_FILE}; }}
map "" $key_file {{ default {KEY_FILE}; }}
ssl_protocols TLSv1.2 TLSv1.3;

proxy_ssl_verify on;
proxy_ssl_verify_depth 3;
proxy_ssl_trusted_certificate {CA_FILE};
proxy_ssl_name {identity};
proxy_ssl_server_name on;
proxy_ssl_protocols TLSv1.2 TLSv1.3;

server {{
  listen 127.0.0.1:{STATUS_PORT};
  location = /stub_status {{
    stub_status on;
    access_log off;
  }}
  location / {{
    return 404;
  }}
}}"""
