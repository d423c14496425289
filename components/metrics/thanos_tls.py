"""How Thanos' components speak TLS, as flags and the YAML that flags take.

gRPC asks both ends for a certificate. Thanos reads its own key and certificate anew for each handshake, as a server
and as a client, once the files have changed; only `ca.crt` is read once, when it starts.

Its HTTP ports (queries, metrics, probes) stay plain: they are one port, and the chart's probes and monitors of it
can't be told to speak TLS.
"""

import json
from typing import Any

from ..security.certificate import CA_FILE, CERTIFICATE_FILE, KEY_FILE, secret_mount, secret_volume
from . import names
from .thanos_args import ThanosArgs


def secured(args: ThanosArgs) -> bool:
    """Whether Thanos has a certificate."""
    return "certificate_issuer" in args


def mounted(args: ThanosArgs) -> dict[str, Any]:
    """The certificate in a component's pods, as the chart wants it."""
    if not secured(args):
        return {}
    return {"extraVolumes": [secret_volume(names.THANOS_CERTIFICATE)], "extraVolumeMounts": [secret_mount()]}


def grpc_server_flags(args: ThanosArgs) -> list[str]:
    """A gRPC server that knows its callers. TLS 1.3 is Thanos' own least."""
    if not secured(args):
        return []
    return [
        f"--grpc-server-tls-cert={CERTIFICATE_FILE}",
        f"--grpc-server-tls-key={KEY_FILE}",
        f"--grpc-server-tls-client-ca={CA_FILE}",
    ]


def receive_flags(args: ThanosArgs, namespace: str) -> list[str]:
    """Remote write over TLS, and mutual TLS among the receivers, which pass samples on to each other.

    A second protocol for that, which is not used here, has a port that knows no TLS and is always open: nobody but
    the pod itself reaches it.
    """
    if not secured(args):
        return []
    return [
        f"--remote-write.server-tls-cert={CERTIFICATE_FILE}",
        f"--remote-write.server-tls-key={KEY_FILE}",
        f"--receive.capnproto-address=127.0.0.1:{names.CAPNPROTO_PORT}",
        "--remote-write.client-tls-secure",
        f"--remote-write.client-tls-cert={CERTIFICATE_FILE}",
        f"--remote-write.client-tls-key={KEY_FILE}",
        f"--remote-write.client-tls-ca={CA_FILE}",
        f"--remote-write.client-server-name={names.host(f'{names.THANOS}-receive-headless', namespace)}",
    ]


def endpoints(args: ThanosArgs, namespace: str, peers: list[str]) -> str:
    """Query's endpoints that its flags can't describe: the group of store gateways, and all of them with TLS.

    The group is for one answer from any of its members. Each endpoint is called by address and checked by the name
    of its Service; the older flags know one name for all, and go away after 0.43.
    """
    group = _endpoint(names.STORE_GROUP, namespace)
    if not secured(args):
        return f"endpoints: [{{address: {group['address']}, group: true}}]"
    found = [{**_endpoint(peer, namespace), **_client(peer, namespace)} for peer in peers]
    found.append({**group, "group": True, **_client(names.STORE_GROUP, namespace)})
    return json.dumps({"endpoints": found})


def alertmanagers(args: ThanosArgs, namespace: str) -> str:
    """Every Alertmanager, by address: with TLS its name has to be told."""
    host = names.host("alertmanager-operated", namespace)
    address = f"dnssrv+_http-web._tcp.{host}"
    scheme = "https" if secured(args) else "http"
    config = f"alertmanagers:\n- scheme: {scheme}\n  api_version: v2\n  static_configs: [{address}]\n"
    if not secured(args):
        return config
    return f"{config}  http_config:\n    tls_config:\n      ca_file: {CA_FILE}\n      server_name: {host}\n"


def _endpoint(service: str, namespace: str) -> dict[str, Any]:
    return {"address": f"dnssrv+_grpc._tcp.{names.host(service, namespace)}"}


def _client(service: str, namespace: str) -> dict[str, Any]:
    tls = {
        "enabled": True,
        "cert_file": CERTIFICATE_FILE,
        "key_file": KEY_FILE,
        "ca_file": CA_FILE,
        "min_version": "1.3",
    }
    return {"client_config": {"tls_config": tls, "server_name": names.host(service, namespace)}}
