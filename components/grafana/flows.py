"""Who talks to Grafana, and to whom it talks. Everything it does is here, and nothing else is let through.

Ports are those of the pods. It asks the backends, so it declares their ends of these calls too.
"""

from urllib.parse import urlsplit

from ..logs import names as logs
from ..logs.flows import GATEWAY_PODS
from ..metrics import names as metrics
from ..profiles import names as profiles
from ..security.network_policy import NetworkFlowArgs, NetworkPeerArgs, NetworkPoliciesArgs
from ..security.surroundings import api_server_flows, flow, names_flows, surroundings
from ..traces import names as traces
from ..traces.tempo_values import tempo_labels
from . import names
from .auth import ldap_port
from .auth_args import GrafanaAuthArgs
from .grafana_args import GrafanaArgs, has_database

BACKENDS: dict[str, tuple[str, dict[str, str], int]] = {
    "thanos_url": (
        "thanos-query-frontend",
        {
            "app.kubernetes.io/name": metrics.THANOS,
            "app.kubernetes.io/instance": metrics.THANOS,
            "app.kubernetes.io/component": "query-frontend",
        },
        metrics.THANOS_QUERY_PORT,
    ),
    "prometheus_url": (
        "prometheus",
        {
            "app.kubernetes.io/name": "prometheus",
            "operator.prometheus.io/name": f"{metrics.PROMETHEUS}-prometheus",
        },
        metrics.PROMETHEUS_PORT,
    ),
    "alertmanager_url": (
        "alertmanager",
        {"app.kubernetes.io/name": "alertmanager", "alertmanager": f"{metrics.PROMETHEUS}-alertmanager"},
        metrics.ALERTMANAGER_PORT,
    ),
    "loki_url": ("loki-gateway", GATEWAY_PODS, logs.GATEWAY_PORT),
    "tempo_url": ("tempo-query-frontend", tempo_labels("query-frontend"), traces.TEMPO_HTTP_PORT),
    "pyroscope_url": (
        "pyroscope-query-frontend",
        profiles.part_labels(profiles.QUERY_FRONTEND),
        profiles.HTTP_PORT,
    ),
}
"""For each address among the signals: the peer, its pods and their port."""


def grafana_network(args: GrafanaArgs) -> NetworkPoliciesArgs:
    """Peers and flows of the room."""
    namespace = args.get("namespace", "observability")
    asked = [backend for key, backend in BACKENDS.items() if key in args["signals"]]
    peers: dict[str, NetworkPeerArgs] = {
        names.GRAFANA: {"namespace": namespace, "labels": names.PODS},
        **{name: {"namespace": namespace, "labels": labels} for name, labels, _ in asked},
        **surroundings(),
    }
    return {
        "namespace": namespace,
        "instance": names.GRAFANA,
        "peers": peers,
        "flows": [
            flow("prometheus-anywhere", names.GRAFANA, names.PORT),
            # The load balancer's addresses are of the VPC.
            *([flow("private-network", names.GRAFANA, names.PORT)] if "ingress" in args else []),
            *(flow(names.GRAFANA, name, port) for name, _, port in asked),
            *names_flows([names.GRAFANA]),
            # The sidecar, which watches ConfigMaps.
            *api_server_flows([names.GRAFANA]),
            *([flow(names.GRAFANA, "private-network", names.DATABASE_PORT)] if has_database(args) else []),
            *_signing_in(args.get("auth", {})),
        ],
    }


def _signing_in(auth: GrafanaAuthArgs) -> list[NetworkFlowArgs]:
    """Identity providers may be anywhere; a directory is at home."""
    urls: list[str] = []
    if "oidc" in auth:
        urls += [auth["oidc"]["token_url"], auth["oidc"]["api_url"]]
    if "saml" in auth:
        urls.append(auth["saml"]["idp_metadata_url"])
    ports = dict.fromkeys(urlsplit(url).port or 443 for url in urls)
    flows = [flow(names.GRAFANA, "everywhere", port) for port in ports]
    if "ldap" in auth:
        flows.append(flow(names.GRAFANA, "private-network", ldap_port(auth["ldap"])))
    return flows
