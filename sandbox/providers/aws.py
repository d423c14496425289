"""The simulated AWS: the rules of `aws_types` applied to the account of one stack."""

import json
import re
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..aws_types import GENERIC, KINDS, MISSING, PROTECTION, Kind
from ..simulation import (
    Changes,
    Checked,
    CloudError,
    Failure,
    Props,
    Resource,
    at_path,
    changes,
    digits,
    hexes,
    letters,
)
from ..store import Item, Store
from ..values import UNKNOWN, unknown
from . import aws_functions, aws_rules

ACCOUNT = "123456789012"
REGION = "us-east-1"
"""Region of a provider that names none, as AWS' own tools assume."""
_DRAWN = re.compile(r"(h|d|u|U|s|S)(\d+)$")
_TIMEOUTS = ("timeouts",)


@dataclass(frozen=True)
class Config:
    """A provider resource's configuration, digested."""

    region: str = REGION
    account: str = ACCOUNT
    tags: Mapping[str, str] | None = None

    @property
    def partition(self) -> str:
        """`aws`, or that of China or GovCloud."""
        return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(self.region.rpartition("-")[0].rpartition("-")[0], "aws")

    @property
    def dns(self) -> str:
        """Domain of the region's endpoints."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"


class _Unknown(Exception):
    """A template needs a value that is not known yet."""


class _Variables(dict[str, Any]):
    """What a template may name; drawn characters depend on the seed and on where they stand."""

    seed: tuple[str, ...] = ()

    def __missing__(self, key: str) -> Any:
        if key == "uuid":
            drawn = hexes(32, *self.seed)
            return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-a{drawn[17:20]}-{drawn[20:]}"
        if key == "byte":
            return int(hexes(4, *self.seed), 16) % 250 + 4
        if match := _DRAWN.match(key):
            kind, length = match[1], int(match[2])
            if kind == "s" or kind == "S":
                # The first two parts are the resource's and the creation's; the third is the template's.
                return hexes(length, *self.seed[:2]) if kind == "s" else digits(length, *self.seed[:2])
            if kind == "u" or kind == "U":
                return letters(length, *self.seed) if kind == "u" else hexes(length, *self.seed).upper()
            return hexes(length, *self.seed) if kind == "h" else digits(length, *self.seed)
        raise _Unknown(key)


class Aws:
    """Implements `Simulation`."""

    package = "aws"

    def __init__(self, store: Store) -> None:
        self.store = store

    # --- configuration

    def configure(self, config: Props) -> Config:
        """Region, account and default tags; nested values arrive as JSON text."""
        plain = {key: _decoded(value) for key, value in config.items()}
        tags = (plain.get("defaultTags") or {}).get("tags") if isinstance(plain.get("defaultTags"), Mapping) else None
        allowed = plain.get("allowedAccountIds")
        if isinstance(allowed, list) and allowed and ACCOUNT not in allowed:
            raise CloudError(f"AWS account ID not allowed: {ACCOUNT}")
        return Config(region=str(plain.get("region") or REGION), tags=tags)

    # --- checks

    def check(self, config: Config, resource: Resource, news: Props, olds: Props, seed: bytes) -> Checked:
        kind = KINDS.get(resource.type, GENERIC)
        inputs = {key: value for key, value in news.items() if key != "__defaults" and value is not None}
        defaulted = []
        for key, value in kind.defaults.items():
            if key not in inputs:
                inputs[key] = value
                defaulted.append(key)
        if kind.name and kind.name not in inputs and f"{kind.name}Prefix" not in inputs:
            if kind.name in olds.get("__defaults", []):
                inputs[kind.name] = olds[kind.name]
            else:
                inputs[kind.name] = _named(resource.name, kind, seed)
            defaulted.append(kind.name)
        if kind.tags and config.tags and not unknown(inputs.get("tags")):
            # As the bridge does it: a default tag that changes shows as a change of every resource.
            inputs["tagsAll"] = {**config.tags, **(inputs.get("tags") or {})}
        inputs["__defaults"] = sorted(defaulted)
        return Checked(inputs, tuple(_failures(kind, resource, inputs)))

    def diff(self, config: Any, resource: Resource, olds: Props, news: Props) -> Changes:
        kind = KINDS.get(resource.type, GENERIC)
        replace = (*kind.replace, kind.name, "region") if kind.name else (*kind.replace, "region")
        paths = changes(_comparable(olds), _comparable(news), replace)
        named = bool(kind.name) and kind.name in news and kind.name not in news.get("__defaults", [])
        same_name = named and news.get(kind.name) == olds.get(kind.name)
        same_id = "{" in kind.id and not any(token in kind.id for token in ("{h", "{d", "{u")) and not kind.name
        return Changes(paths, delete_first=same_name or same_id)

    # --- life cycle

    def create(self, config: Config, resource: Resource, inputs: Props, preview: bool) -> tuple[str, Props]:
        kind = KINDS.get(resource.type, GENERIC)
        if preview:
            return "", self._outputs(config, kind, resource, inputs, None, preview=True)
        with self.store.lock:
            seed = secrets.token_hex(8)
            id_ = self._render(kind.id, self._variables(config, resource, inputs, seed))
            self._refuse(config, kind, resource, inputs, id_)
            outputs = self._outputs(config, kind, resource, inputs, None, id_=id_, seed=seed)
            self.store.put(Item(resource.type, id_, resource.urn, inputs, outputs))
        return id_, outputs

    def update(self, config: Config, resource: Resource, id_: str, olds: Props, inputs: Props, preview: bool) -> Props:
        kind = KINDS.get(resource.type, GENERIC)
        if preview:
            return self._outputs(config, kind, resource, inputs, olds, id_=id_, preview=True)
        with self.store.lock:
            found = self.store.get(resource.type, id_)
            if found is None:
                raise CloudError(f"updating {_label(resource.type)} ({id_}): {_not_found(resource.type, id_)}")
            self._refuse_references(config, kind, resource, inputs, id_, "updating")
            outputs = self._outputs(config, kind, resource, inputs, olds, id_=id_, seed=id_)
            self.store.put(Item(resource.type, id_, resource.urn, inputs, outputs))
        return outputs

    def read(self, config: Any, type_: str, id_: str) -> tuple[Props, Props] | None:
        item = self.store.get(type_, id_)
        if item is not None:
            return item.inputs, item.outputs
        if id_ in self.store.existing:
            kind = KINDS.get(type_, GENERIC)
            outputs = self._outputs(config, kind, Resource(type_, id_, ""), {}, None, id_=id_, seed=id_)
            return {}, outputs
        return None

    def delete(self, config: Any, resource: Resource, id_: str) -> None:
        with self.store.lock:
            protection, text = PROTECTION.get(resource.type, ("", ""))
            if (item := self.store.get(resource.type, id_)) is not None and item.outputs.get(protection) is True:
                raise CloudError(f"deleting {_label(resource.type)} ({id_}): {text.format(id=id_)}")
            user = next(self._users(resource.type, id_), None)
            if user is not None:
                raise CloudError(
                    f"deleting {_label(resource.type)} ({id_}): DependencyViolation: resource {id_} has a dependent "
                    f"object ({user.type} {user.id}) and cannot be deleted."
                )
            self.store.delete(resource.type, id_)

    def invoke(self, config: Any, token: str, args: Props) -> Props:
        return aws_functions.invoke(self.store, config, token, args)

    # --- what AWS refuses

    def _refuse(self, config: Config, kind: Kind, resource: Resource, inputs: Props, id_: str) -> None:
        label = _label(resource.type)
        if self.store.get(resource.type, id_) is not None:
            variables = self._variables(config, resource, inputs, "")
            exists = kind.exists.format_map(variables) if kind.exists else f"AlreadyExists: {id_} already exists"
            raise CloudError(f"creating {label} ({id_}): {_operation(kind, 409)}{exists}")
        self._refuse_references(config, kind, resource, inputs, id_, "creating")

    def _refuse_references(
        self, config: Config, kind: Kind, resource: Resource, inputs: Props, id_: str, doing: str
    ) -> None:
        label = _label(resource.type)
        for path, target in kind.refs.items():
            for value in at_path(inputs, path):
                if not self._exists(target.removeprefix("!"), str(value)):
                    text = _not_found(target.removeprefix("!").partition("|")[0], value)
                    raise CloudError(f"{doing} {label} ({id_}): {_operation(kind, 400)}{text}")
        for problem in aws_rules.problems(self.store, config, resource.type, inputs, id_):
            raise CloudError(f"{doing} {label} ({id_}): {_operation(kind, 400)}{problem}")

    def _exists(self, types: str, value: str) -> bool:
        if value in self.store.existing or ":aws:policy/" in value or ":aws:cluster-access-policy/" in value:
            return True
        plain = value.removesuffix(":*")
        return any(
            plain in (item.id, item.outputs.get("arn"), item.outputs.get("name"), item.outputs.get("url"))
            for type_ in types.split("|")
            for item in self.store.of_type(type_)
        )

    def _users(self, type_: str, id_: str) -> Iterator[Item]:
        """What would stand on nothing if this were deleted."""
        item = self.store.get(type_, id_)
        if item is None:
            return
        names = {id_, item.outputs.get("arn"), item.outputs.get("name")} - {None}
        for other_type, kind in KINDS.items():
            paths = [path for path, target in kind.refs.items() if target == "!" + type_]
            if not paths:
                continue
            for other in self.store.of_type(other_type):
                if any(value in names for path in paths for value in at_path(other.inputs, path)):
                    yield other

    # --- outputs

    def _variables(self, config: Config, resource: Resource, inputs: Props, seed: str) -> _Variables:
        service, _, rest = resource.type.removeprefix("aws:").partition("/")
        variables = _Variables(
            {key: value for key, value in inputs.items() if not unknown(value)},
            account=config.account,
            region=inputs.get("region") or config.region,
            partition=config.partition,
            dns=config.dns,
            service=service,
            resource=rest.partition(":")[0],
        )
        if isinstance(url := inputs.get("url"), str):
            variables["host"] = url.removeprefix("https://")
        if resource.type.startswith(("aws:ec2/route:", "aws:ec2/vpcEndpointRoute")):
            variables["key"] = digits(10, *sorted(f"{k}={v}" for k, v in inputs.items() if k != "__defaults"))
        variables["suffix"] = letters(6, resource.urn, seed, alphabet=string.ascii_letters + string.digits)
        if resource.type == "aws:eks/cluster:Cluster":
            variables["vpc"] = next(self._vpcs(at_path(inputs, "vpcConfig.subnetIds.[]")), UNKNOWN)
        variables.update(_derived(config, inputs))
        if resource.type == "aws:lb/loadBalancer:LoadBalancer":
            variables["vpc"] = next(self._vpcs(at_path(inputs, "subnets.[]")), UNKNOWN)
        variables.seed = (resource.urn, seed)
        return variables

    def _vpcs(self, subnets: Iterable[Any]) -> Iterator[str]:
        for subnet in subnets:
            if found := self.store.get("aws:ec2/subnet:Subnet", str(subnet)):
                yield found.outputs["vpcId"]

    def _render(self, template: Any, variables: _Variables) -> Any:
        if isinstance(template, str):
            try:
                return template.format_map(variables)
            except _Unknown:
                return UNKNOWN
        if isinstance(template, Mapping):
            return {key: self._render(value, variables) for key, value in template.items()}
        if isinstance(template, list):
            return [self._render(value, variables) for value in template]
        return template

    def _outputs(
        self,
        config: Config,
        kind: Kind,
        resource: Resource,
        inputs: Props,
        olds: Props | None,
        *,
        id_: str = "",
        seed: str = "",
        preview: bool = False,
    ) -> dict[str, Any]:
        outputs = {key: value for key, value in inputs.items() if key not in ("__defaults", "timeouts")}
        service = resource.type.removeprefix("aws:").partition("/")[0]
        if service != "iam":
            outputs.setdefault("region", config.region)
        if kind.tags:
            tags = inputs.get("tags") or {}
            outputs["tagsAll"] = UNKNOWN if unknown(tags) else {**(config.tags or {}), **tags}
        templates = dict(kind.outputs)
        if kind.arn:
            templates["arn"] = "arn:{partition}:" + kind.arn
        variables = self._variables(config, resource, outputs, seed)
        if id_:
            variables["id"] = id_
        creating = olds is None
        for key, template in templates.items():
            variables.seed = (resource.urn, seed, key)
            if (needed := kind.only_with.get(key)) and not inputs.get(needed):
                made = []
            elif creating and preview:
                made = _all_unknown(template)
            elif not creating and olds is not None and key in olds and _draws(template):
                made = olds[key]
            else:
                made = self._render(template, variables)
            outputs[key] = _merged(made, outputs.get(key))
        for key in kind.counters:
            outputs[key] = UNKNOWN if preview else (int((olds or {}).get(key, 0)) + 1)
        return outputs


def _derived(config: Config, inputs: Props) -> dict[str, Any]:
    """What templates take from inputs in another form, or from the account as a whole."""
    balancer = str(inputs.get("loadBalancerArn", ""))
    return {
        # Databases of an account and region share this part of their addresses.
        "account_hash": hexes(12, config.account, config.region),
        "balancer_kind": {"network": "net", "gateway": "gwy"}.get(str(inputs.get("loadBalancerType")), "app"),
        "db_port": inputs.get("port") or {"mysql": 3306, "mariadb": 3306}.get(str(inputs.get("engine")), 5432),
        "engine_version": inputs.get("engineVersion") or "17.6",
        "listener_prefix": balancer.replace(":loadbalancer/", ":listener/") if balancer else UNKNOWN,
        "relative_name": str(inputs.get("name", "")).removeprefix("/"),
    }


def _decoded(value: Any) -> Any:
    """Provider inputs that are not plain strings arrive as JSON text."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _named(name: str, kind: Kind, seed: bytes) -> str:
    """The bridge's automatic name: the resource's, with seven random hexadecimal digits."""
    suffix = hexes(7, seed.hex() or secrets.token_hex(8))
    stem = name.lower() if kind.name in ("bucket", "identifier", "clusterIdentifier") else name
    prefix = "alias/" if kind.api == "KMS: CreateAlias" else ""
    return f"{prefix}{stem[: kind.name_length - len(prefix) - 8]}-{suffix}"


def _failures(kind: Kind, resource: Resource, inputs: Props) -> Iterator[Failure]:
    """Bad inputs, in the bridge's words."""
    for key in kind.required:
        if inputs.get(key) is None:
            yield Failure(
                "",
                f'Missing required argument. The argument "{_snake(key)}" is required, but no definition was found.. '
                f"Examine values at '{resource.name}.{key}'.",
            )
    for group in kind.one_of:
        given = [option for option in group if any(key in inputs for key in option.split("|") if inputs.get(key))]
        if len(given) != 1:
            options = ",".join(_snake(key) for option in group for key in option.split("|"))
            problem = f"only one of `{options}` can be specified" if given else f"one of `{options}` must be specified"
            yield Failure("", f"Invalid combination of arguments: {problem}. Examine values at '{resource.name}'.")
    for path, valid in kind.valid.items():
        for value in at_path(inputs, path):
            if problem := _invalid(valid, value):
                at = path.replace(".[]", "[]")
                yield Failure("", f"expected {_snake(at)} {problem}. Examine values at '{resource.name}.{at}'.")
    for key in ("policy", "assumeRolePolicy"):
        text = inputs.get(key)
        if isinstance(text, str) and not unknown(text) and not _is_json(text):
            yield Failure(
                "", f"\"{_snake(key)}\" contains an invalid JSON policy. Examine values at '{resource.name}.{key}'."
            )


def _invalid(valid: Any, value: Any) -> str:
    if isinstance(valid, tuple):
        low, high = valid
        inside = isinstance(value, int | float) and low <= value <= high
        return "" if inside else f"to be in the range ({low} - {high}), got {value}"
    if isinstance(valid, frozenset):
        listed = ", ".join(str(option) for option in sorted(valid, key=str))
        return "" if value in valid else f"to be one of [{listed}], got {value}"
    return "" if isinstance(value, str) and valid.fullmatch(value) else f"to match {valid.pattern}, got {value}"


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False


def _comparable(inputs: Props) -> dict[str, Any]:
    """JSON documents compare by meaning, as the provider's own diff does."""
    return {key: _decoded(value) for key, value in inputs.items() if key not in ("__defaults", *_TIMEOUTS)}


def _all_unknown(template: Any) -> Any:
    if isinstance(template, Mapping) and template:
        return {key: _all_unknown(value) for key, value in template.items()}
    return UNKNOWN


def _draws(template: Any) -> bool:
    """Whether a template holds drawn characters, which an update must not draw again."""
    if isinstance(template, str):
        return any(
            name in ("uuid", "byte", "suffix") or _DRAWN.match(name)
            for _, name, _, _ in string.Formatter().parse(template)
            if name
        )
    if isinstance(template, Mapping):
        return any(_draws(value) for value in template.values())
    if isinstance(template, list):
        return any(_draws(value) for value in template)
    return False


def _merged(made: Any, given: Any) -> Any:
    """What AWS made, with what the program gave on top."""
    if given is None:
        return made
    if isinstance(made, Mapping) and isinstance(given, Mapping):
        return {**made, **{key: _merged(made.get(key), value) for key, value in given.items()}}
    return given


def _label(type_: str) -> str:
    service, _, rest = type_.removeprefix("aws:").partition("/")
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", rest.rpartition(":")[2])
    return f"{service.upper()} {words}"


def _operation(kind: Kind, status: int) -> str:
    if not kind.api:
        return ""
    return f"operation error {kind.api}, https response error StatusCode: {status}, RequestID: sandbox, api error "


def _not_found(type_: str, value: object) -> str:
    return MISSING.get(type_, f"ResourceNotFoundException: {_label(type_)} {{value}} does not exist").format(
        value=value
    )


def _snake(text: str) -> str:
    return re.sub(r"([a-z0-9])([A-Z])", lambda match: f"{match[1]}_{match[2].lower()}", text)
