"""Violations as a table, as JSON, and as SARIF for code-scanning services."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from .manifests import Violation
from .rules import RULES

_NOTE = "advisory"


def table(violations: Sequence[Violation]) -> str:
    """For people."""
    lines = []
    for each in violations:
        lines += [
            f"{each.source.file}:{each.source.line}: [{_level(each)}] {each.rule.id}: {each.label}",
            f"    {each.finding.message} [{each.finding.word}]",
        ]
    mandatory = sum(_level(each) != _NOTE for each in violations)
    lines.append(f"{mandatory} violations, {len(violations) - mandatory} notes")
    return "\n".join(lines)


def as_json(violations: Sequence[Violation]) -> str:
    """For programs."""
    return json.dumps(
        [
            {
                "policy": each.rule.id,
                "level": _level(each),
                "severity": each.rule.severity,
                "finding": each.finding.word,
                "message": each.finding.message,
                "resource": each.label,
                "file": each.source.file,
                "line": each.source.line,
            }
            for each in violations
        ],
        indent=2,
    )


_SARIF_LEVEL = {"mandatory": "error", "advisory": "warning"}
_SECURITY_SEVERITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""As GitHub sorts them: over 9, 7, 4 (GitHub, SARIF support for code scanning)."""


def sarif(violations: Sequence[Violation]) -> str:
    """SARIF 2.1.0."""
    used = [rule for rule in RULES if any(each.rule is rule for each in violations)]
    driver = {
        "name": "eks-observability-policies",
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.cause},
                "fullDescription": {"text": rule.why},
                "help": {"text": rule.fix},
                "properties": {
                    "security-severity": _SECURITY_SEVERITY[rule.severity],
                    "tags": ["security", *rule.frameworks],
                },
            }
            for rule in used
        ],
    }
    numbers = {rule.id: number for number, rule in enumerate(used)}
    run = {"tool": {"driver": driver}, "results": [_result(each, numbers[each.rule.id]) for each in violations]}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(each: Violation, number: int) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": "stdin" if each.source.file == "-" else each.source.file.replace("\\", "/")},
        "region": {"startLine": each.source.line},
    }
    return {
        "ruleId": each.rule.id,
        "ruleIndex": number,
        "level": _SARIF_LEVEL[_level(each)],
        "message": {"text": f"{each.label}: {each.finding.message} [{each.finding.word}]"},
        "locations": [{"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": each.label}]}],
        "partialFingerprints": {"finding/v1": f"{each.rule.id}:{each.label}:{each.finding.word}"},
    }


def _level(each: Violation) -> str:
    return each.level if each.level == "mandatory" else _NOTE


FORMATS: dict[str, Callable[[Sequence[Violation]], str]] = {"table": table, "json": as_json, "sarif": sarif}
