"""The metrics room with certificates, with another S3, and its agents elsewhere: what is made and what is not."""

from typing import Any

import pytest

from components.metrics.metrics import Metrics
from components.metrics.prometheus_agent import PrometheusAgent
from components.metrics.thanos import Thanos
from tests.components.recorder import Registrations, Runner
from tests.components.test_metrics import args, values, waits

INSIDE = "observability.svc.cluster.local"
STORE = {
    "endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333",
    "credentials_secret_name": "object-store-credentials",
    "insecure": True,
}
LOCAL: Any = {
    "platform_name": "obs",
    "cluster_name": "local",
    "region": "us-east-1",
    "object_store": STORE,
    "certificate_issuer": "observability-ca",
    "prometheus": {"replicas": 1, "alertmanager_replicas": 1},
    "thanos": {"query_replicas": 1, "store_replicas": 1, "ruler_replicas": 1, "cache_replicas": 1},
    "blackbox_replicas": 1,
}
AGENT: Any = {
    "cluster_name": "shop",
    "tenant": "shop",
    "centre": {"host": "shop.obs.internal", "certificate_secret_name": "client", "ca_secret_name": "authority"},
}


def certificates(registered: Registrations) -> dict[str, Any]:
    made = [r for r in registered if r.inputs.get("kind") == "Certificate"]
    return {r.inputs["metadata"]["name"]: r for r in made}


def test_an_issuer_makes_certificates_before_their_users(run: Runner) -> None:
    registered = run(lambda: Metrics("metrics", args(certificate_issuer="observability-ca")) and None)
    made = certificates(registered)
    assert set(made) == {"prometheus-tls", "alertmanager-tls", "thanos-tls"}
    for certificate in made.values():
        assert certificate.inputs["spec"]["issuerRef"]["name"] == "observability-ca"
        assert certificate.inputs["metadata"]["namespace"] == "observability"
    for later, earlier in (
        ("metrics-prometheus-stack-release", "metrics-prometheus-prometheus-tls-certificate"),
        ("metrics-prometheus-stack-release", "metrics-prometheus-alertmanager-tls-certificate"),
        ("metrics-thanos-stack-release", "metrics-thanos-tls-certificate"),
    ):
        assert waits(registered, later, earlier), f"{later} doesn't wait for {earlier}"


def test_without_an_issuer_there_are_no_certificates(run: Runner) -> None:
    assert certificates(run(lambda: Metrics("metrics", args()) and None)) == {}


def test_addresses_say_what_is_spoken(run: Runner) -> None:
    found: dict[str, Any] = {}

    def program() -> None:
        both = {"certificate_issuer": "observability-ca", "receive_enabled": True}
        found.update(vars(Metrics("metrics", args(**both))))

    run(program, preview=True)
    assert found["prometheus_url"] == f"https://kps-prometheus.{INSIDE}:9090"
    assert found["alertmanager_url"] == f"https://kps-alertmanager.{INSIDE}:9093"
    assert found["remote_write_url"] == f"https://thanos-receive.{INSIDE}:10908/api/v1/receive"
    assert found["query_frontend_url"] == f"http://thanos-query-frontend.{INSIDE}:9090", "its port can't speak TLS"


def test_without_receive_there_is_nowhere_to_write(run: Runner) -> None:
    found: dict[str, Any] = {}
    run(lambda: found.update(vars(Metrics("metrics", args()))))
    assert found["remote_write_url"] == ""


def test_another_s3_needs_nothing_of_aws(run: Runner) -> None:
    registered = run(lambda: Metrics("metrics", LOCAL) and None)
    assert not [r.type for r in registered if r.type.startswith("aws:")]
    secret = registered.named("metrics-object-store-secret").inputs["stringData"]["objstore.yml"]
    assert "bucket: obs-metrics\n" in secret
    assert "insecure: true\n" in secret
    assert "key" not in secret.replace("bucket_lookup_type", ""), "keys are in another Secret, made elsewhere"
    assert values(registered, "prometheus-blackbox-exporter")["replicas"] == 1
    stack = values(registered, "kps")["prometheus"]
    assert "annotations" not in stack["serviceAccount"]
    assert stack["prometheusSpec"]["containers"][0]["env"][0]["name"] == "AWS_ACCESS_KEY_ID"
    egress = str([p.inputs["spec"]["egress"] for p in registered.of_type(":NetworkPolicy")])
    assert "169.254.170.23" not in egress
    assert "seaweedfs" in egress


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"object_store": {**STORE, "endpoint": "http://s3"}}, "object_store.endpoint: 'http://s3' must be a host"),
        ({"certificate_issuer": "not a name"}, "certificate_issuer: 'not a name' must be a DNS label"),
        ({"blackbox_replicas": 11}, "blackbox_replicas: 11 must be a whole number from 1 to 10"),
    ],
)
def test_what_cannot_work_is_refused(run: Runner, change: Any, message: str) -> None:
    assert message in run.refused(lambda: Metrics("metrics", {**LOCAL, **change}) and None)


def test_on_aws_the_role_s_ingredients_are_asked_for(run: Runner) -> None:
    without = {key: value for key, value in LOCAL.items() if key != "object_store"}
    message = run.refused(lambda: Metrics("metrics", without) and None)
    for key in ("account_id", "kms_key_arn", "oidc_provider_arn", "oidc_issuer"):
        assert f"{key}: None must be given" in message
    args: Any = {"cluster_name": "c", "object_store_config": ""}
    assert "role_arn: None must be given" in run.refused(lambda: Thanos("t", args) and None)


def test_agents_bring_crds_an_operator_and_their_policies_and_no_aws(run: Runner) -> None:
    found: dict[str, Any] = {}
    registered = run(lambda: found.update(vars(PrometheusAgent("agent", AGENT))))
    releases = {release.inputs["name"]: release.inputs for release in registered.of_type(":Release")}
    assert set(releases) == {"prometheus-operator-crds", "kps"}
    assert {release["namespace"] for release in releases.values()} == {"observability-agents"}
    assert waits(registered, "agent-stack-release", "agent-crds-release")
    policies = {p.inputs["metadata"]["name"] for p in registered.of_type(":NetworkPolicy")}
    assert "metrics-agent-prometheus" in policies
    assert not [r.type for r in registered if r.type.startswith("aws:")]
    assert found["remote_write_url"] == "https://shop.obs.internal/api/v1/receive"


def test_agents_leave_crds_alone_that_are_there(run: Runner) -> None:
    registered = run(lambda: PrometheusAgent("agent", {**AGENT, "install_crds": False, "namespace": "watch"}) and None)
    (release,) = registered.of_type(":Release")
    assert release.inputs["namespace"] == "watch"
    assert {p.inputs["metadata"]["namespace"] for p in registered.of_type(":NetworkPolicy")} == {"watch"}


def test_agents_refuse_a_tenant_that_is_no_name(run: Runner) -> None:
    message = run.refused(lambda: PrometheusAgent("agent", {**AGENT, "tenant": "a b"}) and None)
    assert "tenant: 'a b' must be a DNS label" in message
