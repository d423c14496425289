"""Each rule on resources it must flag and on near misses, in the forms in which the engine sends them."""

from typing import Any

import pytest

from policies import server
from policies.rules import RULES
from tests.policies.cases import CASES as AWS_CASES
from tests.policies.cases import Case
from tests.policies.cases_kubernetes import KUBERNETES
from tests.policies.cases_other_forms import OTHER_FORMS
from tests.policies.harness import UNKNOWN, Pack, words

PACK = Pack()
CASES = [*AWS_CASES, *KUBERNETES, *OTHER_FORMS]
NEIGHBOURS: dict[str, Any] = {"tagsAll": UNKNOWN, "neighbour": {"deep": [UNKNOWN, {"deeper": UNKNOWN}]}, "gone": None}


def _name(case: Case) -> str:
    return f"{case.rule}-{case.word or 'fine'}"


def _pack(case: Case) -> Pack:
    return Pack(config={case.rule: case.config}) if case.config else PACK


def _found(case: Case, props: dict[str, Any]) -> set[str]:
    return words(_pack(case).one(case.type, props), case.rule)


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_a_rule_flags_what_is_wrong_and_leaves_alone_what_is_right(case: Case) -> None:
    found = _found(case, case.props)
    assert (case.word in found) if case.word else not found, found


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_unknown_neighbours_change_nothing(case: Case) -> None:
    assert _found(case, {**case.props, **NEIGHBOURS}) == _found(case, case.props)


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_pulumi_policy_s_own_proxies_give_the_same_verdict(case: Case) -> None:
    expected = _found(case, {**case.props, **NEIGHBOURS})
    server.uninstall()
    try:
        found = words(_pack_without_promises(case).one(case.type, {**case.props, **NEIGHBOURS}), case.rule)
    finally:
        server.install()
    assert found == expected


def _pack_without_promises(case: Case) -> Pack:
    pack = _pack(case)
    server.uninstall()
    return pack


def test_every_rule_on_resources_has_a_case_of_each_kind() -> None:
    advisory = {"s3-bucket-key", "iam-boundary", "tags-and-packages"}
    for rule in RULES:
        if rule.on_resource and rule.id not in advisory:
            kinds = {bool(case.word) for case in CASES if case.rule == rule.id}
            assert kinds == {True, False}, rule.id


def _advice(rule: str, kind: str, props: dict[str, Any], config: dict[str, Any] | None = None) -> set[str]:
    return words(Pack(config={rule: config} if config else None).one(kind, props), rule, mandatory=False)


def test_a_bucket_key_is_advised_for_kms_only() -> None:
    kind = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    kms = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}
    dsse = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms:dsse"}}
    assert _advice("s3-bucket-key", kind, {"rules": [kms]}) == {"no-bucket-key"}
    assert not _advice("s3-bucket-key", kind, {"rules": [{**kms, "bucketKeyEnabled": True}]})
    assert not _advice("s3-bucket-key", kind, {"rules": [dsse]})


def test_a_boundary_is_asked_for_only_where_it_is_configured() -> None:
    kind = "aws:iam/role:Role"
    assert not _advice("iam-boundary", kind, {"name": "x"})
    found = words(Pack(config={"iam-boundary": {"required": True}}).one(kind, {"name": "x"}), "iam-boundary")
    assert found == {"no-boundary"}  # the configuration of the harness makes it mandatory


def test_what_weighs_less_is_advice_beside_a_mandatory_rule() -> None:
    locked = {"chart": "thanos", "version": "0.38.0"}
    locked["repositoryOpts"] = {"repo": "oci://ghcr.io/thanos-community/helm-charts"}  # type: ignore[assignment]
    assert _advice("helm-source-locked", "kubernetes:helm.sh/v3:Release", locked) == {"not-atomic", "no-timeout"}
    cluster = {"accessConfig": {"authenticationMode": "API"}}
    assert _advice("eks-auth-api", "aws:eks/cluster:Cluster", cluster) == {"creator-admin"}
    cluster["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] = True  # type: ignore[assignment]
    assert _advice("eks-auth-api", "aws:eks/cluster:Cluster", cluster) == {"creator-admin"}
    old = {"supported": ["1.34"], "ending": ["1.34"]}
    assert _advice("eks-version", "aws:eks/cluster:Cluster", {"version": "1.34"}, old) == {"ending"}
