"""Names and ports that the parts of this room know each other by.

A name here is an address, the subject of a role's trust or the name of a volume: changing one moves data
or cuts a connection. They are fixed, not derived from a component's name, because charts build others on them.
"""

PROMETHEUS = "kps"
"""Release and full name of kube-prometheus-stack: `kps-prometheus`, `kps-alertmanager`, `kps-operator`."""
THANOS = "thanos"
PROMETHEUS_OPERATOR_CRDS = "prometheus-operator-crds"
BLACKBOX_EXPORTER = "prometheus-blackbox-exporter"
PUSHGATEWAY = "pushgateway"
KUBE_STATE_METRICS = "kube-state-metrics"
NODE_EXPORTER = "node-exporter"

INDEX_CACHE = "thanos-index-cache"
BUCKET_CACHE = "thanos-bucket-cache"
RESPONSE_CACHE = "thanos-response-cache"
STORE_GROUP = "thanos-store-group"
"""Headless Service over all store gateways, for Query's round robin."""

PROMETHEUS_SERVICE_ACCOUNT = f"{PROMETHEUS}-prometheus"
THANOS_S3_COMPONENTS = ("storegateway", "compactor", "ruler")
"""Those that read or write the bucket. Query and query frontend never do, and get no role."""

OBJECT_STORE_SECRET = "thanos-objstore"
OBJECT_STORE_KEY = "objstore.yml"

PROMETHEUS_CERTIFICATE = "prometheus-tls"
"""Certificate, and Secret, of Prometheus and the Thanos sidecar in its pods."""
ALERTMANAGER_CERTIFICATE = "alertmanager-tls"
THANOS_CERTIFICATE = "thanos-tls"
"""Of all of Thanos' components but the sidecar."""

TENANT_HEADER = "THANOS-TENANT"
"""HTTP header by which receive tells whose samples these are; Thanos' own default."""

REPLICA_LABEL = "prometheus_replica"
"""The external label by which Thanos tells the replicas of one Prometheus apart, and then merges them."""

PROMETHEUS_PORT = 9090
ALERTMANAGER_PORT = 9093
GOSSIP_PORT = 9094
RELOADER_PORT = 8080
OPERATOR_PORT = 10250
THANOS_GRPC_PORT = 10901
THANOS_HTTP_PORT = 10902
THANOS_QUERY_PORT = 9090
REMOTE_WRITE_PORT = 10908
CAPNPROTO_PORT = 19391
MEMCACHED_PORT = 11211
MEMCACHED_EXPORTER_PORT = 9150
BLACKBOX_PORT = 9115
PUSHGATEWAY_PORT = 9091
KUBE_STATE_METRICS_PORT = 8080
NODE_EXPORTER_PORT = 9100
KUBELET_PORT = 10250


def host(service: str, namespace: str) -> str:
    """Full name of a service. The final part is EKS' own and can't be chosen there."""
    return f"{service}.{namespace}.svc.cluster.local"


def url(service: str, namespace: str, port: int, *, tls: bool = False) -> str:
    """Address of a service inside the cluster."""
    return f"{'https' if tls else 'http'}://{host(service, namespace)}:{port}"


def thanos_service_account(component: str) -> str:
    """Service account of a Thanos component, as the chart derives it."""
    return f"{THANOS}-{component}"


def thanos_s3_service_accounts(receive_enabled: bool) -> list[str]:
    """The service accounts that a Thanos role trusts."""
    components = (*THANOS_S3_COMPONENTS, "receive") if receive_enabled else THANOS_S3_COMPONENTS
    return [thanos_service_account(component) for component in components]
