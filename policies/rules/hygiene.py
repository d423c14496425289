"""Tags, and where resources come from."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..facts import UNKNOWN, Resource, dig, items, plain, read
from ..model import ANY, Finding, Rule, unknown
from ..views import unread

TAGS = Rule(
    45,
    "tags-and-packages",
    cause="Every resource has the tags that are asked for, and comes from a package that is allowed",
    why="A resource without its tags is in nobody's bill and in nobody's care; a package is code that runs with the "
    "deployment's credentials.",
    fix="List the tags under `tags` with the value that a resource gets where it has none; list the packages under "
    "`packages`. At level `remediate` missing tags are added, and nothing else is changed.",
    severity="low",
    level="remediate",
    frameworks=("AWS FSBP Tagging",),
    config={
        "tags": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "Tags that AWS resources must have, each with the value for those that lack it. "
            "Default tags of the provider count.",
        },
        "packages": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Packages that resources may come from, such as aws, eks, kubernetes, random. Others are "
            "flagged as advice. Components of the program itself, and Pulumi's own resources, are always allowed.",
        },
    },
)
_TAGGED = frozenset(
    [
        "acm/certificate:Certificate",
        "aps/workspace:Workspace",
        "cloudfront/distribution:Distribution",
        "cloudtrail/trail:Trail",
        "cloudwatch/logGroup:LogGroup",
        "cloudwatch/metricAlarm:MetricAlarm",
        "dynamodb/table:Table",
        "ebs/volume:Volume",
        "ec2/eip:Eip",
        "ec2/flowLog:FlowLog",
        "ec2/instance:Instance",
        "ec2/internetGateway:InternetGateway",
        "ec2/launchTemplate:LaunchTemplate",
        "ec2/natGateway:NatGateway",
        "ec2/networkAcl:NetworkAcl",
        "ec2/networkInterface:NetworkInterface",
        "ec2/routeTable:RouteTable",
        "ec2/securityGroup:SecurityGroup",
        "ec2/subnet:Subnet",
        "ec2/vpc:Vpc",
        "ec2/vpcEndpoint:VpcEndpoint",
        "ecr/repository:Repository",
        "efs/fileSystem:FileSystem",
        "eks/addon:Addon",
        "eks/cluster:Cluster",
        "eks/fargateProfile:FargateProfile",
        "eks/nodeGroup:NodeGroup",
        "grafana/workspace:Workspace",
        "iam/openIdConnectProvider:OpenIdConnectProvider",
        "iam/policy:Policy",
        "iam/role:Role",
        "kms/key:Key",
        "lambda/function:Function",
        "lb/loadBalancer:LoadBalancer",
        "lb/targetGroup:TargetGroup",
        "opensearch/domain:Domain",
        "rds/cluster:Cluster",
        "rds/instance:Instance",
        "s3/bucket:Bucket",
        "secretsmanager/secret:Secret",
        "sns/topic:Topic",
        "sqs/queue:Queue",
        "ssm/parameter:Parameter",
    ]
)
"""Types of pulumi-aws with `tags` as a map, which cost money, hold data or grant rights."""


@TAGS.resource(ANY)
def tags_and_packages(resource: Resource, config: Mapping[str, Any]) -> Iterator[Finding]:
    """Two questions that concern every resource, and one that concerns those of any kind at all."""
    yield from unread(resource)
    package, _, rest = resource.type.partition(":")
    allowed = [each for each in items(config.get("packages")) if isinstance(each, str)]
    if allowed and package not in (*allowed, "pulumi") and not rest.startswith("index:"):
        yield Finding("package", f"use a package that `packages` lists: {', '.join(sorted(allowed))}", "advisory")
    wanted = config.get("tags")
    if package != "aws" or rest not in _TAGGED or not isinstance(wanted, Mapping) or not wanted:
        return
    tags = resource.get("tags")
    if tags is UNKNOWN:
        yield unknown("tags")
        return
    missing = sorted(key for key in wanted if dig(tags, key) is None and not _by_default(resource.provider, key))
    if missing:
        yield Finding("tags-missing", f"add to tags: {', '.join(missing)}")


def _by_default(provider: Mapping[str, Any], key: str) -> bool:
    """Whether the provider gives the tag to everything that it makes."""
    found = provider.get("defaultTags")
    if isinstance(found, str):
        try:
            found = plain(json.loads(found))
        except (ValueError, RecursionError):
            return False
    tags = dig(found, "tags")
    return tags is UNKNOWN or found is UNKNOWN or dig(tags, key) is not None


@TAGS.remedy
def add_tags(kind: str, props: Any, provider: Any, config: Mapping[str, Any]) -> Any:
    """The properties with the missing tags merged in, or None where nothing is missing or known.

    Everything else goes back as it came: unknowns as the engine's own marks, secrets as secrets.
    """
    wanted = config.get("tags")
    if not kind.startswith("aws:") or kind[4:] not in _TAGGED or not isinstance(wanted, Mapping) or not wanted:
        return None
    known = read(props).get("tags")
    if known is not None and not isinstance(known, dict):
        return None  # unknown as a whole: it can't be merged into
    default = read(provider.props) if provider is not None else {}
    missing = {
        key: value
        for key, value in wanted.items()
        if isinstance(value, str) and (known or {}).get(key) is None and not _by_default(default, key)
    }
    if not missing:
        return None
    raw = _raw(props)
    tags = _raw(raw.get("tags")) if known is not None else {}
    if not isinstance(tags, Mapping):
        return None  # a secret map of tags: it is left alone
    return {**raw, "tags": {**tags, **missing}}


def _raw(value: Any) -> Any:
    """What a proxy of pulumi_policy wraps: reading through the proxy raises where a value isn't known."""
    name = type(value).__name__
    return value["__target"] if name.startswith("_") and name.endswith("Proxy") else value
