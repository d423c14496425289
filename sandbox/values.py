"""Property values between the engine's protobuf structs and plain Python.

Unknown values stay the marker string that the engine sends: it compares unequal to every real value,
which is all that a diff needs, and it can be sent back as it is.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's marker of a value that only an `up` will tell (sdk/go/common/resource/plugin/rpc.go, UnknownStringValue)."""
_UNKNOWNS = {
    UNKNOWN,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
    "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
    "e48ece36-62e2-4504-bad9-02848725956a",  # archive
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
}
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"


def to_python(struct: struct_pb2.Struct, *, keep_references: bool = False) -> dict[str, Any]:
    """A struct as a dict: secrets and output values unwrapped, resource references as their URN, nulls dropped."""
    return {
        key: _value(value, keep_references)
        for key, value in struct.fields.items()
        if value.WhichOneof("kind") != "null_value"
    }


def _value(value: struct_pb2.Value, keep_references: bool) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_value(item, keep_references) for item in value.list_value.values]
    if kind == "struct_value":
        plain = to_python(value.struct_value, keep_references=keep_references)
        signature = plain.get(_SIGNATURE)
        if signature == _SECRET:
            return plain.get("value")
        if signature == _OUTPUT:
            return plain.get("value", UNKNOWN)
        if signature == _RESOURCE:
            return plain if keep_references else plain.get("urn")
        return plain
    return None


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """The inverse of `to_python`."""
    struct = struct_pb2.Struct()
    _fill(struct, values)
    return struct


def _fill(struct: struct_pb2.Struct, values: Mapping[str, Any]) -> None:
    fields = struct.fields
    for key, value in values.items():
        _set(fields[key], value)


def _set(target: struct_pb2.Value, value: Any) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        _fill(target.struct_value, value)
    else:
        target.list_value.SetInParent()
        for item in value:
            _set(target.list_value.values.add(), item)


def secret(value: Any) -> dict[str, Any]:
    """An output that the engine is to encrypt in state and mask in its output."""
    return {_SIGNATURE: _SECRET, "value": value}


def is_secret(value: Any) -> bool:
    """Whether a value is one made by `secret`."""
    return isinstance(value, Mapping) and value.get(_SIGNATURE) == _SECRET


def unknown(value: Any) -> bool:
    """Whether a value is, or contains, one that is not known yet."""
    if isinstance(value, str):
        return value == UNKNOWN
    if isinstance(value, Mapping):
        return any(unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(unknown(item) for item in value)
    return False


def changed_paths(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each path at which two values differ, with `add`, `delete` or `update`, in Pulumi's property path syntax."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in {**old, **new}:
            if key.startswith("__"):
                continue
            at = _join(path, key)
            if key not in new:
                yield at, "delete"
            elif key not in old:
                yield at, "add"
            else:
                yield from changed_paths(old[key], new[key], at)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            at = f"{path}[{index}]"
            if index >= len(new):
                yield at, "delete"
            elif index >= len(old):
                yield at, "add"
            else:
                yield from changed_paths(old[index], new[index], at)
    elif old != new:
        yield path, "update"


def _join(path: str, key: str) -> str:
    if key.replace("_", "").replace("-", "").isalnum():
        return f"{path}.{key}" if path else key
    return f'{path}["{key}"]'


def reference(urn: str, id_: str) -> dict[str, Any]:
    """A resource as a value."""
    return {_SIGNATURE: _RESOURCE, "urn": urn, "id": "" if id_ == UNKNOWN else id_}


def reference_parts(value: Any) -> tuple[str, str] | None:
    """URN and id of a resource passed as a value."""
    if isinstance(value, Mapping) and value.get(_SIGNATURE) == _RESOURCE:
        return str(value["urn"]), str(value.get("id", ""))
    return None
