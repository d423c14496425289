"""The profiles room as resources: what is made, in which order, and what is refused."""

import json
from typing import Any

import pulumi
import pytest

from components.profiles.profiles import Profiles, ProfilesArgs
from components.profiles.profiles_agent import ProfilesAgent
from components.profiles.pyroscope import Pyroscope
from components.profiles.workload_profiles import WorkloadProfiles
from tests.components.recorder import ACCOUNT, REGION, Registrations, Runner
from tests.values.iam_evaluator import decide

ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/ABCDEF"
BUCKET = f"obs-profiles-{ACCOUNT}-{REGION}"


def args(**over: Any) -> ProfilesArgs:
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
    return run(lambda: Profiles("profiles", args(**over)) and None, preview)


def values(registered: Registrations, release: str) -> Any:
    (found,) = [r for r in registered.of_type(":Release") if r.inputs["name"] == release]
    return found.inputs["values"]


def test_the_room_consists_of_these_parts(run: Runner) -> None:
    registered = made(run)
    assert {resource.name for resource in registered if resource.parent == "profiles"} == {
        "profiles-role",
        "profiles-network",
        "profiles-agent-network",
        "profiles-alerts",
        "profiles-pyroscope",
        "profiles-agent",
    }, "names are for ever: a renamed part is a replaced one"
    releases = {release.inputs["name"]: release.inputs["namespace"] for release in registered.of_type(":Release")}
    assert releases == {"pyroscope": "observability", "profiles-agent": "observability-agents"}
    assert not registered.of_type("s3/bucket:Bucket"), "the bucket is the caller's"


def test_what_others_need_is_known_before_anything_exists(run: Runner) -> None:
    outputs: dict[str, Any] = {}

    def program() -> None:
        outputs.update(vars(Profiles("profiles", args(multi_tenancy=True, tenant="games"))))

    run(program, preview=True)
    inside = "observability.svc.cluster.local:4040"
    assert outputs["query_url"] == f"http://pyroscope-query-frontend.{inside}"
    assert outputs["write_url"] == f"http://pyroscope-distributor.{inside}"
    assert outputs["tenant"] == "games"


def test_values_are_plain_in_a_preview_though_the_cluster_is_not_there_yet(run: Runner) -> None:
    def program() -> None:
        from pulumi_aws.kms import Key

        unknown = Key("key").arn
        Profiles("profiles", args(kms_key_arn=unknown, oidc_issuer=unknown, oidc_provider_arn=unknown))

    registered = run(program, preview=True)
    for release in registered.of_type(":Release"):
        assert "None" not in str(release.inputs["values"]), f"{release.name} has something unknown"
    assert BUCKET in registered.named("profiles-role-bucket").inputs["policy"], "policies can judge it"


def test_the_agent_comes_after_pyroscope_and_pyroscope_after_its_role(run: Runner) -> None:
    registered = made(run)
    assert registered.waits_for("profiles-agent-daemon-release", "profiles-pyroscope")
    assert registered.waits_for("profiles-pyroscope-stack-release", "profiles-role")
    assert not registered.waits_for("profiles-role-role", "profiles-pyroscope")


def test_everything_in_the_cluster_waits_for_what_the_caller_says(run: Runner) -> None:
    def program() -> None:
        from pulumi_aws.kms import Key

        Profiles("profiles", args(), pulumi.ResourceOptions(depends_on=[Key("crds")]))

    registered = run(program)
    for resource in registered:
        if resource.type.startswith("kubernetes:"):
            assert "crds" in resource.depends_on, f"{resource.name} doesn't wait for the CRDs"


def test_the_role_is_named_from_the_platform_and_works_on_the_bucket_alone(run: Runner) -> None:
    registered = made(run, permissions_boundary_arn="arn:aws:iam::aws:policy/boundary")
    role = registered.named("profiles-role-role").inputs
    assert role["name"] == f"obs-pyroscope-{REGION}"
    assert role["permissionsBoundary"] == "arn:aws:iam::aws:policy/boundary"
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert statement["Condition"]["StringEquals"][f"{ISSUER}:sub"] == "system:serviceaccount:observability:pyroscope"
    document = json.loads(registered.named("profiles-role-bucket").inputs["policy"])
    assert decide(document, "s3:DeleteObject", f"arn:aws:s3:::{BUCKET}/x") == "allow"
    assert decide(document, "s3:GetObject", f"arn:aws:s3:::obs-traces-{ACCOUNT}-{REGION}/x") == "none"
    annotations = values(registered, "pyroscope")["pyroscope"]["serviceAccount"]["annotations"]
    assert annotations == {"eks.amazonaws.com/role-arn": f"arn:aws:iam::{ACCOUNT}:role/obs-pyroscope-{REGION}"}


def test_what_is_asked_for_reaches_the_parts(run: Runner) -> None:
    registered = made(
        run,
        namespace="backends",
        agents_namespace="agents",
        storage_class_name="fast",
        retention_days=14,
        sample_rate_hz=40,
        multi_tenancy=True,
        tenant="games",
        limits={"ingestion_rate_mb": 8},
        tenant_limits={"games": {"max_query_hours": 48}},
        pyroscope={"metastore_replicas": 1},
        agent={"memory": "1Gi"},
    )
    pyroscope, agent = values(registered, "pyroscope")["pyroscope"], values(registered, "profiles-agent")
    assert pyroscope["structuredConfig"]["limits"]["retention_period"] == "336h"
    assert pyroscope["structuredConfig"]["limits"]["ingestion_rate_mb"] == 8
    assert pyroscope["structuredConfig"]["multitenancy_enabled"] is True
    assert pyroscope["tenantOverrides"] == {"games": {"max_query_length": "48h"}}
    metastore = pyroscope["components"]["metastore"]
    assert (metastore["replicaCount"], metastore["persistence"]["storageClassName"]) == (1, "fast")
    text = agent["alloy"]["configMap"]["content"]
    assert "sample_rate      = 40" in text
    assert '{"X-Scope-OrgID" = "games"}' in text
    assert "http://pyroscope-distributor.backends.svc.cluster.local:4040" in text
    assert agent["alloy"]["resources"]["limits"]["memory"] == "1Gi"
    policies = {p.inputs["metadata"]["namespace"] for p in registered.of_type(":NetworkPolicy")}
    assert policies == {"backends", "agents"}


def test_without_ebpf_the_agent_needs_no_view_of_the_node(run: Runner) -> None:
    registered = made(run, ebpf_enabled=False)
    agent = values(registered, "profiles-agent")
    assert agent["controller"]["hostPID"] is False
    assert "pyroscope.ebpf" not in agent["alloy"]["configMap"]["content"]
    groups = registered.named("profiles-alerts").inputs["spec"]["groups"]
    assert "ProfilesAgentEbpfFailing" not in str(groups)


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"pyroscope": {"metastore_replicas": 2}}, "pyroscope.metastore_replicas: 2 must be 1, 3 or 5"),
        ({"retention_days": 7, "bucket_expire_after_days": 7}, "bucket_expire_after_days: 7 must be more than 8"),
        ({"multi_tenancy": True}, "tenant: '' must be given with multi_tenancy"),
        ({"zones": 2}, "one of 2 would hold a majority"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_registered(
    run: Runner, over: dict[str, Any], message: str
) -> None:
    assert message in run.refused(lambda: Profiles("profiles", args(**over)) and None)


def test_the_parts_refuse_bad_arguments_by_themselves(run: Runner) -> None:
    pyroscope: Any = {"bucket_name": BUCKET, "region": REGION, "role_arn": "arn:x", "retention_days": 0}
    agent: Any = {"write_url": "http://x", "cluster_name": "prod", "sample_rate_hz": 0}
    assert "retention_days: 0" in run.refused(lambda: Pyroscope("p", pyroscope) and None)
    assert "sample_rate_hz: 0" in run.refused(lambda: ProfilesAgent("a", agent) and None)


STORE = {"endpoint": "seaweedfs-s3.observability.svc.cluster.local:8333", "credentials_secret_name": "keys"}


def test_with_another_s3_there_is_nothing_of_aws(run: Runner) -> None:
    def program() -> None:
        aws = ("account_id", "kms_key_arn", "oidc_provider_arn", "oidc_issuer")
        given: Any = {key: value for key, value in args(object_store=STORE).items() if key not in aws}
        Profiles("profiles", given)

    registered = run(program)
    assert not [resource for resource in registered if resource.type.startswith("aws:")]
    assert "role-arn" not in str(values(registered, "pyroscope"))


def test_certificates_are_asked_for_before_the_pods_that_mount_them(run: Runner) -> None:
    registered = made(run, certificate_issuer="observability-ca", agents_namespace="agents")
    certificates = {c.name: c.inputs for c in registered.of_type(":Certificate") if "cert-manager" in c.type}
    assert {c["spec"]["secretName"]: c["metadata"]["namespace"] for c in certificates.values()} == {
        "pyroscope-tls": "observability",
        "alloy-tls": "agents",
    }
    for name in certificates:
        assert registered.waits_for("profiles-pyroscope-stack-release", name)
        assert registered.waits_for("profiles-agent-daemon-release", name)


def test_with_an_issuer_addresses_are_https(run: Runner) -> None:
    outputs: dict[str, Any] = {}

    def program() -> None:
        outputs.update(vars(Profiles("profiles", args(certificate_issuer="observability-ca"))))

    registered = run(program)
    assert outputs["query_url"].startswith("https://pyroscope-query-frontend.")
    assert outputs["write_url"].startswith("https://pyroscope-distributor.")
    text = values(registered, "profiles-agent")["alloy"]["configMap"]["content"]
    assert f'"{outputs["write_url"]}"' in text


def test_a_workload_cluster_has_the_agent_and_its_flows_and_nothing_to_store_in(run: Runner) -> None:
    centre = {"host": "shop.example.com", "certificate_secret_name": "client", "ca_secret_name": "ca"}
    given: Any = {"cluster_name": "shop", "tenant": "games", "centre": centre, "agents_namespace": "agents"}
    registered = run(lambda: WorkloadProfiles("profiles", given) and None)
    (release,) = registered.of_type(":Release")
    assert (release.inputs["name"], release.inputs["namespace"]) == ("profiles-agent", "agents")
    (policy,) = registered.of_type(":NetworkPolicy")
    assert policy.inputs["metadata"]["namespace"] == "agents"
    assert registered.waits_for(release.name, policy.name), "it may talk before it starts"
    bad: Any = {**given, "tenant": ""}
    assert "tenant: ''" in run.refused(lambda: WorkloadProfiles("profiles", bad) and None)
