"""The pack as a whole: its list, what it says when it can't judge, and what it never does."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi.runtime import proto

from policies import pack, server
from policies.rules import RULES
from tests.policies.cases import CASES, PROVIDER, document, irsa
from tests.policies.harness import UNKNOWN, It, Pack, Verdict, words

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
        (43, "helm-source-locked", "mandatory"),
    ]


def test_every_policy_tells_the_engine_what_it_is_and_how_to_comply() -> None:
    info = PACK.server.GetAnalyzerInfo(None, None)
    assert [policy.name for policy in info.policies] == [rule.id for rule in RULES]
    for policy in info.policies:
        assert policy.description, policy.name
        assert policy.remediation_steps, policy.name
        assert policy.severity, policy.name


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
    found = [each for each in PACK.one(kind, props) if each.policy == rule]
    assert not [each for each in found if each.mandatory]
    found = [each for each in found if each.word == "unknown"]
    assert found
    assert len({each.message for each in found}) == len(found)
    assert all(named in each.message and "not known" in each.message for each in found), found


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
