"""The one reader: whatever pulumi_policy hands over becomes plain data here, and nowhere else.

Plain data is `dict`, `list`, `str`, `int`, `float`, `bool`, plus two sentinels. Keys whose value is null are
left out, so that "absent" has one form. Whole numbers are `int`. Secrets arrive unwrapped, so no rule may put a
value into a message.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol, runtime_checkable


class _Sentinel:
    """A value that is not data; compared by identity, never true by accident."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __bool__(self) -> bool:
        raise TypeError(f"{self._name} is neither true nor false: compare it first")


UNKNOWN: Final[Any] = _Sentinel("UNKNOWN")
"""AWS or the cluster decides this value; the preview doesn't know it yet."""

OPAQUE: Final[Any] = _Sentinel("OPAQUE")
"""An asset, an archive, or something nested beyond any sense: present, but not readable."""

_MARKERS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
"""What the engine sends in the place of an unknown (pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go)."""

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
"""Typed values inside plain maps (pulumi/pulumi, sdk/go/common/resource/properties.go)."""


class File:
    """An asset that is a file: its content is not in the properties."""

    def __init__(self, path: str) -> None:
        self.path = path


_DEPTH: Final = 60
"""Real resources stay below 20 levels; deeper input is an attempt to exhaust the stack."""


@runtime_checkable
class HasFacts(Protocol):
    """Properties that know their own plain form (see `server`)."""

    def facts(self) -> dict[str, Any]:
        """The properties as plain data."""
        ...


def read(props: Any) -> dict[str, Any]:
    """Properties as plain data; never raises, whatever is inside."""
    if isinstance(props, HasFacts):
        return props.facts()
    value = plain(props)
    return value if isinstance(value, dict) else {}


def plain(value: Any, depth: int = 0) -> Any:
    """One value as plain data."""
    if isinstance(value, str):
        return UNKNOWN if value in _MARKERS else value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return whole(value)
    if value is UNKNOWN or value is OPAQUE or depth > _DEPTH:
        return OPAQUE if value is not UNKNOWN else UNKNOWN
    if isinstance(value, Mapping):
        return _plain_mapping(_target(value), depth)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain(item, depth + 1) for item in _target(value)]
    if isinstance(value, File):
        return value
    text, path = getattr(value, "text", None), getattr(value, "path", None)  # pulumi's own asset classes
    return text if isinstance(text, str) else File(path) if isinstance(path, str) else OPAQUE


def whole(number: float) -> Any:
    """Protocol buffers know floats only: 3.0 is 3. Not-a-number is no number that a rule could judge."""
    if not math.isfinite(number):
        return OPAQUE
    return int(number) if number.is_integer() else number


def untyped(mapping: dict[str, Any]) -> Any:
    """A map that carries a type signature, as the value it stands for."""
    signature = mapping.get(_SIGNATURE)
    if signature == _SECRET:
        return mapping.get("value")
    if signature == _OUTPUT:
        return mapping.get("value", UNKNOWN)
    if signature == _ASSET:
        text, path = mapping.get("text"), mapping.get("path")
        if isinstance(text, str):
            return text
        return File(path) if isinstance(path, str) else OPAQUE
    if signature == _REFERENCE:
        return mapping.get("id", mapping.get("urn", OPAQUE))
    return OPAQUE


def _plain_mapping(mapping: Any, depth: int) -> Any:
    result = {str(key): plain(item, depth + 1) for key, item in mapping.items() if item is not None}
    return untyped(result) if _SIGNATURE in result else result


def _target(proxy: Any) -> Any:
    """What a pulumi_policy proxy wraps: the proxy itself raises on every unknown it passes."""
    if type(proxy).__name__ in ("_DictProxy", "_ListProxy", "_DictSecretsProxy", "_ListSecretsProxy"):
        return proxy["__target"]
    return proxy


class Resource:
    """One resource as rules see it: inputs before it is created, outputs in a look at the whole stack."""

    __slots__ = ("_props", "_provider", "depends", "name", "rendered", "token", "type", "urn")

    def __init__(
        self,
        token: str,
        name: str,
        props: Any,
        urn: str = "",
        depends: Mapping[str, Sequence[str]] | None = None,
        provider: Any = None,
        rendered: bool = False,
    ) -> None:
        self.token = token
        """The type as the program wrote it."""
        self.type = canonical(token)
        """Canonical token: of a type and its `V2`, `Patch` or other twin there is one spelling only."""
        self.name = name
        self.urn = urn
        self.depends = depends or {}
        """URNs by property: whose outputs the property was made from. Known in stack rules only."""
        self.rendered = rendered
        """Whether this is a manifest from a file, where nothing is resolved any more and secrets are secrets."""
        self._props: Any = props
        self._provider: Any = provider

    @property
    def partial(self) -> bool:
        """Whether this is a patch: what it doesn't say is said elsewhere."""
        return self.token.startswith("kubernetes:") and self.token.endswith("Patch")

    @property
    def provider(self) -> dict[str, Any]:
        """The provider's settings as plain data; values that aren't text arrive as JSON."""
        if type(self._provider) is not _Plain:
            self._provider = _Plain(read(self._provider))
        return self._provider.data

    @property
    def props(self) -> dict[str, Any]:
        """Plain properties; converted when a rule first looks."""
        if type(self._props) is not _Plain:
            self._props = _Plain(read(self._props))
        return self._props.data

    def get(self, *path: str | int) -> Any:
        """Value at a path: None where nothing is set, UNKNOWN where it or anything above it is."""
        return dig(self.props, *path)

    @property
    def namespace(self) -> str | None:
        """Namespace of a Kubernetes object, where one is set and known."""
        value = self.get("metadata", "namespace") if self.token.startswith("kubernetes:") else None
        return value if isinstance(value, str) else None


class _Plain:
    """Marks properties that have been read."""

    __slots__ = ("data",)

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


def dig(value: Any, *path: str | int) -> Any:
    """Value at a path of plain data. A list of one stands for its element, as in providers' `max 1` blocks."""
    for key in path:
        if value is UNKNOWN or value is None:
            return value
        if isinstance(key, str) and isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(key, str) and isinstance(value, dict):
            value = value.get(key)
        elif isinstance(key, int) and isinstance(value, list) and key < len(value):
            value = value[key]
        elif value is not UNKNOWN:
            return None
    return value


def items(value: Any) -> Iterator[Any]:
    """The elements of a list, the lone value that stands for one, or nothing. UNKNOWN is an element."""
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def truth(value: Any) -> Any:
    """True, False, None (absent) or UNKNOWN; launch templates and storage classes write booleans as text."""
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    if isinstance(value, bool) or value is UNKNOWN:
        return value
    return bool(value) if isinstance(value, int | float) else None


def holds_unknown(value: Any) -> bool:
    """Whether anything inside is unknown."""
    if isinstance(value, dict):
        return any(holds_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(holds_unknown(item) for item in value)
    return value is UNKNOWN


def fits(value: Any, most: int) -> bool:
    """Whether parsed data has at most so many values once every alias in it is written out.

    A few lines of YAML can stand for more values than there is memory, or for themselves without end.
    """
    waiting, seen = [value], 0
    while waiting:
        found = waiting.pop()
        seen += 1
        if seen > most:
            return False
        if isinstance(found, Mapping):
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)
    return True


_TWINS: Final = {
    "aws:s3/bucketObjectv2:BucketObjectv2": "aws:s3/bucketObject:BucketObject",
    "aws:alb/loadBalancer:LoadBalancer": "aws:lb/loadBalancer:LoadBalancer",
    "aws:alb/listener:Listener": "aws:lb/listener:Listener",
}


_BUILT_IN: Final = {
    "extensions": "",
    "core": "core",
    "apps": "apps",
    "batch": "batch",
    "rbac.authorization.k8s.io": "rbac.authorization.k8s.io",
    "networking.k8s.io": "networking.k8s.io",
    "storage.k8s.io": "storage.k8s.io",
    "policy": "policy",
}
"""Groups whose kinds have one shape in all of their versions, as far as rules look."""


@lru_cache(maxsize=4096)
def canonical(token: str) -> str:
    """One spelling for a type, its `V2`, its Kubernetes `Patch`, its older versions and other twins of one shape."""
    if token in _TWINS:
        return _TWINS[token]
    package, _, rest = token.partition(":")
    module, _, kind = rest.partition(":")
    if package == "kubernetes":
        return _kubernetes(module, kind)
    if package == "aws" and kind.endswith("V2") and module.endswith("V2"):
        return f"{package}:{module[:-2]}:{kind[:-2]}"
    return token


def _kubernetes(module: str, kind: str) -> str:
    group, slash, _ = module.partition("/")
    kind = kind.removesuffix("Patch") if kind != "Patch" else kind
    if not slash or group not in _BUILT_IN:
        return f"kubernetes:{module}:{kind}"
    if group == "extensions":
        group = "networking.k8s.io" if kind in ("Ingress", "NetworkPolicy") else "apps"
    return f"kubernetes:{group}/v1:{kind}"
