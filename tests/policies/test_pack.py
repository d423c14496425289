"""The pack as a whole: its list, what it says when it can't judge, and what it never does."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi.runtime import proto

from policies import pack, server
from policies.rules import RULES
from tests.policies.cases import CASES as AWS_CASES
from tests.policies.cases import PROVIDER, document, irsa
from tests.policies.cases_kubernetes import KUBERNETES
from tests.policies.cases_other_forms import OTHER_FORMS
from tests.policies.harness import UNKNOWN, It, Pack, Verdict, words

CASES = [*AWS_CASES, *KUBERNETES, *OTHER_FORMS]
PACK = Pack()
SECRET = "hunter2-Zx9"


def test_the_rules_and_their_levels_change_only_on_purpose() -> None:
    assert [(rule.number, rule.id, rule.level) for rule in RULES] == [
        (1, "s3-sse-kms", "mandatory"),
        (2, "s3-bucket-key", "advisory"),
        (3, "s3-tls-only", "mandatory"),
        (4, "s3-public-access-block", "mandatory"),
        (5, "s3-no-public-grant", "mandatory"),
        (6, "s3-versioning", "mandatory"),
        (7, "s3-ownership", "mandatory"),
        (8, "s3-lifecycle-complete", "mandatory"),
        (9, "s3-lifecycle-valid", "mandatory"),
        (10, "s3-access-logs", "advisory"),
        (11, "kms-rotation", "mandatory"),
        (12, "kms-key-policy", "mandatory"),
        (13, "kms-safety", "mandatory"),
        (14, "iam-no-wildcard-action", "mandatory"),
        (15, "iam-no-wildcard-resource", "mandatory"),
        (16, "iam-no-notaction-notresource", "mandatory"),
        (17, "iam-no-privilege-escalation", "mandatory"),
        (18, "iam-kms-secrets-scoped", "mandatory"),
        (19, "iam-no-admin-managed", "mandatory"),
        (20, "iam-no-users-keys", "mandatory"),
        (21, "iam-trust-principal", "mandatory"),
        (22, "irsa-trust-exact", "mandatory"),
        (23, "iam-boundary", "advisory"),
        (24, "eks-secrets-kms", "mandatory"),
        (25, "eks-endpoint", "mandatory"),
        (26, "eks-logs", "mandatory"),
        (27, "eks-auth-api", "mandatory"),
        (28, "eks-version", "mandatory"),
        (29, "node-imdsv2", "mandatory"),
        (30, "node-private-encrypted", "mandatory"),
        (31, "vpc-flow-logs-default-sg", "mandatory"),
        (32, "sg-no-open-ingress", "mandatory"),
        (33, "ebs-storageclass-encrypted", "mandatory"),
        (34, "logs-retention-kms", "mandatory"),
        (35, "sns-sqs-encrypted", "mandatory"),
        (36, "rbac-least-privilege", "mandatory"),
        (37, "rbac-no-cluster-admin", "mandatory"),
        (38, "pod-restricted", "mandatory"),
        (39, "image-pinned-limits", "mandatory"),
        (40, "namespace-pss-default-deny", "mandatory"),
        (41, "exposure", "mandatory"),
        (42, "no-literal-secrets", "mandatory"),
        (43, "helm-source-locked", "mandatory"),
        (44, "helm-values-safe", "mandatory"),
        (45, "tags-and-packages", "remediate"),
        (46, "rds-encrypted-private", "mandatory"),
    ]


def test_every_policy_tells_the_engine_what_it_is_and_how_to_comply() -> None:
    info = PACK.server.GetAnalyzerInfo(None, None)
    assert [policy.name for policy in info.policies] == [rule.id for rule in RULES]
    for policy in info.policies:
        assert policy.description, policy.name
        assert policy.remediation_steps, policy.name
        assert policy.severity, policy.name


CLUSTER = {
    "encryptionConfig": {"provider": {"keyArn": "arn:x"}, "resources": ["secrets"]},
    "enabledClusterLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
    "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
}
UNKNOWN_FACTS: list[tuple[str, str, dict[str, Any], str]] = [
    ("s3-tls-only", "aws:s3/bucketPolicy:BucketPolicy", {"bucket": "b", "policy": UNKNOWN}, "policy"),
    ("kms-key-policy", "aws:kms/key:Key", {"policy": UNKNOWN}, "policy"),
    ("irsa-trust-exact", "aws:iam/role:Role", {"assumeRolePolicy": UNKNOWN}, "assumeRolePolicy"),
    (
        "irsa-trust-exact",
        "aws:iam/role:Role",
        {"assumeRolePolicy": json.loads(document(irsa(Condition=UNKNOWN)))},
        "statement 1",
    ),
    ("iam-no-wildcard-action", "aws:iam/rolePolicy:RolePolicy", {"policy": UNKNOWN}, "policy"),
    (
        "iam-no-wildcard-resource",
        "aws:iam/rolePolicy:RolePolicy",
        {"policy": {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": UNKNOWN}}},
        "statement 1",
    ),
    ("eks-endpoint", "aws:eks/cluster:Cluster", {"vpcConfig": UNKNOWN}, "vpcConfig"),
    ("eks-logs", "aws:eks/cluster:Cluster", {"enabledClusterLogTypes": UNKNOWN}, "enabledClusterLogTypes"),
    ("helm-source-locked", "kubernetes:helm.sh/v3:Release", {"chart": UNKNOWN, "version": "1.0.0"}, "chart"),
    ("node-imdsv2", "aws:ec2/launchTemplate:LaunchTemplate", {"metadataOptions": UNKNOWN}, "metadataOptions"),
]


@pytest.mark.parametrize(("rule", "kind", "props", "named"), UNKNOWN_FACTS)
def test_a_rule_that_cant_judge_says_so_once_as_advice_and_names_the_property(
    rule: str, kind: str, props: dict[str, Any], named: str
) -> None:
    found = PACK.one(kind, props)
    assert not [each for each in found if each.mandatory and each.policy == rule]
    notes = [each for each in found if each.word == "unknown"]
    (about,) = [each for each in notes if rule == each.policy or rule in each.message]
    assert named in about.message
    assert "not known" in about.message


def test_one_note_speaks_for_all_rules_that_wait_for_a_property() -> None:
    (note,) = PACK.one("aws:iam/rolePolicy:RolePolicy", {"role": UNKNOWN, "policy": UNKNOWN})
    assert (note.policy, note.mandatory, note.word) == ("iam-no-wildcard-action", False, "unknown")
    for other in ("wildcard-resource", "notaction-notresource", "privilege-escalation"):
        assert f"iam-no-{other}" in note.message
    first, second = PACK.one("aws:eks/cluster:Cluster", {**CLUSTER, "version": UNKNOWN, "vpcConfig": UNKNOWN})
    assert {first.policy, second.policy} == {"eks-endpoint", "eks-version"}


def test_the_first_preview_the_second_and_the_update_each_say_what_they_know() -> None:
    """A role with a policy on a key: its ARN is known once it is there; in an update documents are known before."""
    kind = "aws:iam/rolePolicy:RolePolicy"

    def document_on(arn: str) -> dict[str, Any]:
        return {"policy": document({"Effect": "Allow", "Action": ["kms:Decrypt", "s3:*"], "Resource": arn})}

    first = PACK.one(kind, {"policy": UNKNOWN})
    assert [(each.mandatory, each.word) for each in first] == [(False, "unknown")]
    second = PACK.one(kind, document_on("arn:aws:kms:eu-west-1:123456789012:key/1"))
    assert {(each.policy, each.word) for each in second} == {("iam-no-wildcard-action", "whole-service")}
    update = PACK.one(kind, document_on("*"))
    assert ("iam-kms-secrets-scoped", "unscoped") in {(each.policy, each.word) for each in update if each.mandatory}


def test_objects_are_judged_while_the_cluster_s_credentials_are_unknown() -> None:
    """A first preview: the engine knows no outputs of any Kubernetes object, but it has shown what goes in."""
    namespace = {"metadata": {"name": "apps", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    deny = {"metadata": {"name": "d", "namespace": "apps"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}
    kinds = ("kubernetes:core/v1:Namespace", "kubernetes:networking.k8s.io/v1:NetworkPolicy")
    rule = "namespace-pss-default-deny"
    running = Pack()
    for kind, name, props in ((kinds[0], "ns", namespace), (kinds[1], "deny", deny)):
        running.one(kind, props, name)
    assert not [each for each in running.all(It(kinds[0], "ns", {}), It(kinds[1], "deny", {})) if each.policy == rule]
    open_one = Pack()
    open_one.one(kinds[0], namespace, "ns")
    assert words(open_one.all(It(kinds[0], "ns", {})), rule) == {"no-default-deny"}
    assert words(Pack().all(It(kinds[0], "ns", {}), It(kinds[1], "deny", {})), rule, mandatory=False) == {"unknown"}


def test_requests_at_the_same_time_keep_their_notes_apart() -> None:
    from concurrent.futures import ThreadPoolExecutor

    def judged(number: int) -> bool:
        found = PACK.one("aws:iam/rolePolicy:RolePolicy", {"policy": UNKNOWN}, f"r{number}")
        return [each.urn.rpartition("::")[2] for each in found] == [f"r{number}"]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(judged, range(200)))


def test_a_known_statement_is_judged_beside_an_unknown_one() -> None:
    known = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = {"Statement": [{"Effect": "Allow", "Action": UNKNOWN, "Resource": UNKNOWN}, known]}
    found = PACK.one("aws:iam/rolePolicy:RolePolicy", {"policy": policy})
    assert words(found, "iam-no-wildcard-action") == {"whole-service"}
    assert words(found, "iam-no-wildcard-action", mandatory=False) == {"unknown"}


def test_without_the_promises_advice_still_is_advice() -> None:
    server.uninstall()
    try:
        request = proto.AnalyzeRequest(type="aws:kms/key:Key", name="k")
        request.properties.update({"policy": UNKNOWN, "enableKeyRotation": False})
        found = PACK.server.Analyze(request, None).diagnostics
    finally:
        server.install()
    levels = {each.policyName: each.enforcementLevel for each in found}
    assert levels == {"kms-rotation": proto.MANDATORY, "kms-key-policy": proto.ADVISORY}


def test_a_rule_that_fails_is_advice_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_resource: object) -> None:
        raise ZeroDivisionError(SECRET)

    rule = next(rule for rule in RULES if rule.id == "kms-rotation")
    monkeypatch.setitem(rule.on_resource, "aws:kms/key:Key", broken)
    found = PACK.one("aws:kms/key:Key", {"deletionWindowInDays": 7})
    assert words(found, "kms-rotation", mandatory=False) == {"rule-failed"}
    assert words(found, "kms-safety") == {"short-window"}
    assert not any(SECRET in each.message for each in found)


def test_other_people_s_policies_get_what_pulumi_policy_gives_them() -> None:
    from pulumi_policy import EnforcementLevel, ResourceValidationPolicy
    from pulumi_policy.policy import _PolicyAnalyzerServicer

    seen: list[Any] = []

    def first(args: Any, _report: Any) -> None:
        seen.append(sorted(args.props))
        seen.append(args.props["size"])
        args.props["name"] = "changed by one policy"

    def second(args: Any, _report: Any) -> None:
        seen.append(args.props["name"])
        args.props["arn"]  # raises

    others = [ResourceValidationPolicy(f.__name__, "other", f) for f in (first, second)]
    analyzer = _PolicyAnalyzerServicer("p", "1", [*others, *pack.build()], EnforcementLevel.MANDATORY)
    request = proto.AnalyzeRequest(type="x:y:Z", name="z")
    request.properties.update({"name": "z", "size": 3, "arn": UNKNOWN})
    (note,) = analyzer.Analyze(request, None).diagnostics
    assert "arn can't be known" in note.message
    assert seen == [["arn", "name", "size"], 3.0, "z"]


def test_a_resource_is_converted_once_for_all_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    convert = server._struct
    monkeypatch.setattr(server, "_struct", lambda *of: counted.append("ours") or convert(*of))
    monkeypatch.setattr(server, "_to_dict", lambda *_: counted.append("stock"))
    PACK.one("aws:kms/key:Key", {"enableKeyRotation": True})
    PACK.one("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/24"})
    assert counted == ["ours"], "rules look at the key, and no rule looks at the subnet"
    counted.clear()
    PACK.all(It("aws:s3/bucket:Bucket", "b", {"bucket": "b"}), It("aws:ec2/vpc:Vpc", "v", {}))
    assert counted == ["ours", "ours"]


ODD: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.floats(),
        st.sampled_from(
            [UNKNOWN, SECRET, "", "*", "{", "[]", "null", '{"Statement": {"Action": 1}}', "0.0.0.0/0", ":"]
        ),
        st.text(max_size=8),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "Statement",
                    "Effect",
                    "Action",
                    "Principal",
                    "Condition",
                    "ebs",
                    "rule",
                    "4dabf18193072939515e22adb298388d",
                ]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)


def _mutate(draw: Any, value: Any, depth: int = 0) -> Any:
    """Some of a resource, with odd things in the place of the rest."""
    if depth and draw(st.integers(0, 5)) == 0:
        return draw(ODD)
    if isinstance(value, dict):
        return {key: _mutate(draw, item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_mutate(draw, item, depth + 1) for item in value]
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.dumps(_mutate(draw, json.loads(value), depth + 1))
        except ValueError:
            return value
    return value


def _sane(found: list[Verdict]) -> None:
    assert not [each for each in found if each.word == "rule-failed"]
    assert not [each for each in found if SECRET in each.message]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_odd_data_gives_a_verdict_and_no_failure(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES))
    props = _mutate(data.draw, case.props)
    _sane(PACK.one(case.type, props))
    _sane(
        PACK.all(It(case.type, "it", props), It("aws:s3/bucket:Bucket", "b", props), It("aws:ec2/vpc:Vpc", "v", props))
    )


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted({kind for rule in RULES for kind in rule.on_resource})),
    st.dictionaries(st.text(max_size=5), ODD),
)
def test_garbage_gives_a_verdict(kind: str, props: dict[str, Any]) -> None:
    _sane(PACK.one(kind, props))


def test_no_message_shows_a_value() -> None:
    def planted(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: planted(item) for key, item in value.items()}
        if isinstance(value, list):
            return [planted(item) for item in value]
        return f"{SECRET}" if isinstance(value, str) else value

    for case in CASES:
        _sane(PACK.one(case.type, planted(case.props)))
    actions = [f"s3:{SECRET}*", f"{SECRET}:*", f"iam:*{SECRET}", f"*{SECRET}"]
    document_of_secrets = {"Statement": {"Effect": "Allow", "Action": actions, "Resource": f"*{SECRET}*"}}
    found = PACK.one("aws:iam/rolePolicy:RolePolicy", {"policy": document_of_secrets})
    assert words(found, "iam-no-wildcard-action")
    _sane(found)


def test_nesting_without_end_is_cut_off() -> None:
    deep: Any = "x"
    for _ in range(90):
        deep = {"values": [deep]}
    assert PACK.one("aws:kms/key:Key", {"enableKeyRotation": False, "x": deep})
    text = "[" * 100_000
    assert words(PACK.one("aws:kms/key:Key", {"policy": text}), "kms-key-policy") == {"not-json"}


def test_secrets_and_assets_are_read_for_what_they_are() -> None:
    signature = "4dabf18193072939515e22adb298388d"
    secret = {signature: "1b47061264138c4ac30d75fd1eb44270", "value": document(irsa(Principal={"Federated": PROVIDER}))}
    asset = {signature: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}
    found = PACK.one("aws:iam/role:Role", {"assumeRolePolicy": secret, "x": asset})
    assert not words(found, "irsa-trust-exact")


def test_the_pack_s_version_and_runtime_are_declared() -> None:
    text = (Path(pack.__file__).parent / "PulumiPolicy.yaml").read_text()
    assert "runtime: python" in text
    assert "version:" in text


BOMB = "a0: &a0 [tls, tls]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
HOSTILE = [
    BOMB,
    "tls: &a [*a]\n",
    "!!python/object/apply:os.system ['true']\ntls: x\n",
    "a.a-" * 100_000,
    "eyJ-" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=["bomb", "endless", "tag", "dots", "tokens"])
def test_hostile_texts_cost_no_time_and_run_nothing(text: str) -> None:
    started = time.monotonic()
    _sane(PACK.one("kubernetes:helm.sh/v3:Release", {"values": {"config": text}}))
    _sane(PACK.one("kubernetes:core/v1:ConfigMap", {"data": {"config": text}}))
    assert time.monotonic() - started < 3
