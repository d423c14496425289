"""The logs room as resources: what is made, in which order, and what is refused."""

import json
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.foundation.tiered_bucket import TieredBucket
from components.logs.audit import AuditLogs
from components.logs.fluent_bit import FluentBit
from components.logs.logs import Logs, LogsArgs
from components.logs.logs_agent import LogsAgent, LogsAgentArgs
from components.logs.logs_args import FluentBitSettingsArgs
from components.logs.loki import Loki
from components.logs.redaction import BUILTIN, RedactionArgs
from components.logs.sizing import LokiSizingArgs
from components.logs.tenants import LogsLimitsArgs, LogsTenantArgs
from tests.components.recorder import ACCOUNT, REGION, Registrations, Runner
from tests.values.iam_evaluator import decide

ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/ABCDEF"
BUCKET, AUDIT = (f"obs-{what}-{ACCOUNT}-{REGION}" for what in ("logs", "audit"))


def args(**over: Any) -> LogsArgs:
    base: dict[str, Any] = {
        "platform_name": "obs",
        "cluster_name": "prod",
        "account_id": ACCOUNT,
        "region": REGION,
        "bucket_name": BUCKET,
        "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
        "oidc_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}",
        "oidc_issuer": ISSUER,
    }
    return {**base, **over}  # type: ignore[typeddict-item]


def made(run: Runner, preview: bool = False, **over: Any) -> Registrations:
    return run(lambda: Logs("logs", args(**over)) and None, preview)


def values(registered: Registrations, release: str) -> Any:
    (found,) = [r for r in registered.of_type(":Release") if r.inputs["name"] == release]
    return found.inputs["values"]


def test_the_room_consists_of_these_parts(run: Runner) -> None:
    registered = made(run, audit_logs=True, audit_bucket_name=AUDIT)
    assert {resource.name for resource in registered if resource.parent == "logs"} == {
        "logs-loki-role",
        "logs-network",
        "logs-agents-network",
        "logs-loki",
        "logs-fluent-bit",
        "logs-audit",
    }, "names are for ever: a renamed part is a replaced one"
    assert {release.inputs["name"] for release in registered.of_type(":Release")} == {
        "loki",
        "rollout-operator",
        "fluent-bit",
        "fluent-bit-events",
    }
    assert not registered.of_type("aws:s3/bucket:Bucket"), "buckets outlive what fills them: the caller's"
    assert all(resource.parent for resource in registered[1:])


def test_what_is_switched_off_is_not_made(run: Runner) -> None:
    registered = made(run, topology="simple-scalable", fluent_bit={"events": False})
    assert {release.inputs["name"] for release in registered.of_type(":Release")} == {"loki", "fluent-bit"}
    assert not registered.of_type("FirehoseDeliveryStream")


def test_what_others_need_is_known_before_anything_exists(run: Runner) -> None:
    outputs: dict[str, Any] = {}
    run(lambda: outputs.update(vars(Logs("logs", args(audit_logs=True, audit_bucket_name=AUDIT)))), preview=True)
    assert outputs["gateway_url"] == "http://loki-gateway.observability.svc.cluster.local"
    assert outputs["otlp_url"] == "http://loki-gateway.observability.svc.cluster.local/otlp"
    assert outputs["tenant"] == "fake"
    assert outputs["audit_prefix"] == "eks-audit/prod/"


def test_values_and_documents_are_plain_in_a_preview_though_the_cluster_is_not_there_yet(run: Runner) -> None:
    def program() -> None:
        from pulumi_aws.kms import Key

        unknown = Key("key").arn
        given = args(kms_key_arn=unknown, oidc_issuer=unknown, oidc_provider_arn=unknown)
        Logs("logs", {**given, "audit_logs": True, "audit_bucket_name": AUDIT})

    registered = run(program, preview=True)
    for release in registered.of_type(":Release"):
        assert "None" not in str(release.inputs["values"]).replace("None}", ""), f"{release.name} is not known"
    assert BUCKET in registered.named("logs-loki-role-bucket").inputs["policy"]
    assert AUDIT in registered.named("logs-audit-audit-writer-policy").inputs["policy"]
    stream = registered.named("logs-audit-stream").inputs["extendedS3Configuration"]
    assert stream["bucketArn"] == f"arn:aws:s3:::{AUDIT}"


def test_the_role_trusts_loki_alone_and_opens_its_own_bucket_alone(run: Runner) -> None:
    registered = made(run)
    (statement,) = json.loads(registered.named("logs-loki-role-role").inputs["assumeRolePolicy"])["Statement"]
    subject = statement["Condition"]["StringEquals"][f"{ISSUER}:sub"]
    assert subject == "system:serviceaccount:observability:loki"
    assert registered.named("logs-loki-role-role").inputs["name"] == f"obs-loki-{REGION}"
    annotations = values(registered, "loki")["serviceAccount"]["annotations"]
    assert annotations["eks.amazonaws.com/role-arn"] == f"arn:aws:iam::{ACCOUNT}:role/obs-loki-{REGION}"
    policy = json.loads(registered.named("logs-loki-role-bucket").inputs["policy"])
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert decide(policy, action, f"arn:aws:s3:::{BUCKET}/x") == "allow", action
        for other in (AUDIT, f"obs-metrics-{ACCOUNT}-{REGION}"):
            assert decide(policy, action, f"arn:aws:s3:::{other}/x") == "none", f"{action} in {other}"
    assert decide(policy, "s3:ListBucket", f"arn:aws:s3:::{BUCKET}") == "allow"
    assert decide(policy, "s3:DeleteObjectVersion", f"arn:aws:s3:::{BUCKET}/x") == "none"


def test_loki_comes_after_its_role_and_fluent_bit_after_loki(run: Runner) -> None:
    registered = made(run)
    for later, earlier in (
        ("logs-loki", "logs-loki-role-bucket"),
        ("logs-loki-stack-release", "logs-loki-rollout-operator-release-release"),
        ("logs-loki-stack-release", "logs-loki-rules"),
        ("logs-loki-stack-release", "logs-loki-schema-period-0"),
        ("logs-fluent-bit", "logs-loki-stack-release"),
    ):
        assert registered.waits_for(later, earlier), f"{later} doesn't wait for {earlier}"
        assert not registered.waits_for(earlier, later), "nor in a circle"


def test_everything_waits_for_what_the_caller_said(run: Runner) -> None:
    def program() -> None:
        first: Any = TieredBucket(
            "first",
            {
                "bucket_name": BUCKET,
                "region": REGION,
                "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
                "expire_after_days": 37,
            },
        )
        given = args(audit_logs=True, audit_bucket_name=AUDIT)
        Logs("logs", given, pulumi.ResourceOptions(depends_on=[first]))

    registered = run(program)
    for name in ("logs-loki-role", "logs-network", "logs-loki-stack", "logs-fluent-bit-nodes", "logs-audit-filter"):
        assert registered.waits_for(name, "first-bucket") or registered.waits_for(name, "first"), name


def test_a_schema_period_is_pinned_where_the_engine_refuses_to_move_it(run: Runner) -> None:
    periods = [{"from_date": "2024-04-01", "version": "v13"}, {"from_date": "2099-01-01", "version": "v13"}]
    registered = made(run, schema_periods=periods)
    for index, period in enumerate(periods):
        pin = registered.named(f"logs-loki-schema-period-{index}")
        assert pin.inputs["data"] == {"from": period["from_date"], "version": "v13"}
        assert pin.request.protect, "a change is a replacement, and that is refused"
        assert list(pin.request.replaceOnChanges) == ["data"]
    assert not made(run, protect=False).named("logs-loki-schema-period-0").request.protect


def test_firehose_waits_for_its_rights_and_the_filter_for_both(run: Runner) -> None:
    registered = made(run, audit_logs=True, audit_bucket_name=AUDIT)
    assert registered.waits_for("logs-audit-stream", "logs-audit-audit-writer-policy")
    assert registered.waits_for("logs-audit-stream", "logs-audit-audit-writer-key-policy")
    assert registered.waits_for("logs-audit-filter", "logs-audit-stream")
    assert registered.waits_for("logs-audit-filter", "logs-audit-audit-feed-policy")
    subscription = registered.named("logs-audit-filter").inputs
    assert subscription["logGroup"] == "/aws/eks/prod/cluster"
    assert subscription["destinationArn"] == f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/obs-audit"
    assert registered.named("logs-audit-stream").inputs["serverSideEncryption"]["enabled"] is True


def test_settings_reach_the_charts(run: Runner) -> None:
    registered = made(
        run,
        namespace="telemetry",
        agents_namespace="agents",
        storage_class_name="fast",
        multi_tenancy=True,
        tenant="platform",
        retention={"days": 14},
        fluent_bit={"drop_debug": False, "buffer_gib": 9},
        sizing={"write_memory": "4Gi"},
    )
    loki, nodes = values(registered, "loki"), values(registered, "fluent-bit")
    assert loki["loki"]["auth_enabled"] is True
    assert loki["loki"]["limits_config"]["retention_period"] == "336h"
    assert loki["ingester"]["persistence"]["claims"][0]["storageClass"] == "fast"
    assert loki["loki"]["ingester"]["wal"]["replay_memory_ceiling"] == "3072MB"
    pipeline = nodes["config"]["extraFiles"]["pipeline.yaml"]
    assert "loki-gateway.telemetry.svc.cluster.local" in pipeline
    assert "storage.total_limit_size: 9G" in pipeline
    assert '["drop"] = {  }' in nodes["luaScripts"]["process.lua"]
    namespaces = {r.inputs["name"]: r.inputs["namespace"] for r in registered.of_type(":Release")}
    assert namespaces == {
        "loki": "telemetry",
        "rollout-operator": "telemetry",
        "fluent-bit": "agents",
        "fluent-bit-events": "telemetry",
    }
    skipped = {r.inputs["name"]: r.inputs["skipCrds"] for r in registered.of_type(":Release")}
    assert skipped["rollout-operator"] is False, "the operator refuses to start without them"
    assert skipped["loki"] is True


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"topology": "single"}, "topology: 'single' must be distributed or simple-scalable"),
        ({"bucket_expire_after_days": 30}, "bucket_expire_after_days: 30 must be at least 32 (days)"),
        ({"node_count": 2}, "sizing.write_replicas: 3 must need at most node_count (2) nodes"),
        ({"node_memory_gib": 2}, "sizing.chunks_cache_mib: 2048 must leave the pod (2457 MiB) within a node"),
        ({"sizing": {"wal_replay_memory_mib": 4096}}, "sizing.wal_replay_memory_mib: 4096 must be at most 1638"),
        ({"schema_periods": [{"from_date": "2999-01-01", "version": "v13"}]}, "not lie in the future"),
        ({"audit_logs": True}, "audit_bucket_name: '' must name a bucket"),
    ],
)
def test_bad_arguments_are_refused_before_anything_exists(run: Runner, over: Any, message: str) -> None:
    assert message in run.refused(lambda: Logs("logs", args(**over)) and None)


def test_parts_work_alone_and_refuse_alone(run: Runner) -> None:
    loki: Any = {"bucket_name": BUCKET, "region": REGION, "role_arn": "arn:x", "sizing": {"write_replicas": 1}}
    assert "sizing.write_replicas: 1" in run.refused(lambda: Loki("loki", loki) and None)
    bit: Any = {"cluster_name": "prod", "buffer_gib": 1000}
    assert "buffer_gib: 1000" in run.refused(lambda: FluentBit("bit", bit) and None)
    audit: Any = {**args(), "bucket_name": "Bad"}
    assert "bucket_name: 'Bad'" in run.refused(lambda: AuditLogs("audit", audit) and None)


def certificates(registered: Registrations) -> dict[str, Any]:
    found = [r for r in registered if r.inputs.get("kind") == "Certificate"]
    return {f"{r.inputs['metadata']['namespace']}/{r.inputs['spec']['secretName']}": r for r in found}


def test_with_an_issuer_everybody_has_a_certificate_before_it_starts(run: Runner) -> None:
    registered = made(run, certificate_issuer="observability-ca")
    assert set(certificates(registered)) == {
        "observability/loki-tls",
        "observability/loki-gateway-tls",
        "observability-agents/fluent-bit-tls",
        "observability/fluent-bit-events-tls",
    }
    for release, secret in (
        ("logs-loki-stack-release", "observability/loki-tls"),
        ("logs-loki-stack-release", "observability/loki-gateway-tls"),
        ("logs-fluent-bit-nodes-release", "observability-agents/fluent-bit-tls"),
        ("logs-fluent-bit-events-release", "observability/fluent-bit-events-tls"),
    ):
        certificate = certificates(registered)[secret]
        assert registered.waits_for(release, certificate.name), f"{release} would wait for its Secret"
        assert certificate.inputs["spec"]["issuerRef"]["name"] == "observability-ca"
    assert not certificates(made(run)), "and without one nobody has"


def test_with_an_issuer_the_addresses_say_so(run: Runner) -> None:
    outputs: dict[str, Any] = {}
    given = args(certificate_issuer="observability-ca")
    run(lambda: outputs.update(vars(Logs("logs", given))), preview=True)
    assert outputs["gateway_url"] == "https://loki-gateway.observability.svc.cluster.local"
    assert outputs["otlp_url"] == "https://loki-gateway.observability.svc.cluster.local/otlp"


def test_another_s3_makes_no_role_and_nothing_else_of_aws(run: Runner) -> None:
    given: Any = {
        "platform_name": "obs",
        "cluster_name": "laptop",
        "region": "us-east-1",
        "bucket_name": "obs-logs",
        "topology": "simple-scalable",
        "object_store": {"endpoint": "s3.observability.svc:8333", "credentials_secret_name": "keys", "insecure": True},
    }
    registered = run(lambda: Logs("logs", given) and None)
    assert not [r for r in registered if r.request.type.startswith("aws:")]
    loki = values(registered, "loki")
    assert "role-arn" not in str(loki)
    assert loki["defaults"]["extraEnv"][0]["valueFrom"]["secretKeyRef"]["name"] == "keys"
    policies = {r.inputs["metadata"]["name"]: r.inputs["spec"] for r in registered.of_type(":NetworkPolicy")}
    assert "0.0.0.0/0" not in str(policies["logs-loki"])
    assert {port["port"] for rule in policies["logs-loki"]["egress"] for port in rule["ports"]} >= {8333}


def test_an_agent_is_fluent_bit_and_its_flows_and_nothing_else(run: Runner) -> None:
    given: Any = {
        "cluster_name": "shop",
        "tenant": "shop",
        "centre": {"host": "shop.logs.example.com", "certificate_secret_name": "c", "ca_secret_name": "a"},
        "fluent_bit": {"buffer_gib": 6},
    }
    registered = run(lambda: LogsAgent("agent", given) and None)
    assert {r.name for r in registered if r.parent == "agent"} == {
        "agent-network",
        "agent-agents-network",
        "agent-fluent-bit",
    }
    releases = {r.inputs["name"]: r.inputs["namespace"] for r in registered.of_type(":Release")}
    assert releases == {"fluent-bit": "observability-agents", "fluent-bit-events": "observability"}
    assert not certificates(registered), "its certificate comes from the caller"
    pipeline = values(registered, "fluent-bit")["config"]["extraFiles"]["pipeline.yaml"]
    assert "storage.total_limit_size: 6G" in pipeline
    assert '["tenant"] = "shop"' in values(registered, "fluent-bit")["luaScripts"]["process.lua"]
    without = run(lambda: LogsAgent("agent", {**given, "fluent_bit": {"events": False}}) and None)
    assert {r.inputs["name"] for r in without.of_type(":Release")} == {"fluent-bit"}
    assert "agent-network" not in {r.name for r in without}


def test_an_agent_refuses_before_anything_exists(run: Runner) -> None:
    centre = {"host": "https://centre", "certificate_secret_name": "c", "ca_secret_name": "a"}
    given: Any = {"cluster_name": "shop", "tenant": "shop", "centre": centre}
    assert "centre.host: 'https://centre'" in run.refused(lambda: LogsAgent("agent", given) and None)


def test_the_example_makes_logs_on_a_cluster_that_exists(
    run: Runner, repository: Path, installed_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(installed_library))
    path = str(repository / "examples" / "logs_on_existing_cluster.py")
    registered = run(lambda: runpy.run_path(path) and None)
    assert len(registered.of_type(":Release")) == 5
    assert {bucket.inputs["bucket"] for bucket in registered.of_type("s3/bucket:Bucket")} == {
        f"acme-logs-{ACCOUNT}-{REGION}",
        f"acme-audit-{ACCOUNT}-{REGION}",
    }


def test_the_page_names_every_argument_and_output(repository: Path) -> None:
    page = (repository / "docs" / "logs.md").read_text()
    assert "../examples/logs_on_existing_cluster.py" in page
    for group in (
        LogsArgs,
        LogsAgentArgs,
        FluentBitSettingsArgs,
        LokiSizingArgs,
        LogsLimitsArgs,
        LogsTenantArgs,
        RedactionArgs,
    ):
        for name in group.__annotations__:
            assert f"`{name}`" in page, name
    for name in Logs.__annotations__:
        assert f"`{name}`" in page, name
    for name in BUILTIN:
        assert f"`{name}`" in page, name
