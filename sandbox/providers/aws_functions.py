"""The functions of the simulated AWS: who am I, where, and what is there."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..simulation import CloudError, Props, hexes
from ..store import Item, Store
from .aws_rules import ZONES

_Function = Callable[[Store, Any, Props], Props]


def invoke(store: Store, config: Any, token: str, args: Props) -> Props:
    """Answer a function by its token; one that isn't simulated is refused, not made up."""
    function = _FUNCTIONS.get(token.rpartition(":")[0].removeprefix("aws:"))
    if function is None:
        raise CloudError(f"{token} is not simulated: add it to sandbox/providers/aws_functions.py.")
    return function(store, config, args)


def _caller_identity(store: Store, config: Any, args: Props) -> Props:
    arn = f"arn:{config.partition}:iam::{config.account}:user/sandbox"
    return {"id": config.account, "accountId": config.account, "arn": arn, "userId": "AIDASANDBOX"}


def _region(store: Store, config: Any, args: Props) -> Props:
    region = args.get("region") or args.get("name") or config.region
    return {
        "id": region,
        "name": region,
        "region": region,
        "description": f"Region {region}",
        "endpoint": f"ec2.{region}.{config.dns}",
    }


def _partition(store: Store, config: Any, args: Props) -> Props:
    reverse = ".".join(reversed(config.dns.split(".")))
    return {
        "id": config.partition,
        "partition": config.partition,
        "dnsSuffix": config.dns,
        "reverseDnsPrefix": reverse,
    }


def _zones(store: Store, config: Any, args: Props) -> Props:
    region = args.get("region") or config.region
    return {
        **args,
        "id": region,
        "region": region,
        "names": [region + letter for letter in ZONES],
        "zoneIds": [f"{hexes(4, region)}-az{number}" for number, _ in enumerate(ZONES, 1)],
        "groupNames": [region],
    }


def _session_context(store: Store, config: Any, args: Props) -> Props:
    arn = str(args.get("arn", ""))
    return {"id": arn, "arn": arn, "issuerArn": arn, "issuerId": "", "issuerName": "", "sessionName": ""}


def _policy_document(store: Store, config: Any, args: Props) -> Props:
    """IAM's JSON as the provider renders it: sorted, single values unwrapped, version first."""
    document: dict[str, Any] = {"Version": args.get("version") or "2012-10-17"}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    statements: dict[Any, Any] = {}
    for source in (*args.get("sourcePolicyDocuments", []), *[args[k] for k in ("sourceJson",) if args.get(k)]):
        _collect(statements, json.loads(source).get("Statement", []))
    _collect(statements, [_statement(one) for one in args.get("statements", [])])
    for override in (*args.get("overridePolicyDocuments", []), *[args[k] for k in ("overrideJson",) if args.get(k)]):
        _collect(statements, json.loads(override).get("Statement", []))
    if statements:
        document["Statement"] = list(statements.values())
    text = json.dumps(document, indent=2)
    return {**args, "id": str(int(hexes(8, text), 16)), "json": text, "minifiedJson": json.dumps(document)}


def _collect(statements: dict[Any, Any], found: list[Any] | Mapping[str, Any]) -> None:
    """A statement with a Sid replaces an earlier one of the same Sid."""
    for statement in found if isinstance(found, list) else [found]:
        statements[statement.get("Sid") or len(statements)] = statement


def _statement(one: Props) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if one.get("sid"):
        made["Sid"] = one["sid"]
    made["Effect"] = one.get("effect") or "Allow"
    for key, target in (("actions", "Action"), ("notActions", "NotAction")):
        if one.get(key):
            made[target] = _single(sorted(one[key], reverse=True))
    for key, target in (("resources", "Resource"), ("notResources", "NotResource")):
        if one.get(key):
            made[target] = _single(sorted(one[key], reverse=True))
    for key, target in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if one.get(key):
            made[target] = _principals(one[key])
    conditions: dict[str, Any] = {}
    for condition in one.get("conditions", []):
        conditions.setdefault(condition["test"], {})[condition["variable"]] = _single(list(condition["values"]))
    if conditions:
        made["Condition"] = conditions
    return made


def _principals(principals: list[Any]) -> Any:
    if any(one["type"] == "*" and one["identifiers"] == ["*"] for one in principals):
        return "*"
    merged: dict[str, list[str]] = {}
    for one in principals:
        merged.setdefault(one["type"], []).extend(one["identifiers"])
    return {type_: _single(sorted(identifiers, reverse=True)) for type_, identifiers in merged.items()}


def _single(values: list[str]) -> Any:
    return values[0] if len(values) == 1 else values


def _cluster(store: Store, config: Any, args: Props) -> Props:
    found = store.get("aws:eks/cluster:Cluster", str(args.get("name")))
    if found is not None:
        return {
            **found.outputs,
            "id": found.id,
            "certificateAuthorities": [found.outputs["certificateAuthority"]],
            "vpcConfig": found.outputs["vpcConfig"],
            "tags": found.outputs.get("tagsAll", {}),
        }
    if args.get("name") not in store.existing:
        raise CloudError(f"reading EKS Cluster ({args.get('name')}): couldn't find resource")
    drawn = hexes(32, args["name"]).upper()
    issuer = f"https://oidc.eks.{config.region}.{config.dns}/id/{drawn}"
    return {
        "id": args["name"],
        "name": args["name"],
        "arn": f"arn:{config.partition}:eks:{config.region}:{config.account}:cluster/{args['name']}",
        "endpoint": f"https://{drawn}.gr7.{config.region}.eks.{config.dns}",
        "certificateAuthorities": [{"data": "LS0tLS1CRUdJTg=="}],
        "identities": [{"oidcs": [{"issuer": issuer}]}],
        "version": "1.34",
        "status": "ACTIVE",
        "tags": {},
    }


def _cluster_auth(store: Store, config: Any, args: Props) -> Props:
    return {"id": args["name"], "name": args["name"], "token": f"k8s-aws-v1.{hexes(64, args['name'])}"}


def _addon_version(store: Store, config: Any, args: Props) -> Props:
    """Made up: only AWS knows which versions it offers for a cluster's version."""
    version = f"v1.{args.get('kubernetesVersion', '1.34').partition('.')[2]}.0-eksbuild.1"
    return {**args, "id": args["addonName"], "version": version}


def _parameter(store: Store, config: Any, args: Props) -> Props:
    name = str(args["name"])
    found = store.get("aws:ssm/parameter:Parameter", name)
    if found is None and not name.startswith("/aws/service/"):
        raise CloudError(f"reading SSM Parameter ({name}): couldn't find resource")
    value = found.outputs.get("value") if found else f"ami-{hexes(17, name)}"
    arn = f"arn:{config.partition}:ssm:{config.region}:{config.account}:parameter{name}"
    return {**args, "id": name, "arn": arn, "type": "String", "value": value, "insecureValue": value, "version": 1}


def _matching(store: Store, type_: str, args: Props) -> Iterator[Item]:
    for item in store.of_type(type_):
        wanted = {f["name"]: f["values"] for f in args.get("filters", [])}
        if "vpc-id" in wanted and item.outputs.get("vpcId", item.id) not in wanted["vpc-id"]:
            continue
        tags = item.outputs.get("tagsAll", {})
        if any(tags.get(key) != value for key, value in (args.get("tags") or {}).items()):
            continue
        if any(tags.get(name[4:]) not in values for name, values in wanted.items() if name.startswith("tag:")):
            continue
        if args.get("id") in (None, item.id):
            yield item


def _one(type_: str, label: str) -> _Function:
    def find(store: Store, config: Any, args: Props) -> Props:
        for item in _matching(store, type_, args):
            return {**item.outputs, "id": item.id}
        if args.get("id") in store.existing:
            return {**args, "cidrBlock": "10.0.0.0/16", "arn": f"arn:{config.partition}:ec2:::{args['id']}"}
        raise CloudError(f"reading EC2 {label}: no matching EC2 {label} found")

    return find


def _subnets(store: Store, config: Any, args: Props) -> Props:
    ids = [item.id for item in _matching(store, "aws:ec2/subnet:Subnet", args)]
    return {**args, "id": config.region, "ids": ids}


_FUNCTIONS: dict[str, _Function] = {
    "index/getCallerIdentity": _caller_identity,
    "index/getRegion": _region,
    "index/getPartition": _partition,
    "index/getAvailabilityZones": _zones,
    "iam/getPolicyDocument": _policy_document,
    "iam/getSessionContext": _session_context,
    "eks/getCluster": _cluster,
    "eks/getClusterAuth": _cluster_auth,
    "eks/getAddonVersion": _addon_version,
    "ssm/getParameter": _parameter,
    "ec2/getVpc": _one("aws:ec2/vpc:Vpc", "VPC"),
    "ec2/getSubnet": _one("aws:ec2/subnet:Subnet", "Subnet"),
    "ec2/getSubnets": _subnets,
}
