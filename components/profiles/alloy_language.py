"""Alloy's configuration language, as far as the agent needs it: blocks with attributes and blocks."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Expression(str):
    """Text that is an expression of Alloy's language, not a string in it."""

    __slots__ = ()


Value = str | int | bool | Mapping[str, str] | Sequence[str]


class Block(NamedTuple):
    """A block of Alloy's language: attributes, then blocks."""

    name: str
    label: str
    attributes: Mapping[str, Value]
    blocks: Sequence["Block"] = ()

    def lines(self, depth: int = 0) -> list[str]:
        """As Alloy's own formatter writes it: tabs, equals signs in one column."""
        indent = "\t" * depth
        label = f' "{self.label}"' if self.label else ""
        width = max((len(name) for name in self.attributes), default=0)
        lines = [f"{indent}{self.name}{label} {{"]
        lines += [f"{indent}\t{name:<{width}} = {_value(value)}" for name, value in self.attributes.items()]
        for index, block in enumerate(self.blocks):
            lines += [""] if index or self.attributes else []
            lines += block.lines(depth + 1)
        return [*lines, f"{indent}}}"]


def _value(value: Value) -> str:
    if isinstance(value, Expression):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_string(key)} = {_value(item)}" for key, item in value.items()) + "}"
    return f"[{', '.join(_value(item) for item in value)}]"


def _string(text: str) -> str:
    """Quoted. Two opening braces would be read as a template by the chart, so they may not occur."""
    if "{{" in text or "\n" in text:
        raise ValueError(f"{text!r} can't be written into the agent's configuration")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
