"""Levels and settings: pulumi's own policy configuration, by policy name, held against the rules.

The engine validates types by each policy's schema, and lets misspelt names and keys pass; `faults` doesn't.
"""

import difflib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .model import Rule
from .rules import RULES

LEVELS = ("advisory", "mandatory", "remediate", "disabled")
OTHERS = ("exemptions-in-use",)
"""Policies of the pack that are no rules."""
RESERVED = ("all", "environments")
"""Words of pulumi's own in a configuration."""


class ConfigError(ValueError):
    """A configuration that can't be accepted; the message names every fault."""


def schema() -> dict[str, Any]:
    """The JSON schema of a configuration file."""
    level = {"enum": list(LEVELS)}
    policies: dict[str, Any] = {name: _either({"enforcementLevel": level}) for name in ("all", *OTHERS)}
    for rule in RULES:
        settings = {key: dict(value) for key, value in rule.config.items()}
        policies[rule.id] = {**_either({"enforcementLevel": level, **settings}), "description": f"{rule.cause}."}
    policies["environments"] = {"type": "array", "items": {"type": "string"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of the policy pack",
        "type": "object",
        "properties": policies,
        "additionalProperties": False,
    }


def _either(properties: dict[str, Any]) -> dict[str, Any]:
    whole = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"oneOf": [properties["enforcementLevel"], whole]}


def faults(config: Any, known: Iterable[str] = ()) -> Iterator[str]:
    """Everything wrong with a configuration. `known`: names of other people's policies in the same pack."""
    if not isinstance(config, Mapping):
        yield "must be an object by policy name"
        return
    rules = {rule.id: rule for rule in RULES}
    names = [*rules, *OTHERS, *RESERVED, *known]
    for name, value in config.items():
        if name not in names:
            yield f"there is no policy {name!r}{nearest(str(name), names)}"
        elif name == "environments" or (name in known and name not in rules):
            continue
        elif isinstance(value, Mapping):
            yield from (f"{name}: {fault}" for fault in _settings(rules.get(name), value))
        elif value not in LEVELS:
            yield f"{name}: must be an object or one of {', '.join(LEVELS)}"


def _settings(rule: Rule | None, given: Mapping[str, Any]) -> Iterator[str]:
    schemas = rule.config if rule is not None else {}
    for key, value in given.items():
        if key == "enforcementLevel":
            # From the engine a level comes as the protocol's number.
            if value not in LEVELS and not (isinstance(value, int) and not isinstance(value, bool)):
                yield f"enforcementLevel must be one of {', '.join(LEVELS)}"
        elif key not in schemas:
            yield f"there is no setting {key!r}{nearest(key, schemas)}"
        else:
            yield from _valid(value, schemas[key], key)


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "array": (list, tuple),
    "object": (Mapping,),
    "boolean": (bool,),
    "number": (int, float),
}


def _valid(value: Any, wanted: Mapping[str, Any], where: str) -> Iterator[str]:
    """The part of JSON schema that the rules' settings use: type, items, additionalProperties, enum, minimum."""
    kind = wanted.get("type")
    if kind == "integer":
        fits = isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
    else:
        fits = kind is None or (isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool)))
    if not fits:
        yield f"{where} must be {'an' if str(kind)[0] in 'aio' else 'a'} {kind}"
        return
    if "enum" in wanted and value not in wanted["enum"]:
        yield f"{where} must be one of {', '.join(map(str, wanted['enum']))}"
    if "minimum" in wanted and value < wanted["minimum"]:
        yield f"{where} must be {wanted['minimum']} or more"
    if kind == "array":
        for number, item in enumerate(value):
            yield from _valid(item, wanted.get("items", {}), f"{where}[{number}]")
    if kind == "object":
        for key, item in value.items():
            yield from _valid(item, wanted.get("additionalProperties", {}), f"{where}.{key}")


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt word, or nothing."""
    close = difflib.get_close_matches(word, sorted(known), 1)
    return f", did you mean {close[0]!r}?" if close else ""


def load(path: Path) -> dict[str, Any]:
    """A configuration file without fault; `ConfigError` names all faults otherwise."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        raise ConfigError(f"{path}: {failure.strerror}") from None
    except ValueError as failure:
        raise ConfigError(f"{path}: {failure}") from None
    found = list(faults(config))
    if found:
        raise ConfigError("\n".join(f"{path}: {fault}" for fault in found))
    accepted: dict[str, Any] = config
    return accepted


PROFILES = ("dev", "prod")


def level_in(profile: str, rule: Rule) -> str:
    """A rule's level in a profile.

    `prod`: every rule at its own level. `dev`: what leaks data or hands over rights (severity high and critical)
    stays mandatory; what costs money, history or comfort is advice; what is advice at its mildest is off.
    """
    if profile == "prod" or rule.severity in ("critical", "high"):
        return rule.level
    return "disabled" if rule.level == "advisory" else "advisory"


def profile(name: str) -> dict[str, Any]:
    """A profile as a configuration file."""
    return {rule.id: {"enforcementLevel": level_in(name, rule)} for rule in RULES}


def from_environment() -> dict[str, Any] | None:
    """The configuration that POLICY_CONFIG names: a file, or a profile by name. Pulumi's own comes on top of it."""
    from pulumi_policy import EnforcementLevel

    named = os.environ.get("POLICY_CONFIG")
    if not named:
        return None
    config = profile(named) if named in PROFILES else load(Path(named))
    found: dict[str, Any] = {}
    for name, value in config.items():
        settings = {"enforcementLevel": value} if isinstance(value, str) else dict(value)
        if "enforcementLevel" in settings:
            settings["enforcementLevel"] = EnforcementLevel(settings["enforcementLevel"])
        found[name] = settings
    return found
