"""Levels and settings: what a configuration may say, the two profiles, and misspelt words."""

import json
from pathlib import Path
from typing import Any

import pytest

from policies import commands, configuration
from policies.configuration import ConfigError
from policies.rules import RULES
from tests.policies.harness import Pack, words

FOLDER = Path(configuration.__file__).parent


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"s3-versionning": "advisory"}, "did you mean 's3-versioning'"),
        ({"s3-versioning": "warn"}, "must be an object or one of"),
        ({"s3-versioning": {"enforcementLevel": "off"}}, "enforcementLevel must be one of"),
        ({"iam-boundary": {"requird": True}}, "did you mean 'required'"),
        ({"iam-boundary": {"required": "yes"}}, "required must be a boolean"),
        ({"sg-no-open-ingress": {"openPorts": [443, "80"]}}, "openPorts[1] must be an integer"),
        ({"sg-no-open-ingress": {"openPorts": 443}}, "openPorts must be an array"),
        ({"tags-and-packages": {"tags": {"team": 1}}}, "tags.team must be a string"),
        ({"s3-versioning": {"archives": []}}, "there is no setting"),
        ([], "must be an object"),
    ],
)
def test_a_fault_is_named(config: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    with pytest.raises(ConfigError) as refused:
        configuration.load(path)
    assert said in str(refused.value)
    assert commands.run(["check-config", str(path)]) == commands.UNUSABLE


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"nope": "advisory", "s3-versioning": "loud"}')
    with pytest.raises(ConfigError) as refused:
        configuration.load(path)
    assert len(str(refused.value).splitlines()) == 2


def test_what_is_in_order_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    config = {
        "all": "advisory",
        "environments": ["x/y"],
        "exemptions-in-use": "disabled",
        "tags-and-packages": {"enforcementLevel": "remediate", "tags": {"team": "x"}, "packages": ["aws"]},
        "sg-no-open-ingress": {"openPorts": [443, 80.0]},
    }
    path.write_text(json.dumps(config))
    assert configuration.load(path) == config
    assert commands.run(["check-config", str(path)]) == commands.OK


@pytest.mark.parametrize("config", [{"no-such-policy": {}}, {"iam-boundary": {"requird": True}}])
def test_the_running_pack_refuses_what_the_engine_lets_pass(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="there is no"):
        Pack(config=config)


def test_policies_of_others_in_the_same_pack_may_be_configured() -> None:
    assert not list(configuration.faults({"ours": {"anything": 1}}, ["ours"]))


def test_the_profiles_in_files_are_those_of_the_code() -> None:
    for name in configuration.PROFILES:
        path = FOLDER / f"profile-{name}.json"
        again = f"python -m policies profile {name} > {path}"
        assert json.loads(path.read_text()) == configuration.profile(name), again
        assert configuration.load(path)
    assert json.loads((FOLDER / "config-schema.json").read_text()) == configuration.schema()


def test_what_leaks_or_hands_over_rights_is_mandatory_everywhere() -> None:
    for rule in RULES:
        prod, dev = (configuration.level_in(name, rule) for name in ("prod", "dev"))
        assert prod == rule.level
        if rule.severity in ("high", "critical"):
            assert dev == rule.level == "mandatory", rule.id
        else:
            assert dev == ("disabled" if rule.level == "advisory" else "advisory"), rule.id


def _levels(name: str) -> dict[str, str]:
    return {rule: settings["enforcementLevel"] for rule, settings in configuration.profile(name).items()}


def test_a_profile_decides_what_stops_a_deployment() -> None:
    kind, props = "aws:kms/key:Key", {"enableKeyRotation": False, "deletionWindowInDays": 7}
    prod, dev = (Pack(levels=_levels(name)).one(kind, props) for name in ("prod", "dev"))
    assert words(prod, "kms-rotation") == {"rotation-off"}
    assert words(dev, "kms-rotation", mandatory=False) == {"rotation-off"}
    assert words(prod, "kms-safety") == words(dev, "kms-safety") == {"short-window"}


def test_the_environment_may_name_a_profile_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pulumi_policy import EnforcementLevel

    monkeypatch.delenv("POLICY_CONFIG", raising=False)
    assert configuration.from_environment() is None
    monkeypatch.setenv("POLICY_CONFIG", "dev")
    found = configuration.from_environment()
    assert found is not None
    assert found["kms-rotation"] == {"enforcementLevel": EnforcementLevel.ADVISORY}
    path = tmp_path / "c.json"
    path.write_text('{"s3-versionig": "advisory"}')
    monkeypatch.setenv("POLICY_CONFIG", str(path))
    with pytest.raises(ConfigError, match="s3-versioning"):
        configuration.from_environment()


def test_settings_reach_the_rules_whatever_form_the_engine_gives_them() -> None:
    config = {"sg-no-open-ingress": {"openPorts": [443]}}  # arrives as 443.0
    kind = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    props = {"cidrIpv4": "0.0.0.0/0", "fromPort": 443, "toPort": 443}
    assert not words(Pack(config=config).one(kind, props), "sg-no-open-ingress")
