"""What every simulated provider answers, without gRPC: the engine and the unit-test mocks both ask it."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from .values import changed_paths, unknown

Props = Mapping[str, Any]


class Resource(NamedTuple):
    """The resource that a question is about."""

    type: str
    name: str
    """Logical name in the program."""
    urn: str


class Failure(NamedTuple):
    """A bad input, found before anything is made."""

    property: str
    reason: str


class Checked(NamedTuple):
    """Inputs with the provider's defaults filled in, or what is wrong with them."""

    inputs: Props
    failures: tuple[Failure, ...] = ()


class Changes(NamedTuple):
    """What differs between two versions of a resource's inputs."""

    paths: Mapping[str, str]
    """Property path to `add`, `delete` or `update`, with `-replace` appended where only a new resource will do."""
    delete_first: bool = False
    """A replacement can't exist beside the old one, since both would bear the same name."""


class CloudError(Exception):
    """The simulated cloud refuses; the text is what the real one would say."""


class Simulation(Protocol):
    """One provider. `config` is what `configure` made of the provider resource's inputs."""

    package: str

    def configure(self, config: Props) -> Any:
        """Digest a provider's configuration; raise `CloudError` if it is unusable."""

    def check(self, config: Any, resource: Resource, news: Props, olds: Props, seed: bytes) -> Checked:
        """Fill defaults and find bad inputs."""

    def diff(self, config: Any, resource: Resource, olds: Props, news: Props) -> Changes:
        """Compare checked inputs."""

    def create(self, config: Any, resource: Resource, inputs: Props, preview: bool) -> tuple[str, Props]:
        """Make the resource, or say in a preview what is known of it; id (empty in a preview) and outputs."""

    def update(self, config: Any, resource: Resource, id_: str, olds: Props, inputs: Props, preview: bool) -> Props:
        """Change the resource and give its outputs; `olds` are the previous outputs."""

    def read(self, config: Any, type_: str, id_: str) -> tuple[Props, Props] | None:
        """Inputs and outputs of what exists under that id, if anything does."""

    def delete(self, config: Any, resource: Resource, id_: str) -> None:
        """Remove the resource; gone already is fine."""

    def invoke(self, config: Any, token: str, args: Props) -> Props:
        """Answer a function call."""


def hexes(length: int, *parts: object) -> str:
    """Hexadecimal digits that depend on the parts alone: what the cloud draws at random, made repeatable."""
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[:length]


def digits(length: int, *parts: object) -> str:
    """Like `hexes`, decimal."""
    return str(int(hexes(32, *parts), 16))[-length:].zfill(length)


def letters(length: int, *parts: object, alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") -> str:
    """Like `hexes`, from an alphabet; AWS' unique ids use base 32."""
    number = int(hashlib.sha512("\0".join(str(part) for part in parts).encode()).hexdigest(), 16)
    drawn = []
    for _ in range(length):
        number, index = divmod(number, len(alphabet))
        drawn.append(alphabet[index])
    return "".join(drawn)


def same_root(path: str, roots: tuple[str, ...]) -> bool:
    """Whether a property path lies at or under one of the roots, list indexes aside."""
    plain = "".join(part.partition("]")[2] if "]" in part else part for part in path.split("["))
    return any(plain == root or plain.startswith(root + ".") for root in roots)


def changes(olds: Props, news: Props, replace: tuple[str, ...]) -> dict[str, str]:
    """The changed paths, those under `replace` marked so."""
    return {path: f"{kind}-replace" if same_root(path, replace) else kind for path, kind in changed_paths(olds, news)}


def at_path(value: Any, path: str) -> Iterator[Any]:
    """Every known value at a dotted path; `[]` steps into each element of a list."""
    if value is None or (unknown(value) and not isinstance(value, Mapping | list)):
        return
    if not path:
        yield value
        return
    head, _, rest = path.partition(".")
    if head == "[]":
        if isinstance(value, list):
            for item in value:
                yield from at_path(item, rest)
    elif isinstance(value, Mapping):
        yield from at_path(value.get(head), rest)
