"""The reference of rules, from the rules themselves: `python -m policies.docs` rewrites its part of a page.

python -m policies.docs docs/policies.md
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .examples import EXAMPLES, Example
from .model import Rule
from .rules import RULES

BEGIN = "<!-- rules: written by `python -m policies.docs docs/policies.md` -->"
END = "<!-- end of rules -->"


def table() -> str:
    """One row per rule, then a section for each."""
    rows = [
        "| # | policy | level | severity | runs on | what holds |",
        "|--:|---|---|---|---|---|",
        *(
            f"| {rule.number} | [`{rule.id}`](#{rule.id}) | {rule.level} | {rule.severity} | {_where(rule)} "
            f"| {rule.cause} |"
            for rule in RULES
        ),
    ]
    return "\n".join([*rows, "", *(line for rule in RULES for line in _section(rule))])


def _where(rule: Rule) -> str:
    return " and ".join(name for name, used in (("resources", rule.on_resource), ("the stack", rule.on_stack)) if used)


def _section(rule: Rule) -> Iterator[str]:
    yield from (f"### {rule.id}", "", f"{rule.cause}. {rule.why}", "", f"**Fix.** {rule.fix}", "")
    for key, schema in rule.config.items():
        yield f"- `{key}`: {schema['description']}"
    if rule.config:
        yield ""
    if rule.frameworks:
        yield from (f"Also demanded by {', '.join(rule.frameworks)}.", "")
    yield from _example(EXAMPLES[rule.id])


def _example(example: Example) -> Iterator[str]:
    yield from (f"Flagged, as `{example.word}`:", "", "```yaml", *_resources(example.bad), "```", "")
    setting = f", with the settings `{json.dumps(example.config)}`" if example.config else ""
    yield from (f"In order{setting}:", "", "```yaml", *_resources(example.good), "```", "")


def _resources(resources: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    """As in a Pulumi YAML program; IAM documents as what they say."""
    for kind, props in resources:
        shown = {key: _document(value) for key, value in props.items()}
        text = yaml.safe_dump({"type": kind, "properties": shown}, sort_keys=False, width=110)
        yield from (f"{'- ' if not number else '  '}{line}" for number, line in enumerate(text.splitlines()))


def _document(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


def rewritten(page: str) -> str:
    """The page with its part between the marks renewed."""
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"the page has no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")
