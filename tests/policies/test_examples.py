"""The page's examples: each rule flags the bad one by its word, and leaves the good one alone, in every phase."""

import pytest

from policies import server
from policies.examples import EXAMPLES, Example
from policies.rules import RULES
from tests.policies.harness import It, Pack, Verdict


def _found(rule: str, example: Example, resources: list[tuple[str, dict[str, object]]]) -> list[Verdict]:
    running = Pack(config={rule: example.config} if example.config else None)
    its = [It(kind, f"it-{number}", props) for number, (kind, props) in enumerate(resources)]
    preview = [verdict for it in its for verdict in running.one(it.type, it.props, it.name)]
    return [each for each in [*preview, *running.all(*its)] if each.policy == rule]


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_bad_one_is_flagged_and_the_good_one_is_not(rule: str) -> None:
    example = EXAMPLES[rule]
    assert example.word in {each.word for each in _found(rule, example, example.bad)}
    assert not _found(rule, example, example.good)


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_same_with_pulumi_policy_s_own_proxies(rule: str) -> None:
    example = EXAMPLES[rule]
    resources = example.bad
    running = Pack(config={rule: example.config} if example.config else None)
    server.uninstall()
    try:
        its = [It(kind, f"it-{number}", props) for number, (kind, props) in enumerate(resources)]
        found = [each for it in its for each in running.one(it.type, it.props, it.name)] + running.all(*its)
    finally:
        server.install()
    assert any(f"[{example.word}]" in each.message for each in found if each.policy == rule)


def test_every_rule_has_one() -> None:
    assert list(EXAMPLES) == [rule.id for rule in RULES]
