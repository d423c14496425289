"""Stack configuration as typed, frozen settings.

`Pulumi.<stack>.yaml` says what differs from production's defaults; this module says what may be said, and
refuses the rest: every fault at once, each naming its key, the value, the bound and the file. Rules that
need more than a type are the components' own (`components/platform_faults.py`), so they are written once.

`python -m settings --schema` prints the JSON schema of the settings, for editors. No resource is made
here: `Settings.platform_args()` hands plain data to the components.
"""

import argparse
import ast
import difflib
import inspect
import itertools
import json
import re
import sys
import textwrap
import types
from collections.abc import Iterable, Mapping
from typing import Any, cast, get_args, get_origin, get_type_hints, is_typeddict

import pulumi
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.alias_generators import to_camel

from components import defaults
from components.foundation.node_groups import NodeGroupArgs
from components.foundation.object_store import ObjectStoreArgs
from components.metrics.sizing import PrometheusSizingArgs, ThanosSizingArgs
from components.platform_args import (
    ExistingClusterArgs,
    PlatformArgs,
    PlatformCertificatesArgs,
    PlatformClusterServicesArgs,
    PlatformEntranceArgs,
    PlatformGrafanaArgs,
    PlatformLogsArgs,
    PlatformProfilesArgs,
    PlatformSeaweedFsArgs,
    PlatformSecretsArgs,
    PlatformTracesArgs,
)
from components.platform_faults import platform_faults

PROJECT = "eks-observability"
"""The project's name in Pulumi.yaml, and so the namespace of its configuration keys."""

DOCUMENTED = "--schema" in sys.argv
"""Whether descriptions are wanted: finding docstrings means parsing this file, which a preview needn't wait for."""


class Section(BaseModel):
    """Common ground: camelCase keys, nothing unknown, nothing changed after loading."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=DOCUMENTED,
    )


def section_of(arguments: Any) -> type[Section]:
    """The section whose keys are a component's arguments, a `TypedDict`: no key is written twice.

    Keys that are left out stay left out, so that the component's own defaults hold.
    """
    texts = _docstrings(arguments) if DOCUMENTED else {}
    fields: dict[str, Any] = {}
    # `pulumi.Input` names its last part as text, which only its own module could resolve.
    for name, hint in get_type_hints(arguments, localns={"Output": pulumi.Output, "T": Any}).items():
        default = ... if name in arguments.__required_keys__ else None
        fields[name] = (_setting_type(hint), Field(default=default, description=texts.get(name)))
    model = create_model(arguments.__name__.removesuffix("Args"), __base__=Section, __doc__=arguments.__doc__, **fields)
    return model


def _setting_type(hint: Any) -> Any:
    """An argument's type as a setting's: nested arguments become sections, and lists tuples, which can't change."""
    if is_typeddict(hint):
        return section_of(hint)
    if any(get_origin(argument) is pulumi.Output for argument in get_args(hint)):
        return get_args(hint)[0]  # `pulumi.Input[str]`: a file says it outright
    inner = [_setting_type(argument) for argument in get_args(hint)]
    if get_origin(hint) is list:
        return types.GenericAlias(tuple, (inner[0], ...))
    return types.GenericAlias(dict, tuple(inner)) if get_origin(hint) is dict else hint


def _docstrings(arguments: Any) -> dict[str, str]:
    """What stands below each field of a class."""
    body = cast(ast.ClassDef, ast.parse(textwrap.dedent(inspect.getsource(arguments))).body[0]).body
    return {
        field.target.id: inspect.cleandoc(str(text.value.value))
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


class ExistingNetwork(Section):
    """A VPC that is there already."""

    vpc_id: str
    """Id of the VPC, `vpc-...`."""
    private_subnet_ids: tuple[str, ...]
    """Subnets for nodes, one for each availability zone, in the zones' order, with a way out to AWS' APIs."""
    control_plane_subnet_ids: tuple[str, ...] | None = None
    """Subnets for the control plane's interfaces, in two zones or more. Default: the private ones."""


class Network(Section):
    """The VPC to make, or an existing one to use."""

    cidr_block: str = defaults.NETWORK_CIDR
    """IPv4 range of the VPC, /16 to /20. Changing it replaces the network and the cluster."""
    availability_zones: tuple[str, ...] | None = None
    """Two or three zones of the region. Default: its a, b and c. Two save a NAT gateway and lose quorum sooner."""
    single_nat_gateway: bool = False
    """One NAT gateway for all zones: cheaper, but the way out is down with its zone."""
    interface_endpoints: tuple[str, ...] | None = None
    """AWS services reached without NAT. Default: ecr.api, ecr.dkr, sts, ec2, kms, logs. Empty list: none."""
    flow_log_retention_days: int = defaults.FLOW_LOG_RETENTION_DAYS
    """Days that VPC flow logs are kept; one of CloudWatch Logs' periods."""
    existing: ExistingNetwork | None = None
    """Use this VPC and make none."""


class Cluster(Section):
    """The EKS cluster to make, or an existing one to use."""

    kubernetes_version: str = defaults.KUBERNETES_VERSION
    """Minor version of the control plane; one for which add-ons are pinned. EKS goes up by one at a time."""
    public_access_cidrs: tuple[str, ...] = ()
    """Ranges that may reach the API server from the internet. None: run Pulumi from inside the VPC."""
    admin_principal_arns: tuple[str, ...] = ()
    """IAM roles that get cluster-admin, besides the one that creates the cluster."""
    node_groups: dict[str, section_of(NodeGroupArgs)] | None = None  # type: ignore[valid-type]
    """Node groups by name, instead of the default system, stateful and stateless ones."""
    control_plane_log_retention_days: int = defaults.CONTROL_PLANE_LOG_RETENTION_DAYS
    """Days that the control plane's logs are kept; one of CloudWatch Logs' periods."""
    existing: section_of(ExistingClusterArgs) | None = None  # type: ignore[valid-type]
    """Use this cluster and make none, nor a network."""


class MetricsRetention(Section):
    """Metrics: how long at each resolution, which also fixes the storage tiers."""

    raw_days: int = defaults.METRICS_RAW_DAYS
    """Days at full resolution, in S3 Standard; 30 or more, since Standard-IA takes nothing younger."""
    five_minute_days: int = defaults.METRICS_5M_DAYS
    """Days at 5-minute resolution, from `rawDays` on in Standard-IA."""
    one_hour_days: int = defaults.METRICS_1H_DAYS
    """Days at 1-hour resolution, from `fiveMinuteDays` on in Glacier Instant Retrieval; then deleted."""


class LogsRetention(Section):
    """Logs."""

    days: int = defaults.LOGS_DAYS
    """Days until a line is deleted."""
    standard_days: int = defaults.LOGS_STANDARD_DAYS
    """Days in S3 Standard, then Intelligent-Tiering; less than `days`."""


class TracesRetention(Section):
    """Traces."""

    days: int = defaults.TRACES_DAYS
    """Days until a trace is deleted."""


class ProfilesRetention(Section):
    """Profiles."""

    days: int = defaults.PROFILES_DAYS
    """Days until a profile is deleted."""


class AuditRetention(Section):
    """Audit records."""

    days: int = defaults.AUDIT_DAYS
    """Days until an audit record is deleted."""


class Retention(Section):
    """How long each signal is kept."""

    metrics: MetricsRetention = MetricsRetention()
    logs: LogsRetention = LogsRetention()
    traces: TracesRetention = TracesRetention()
    profiles: ProfilesRetention = ProfilesRetention()
    audit: AuditRetention = AuditRetention()


class Metrics(Section):
    """Prometheus, Thanos, Alertmanager and the exporters."""

    enabled: bool = True
    """Install them. Switched off, the bucket and its data stay."""
    receive_enabled: bool = False
    """Take metrics that other clusters write, with Thanos receive."""
    prometheus: section_of(PrometheusSizingArgs) | None = None  # type: ignore[valid-type]
    """Room for Prometheus and Alertmanager."""
    thanos: section_of(ThanosSizingArgs) | None = None  # type: ignore[valid-type]
    """Room for Thanos and its caches."""
    blackbox_replicas: int | None = None
    """Pods of blackbox-exporter; two unless said otherwise."""


class Charts(Section):
    """Where Helm charts come from."""

    source: str = ""
    """Empty: the upstream repositories. Else an `oci://` prefix, or a folder of `<chart>-<version>.tgz`."""


class Protection(Section):
    """Guards around what can't be made again."""

    enabled: bool = True
    """Protect and retain buckets, keys and the cluster, and deny deleting objects to all but the backends."""
    deletion_principal_arns: tuple[str, ...] = ()
    """IAM roles that may delete buckets and objects all the same."""
    force_destroy: bool = False
    """Delete buckets with everything in them when the stack is destroyed; only where `enabled` is false."""


class Settings(Section):
    """All of one stack's settings."""

    name: str
    """Name of the platform, from which every physical name is derived: changing it replaces everything."""
    cloud: str = "aws"
    """`aws`, or `none`: on any Kubernetes, with an S3 in the cluster and no IAM."""
    region: str = ""
    """AWS region, such as eu-west-1; required on AWS."""
    account_id: str = ""
    """The only AWS account that the stack may touch, twelve digits. Empty: that of the credentials."""
    tags: dict[str, str] = {}
    """Tags on every AWS resource, besides the platform's own."""
    network: Network = Network()
    """The VPC to make, or an existing one to use."""
    cluster: Cluster = Cluster()
    """The EKS cluster to make, or an existing one to use."""
    retention: Retention = Retention()
    metrics: Metrics = Metrics()
    logs: section_of(PlatformLogsArgs) = section_of(PlatformLogsArgs)()  # type: ignore[valid-type]
    traces: section_of(PlatformTracesArgs) = section_of(PlatformTracesArgs)()  # type: ignore[valid-type]
    profiles: section_of(PlatformProfilesArgs) = section_of(PlatformProfilesArgs)()  # type: ignore[valid-type]
    grafana: section_of(PlatformGrafanaArgs) = section_of(PlatformGrafanaArgs)()  # type: ignore[valid-type]
    certificates: section_of(PlatformCertificatesArgs) | None = None  # type: ignore[valid-type]
    secrets: section_of(PlatformSecretsArgs) | None = None  # type: ignore[valid-type]
    cluster_services: section_of(PlatformClusterServicesArgs) | None = None  # type: ignore[valid-type]
    entrance: section_of(PlatformEntranceArgs) | None = None  # type: ignore[valid-type]
    object_store: section_of(ObjectStoreArgs) | None = None  # type: ignore[valid-type]
    seaweedfs: section_of(PlatformSeaweedFsArgs) | None = None  # type: ignore[valid-type]
    charts: Charts = Charts()
    protection: Protection = Protection()

    def platform_args(self, account_id: str) -> PlatformArgs:
        """The settings as the platform's arguments; `account_id` is the account that is deployed to.

        Only what the stack file says: the components fill in the same defaults, and can refuse a key that
        would be ignored.
        """
        plain = self.model_dump(mode="json", exclude_unset=True, exclude={"tags", "account_id"})
        return cast(PlatformArgs, plain | ({"account_id": account_id} if account_id else {}))


class SettingsError(pulumi.RunError):
    """The configuration can't be used. A `RunError`, so that Pulumi prints the message and no traceback."""


def read_config() -> dict[str, str]:
    """Every key that the stack sets in the project's namespace, unparsed, without the namespace.

    `pulumi.Config` can only be asked for keys by name and would never see a misspelt one.
    """
    prefix = f"{PROJECT}:"
    everything = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    return {key.removeprefix(prefix): str(value) for key, value in everything.items() if key.startswith(prefix)}


def load(config: Mapping[str, str], file: str) -> Settings:
    """Settings from unparsed configuration, or `SettingsError` with every fault; `file` is named in it."""
    values: dict[str, Any] = {}
    problems: dict[str, list[str]] = {}
    for key, text in config.items():
        if text == "{}":
            continue  # the default in Pulumi.yaml of a section that says nothing
        try:
            values[key] = text if _is_text(key) else json.loads(text)
        except ValueError:
            problems[key] = [f"{key}: {text!r} must be a map of settings"]
    settings: Settings | None = None
    try:
        settings = Settings.model_validate({key: value for key, value in values.items() if key not in problems})
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            top = str(detail["loc"][0])
            if top not in problems or detail["type"] != "missing":
                problems.setdefault(top, []).append(_sentence(cast(Mapping[str, Any], detail)))
    for fault in platform_faults(_sound_args(settings, values, problems)):
        key = _camel_path(fault.path)
        if re.split(r"[.\[]", key)[0] not in problems or settings is not None:
            problems.setdefault(key, []).append(f"{key}: {fault.value!r} must {fault.bound}")
    if problems or settings is None:
        raise SettingsError(_report(file, [text for texts in problems.values() for text in texts]))
    return settings


def load_stack() -> Settings:
    """Settings of the stack that Pulumi is running."""
    return load(read_config(), f"Pulumi.{pulumi.get_stack()}.yaml")


def _is_text(key: str) -> bool:
    """Whether a top-level key holds a string, which Pulumi hands over as it is, and not JSON."""
    return next((f.annotation is str for f in Settings.model_fields.values() if f.alias == key), True)


def _sound_args(settings: Settings | None, values: Mapping[str, Any], problems: Iterable[str]) -> PlatformArgs:
    """What the platform's own rules can judge: everything, or the sections that have no fault of their own."""
    if settings is None:
        sound = {key: value for key, value in values.items() if key not in set(problems)}
        # Any name, region and account will do here: the missing ones are faults already.
        stand_in = {"name": "name", "region": "eu-west-1"}
        settings = Settings.model_validate(stand_in | sound)
    stand_in_account = "0" * 12 if settings.cloud == "aws" else ""
    return settings.platform_args(settings.account_id or stand_in_account)


def _sentence(detail: Mapping[str, Any]) -> str:
    """One of pydantic's errors, in the form of ours."""
    location = [str(part) if isinstance(part, str) else f"[{part}]" for part in detail["loc"]]
    key = ".".join(location).replace(".[", "[")
    if detail["type"] == "missing":
        return f"{key}: missing, and has no default"
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown setting{_nearest(detail['loc'])}"
    return f"{key}: {detail['input']!r} {detail['msg'].replace('Input should', 'must', 1)}"


def _nearest(location: tuple[str | int, ...]) -> str:
    """`; did you mean ...?` for a misspelt key, or what there is to choose from."""
    model: type[BaseModel] = Settings
    for part in location[:-1]:
        field = next((f for f in model.model_fields.values() if f.alias == part), None)
        if field is not None:
            model = next((m for m in _models(field.annotation)), model)
    names = sorted(str(field.alias) for field in model.model_fields.values())
    close = difflib.get_close_matches(str(location[-1]), names, n=1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(names)}"


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models inside a field's annotation, through `X | None` and containers."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]


def _camel_path(path: str) -> str:
    """The configuration key of an argument's path: `retention.metrics.raw_days` -> `retention.metrics.rawDays`."""
    return ".".join(to_camel(part) if "_" in part else part for part in path.split("."))


def _report(file: str, problems: list[str]) -> str:
    """The whole message."""
    count = "1 setting" if len(problems) == 1 else f"{len(problems)} settings"
    lines = "".join(f"\n  {PROJECT}:{problem}" for problem in sorted(problems))
    return f"{file}: {count} can't be used; nothing was created:{lines}"


def main() -> None:
    """Print the JSON schema: `python -m settings --schema`."""
    parser = argparse.ArgumentParser(prog="python -m settings", description="Settings of eks-observability.")
    parser.add_argument("--schema", action="store_true", required=True, help="print the settings' JSON schema")
    parser.parse_args()
    print(json.dumps(Settings.model_json_schema(by_alias=True), indent=2))


if __name__ == "__main__":
    main()
