"""Names and ports that the parts of this room know each other by.

A name here is an address, the subject of a role's trust or the name of a volume: changing one moves data
or cuts a connection. They are fixed, not derived from a component's name, because charts build others on them.
"""

LOKI = "loki"
"""Release and full name of Loki, and its service account: `loki-gateway`, `loki-ingester-zone-a`, `loki-write`."""
ROLLOUT_OPERATOR = "rollout-operator"
FLUENT_BIT = "fluent-bit"
EVENTS = "fluent-bit-events"
"""The one Fluent Bit that watches Kubernetes' events."""

LOKI_SERVICE_ACCOUNT = LOKI
GATEWAY = f"{LOKI}-gateway"
MEMBERLIST = f"{LOKI}-memberlist"
"""Service behind which every process of Loki stands, whatever its part (Loki chart)."""
ALERTMANAGER_SERVICE = "alertmanager-operated"
"""Service over every Alertmanager of the metrics room (Prometheus operator)."""
RULES = f"{LOKI}-rules"
"""ConfigMap of the ruler's rules."""

DISTRIBUTED, SIMPLE_SCALABLE = "distributed", "simple-scalable"
TOPOLOGIES = (DISTRIBUTED, SIMPLE_SCALABLE)

TENANT = "fake"
"""What Loki calls the only tenant while multi-tenancy is off. Also the default name of the platform's own tenant:
switched on later, it finds everything stored before."""
TENANT_HEADER = "X-Scope-OrgID"

GATEWAY_SERVICE_PORT, GATEWAY_TLS_SERVICE_PORT = 80, 443
GATEWAY_PORT = 8080
GATEWAY_EXPORTER_PORT = 4040
LOKI_PORT = 3100
LOKI_GRPC_PORT = 9095
MEMBERLIST_PORT = 7946
CANARY_PORT = 3500
MEMCACHED_PORT = 11211
MEMCACHED_EXPORTER_PORT = 9150
ROLLOUT_OPERATOR_PORT = 8001
FLUENT_BIT_PORT = 2020


def host(service: str, namespace: str) -> str:
    """Full name of a service. The final part is EKS' own and can't be chosen there."""
    return f"{service}.{namespace}.svc.cluster.local"


def gateway_host(namespace: str) -> str:
    """Where everybody writes to and queries Loki."""
    return host(GATEWAY, namespace)


def gateway_url(namespace: str, tls: bool = False) -> str:
    """Address of Loki's HTTP API inside the cluster."""
    return f"{'https' if tls else 'http'}://{gateway_host(namespace)}"
