"""The metrics room as resources: what is made, in which order, and what is refused."""

import json
from typing import Any

import pulumi
import pytest

from components.metrics.memcached import Memcached
from components.metrics.metrics import Metrics, MetricsArgs
from components.metrics.prometheus import Prometheus
from components.metrics.thanos import Thanos
from components.security.network_policy import NetworkPolicies
from tests.components.recorder import ACCOUNT, REGION, Registrations, Runner

ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/ABCDEF"
BUCKET = f"obs-metrics-{ACCOUNT}-{REGION}"


def args(**over: Any) -> MetricsArgs:
    base: dict[str, Any] = {
        "platform_name": "obs",
        "cluster_name": "prod",
        "account_id": ACCOUNT,
        "region": REGION,
        "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}",
        "oidc_issuer": ISSUER,
    }
    return {**base, **over}  # type: ignore[typeddict-item]


def made(run: Runner, preview: bool = False, **over: Any) -> Registrations:
    return run(lambda: Metrics("metrics", args(**over)) and None, preview)


def values(registered: Registrations, release: str) -> Any:
    (found,) = [r for r in registered.of_type(":Release") if r.inputs["name"] == release]
    return found.inputs["values"]


def trusted(registered: Registrations, role: str) -> Any:
    document = json.loads(registered.named(role).inputs["assumeRolePolicy"])
    (statement,) = document["Statement"]
    return statement["Condition"]["StringEquals"][f"{ISSUER}:sub"]


def test_the_room_consists_of_these_parts(run: Runner) -> None:
    registered = made(run)
    assert {resource.name for resource in registered if resource.parent == "metrics"} == {
        "metrics-bucket",
        "metrics-prometheus-role",
        "metrics-thanos-role",
        "metrics-object-store",
        "metrics-network",
        "metrics-crds",
        "metrics-prometheus",
        "metrics-thanos",
        "metrics-blackbox-exporter",
        "metrics-pushgateway",
    }, "names are for ever: a renamed part is a replaced one"
    releases = {release.inputs["name"] for release in registered.of_type(":Release")}
    assert releases == {"prometheus-operator-crds", "kps", "thanos", "prometheus-blackbox-exporter", "pushgateway"}
    assert all(resource.parent for resource in registered[1:])


def test_what_others_need_is_known_before_anything_exists(run: Runner) -> None:
    outputs: dict[str, Any] = {}

    def program() -> None:
        metrics = Metrics("metrics", args())
        outputs.update(vars(metrics))

    run(program, preview=True)
    inside = "observability.svc.cluster.local"
    assert outputs["query_frontend_url"] == f"http://thanos-query-frontend.{inside}:9090"
    assert outputs["prometheus_url"] == f"http://kps-prometheus.{inside}:9090"
    assert outputs["alertmanager_url"] == f"http://kps-alertmanager.{inside}:9093"
    assert outputs["bucket_name"] == BUCKET


def test_values_are_plain_in_a_preview_though_the_cluster_is_not_there_yet(run: Runner) -> None:
    def program() -> None:
        from pulumi_aws.kms import Key

        unknown = Key("key").arn
        Metrics("metrics", args(kms_key_arn=unknown, oidc_issuer=unknown, oidc_provider_arn=unknown))

    registered = run(program, preview=True)
    for release in registered.of_type(":Release"):
        assert "None" not in str(release.inputs["values"]), f"{release.name} has something unknown"
    documents = [registered.named(f"metrics-{who}-role-bucket").inputs["policy"] for who in ("prometheus", "thanos")]
    assert all(BUCKET in document for document in documents), "policies can judge them"


def test_crds_come_first_and_thanos_after_prometheus(run: Runner) -> None:
    registered = made(run)
    for later, earlier in (
        ("metrics-prometheus", "metrics-crds-release"),
        ("metrics-prometheus", "metrics-object-store-secret"),
        ("metrics-prometheus", "metrics-prometheus-role-role"),
        ("metrics-prometheus", "metrics-bucket-policy"),
        ("metrics-thanos", "metrics-prometheus-stack-release"),
        ("metrics-thanos", "metrics-thanos-role-bucket"),
        ("metrics-thanos-stack-release", "metrics-thanos-index-cache-servers"),
        ("metrics-blackbox-exporter", "metrics-prometheus-stack-release"),
        ("metrics-pushgateway", "metrics-prometheus-stack-release"),
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


def test_roles_trust_exactly_the_service_accounts_that_use_the_bucket(run: Runner) -> None:
    registered = made(run)
    prefix = "system:serviceaccount:observability:"
    assert trusted(registered, "metrics-prometheus-role-role") == f"{prefix}kps-prometheus"
    keepers = ["thanos-storegateway", "thanos-compactor", "thanos-ruler"]
    assert trusted(registered, "metrics-thanos-role-role") == [prefix + keeper for keeper in keepers]
    with_receive = made(run, receive_enabled=True)
    assert trusted(with_receive, "metrics-thanos-role-role")[-1] == f"{prefix}thanos-receive"


def test_service_accounts_carry_the_arn_of_the_role_that_trusts_them(run: Runner) -> None:
    registered = made(run)
    key = "eks.amazonaws.com/role-arn"
    sidecar = values(registered, "kps")["prometheus"]["serviceAccount"]
    assert sidecar["annotations"][key] == f"arn:aws:iam::{ACCOUNT}:role/obs-prometheus-{REGION}"
    for component in ("storegateway", "compactor", "ruler"):
        annotations = values(registered, "thanos")[component]["serviceAccount"]["annotations"]
        assert annotations[key] == f"arn:aws:iam::{ACCOUNT}:role/obs-thanos-{REGION}"
    assert registered.named("metrics-thanos-role-role").inputs["name"] == f"obs-thanos-{REGION}"


def test_the_bucket_s_tiers_follow_the_retention_and_its_expiry_comes_after(run: Runner) -> None:
    lifecycle = made(run, retention={"raw_days": 40, "five_minute_days": 80, "one_hour_days": 200})
    rules = {rule["id"]: rule for rule in lifecycle.named("metrics-bucket-lifecycle").inputs["rules"]}
    assert rules["data"]["transitions"] == [
        {"storageClass": "STANDARD_IA", "days": 40},
        {"storageClass": "GLACIER_IR", "days": 80},
    ]
    assert rules["data"]["expiration"] == {"days": 214}
    assert values(lifecycle, "thanos")["compactor"]["retention"] == {
        "resolutionRaw": "40d",
        "resolution5m": "80d",
        "resolution1h": "200d",
    }


def test_the_compactor_may_delete_objects_of_a_protected_bucket(run: Runner) -> None:
    policy = json.loads(made(run).named("metrics-bucket-policy").inputs["policy"])
    (statement,) = [s for s in policy["Statement"] if s["Action"] == ["s3:DeleteObject"]]
    assert set(statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]) == {
        f"arn:aws:iam::{ACCOUNT}:role/obs-prometheus-{REGION}",
        f"arn:aws:iam::{ACCOUNT}:role/obs-thanos-{REGION}",
    }


def test_a_bucket_that_the_caller_made_is_used_and_none_is_made(run: Runner) -> None:
    registered = made(run, bucket_name="blocks-of-everybody")
    assert not registered.of_type("aws:s3/bucket:Bucket")
    secret = registered.named("metrics-object-store-secret").inputs["stringData"]["objstore.yml"]
    assert "bucket: blocks-of-everybody\n" in secret
    assert "blocks-of-everybody" in registered.named("metrics-thanos-role-bucket").inputs["policy"]


def test_settings_reach_the_charts(run: Runner) -> None:
    registered = made(
        run,
        namespace="telemetry",
        agents_namespace="agents",
        storage_class_name="fast",
        receive_enabled=True,
        prometheus={"replicas": 1, "memory": "4Gi"},
        thanos={"cache_replicas": 1, "cache_memory_mib": 128},
    )
    stack, thanos = values(registered, "kps"), values(registered, "thanos")
    assert stack["prometheus"]["prometheusSpec"]["resources"]["limits"]["memory"] == "4Gi"
    assert stack["prometheus-node-exporter"]["namespaceOverride"] == "agents"
    assert thanos["global"]["storageClass"] == "fast"
    assert thanos["receive"]["enabled"] is True
    assert ".telemetry.svc." in thanos["query"]["endpoints"]["static"][0]
    assert {release.inputs["namespace"] for release in registered.of_type(":Release")} == {"telemetry"}
    servers = registered.named("metrics-thanos-index-cache-servers").inputs
    assert servers["metadata"]["namespace"] == "telemetry"
    assert servers["spec"]["replicas"] == 1
    assert servers["spec"]["template"]["spec"]["containers"][0]["args"][0] == "-m 128"
    assert {p.inputs["metadata"]["namespace"] for p in registered.of_type(":NetworkPolicy")} == {"telemetry"}


def test_query_s_endpoint_group_is_a_headless_service_over_the_store_gateways(run: Runner) -> None:
    service = made(run).named("metrics-thanos-store-group").inputs
    assert service["metadata"]["name"] == "thanos-store-group"
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"]["app.kubernetes.io/component"] == "storegateway"
    assert service["spec"]["ports"] == [{"name": "grpc", "port": 10901, "targetPort": "grpc"}]


def test_objects_of_our_own_bear_the_recommended_labels(run: Runner) -> None:
    wanted = {"name", "instance", "component", "part-of", "managed-by"}
    for resource in made(run):
        if resource.type.startswith("kubernetes:") and not resource.type.endswith(":Release"):
            labels = resource.inputs["metadata"]["labels"]
            assert {f"app.kubernetes.io/{label}" for label in wanted} <= set(labels), resource.name


@pytest.mark.parametrize(
    ("over", "messages"),
    [
        ({"retention": {"raw_days": 1}}, ["retention.raw_days: 1 must be at least 2 (days)"]),
        ({"retention": {"one_hour_days": 60}}, ["retention.one_hour_days: 60 must be at least five_minute_days (90)"]),
        (
            {"prometheus": {"replicas": 9}, "thanos": {"query_replicas": 0}},
            ["prometheus.replicas: 9 must be", "thanos.query_replicas: 0 must be"],
        ),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_registered(run: Runner, over: Any, messages: list[str]) -> None:
    message = run.refused(lambda: Metrics("metrics", args(**over)) and None)
    for expected in messages:
        assert expected in message


def test_each_part_refuses_by_itself_too(run: Runner) -> None:
    common: Any = {"cluster_name": "c", "object_store_config": "", "role_arn": ""}
    programs: list[Any] = [
        lambda: Prometheus("p", {**common, "sizing": {"replicas": 0}}) and None,
        lambda: Thanos("t", {**common, "retention": {"five_minute_days": 3, "raw_days": 3}}) and None,
        lambda: Memcached("m", {"service_name": "c", "replicas": 0}) and None,
        lambda: (
            NetworkPolicies(
                "n",
                {
                    "namespace": "o",
                    "instance": "i",
                    "peers": {},
                    "flows": [{"source": "a", "target": "b", "port": 1}],
                },
            )
            and None
        ),
    ]
    for program, expected in zip(
        programs, ("sizing.replicas", "five_minute_days", "replicas", "flows[0]"), strict=True
    ):
        assert expected in run.refused(program)


def test_outputs_from_other_resources_are_welcome_where_they_are_needed(run: Runner) -> None:
    registered = made(run, kms_key_arn=pulumi.Output.from_input("arn:aws:kms:x:1:key/2"))
    (rule,) = registered.named("metrics-bucket-encryption").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] == "arn:aws:kms:x:1:key/2"
