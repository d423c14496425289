"""Makes pulumi_policy's server deserialise each resource once, and lets policies speak at the end of a request.

The stock server converts every resource again for every policy: 45 policies over 1,000 resources cost 11 to 52
seconds before the first rule runs. `install` puts a promise in the place of the converted properties: it is shared
by all policies of one request, and other people's policies in the same process get from it exactly the proxy that
they would have got. The promise lives as long as the server's own loop holds on to it, so nothing is kept between
requests. Where pulumi_policy has changed so that this no longer fits, nothing is installed and the rules read its
proxies, slower.

Policies may have a `Closer`, shared or not: it is called once when all policies have judged a resource or the stack,
and when the engine hands over its configuration.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakValueDictionary

import grpc
from google.protobuf import struct_pb2  # type: ignore[import-untyped, unused-ignore]
from pulumi_policy import EnforcementLevel
from pulumi_policy import policy as upstream

from .facts import _DEPTH, _MARKERS, _SIGNATURE, OPAQUE, UNKNOWN, untyped, whole


class Promise(Mapping[str, Any]):
    """The properties of one message: converted when first looked at, for rules or for anyone else."""

    __slots__ = ("__weakref__", "_facts", "_message", "_proxy")

    def __init__(self, message: struct_pb2.Struct) -> None:
        self._message = message
        self._facts: dict[str, Any] | None = None
        self._proxy: Mapping[str, Any] | None = None

    def facts(self) -> dict[str, Any]:
        """Plain data, straight from the message."""
        if self._facts is None:
            value = _struct(self._message, 0)
            self._facts = value if isinstance(value, dict) else {}
        return self._facts

    def message_dict(self) -> dict[str, Any]:
        """What `MessageToDict` gives."""
        converted: dict[str, Any] = _to_dict(self._message)
        return converted

    def __getitem__(self, key: str) -> Any:
        return self._stock()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._stock())

    def __len__(self) -> int:
        return len(self._message.fields)

    def __setitem__(self, key: str, value: Any) -> None:
        self._stock()[key] = value  # type: ignore[index]  # the stock proxy can be written to

    def copy(self) -> dict[str, Any]:
        """A dict of its own, as for the configuration of a policy."""
        return self.message_dict()

    def _stock(self) -> Mapping[str, Any]:
        if self._proxy is None:
            self._proxy = _proxy(_deserialize(self.message_dict()))
        return self._proxy


class View(Promise):
    """One policy's own look at a promise: a stock proxy can be written to, and must not be shared."""

    __slots__ = ("_promise",)

    def __init__(self, promise: Promise) -> None:
        super().__init__(promise._message)
        self._promise = promise

    def facts(self) -> dict[str, Any]:
        """The shared plain data: rules don't write."""
        return self._promise.facts()


def _struct(message: struct_pb2.Struct, depth: int) -> Any:
    if depth > _DEPTH:
        return OPAQUE
    result = {}
    for key, value in message.fields.items():
        kind = value.WhichOneof("kind")
        if kind == "string_value":
            text = value.string_value
            result[key] = UNKNOWN if text in _MARKERS else text
        elif kind not in (None, "null_value"):
            result[key] = _value(value, kind, depth)
    return untyped(result) if _SIGNATURE in result else result


def _value(value: struct_pb2.Value, kind: str | None, depth: int) -> Any:
    if kind == "string_value":
        return UNKNOWN if value.string_value in _MARKERS else value.string_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        return whole(value.number_value)
    if kind == "struct_value":
        return _struct(value.struct_value, depth + 1)
    if kind == "list_value":
        if depth > _DEPTH:
            return OPAQUE
        return [_value(item, item.WhichOneof("kind"), depth + 1) for item in value.list_value.values]
    return None


class Closer:
    """Has the last word on each request. A reporter makes, from a policy, what reports in its name."""

    def after_resource(self, response: Any, reporter: Any, urn: str) -> None:
        """All policies have judged a resource."""

    def after_stack(self, response: Any, reporter: Any, urns: list[str]) -> None:
        """All policies have judged the stack."""

    def configured(self, config: dict[str, dict[str, Any]], policies: list[str]) -> list[str]:
        """Faults of the configuration that the engine hands over; policies are the names of all in the pack."""
        return []


class _JsonFormat:
    """Stands for `google.protobuf.json_format` inside pulumi_policy's server."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._promises: WeakValueDictionary[int, Promise] = WeakValueDictionary()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def MessageToDict(self, message: Any, *args: Any, **kwargs: Any) -> Any:
        """A promise instead of a dict. It keeps the message alive, so the message's id stays its own."""
        if args or kwargs or not isinstance(message, struct_pb2.Struct):
            return self._module.MessageToDict(message, *args, **kwargs)
        promise = self._promises.get(id(message))
        if promise is None:
            promise = Promise(message)
            self._promises[id(message)] = promise
        return promise


def _deferring_deserialize(props: Any, proxy_secrets: bool = False) -> Any:
    if not isinstance(props, Promise):
        return _deserialize(props, proxy_secrets)
    return _deserialize(props.message_dict(), proxy_secrets) if proxy_secrets else props


def _deferring_proxy(props: Any) -> Any:
    return View(props) if isinstance(props, Promise) else _proxy(props)


def _reporting(self: Any, response: Any, name: str, description: str, level: Any, severity: Any = None) -> Any:
    """The stock reporter, which also knows how to say something at the advisory level, and for which response."""
    report = _report(self, response, name, description, level, severity)
    report.advise = _report(self, response, name, description, EnforcementLevel.ADVISORY, severity)
    report.response = response
    report.disabled = level is EnforcementLevel.DISABLED
    return report


def _closing(self: Any, response: Any, hook: str, *args: Any) -> None:
    """Let each closer speak, once, through a reporter for the policy of its choice."""

    def reporter(policy: Any) -> Any:
        level = self._get_enforcement_level(policy)
        return self._create_report_violation(response, policy.name, policy.description, level, policy.severity)

    for closer in dict.fromkeys(getattr(policy, "closer", None) for policy in getattr(self, _POLICIES)):
        if closer is not None:
            getattr(closer, hook)(response, reporter, *args)


def _analyzing(self: Any, request: Any, context: Any) -> Any:
    response = _analyze(self, request, context)
    _closing(self, response, "after_resource", request.urn)
    return response


def _analyzing_stack(self: Any, request: Any, context: Any) -> Any:
    response = _analyze_stack(self, request, context)
    _closing(self, response, "after_stack", [resource.urn for resource in request.resources])
    return response


def _configuring(self: Any, request: Any, context: Any) -> Any:
    """The engine drops neither unknown names nor unknown keys: it hands them over, and here they are refused."""
    config = {
        name: {"enforcementLevel": policy.enforcementLevel, **_to_dict(policy.properties)}
        for name, policy in request.policyConfig.items()
    }
    policies = getattr(self, _POLICIES)
    for closer in dict.fromkeys(getattr(policy, "closer", None) for policy in policies):
        faults = closer.configured(config, [each.name for each in policies]) if closer is not None else []
        if faults and context is not None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "; ".join(faults))
        elif faults:
            raise ValueError("; ".join(faults))
    return _configure(self, request, context)


_NAMES = ("json_format", "deserialize_properties", "unknown_checking_proxy")
_METHODS = ("_create_report_violation", "Analyze", "AnalyzeStack", "Configure", "_get_enforcement_level", "__init__")
_POLICIES = "_PolicyAnalyzerServicer__policies"
_module: Any = upstream
_servicer: Any = getattr(_module, "_PolicyAnalyzerServicer", None)
_fits = (
    all(hasattr(_module, name) for name in _NAMES)
    and all(hasattr(_servicer, name) for name in _METHODS)
    and _POLICIES in getattr(_servicer, "__annotations__", {})
)
if _fits:
    _to_dict: Any = _module.json_format.MessageToDict
    _deserialize: Any = _module.deserialize_properties
    _proxy: Any = _module.unknown_checking_proxy
    _report: Any = _servicer._create_report_violation
    _analyze: Any = _servicer.Analyze
    _analyze_stack: Any = _servicer.AnalyzeStack
    _configure: Any = _servicer.Configure


def install() -> bool:
    """Put the promises in place, once; False where this pulumi_policy has no room for them."""
    if not _fits:
        return False
    if not isinstance(_module.json_format, _JsonFormat):
        _module.json_format = _JsonFormat(_module.json_format)
        _module.deserialize_properties = _deferring_deserialize
        _module.unknown_checking_proxy = _deferring_proxy
        _servicer._create_report_violation = _reporting
        _servicer.Analyze = _analyzing
        _servicer.AnalyzeStack = _analyzing_stack
        _servicer.Configure = _configuring
    return True


def uninstall() -> None:
    """Put pulumi_policy back as it was: for tests."""
    if isinstance(_module.json_format, _JsonFormat):
        _module.json_format = _module.json_format._module
        _module.deserialize_properties = _deserialize
        _module.unknown_checking_proxy = _proxy
        _servicer._create_report_violation = _report
        _servicer.Analyze = _analyze
        _servicer.AnalyzeStack = _analyze_stack
        _servicer.Configure = _configure
