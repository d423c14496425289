"""The traces room as resources: what is made, in which order, and what is refused."""

import json
from typing import Any

import pulumi
import pytest

from components.traces import names
from components.traces.agent import OpenTelemetryAgent
from components.traces.gateway import OpenTelemetryGateway
from components.traces.tempo import Tempo
from components.traces.traces import Traces, TracesArgs
from components.traces.traces_agent import TracesAgent, TracesAgentArgs
from tests.components.recorder import ACCOUNT, REGION, Registrations, Runner
from tests.values.iam_evaluator import decide

ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/ABCDEF"
BUCKET = f"obs-traces-{ACCOUNT}-{REGION}"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/obs-tempo-{REGION}"


def args(**over: Any) -> TracesArgs:
    base: dict[str, Any] = {
        "platform_name": "obs",
        "cluster_name": "prod",
        "account_id": ACCOUNT,
        "region": REGION,
        "bucket_name": BUCKET,
        "kms_key_arn": KEY,
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}",
        "oidc_issuer": ISSUER,
        "remote_write_urls": names.remote_write_urls("observability", 2),
    }
    return {**base, **over}  # type: ignore[typeddict-item]


def made(run: Runner, preview: bool = False, **over: Any) -> Registrations:
    return run(lambda: Traces("traces", args(**over)) and None, preview)


def values(registered: Registrations, release: str) -> Any:
    (found,) = [r for r in registered.of_type(":Release") if r.inputs["name"] == release]
    return found.inputs["values"]


def test_the_room_consists_of_these_parts(run: Runner) -> None:
    registered = made(run)
    assert {resource.name for resource in registered if resource.parent == "traces"} == {
        "traces-role",
        "traces-network",
        "traces-agent-network",
        "traces-tempo",
        "traces-gateway",
        "traces-agent",
    }, "names are for ever: a renamed part is a replaced one"
    releases = {release.inputs["name"]: release.inputs["namespace"] for release in registered.of_type(":Release")}
    assert releases == {
        "tempo": "observability",
        "otel-gateway": "observability",
        "otel-agent": "observability-agents",
    }
    assert not registered.of_type("s3/bucket:Bucket"), "the bucket is the caller's"


def test_what_others_need_is_known_before_anything_exists(run: Runner) -> None:
    outputs: dict[str, Any] = {}

    def program() -> None:
        outputs.update(vars(Traces("traces", args(multi_tenancy=True))))

    run(program, preview=True)
    inside = "svc.cluster.local"
    assert outputs["otlp_grpc_url"] == f"http://otel-agent.observability-agents.{inside}:4317"
    assert outputs["otlp_http_url"] == f"http://otel-agent.observability-agents.{inside}:4318"
    assert outputs["query_url"] == f"http://tempo-query-frontend.observability.{inside}:3200"
    assert outputs["tenant"] == "obs"


def test_values_are_plain_in_a_preview_though_the_cluster_is_not_there_yet(run: Runner) -> None:
    def program() -> None:
        from pulumi_aws.kms import Key

        unknown = Key("key").arn
        Traces("traces", args(kms_key_arn=unknown, oidc_issuer=unknown, oidc_provider_arn=unknown))

    registered = run(program, preview=True)
    for release in registered.of_type(":Release"):
        # A headless service's address is the text.
        values = str(release.inputs["values"]).replace("'clusterIP': 'None'", "")
        assert "None" not in values, f"{release.name} has something unknown"
    assert BUCKET in registered.named("traces-role-bucket").inputs["policy"], "a policy can judge it"


def test_everything_waits_for_what_the_caller_named_and_agents_come_last(run: Runner) -> None:
    def program() -> None:
        from pulumi_aws.kms import Key

        first = Key("first")
        Traces("traces", args(), pulumi.ResourceOptions(depends_on=[first]))

    registered = run(program)
    for release in registered.of_type(":Release", ":NetworkPolicy", ":StatefulSet"):
        assert registered.waits_for(release.name, "first"), release.name
    for later, earlier in (
        ("traces-tempo-stack-release", "traces-role-bucket"),
        ("traces-tempo-stack-release", "traces-tempo-cache-servers"),
        ("traces-gateway-collector-release", "traces-tempo-stack-release"),
        ("traces-agent-collector-release", "traces-gateway-collector-release"),
    ):
        assert waits(registered, later, earlier), f"{later} doesn't wait for {earlier}"
        assert not waits(registered, earlier, later), "nor in a circle"


def waits(registered: Registrations, later: str, earlier: str) -> bool:
    """Whether a resource, or a parent of it, waits for another or for a parent of that."""
    parents = {resource.name: resource.parent for resource in registered}

    def line(name: str) -> list[str]:
        return [name, *line(parents[name])] if parents.get(name) else [name]

    common = {*line(later)} & {*line(earlier)}
    ends = [[name for name in line(end) if name not in common] for end in (later, earlier)]
    return any(registered.waits_for(a, b) for a in ends[0] for b in ends[1])


def test_the_role_trusts_tempo_s_service_account_and_nobody_else(run: Runner) -> None:
    registered = made(run, namespace="telemetry")
    role = registered.named("traces-role-role").inputs
    assert role["name"] == f"obs-tempo-{REGION}"
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert statement["Condition"]["StringEquals"] == {
        f"{ISSUER}:aud": "sts.amazonaws.com",
        f"{ISSUER}:sub": "system:serviceaccount:telemetry:tempo",
    }
    account = values(registered, "tempo")["serviceAccount"]
    assert account["name"] == "tempo"
    assert account["annotations"] == {"eks.amazonaws.com/role-arn": ROLE}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"),
        ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/single-tenant/0f0e/meta.json"),
        ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/single-tenant/0f0e/data.parquet"),
        ("s3:DeleteObject", f"arn:aws:s3:::{BUCKET}/single-tenant/0f0e/bloom-0"),
    ],
)
def test_the_role_does_tempo_s_work_in_its_own_bucket_and_in_no_other(run: Runner, action: str, resource: str) -> None:
    document = json.loads(made(run).named("traces-role-bucket").inputs["policy"])
    assert decide(document, action, resource) == "allow"
    assert decide(document, action, resource.replace("obs-traces", "obs-logs")) == "none"
    assert decide(document, "s3:DeleteBucket", f"arn:aws:s3:::{BUCKET}") == "none"


def test_the_role_uses_its_own_key_and_no_other(run: Runner) -> None:
    document = json.loads(made(run).named("traces-role-key").inputs["policy"])
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert decide(document, action, KEY) == "allow"
        assert decide(document, action, KEY.replace("key/1", "key/2")) == "none"
    assert decide(document, "kms:ScheduleKeyDeletion", KEY) == "none"


def test_collectors_have_no_role(run: Runner) -> None:
    registered = made(run)
    for release in ("otel-agent", "otel-gateway"):
        assert "role-arn" not in str(values(registered, release))
    assert len(registered.of_type("iam/role:Role")) == 1


def test_settings_reach_the_charts(run: Runner) -> None:
    registered = made(
        run,
        namespace="telemetry",
        agents_namespace="agents",
        storage_class_name="fast",
        retention_days=7,
        sampling={"percentage": 50, "critical_services": ["checkout"], "slow_threshold_ms": 500},
        sizing={"ingester_replicas": 5, "cache_replicas": 1, "gateway_replicas": 2},
        multi_tenancy=True,
        tenant="shop",
        node_metrics_enabled=True,
    )
    tempo, gateway, agent = (values(registered, name) for name in ("tempo", "otel-gateway", "otel-agent"))
    assert tempo["compactor"]["config"]["compaction"]["block_retention"] == "168h"
    assert tempo["ingester"]["replicas"] == 5
    assert tempo["ingester"]["persistence"]["storageClass"] == "fast"
    assert tempo["cache"]["caches"][0]["memcached"]["host"] == "tempo-cache.telemetry.svc.cluster.local"
    config = gateway["alternateConfig"]
    policies = {policy["name"]: policy for policy in config["processors"]["tail_sampling"]["policies"]}
    assert policies["rest"]["probabilistic"]["sampling_percentage"] == 50
    assert policies["critical"]["string_attribute"]["values"] == ["checkout"]
    assert config["exporters"]["otlp_grpc/tempo"]["headers"] == {"X-Scope-OrgID": "shop"}
    assert ".telemetry.svc." in config["exporters"]["otlp_grpc/tempo"]["endpoint"]
    assert gateway["replicaCount"] == 2
    balanced = agent["alternateConfig"]["exporters"]["load_balancing/traces"]
    assert balanced["resolver"]["k8s"]["service"] == "otel-gateway.telemetry"
    assert "host_metrics" in agent["alternateConfig"]["receivers"]
    policies_in = {p.inputs["metadata"]["namespace"] for p in registered.of_type(":NetworkPolicy")}
    assert policies_in == {"telemetry", "agents"}
    servers = registered.named("traces-tempo-cache-servers").inputs
    assert servers["spec"]["replicas"] == 1


def test_without_a_prometheus_nothing_is_written_to_one(run: Runner) -> None:
    registered = made(run, remote_write_urls=[])
    assert "prometheus_remote_write" not in str(values(registered, "otel-gateway")["alternateConfig"])
    assert set(values(registered, "otel-agent")["alternateConfig"]["service"]["pipelines"]) == {"traces"}
    spec = registered.named("traces-network-otel-gateway").inputs["spec"]
    assert "9090" not in str(spec["egress"])


def test_objects_of_our_own_bear_the_recommended_labels(run: Runner) -> None:
    wanted = {"name", "instance", "component", "part-of", "managed-by"}
    for resource in made(run):
        if resource.type.startswith("kubernetes:") and not resource.type.endswith(":Release"):
            labels = resource.inputs["metadata"]["labels"]
            assert {f"app.kubernetes.io/{label}" for label in wanted} <= set(labels), resource.name


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"tempo_image_tag": "3.0.3"}, "from Tempo 3 on every span goes through Kafka"),
        ({"sampling": {"routing_key": "service"}}, "sampling.routing_key: 'service' must be traceID"),
        ({"retention_days": 30, "bucket_expire_after_days": 21}, "retention_days: 30 must be less than"),
        ({"sizing": {"ingester_replicas": 1}, "tenant": "x"}, "tenant: 'x' must be left out"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_registered(run: Runner, over: Any, expected: str) -> None:
    assert expected in run.refused(lambda: Traces("traces", args(**over)) and None)


def test_each_part_refuses_by_itself_too(run: Runner) -> None:
    bad: Any = {"sampling": {"mode": "x"}}
    tempo: Any = {"bucket_name": BUCKET, "region": REGION, "role_arn": ROLE, "image_tag": "3.0.0"}
    programs: list[Any] = [
        lambda: OpenTelemetryAgent("a", {"cluster_name": "c", **bad}) and None,
        lambda: OpenTelemetryGateway("g", bad) and None,
        lambda: OpenTelemetryGateway("g", {"sizing": {"gateway_memory": "512Mi"}}) and None,
        lambda: Tempo("t", tempo) and None,
    ]
    for program, expected in zip(programs, ("mode", "mode", "gateway_memory", "Kafka"), strict=True):
        assert expected in run.refused(program)


# --- another S3, certificates, other clusters ------------------------------------------------------

STORE: dict[str, Any] = {
    "endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333",
    "credentials_secret_name": "object-store-credentials",
    "insecure": True,
}
ON_AWS = ("account_id", "kms_key_arn", "oidc_provider_arn", "oidc_issuer")


def without_aws(**over: Any) -> TracesArgs:
    given: Any = {key: value for key, value in args(region="us-east-1", **over).items() if key not in ON_AWS}
    return {**given, "object_store": STORE}  # type: ignore[typeddict-item, no-any-return]


def test_with_another_s3_there_is_no_role_and_nothing_of_aws(run: Runner) -> None:
    registered = run(lambda: Traces("traces", without_aws()) and None)
    assert not [resource.name for resource in registered if ":iam/" in resource.type]
    tempo = values(registered, "tempo")
    assert tempo["serviceAccount"]["annotations"] == {}
    assert tempo["storage"]["trace"]["s3"]["endpoint"] == STORE["endpoint"]
    policy = registered.named("traces-network-tempo-ingester").inputs["spec"]["egress"]
    ports = {port["port"] for rule in policy for port in rule.get("ports", [])}
    assert (8333 in ports, 443 in ports) == (True, False)


@pytest.mark.parametrize("missing", ON_AWS)
def test_on_aws_everything_that_makes_the_role_is_asked_for(run: Runner, missing: str) -> None:
    given: Any = {key: value for key, value in args().items() if key != missing}
    with pytest.raises(pulumi.InputPropertiesError, match=rf"{missing}: .*object_store"):
        run(lambda: Traces("traces", given) and None)


def test_certificates_are_made_before_the_pods_that_mount_them(run: Runner) -> None:
    outputs: dict[str, Any] = {}

    def program() -> None:
        outputs.update(vars(Traces("traces", args(certificate_issuer="observability-ca"))))

    registered = run(program)
    requests = [r.inputs for r in registered.of_type(":Certificate") if "spec" in r.inputs]
    assert {given["metadata"]["name"]: given["metadata"]["namespace"] for given in requests} == {
        "tempo-tls": "observability",
        "otel-gateway-tls": "observability",
        "otel-agent-tls": "observability-agents",
    }
    assert {given["spec"]["issuerRef"]["name"] for given in requests} == {"observability-ca"}
    for release, certificate in (
        ("traces-tempo-stack-release", "traces-tempo-tls-certificate"),
        ("traces-gateway-collector-release", "traces-gateway-tls-certificate"),
        ("traces-agent-collector-release", "traces-agent-tls-certificate"),
    ):
        assert waits(registered, release, certificate), release
    assert outputs["query_url"] == "https://tempo-query-frontend.observability.svc.cluster.local:3200"
    assert outputs["otlp_http_url"].startswith("http://"), "applications stay on their node"


def test_without_an_issuer_there_are_no_certificates(run: Runner) -> None:
    assert not made(run).of_type(":Certificate")


def test_other_clusters_have_their_tenants_and_a_way_in(run: Runner) -> None:
    outputs: dict[str, Any] = {}
    given = args(multi_tenancy=True, other_clusters=True, tenants={"shop-eu": "retail", "shop-us": "retail"})

    def program() -> None:
        outputs.update(vars(Traces("traces", given)))

    registered = run(program)
    assert outputs["other_clusters_url"] == "http://otel-agent.observability-agents.svc.cluster.local:4319"
    exporters = values(registered, "otel-gateway")["alternateConfig"]["exporters"]
    tenants = {exporter["headers"]["X-Scope-OrgID"] for exporter in exporters.values() if "headers" in exporter}
    assert tenants == {"obs", "retail"}
    assert "otlp-clusters" in values(registered, "otel-agent")["ports"]


@pytest.mark.parametrize(
    ("over", "path"),
    [
        ({"tenants": {"shop": "retail"}, "other_clusters": True}, "tenants.shop"),
        ({"tenants": {"shop": "retail"}, "multi_tenancy": True}, "tenants"),
        ({"tenants": {"shop": "a b"}, "multi_tenancy": True, "other_clusters": True}, "tenants.shop"),
        ({"certificate_issuer": "My Issuer"}, "certificate_issuer"),
    ],
)
def test_what_can_t_be_told_apart_is_refused(run: Runner, over: Any, path: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=path):
        made(run, **over)


@pytest.mark.parametrize(
    ("over", "path"),
    [({"endpoint": "http://s3:9000"}, "object_store.endpoint"), ({"credentials_secret_name": "X"}, "credentials")],
)
def test_an_s3_that_can_t_be_is_refused(run: Runner, over: Any, path: str) -> None:
    given: Any = {**without_aws(), "object_store": {**STORE, **over}}
    with pytest.raises(pulumi.InputPropertiesError, match=path):
        run(lambda: Traces("traces", given) and None)


def agent_args(**over: Any) -> TracesAgentArgs:
    base: Any = {
        "cluster_name": "shop",
        "tenant": "retail",
        "centre": {"host": "shop.obs.internal", "certificate_secret_name": "client", "ca_secret_name": "centre-ca"},
    }
    return {**base, **over}  # type: ignore[no-any-return]


def test_a_cluster_without_tempo_has_agents_and_forwarders_and_nothing_else(run: Runner) -> None:
    given = agent_args(certificate_issuer="observability-ca", resource_attributes={"team": "cart"})
    registered = run(lambda: TracesAgent("spans", given) and None)
    releases = {release.inputs["name"]: release.inputs["namespace"] for release in registered.of_type(":Release")}
    assert releases == {"otel-forwarder": "observability-agents", "otel-agent": "observability-agents"}
    assert not [resource.name for resource in registered if resource.type.startswith("aws:")]
    config = values(registered, "otel-agent")["alternateConfig"]
    balanced = config["exporters"]["load_balancing/traces"]
    assert balanced["resolver"]["k8s"]["service"] == "otel-forwarder.observability-agents"
    said = {entry["key"]: entry["value"] for entry in config["processors"]["resource/cluster"]["attributes"]}
    assert said == {"k8s.cluster.name": "shop", "team": "cart"}
    assert "probabilistic_sampler" not in config["processors"]
    assert set(config["service"]["pipelines"]) == {"traces"}, "metrics only when asked for"
    assert waits(registered, "spans-agent-collector-release", "spans-forwarder-release")
    assert waits(registered, "spans-forwarder-release", "spans-forwarder-tls-certificate")


def test_agents_of_a_workload_cluster_sample_nothing_though_the_centre_does_it_at_the_agents(run: Runner) -> None:
    registered = run(lambda: TracesAgent("spans", agent_args(sampling={"mode": "head"})) and None)
    assert "probabilistic_sampler" not in values(registered, "otel-agent")["alternateConfig"]["processors"]


def test_a_centre_that_is_no_host_is_refused(run: Runner) -> None:
    centre = {"host": "https://x/", "certificate_secret_name": "client", "ca_secret_name": "ca"}
    with pytest.raises(pulumi.InputPropertiesError, match=r"centre\.host"):
        run(lambda: TracesAgent("spans", agent_args(centre=centre)) and None)
