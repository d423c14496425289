"""Tempo's ways out and in: the bucket, and TLS on every port that takes it. Parts of the chart's values, pure.

Plain stay gossip, which takes a new certificate only at a restart and asks no caller for one (dskit,
`kv/memberlist/tcp_transport.go`), and the cache, which takes one only when told (`refresh_certs`).
"""

from typing import Any

from .. import naming
from ..foundation.object_store import credentials_environment
from ..security.certificate import CA_FILE, secret_mount, secret_volume
from . import names
from .collector import MAX_MESSAGE_MIB
from .tempo_args import TempoArgs
from .tls import otlp_server, secret, tempo_client, tempo_server


def storage(args: TempoArgs) -> dict[str, Any]:
    """Where blocks are kept.

    No credentials: on AWS the client falls back to the token of the service account, elsewhere it reads its
    environment first. The bucket's default encrypts.
    """
    region = args["region"]
    s3: dict[str, Any] = {"bucket": args["bucket_name"], "endpoint": naming.s3_endpoint(region), "region": region}
    store = args.get("object_store")
    if store:
        s3 |= {"endpoint": store["endpoint"], "forcepathstyle": True}
        if store.get("insecure", False):
            s3["insecure"] = True
    return {"backend": "s3", "s3": s3}


def bucket_keys(args: TempoArgs) -> dict[str, Any]:
    """The environment of a component that uses the bucket; distributors don't."""
    environment = credentials_environment(args.get("object_store"))
    return {"extraEnv": environment} if environment else {}


def every_component(args: TempoArgs) -> dict[str, Any]:
    """Mount the certificate everywhere."""
    if "certificate_issuer" not in args:
        return {}
    volume = secret_volume(secret(names.TEMPO))
    return {"defaults": {"extraVolumes": [volume], "extraVolumeMounts": [secret_mount()]}}


def receiver(args: TempoArgs) -> dict[str, Any]:
    """OTLP at the distributors: only who has a certificate, that is gateways, may write."""
    tls = {"tls": otlp_server()} if "certificate_issuer" in args else {}
    return {"max_recv_msg_size_mib": MAX_MESSAGE_MIB, **tls}


def encryption(args: TempoArgs) -> dict[str, Any]:
    """Tempo's own configuration of HTTP and gRPC, beside what the chart writes."""
    if "certificate_issuer" not in args:
        return {}
    namespace = args.get("namespace", "observability")
    frontend = tempo_client("query-frontend", namespace)
    return {
        "server": tempo_server(),
        "ingester_client": {"grpc_client_config": tempo_client("ingester", namespace)},
        "querier": {"frontend_worker": {"grpc_client_config": frontend}},
    }


def probes(args: TempoArgs) -> dict[str, Any]:
    """The chart asks `/ready` for whether a pod is alive: see `tempo_values.py`. The node checks no certificate."""
    alive: dict[str, Any] = {"path": "/status/version"}
    if "certificate_issuer" not in args:
        return {"livenessProbe": {"httpGet": alive}}
    https = {"scheme": "HTTPS"}
    return {"livenessProbe": {"httpGet": {**alive, **https}}, "readinessProbe": {"httpGet": https}}


def scraping(args: TempoArgs) -> dict[str, Any]:
    """How Prometheus reads metrics: one monitor for all components, hence one of the names that all of them bear."""
    if "certificate_issuer" not in args:
        return {}
    authority = {"secret": {"name": secret(names.TEMPO), "key": CA_FILE.rpartition("/")[2]}}
    return {"scheme": "https", "tlsConfig": {"ca": authority, "serverName": f"{names.TEMPO}-query-frontend"}}
