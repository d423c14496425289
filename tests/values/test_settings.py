"""The settings: what a stack file may say, and how it is refused."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import settings
from components import defaults

GOOD = {"name": "obs", "region": "eu-west-1"}


def refused(**config: object) -> str:
    """The message for a stack file with these keys besides the good ones."""
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in (GOOD | config).items()}
    with pytest.raises(settings.SettingsError) as caught:
        settings.load(texts, "Pulumi.test.yaml")
    return str(caught.value)


def test_name_and_region_are_enough_and_the_rest_is_productions() -> None:
    loaded = settings.load(GOOD, "Pulumi.test.yaml")
    assert loaded.retention.metrics.one_hour_days == defaults.METRICS_1H_DAYS == 365
    assert loaded.protection.enabled
    assert not loaded.network.single_nat_gateway
    assert loaded.cluster.public_access_cidrs == ()


def test_settings_cannot_be_changed_after_loading() -> None:
    loaded = settings.load(GOOD, "Pulumi.test.yaml")
    with pytest.raises(ValueError, match="frozen"):
        loaded.retention.logs.days = 1  # type: ignore[misc]


def test_every_fault_is_reported_at_once_with_key_value_bound_and_file() -> None:
    message = refused(
        name="Obs!",
        network={"cidrBlock": "10.0.0.0/30", "singelNatGateway": True},
        retention={"metrics": {"rawDays": 7}, "logs": {"days": "soon"}},
        protection={"deletionPrincipalArns": ["*"]},
    )
    assert message.startswith("Pulumi.test.yaml: ")
    for expected in (
        "eks-observability:name: 'Obs!' must",
        "eks-observability:network.singelNatGateway: unknown setting; did you mean singleNatGateway?",
        "eks-observability:retention.logs.days: 'soon' must be a valid integer",
        "eks-observability:protection.deletionPrincipalArns[0]: '*' must be the ARN",
    ):
        assert expected in message


def test_rules_between_settings_name_the_setting_and_not_what_it_fixes() -> None:
    message = refused(retention={"metrics": {"rawDays": 7}, "logs": {"days": 5}})
    assert "eks-observability:retention.metrics.rawDays: 7 must be a whole number of days, at least 30" in message
    assert "eks-observability:retention.logs.days: 5 must be later than the last transition (7 days)" in message


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"nmae": "x"}, "nmae: unknown setting; did you mean name?"),
        ({"region": "Ireland"}, "region: 'Ireland' must be an AWS region such as eu-west-1"),
        ({"accountId": "12"}, "accountId: '12' must be an AWS account id: twelve digits"),
        ({"name": "a-name-that-is-much-too-long"}, "name: 'a-name-that-is-much-too-long' must be 3 to 20"),
        ({"network": "[]"}, "network: [] must be a"),
        ({"network": "not json"}, "network: 'not json' must be a map of settings"),
        ({"network": {"cidrBlock": "10.0.0.0/30"}}, "network.cidrBlock: '10.0.0.0/30' must"),
        ({"network": {"availabilityZones": ["eu-west-1a"]}}, "network.availabilityZones"),
        ({"network": {"availabilityZones": ["eu-west-1a", "us-east-1b"]}}, "network.availabilityZones[1]"),
        ({"network": {"flowLogRetentionDays": 10}}, "network.flowLogRetentionDays: 10 must be one of 1, 3, 5"),
        ({"cluster": {"kubernetesVersion": "1.19"}}, "cluster.kubernetesVersion: '1.19' must be one of"),
        ({"cluster": {"publicAccessCidrs": ["0.0.0.0/0"]}}, "cluster.publicAccessCidrs[0]: '0.0.0.0/0' must"),
        ({"cluster": {"publicAccessCidrs": ["0.0.0.0/1", "128.0.0.0/1"]}}, "cluster.publicAccessCidrs[1]"),
        ({"cluster": {"existing": {"name": "c"}}}, "cluster.existing.oidcIssuer: '' must be an issuer"),
        (
            {"cluster": {"existing": {"name": "c", "oidcIssuer": "https://x.com/id/A"}, "kubernetesVersion": "1.34"}},
            "cluster.kubernetesVersion",
        ),
        ({"retention": {"metrics": {"oneHourDays": 60}}}, "retention.metrics.oneHourDays: 60 must be later"),
        ({"network": {"natGateways": 2}}, "network.natGateways: unknown setting"),
        ({"cluster": {"adminPrincipalArns": ["*"]}}, "cluster.adminPrincipalArns[0]: '*' must be the ARN of one IAM"),
        ({"retention": {"traces": {"days": 0}}}, "retention.traces.days: 0 must be a whole number of days"),
        ({"metrics": {"prometheus": {"replicas": 9}}}, "metrics.prometheus.replicas: 9 must be a whole number"),
        (
            {"logs": {"sizing": {"writeReplicas": 2}}},
            "logs.sizing.writeReplicas: 2 must be at least replication_factor",
        ),
        ({"logs": {"sizing": {"walReplayMemoryMib": 2000}}}, "logs.sizing.walReplayMemoryMib: 2000 must"),
        ({"logs": {"sizing": {"chunksCacheMib": 200000}}}, "logs.sizing"),
        (
            {"logs": {"schemaPeriods": [{"fromDate": "2030-01-01", "version": "v13"}]}},
            "logs.schemaPeriods[0].fromDate: '2030-01-01' must",
        ),
        ({"traces": {"sampling": {"routingKey": "service"}}}, "traces.sampling.routingKey: 'service' must"),
        ({"traces": {"sizing": {"ingesterReplicas": 2}}}, "traces.sizing.ingesterReplicas"),
        ({"profiles": {"pyroscope": {"metastoreReplicas": 2}}}, "profiles.pyroscope.metastoreReplicas: 2 must"),
        (
            {"network": {"availabilityZones": ["eu-west-1a", "eu-west-1b"]}, "profiles": {"enabled": False}},
            "network.availabilityZones: 2 must name 3 zones for the distributed topology",
        ),
        ({"charts": {"source": "/nowhere/at/all"}}, "charts.source: '/nowhere/at/all' must"),
        ({"protection": {"enabled": "perhaps"}}, "protection.enabled: 'perhaps' must be a valid boolean"),
    ],
)
def test_bad_settings_are_refused_with_key_and_bound(config: dict[str, object], expected: str) -> None:
    assert f"eks-observability:{expected}" in refused(**config)


def test_the_stack_files_of_the_repository_load(repository: Path) -> None:
    yaml = pytest.importorskip("yaml")
    for stack in ("dev", "prod"):
        file = repository / f"Pulumi.{stack}.yaml"
        raw = yaml.safe_load(file.read_text())["config"]
        texts = {
            key.split(":", 1)[1]: value if isinstance(value, str) else json.dumps(value)
            for key, value in raw.items()
            if key.startswith("eks-observability:")
        }
        assert settings.load(texts, file.name).region


def test_every_deviation_in_the_stack_files_has_its_reason(repository: Path) -> None:
    for stack in ("dev", "prod"):
        previous = ""
        for line in (repository / f"Pulumi.{stack}.yaml").read_text().splitlines():
            setting = re.match(r"\s+\S+:", line)
            if setting and not line.rstrip().endswith(":"):
                assert "#" in line or previous.lstrip().startswith("#"), f"{stack}: no reason given for {line!r}"
            previous = line


def test_every_setting_is_declared_in_the_project_file(repository: Path) -> None:
    yaml = pytest.importorskip("yaml")
    declared = yaml.safe_load((repository / "Pulumi.yaml").read_text())["config"]
    assert set(declared) == {field.alias for field in settings.Settings.model_fields.values()}


def test_every_section_has_the_same_keys_as_the_platforms_arguments() -> None:
    args = settings.load(GOOD, "f").platform_args("111122223333")
    from components import platform_args, storage

    pairs = [
        (settings.Settings, platform_args.PlatformArgs),
        (settings.Network, platform_args.PlatformNetworkArgs),
        (settings.ExistingNetwork, platform_args.ExistingNetworkArgs),
        (settings.Cluster, platform_args.PlatformClusterArgs),
        (settings.Charts, platform_args.ChartsArgs),
        (settings.Protection, platform_args.ProtectionArgs),
        (settings.Retention, storage.RetentionArgs),
    ]
    for model, typed_dict in pairs:
        keys = set(model.model_fields) - {"tags"}
        assert keys == set(typed_dict.__annotations__), f"{model.__name__} and {typed_dict.__name__} have drifted"
    assert args["account_id"] == "111122223333"


def test_the_schema_for_editors_is_printed_with_units_and_bounds(repository: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "settings", "--schema"], cwd=repository, capture_output=True, text=True, check=True
    )
    schema = json.loads(run.stdout)
    assert schema["properties"]["region"]["description"].startswith("AWS region")
    assert schema["$defs"]["MetricsRetention"]["properties"]["rawDays"]["default"] == 30
