"""Names and ports that the parts of this room know each other by; fixed, since charts build others on them."""

from ..metrics import names as metrics

AGENT = "otel-agent"
"""Release, service and address of the agents: what applications send to. The DaemonSet is `otel-agent-agent`."""
GATEWAY = "otel-gateway"
"""Release, StatefulSet and headless service of the gateways. Agents hash traces over the names of its pods."""
FORWARDER = "otel-forwarder"
"""The same on a cluster without Tempo: what its agents send to, and what sends to the centre."""
TEMPO = "tempo"
"""Release and full name of Tempo: `tempo-distributor`, `tempo-query-frontend` and so on."""
CACHE = "tempo-cache"

TEMPO_SERVICE_ACCOUNT = "tempo"
"""One for all of Tempo: the chart knows no other way. It is what the role trusts."""
TEMPO_ROLE = "tempo"
"""Purpose of the role, as in `naming.role_name`."""

OTLP_GRPC_PORT = 4317
OTLP_HTTP_PORT = 4318
OTHER_CLUSTERS_PORT = 4319
"""OTLP over HTTP at the agents, for spans that the entrance passes on from other clusters."""
COLLECTOR_METRICS_PORT = 8888
TEMPO_HTTP_PORT = 3200
TEMPO_GRPC_PORT = 9095
GOSSIP_PORT = 7946

TEMPO_COMPONENTS = ("distributor", "ingester", "querier", "query-frontend", "compactor")

CLUSTER_ATTRIBUTE = "k8s.cluster.name"
TENANT_ATTRIBUTE = "observability.tenant"
"""Resource attribute that agents set from what the entrance says, and by which gateways choose the tenant."""
TENANT_HEADER = "X-Scope-OrgID"

TRACE_ID = "traceID"
SERVICE = "service"
ROUTING_KEYS = (TRACE_ID, SERVICE)
"""By what agents choose the gateway of a span."""


def otlp_grpc_url(namespace: str) -> str:
    """What applications set as OTEL_EXPORTER_OTLP_ENDPOINT for gRPC."""
    return metrics.url(AGENT, namespace, OTLP_GRPC_PORT)


def otlp_http_url(namespace: str) -> str:
    """The same for HTTP; SDKs append `/v1/traces`."""
    return metrics.url(AGENT, namespace, OTLP_HTTP_PORT)


def other_clusters_url(agents_namespace: str) -> str:
    """Where the entrance passes other clusters' OTLP on to: the agent of its own node."""
    return metrics.url(AGENT, agents_namespace, OTHER_CLUSTERS_PORT)


def query_url(namespace: str, tls: bool = False) -> str:
    """Tempo's API inside the cluster: what Grafana asks."""
    return _scheme(metrics.url(f"{TEMPO}-query-frontend", namespace, TEMPO_HTTP_PORT), tls)


def remote_write_urls(namespace: str, replicas: int, tls: bool = False) -> list[str]:
    """One address for each replica of Prometheus made by `metrics/`.

    Each replica keeps what is pushed to it and to it alone: through their common Service half of the samples
    would be missing in each, and Thanos would merge two halves that both have gaps.
    """
    pods = [f"prometheus-{metrics.PROMETHEUS}-prometheus-{index}.prometheus-operated" for index in range(replicas)]
    return [f"{_scheme(metrics.url(pod, namespace, metrics.PROMETHEUS_PORT), tls)}/api/v1/write" for pod in pods]


def _scheme(url: str, tls: bool) -> str:
    return f"https://{url.partition('://')[2]}" if tls else url
