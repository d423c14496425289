"""Exemptions: one finding of one rule on one resource, for a while and for a reason."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from policies import exemptions, pack
from policies.exemptions import ExemptionError
from tests.policies.harness import UNKNOWN, It, Pack, words

KEY = "aws:kms/key:Key"
BAD_KEY = {"enableKeyRotation": False, "deletionWindowInDays": 7}


def entry(**more: Any) -> dict[str, Any]:
    return {
        "type": KEY,
        "name": "it",
        "namespace": None,
        "policy": "kms-rotation",
        "finding": "rotation-off",
        "reason": "imported material can't rotate",
        "owner": "platform team",
        "expires": "2999-12-31",
        **more,
    }


def test_exactly_the_named_finding_is_excused() -> None:
    found = Pack([entry()]).one(KEY, BAD_KEY)
    assert not words(found, "kms-rotation")
    assert words(found, "kms-safety") == {"short-window"}


@pytest.mark.parametrize(
    "other",
    [
        {"name": "another"},
        {"type": "aws:kms/replicaKey:ReplicaKey"},
        {"finding": "other-word"},
        {"policy": "kms-safety"},
        {"namespace": "default"},
    ],
)
def test_everything_but_an_exact_match_stays_a_finding(other: dict[str, Any]) -> None:
    assert words(Pack([entry(**other)]).one(KEY, BAD_KEY), "kms-rotation") == {"rotation-off"}


def test_a_finding_over_the_stack_is_excused_for_its_resource_only() -> None:
    bucket = "aws:s3/bucket:Bucket"
    excused = entry(type=bucket, name="one", policy="s3-versioning", finding="no-versioning")
    found = Pack([excused]).all(It(bucket, "one", {}), It(bucket, "two", {}))
    assert [each.urn for each in found if each.policy == "s3-versioning"] == [f"urn:pulumi:dev::proj::{bucket}::two"]


def test_kubernetes_objects_go_by_their_namespace_and_either_name() -> None:
    kind = "kubernetes:core/v1:ConfigMap"
    props = {"metadata": {"name": "aws-auth", "namespace": "kube-system"}}
    for name in ("it", "aws-auth"):
        excused = entry(type=kind, name=name, namespace="kube-system", policy="eks-auth-api", finding="aws-auth")
        assert not words(Pack([excused]).one(kind, props), "eks-auth-api")
    elsewhere = entry(type=kind, name="aws-auth", policy="eks-auth-api", finding="aws-auth")
    assert words(Pack([elsewhere]).one(kind, props), "eks-auth-api")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"reason": "legacy"}, "20 characters"),
        ({"expires": "2020-01-01"}, "expired on 2020-01-01"),
        ({"expires": "soon"}, "YYYY-MM-DD"),
        ({"policy": "kms-rotaton"}, "did you mean 'kms-rotation'"),
        ({"owner": ""}, "owner"),
        ({"resaon": "x"}, "did you mean 'reason'"),
        ({"name": None}, "name"),
    ],
)
def test_an_entry_with_a_fault_is_refused_with_the_fault(fault: dict[str, Any], said: str) -> None:
    with pytest.raises(ExemptionError, match="exemption 2") as refused:
        pack.build([entry(), entry(**fault)])
    assert said in str(refused.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ExemptionError) as refused:
        pack.build([entry(reason="x", owner=""), "no mapping"])  # type: ignore[list-item]
    assert len(str(refused.value).splitlines()) == 3


def test_an_entry_that_excuses_nothing_fails_the_stack() -> None:
    used, unused = entry(), entry(name="gone")
    running = Pack([used, unused])
    running.one(KEY, BAD_KEY)
    found = [each for each in running.all(It(KEY, "it", {})) if each.policy == "exemptions-in-use"]
    (refused,) = [each for each in found if each.mandatory]
    assert "gone" in refused.message
    (report,) = [each for each in found if not each.mandatory]
    assert "1 in force" in report.message
    for part in ("kms-rotation [rotation-off]", "2999-12-31", "platform team", "imported material can't rotate"):
        assert part in report.message


def test_an_entry_whose_rule_waits_for_a_property_is_not_unused_yet() -> None:
    running = Pack([entry()])
    running.one(KEY, {"enableKeyRotation": UNKNOWN})
    assert not words(running.all(It(KEY, "it", {"enableKeyRotation": UNKNOWN})), "exemptions-in-use")


def test_with_targets_nothing_is_said_about_what_was_left_out() -> None:
    """With `--target` the engine shows a part of the resources before creation, and all of them in the stack."""
    running = Pack([entry(name="left-out"), entry(name="targeted")])
    running.one(KEY, {"enableKeyRotation": True}, "targeted")
    found = running.all(It(KEY, "targeted", {}), It(KEY, "left-out", {}))
    (refused,) = [each for each in found if each.policy == "exemptions-in-use" and each.mandatory]
    assert "targeted" in refused.message


def test_a_switched_off_check_of_exemptions_says_nothing() -> None:
    running = Pack([entry(name="gone")], levels={"exemptions-in-use": "disabled"})
    assert not [each for each in running.all(It(KEY, "it", {})) if each.policy == "exemptions-in-use"]


def test_our_own_entries_are_in_order_and_only_for_our_project() -> None:
    names = [path.name for path in exemptions.files_of("eks-observability", "prod")]
    assert "policy-exemptions.eks-observability.yaml" in names
    assert "policy-exemptions.eks-observability.yaml" not in [
        path.name for path in exemptions.files_of("another", "prod")
    ]
    folder = Path(exemptions.__file__).parent
    for name in ("policy-exemptions.eks-observability.yaml", "manifest-exemptions.yaml"):
        entries = exemptions.load(folder / name)
        pack.build(entries)
        assert len({(e["type"], e["name"], e["namespace"], e["policy"], e["finding"]) for e in entries}) == len(entries)


def test_a_file_is_read_with_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "policy-exemptions.yaml"
    path.write_text(
        "# why\n"
        "- {type: t, name: n, namespace: null, policy: kms-rotation, finding: f, "
        "reason: twenty characters and more, owner: o, expires: 2999-01-01}\n"
        "- policy: nope\n"
    )
    monkeypatch.setenv("POLICY_EXEMPTIONS", str(path))
    entries = exemptions.beside_the_stack()
    assert entries[0]["expires"] == datetime.date(2999, 1, 1)
    with pytest.raises(
        ExemptionError, match=r"exemption 2 \(policy-exemptions.yaml, line 3\): there is no policy 'nope'"
    ):
        pack.build(entries)


def test_no_file_means_no_exemption(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLICY_EXEMPTIONS", raising=False)
    monkeypatch.setenv("PULUMI_STACK", "no-such-stack")
    assert isinstance(exemptions.beside_the_stack(), list)
