"""Names and ports of the entrance, by which others know it."""

ENTRANCE = "entrance"
"""Deployment, Service, service account and ConfigMap, and the instance in labels."""
CERTIFICATE = "entrance-tls"
"""Certificate, and the Secret that it makes."""
PORT = 8443
HEALTH_PORT = 8080
"""Plain HTTP, answers `/healthz` and nothing else; for the node's own probes."""


def client_ca_secret(cluster: str) -> str:
    """Secret with `ca.crt`, the authority of a workload cluster."""
    return f"entrance-client-ca-{cluster}"


def pod_labels() -> dict[str, str]:
    """Labels that select the entrance's pods."""
    return {"app.kubernetes.io/name": ENTRANCE, "app.kubernetes.io/instance": ENTRANCE}
