"""Makes pulumi_policy's server deserialise each resource once, and only if a rule looks at it.

The stock server converts every resource again for every policy: 45 policies over 1,000 resources cost 11 to 52
seconds before the first rule runs. `install` puts a promise in the place of the converted properties: it is shared
by all policies of one request, and other people's policies in the same process get from it exactly the proxy that
they would have got. The promise lives as long as the server's own loop holds on to it, so nothing is kept between
requests. Where pulumi_policy has changed so that this no longer fits, nothing is installed and the rules read its
proxies, slower.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakValueDictionary

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
    """The stock reporter, which also knows how to say something at the advisory level."""
    report = _report(self, response, name, description, level, severity)
    report.advise = _report(self, response, name, description, EnforcementLevel.ADVISORY, severity)
    return report


_NAMES = ("json_format", "deserialize_properties", "unknown_checking_proxy")
_module: Any = upstream
_fits = all(hasattr(_module, name) for name in _NAMES) and hasattr(
    getattr(_module, "_PolicyAnalyzerServicer", None), "_create_report_violation"
)
if _fits:
    _to_dict: Any = _module.json_format.MessageToDict
    _deserialize: Any = _module.deserialize_properties
    _proxy: Any = _module.unknown_checking_proxy
    _report: Any = _module._PolicyAnalyzerServicer._create_report_violation


def install() -> bool:
    """Put the promises in place, once; False where this pulumi_policy has no room for them."""
    if not _fits:
        return False
    if not isinstance(_module.json_format, _JsonFormat):
        _module.json_format = _JsonFormat(_module.json_format)
        _module.deserialize_properties = _deferring_deserialize
        _module.unknown_checking_proxy = _deferring_proxy
        _module._PolicyAnalyzerServicer._create_report_violation = _reporting
    return True


def uninstall() -> None:
    """Put pulumi_policy back as it was: for tests."""
    if isinstance(_module.json_format, _JsonFormat):
        _module.json_format = _module.json_format._module
        _module.deserialize_properties = _deserialize
        _module.unknown_checking_proxy = _proxy
        _module._PolicyAnalyzerServicer._create_report_violation = _report
