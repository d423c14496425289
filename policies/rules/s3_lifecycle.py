"""Buckets: what becomes of objects as they age."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from ..actions import glob
from ..buckets import missing
from ..facts import UNKNOWN, Resource, dig, items
from ..model import Finding, Rule, Stack, unknown

_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"

COMPLETE = Rule(
    8,
    "s3-lifecycle-complete",
    cause="A bucket cleans up after itself",
    why="Broken uploads and old versions are invisible in listings, and paid for until somebody looks.",
    fix="Add to the lifecycle configuration an enabled rule without a filter that has "
    "abortIncompleteMultipartUpload and noncurrentVersionExpiration.",
    severity="medium",
    frameworks=("AWS FSBP S3.13",),
)


@COMPLETE.resource(_LIFECYCLE)
def complete(resource: Resource) -> Iterator[Finding]:
    """Enabled rules for the whole bucket, taken together."""
    rules = resource.get("rules")
    enabled = [rule for rule in items(rules) if dig(rule, "status") in (UNKNOWN, "Enabled") or rule is UNKNOWN]
    if not enabled:
        yield Finding("no-enabled-rule", 'add a rule whose status is "Enabled"')
        return
    whole = [rule for rule in enabled if rule is UNKNOWN or _filter(rule) in ("", UNKNOWN)]
    for path, word, message in (
        (("abortIncompleteMultipartUpload", "daysAfterInitiation"), "no-abort", "aborts incomplete multipart uploads"),
        (("noncurrentVersionExpiration", "noncurrentDays"), "no-noncurrent-expiry", "expires noncurrent versions"),
    ):
        values = [(rule, dig(rule, *path)) for rule in whole]
        if any(value is not None and value is not UNKNOWN and _known(rule) for rule, value in values):
            continue
        if any(dig(rule, path[0]) is not None for rule, _ in values):
            yield (
                unknown(f"rules[].{'.'.join(path)}")
                if any(value is UNKNOWN or not _known(rule) for rule, value in values)
                else Finding(word, f"set {path[1]} under {path[0]}")
            )
        else:
            yield Finding(word, f"add an enabled rule for the whole bucket that {message} ({path[0]})")


@COMPLETE.stack
def complete_missing(stack: Stack) -> Iterator[Finding]:
    """A bucket without any lifecycle keeps everything for ever."""
    message = "add a BucketLifecycleConfiguration for this bucket"
    yield from missing(stack, _LIFECYCLE, "lifecycleRules", "no-lifecycle", message)


def _known(rule: Any) -> bool:
    return rule is not UNKNOWN and dig(rule, "status") is not UNKNOWN and _filter(rule) is not UNKNOWN


def _filter(rule: Any) -> Any:
    """What a rule is limited to, as text: empty where it is for the whole bucket."""
    value, prefix = dig(rule, "filter"), dig(rule, "prefix")
    if UNKNOWN in (value, prefix):
        return UNKNOWN
    limits = (
        {key: each for key, each in (value or {}).items() if each not in (None, "", {}, [])}
        if isinstance(value, dict)
        else {}
    )
    if isinstance(prefix, str) and prefix:
        limits["prefix"] = prefix
    return json.dumps(limits, sort_keys=True, default=str) if limits else ""


VALID = Rule(
    9,
    "s3-lifecycle-valid",
    cause="A lifecycle moves objects in order and keeps queryable data at hand",
    why="S3 refuses some wrong orders and accepts others; an object in Glacier Flexible Retrieval or Deep Archive "
    "answers no query for hours, and every backend fails on it.",
    fix="Order transitions by storage class and by days, put the expiry after the last one, and use GLACIER_IR "
    "instead of GLACIER and DEEP_ARCHIVE. List buckets that nothing queries under `archives`.",
    severity="high",
    config={
        "archives": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Patterns of bucket names whose data nothing queries: they may use any storage class.",
        }
    },
)
_ORDER = ("STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
"""From warm to cold: S3 moves objects downwards only (S3 User Guide, "Transitioning objects", waterfall)."""


@VALID.resource(_LIFECYCLE)
def valid(resource: Resource, config: dict[str, Any]) -> Iterator[Finding]:
    """Rules with the same filter work on the same objects: they are read together."""
    bucket = resource.get("bucket")
    names = [name for name in (resource.name, bucket) if isinstance(name, str)]
    archive = any(glob(str(pattern), name) for pattern in items(config.get("archives")) for name in names)
    groups: dict[Any, list[Any]] = {}
    for rule in items(resource.get("rules")):
        if rule is UNKNOWN:
            yield unknown("rules")
        elif dig(rule, "status") in ("Enabled", UNKNOWN):
            group = _filter(rule)
            groups.setdefault("unknown" if group is UNKNOWN else group, []).append(rule)
    for rules in groups.values():
        yield from _order(rules)
        if not archive:
            yield from _queryable(rules)


def _queryable(rules: list[Any]) -> Iterator[Finding]:
    for rule in rules:
        for transition in items(dig(rule, "transitions")):
            if dig(transition, "storageClass") in ("GLACIER", "DEEP_ARCHIVE"):
                yield Finding(
                    "not-queryable",
                    "set storageClass to GLACIER_IR: objects in Flexible Retrieval or Deep Archive answer no query",
                )


def _order(rules: list[Any]) -> Iterator[Finding]:
    steps: list[tuple[int, int]] = []
    for transition in (each for rule in rules for each in items(dig(rule, "transitions"))):
        days, kind = dig(transition, "days"), dig(transition, "storageClass")
        if UNKNOWN in (transition, days, kind):
            yield unknown("days or storageClass of a transition")
        elif isinstance(days, int) and kind in _ORDER:
            steps.append((days, _ORDER.index(kind)))
            if kind in ("STANDARD_IA", "ONEZONE_IA") and days < 30:
                yield Finding("too-early", "move objects to an infrequent-access class after 30 days or more")
    steps.sort()
    if any(later <= earlier for (_, earlier), (_, later) in pairwise(steps)):
        yield Finding("out-of-order", "order the transitions so that later ones go to colder storage classes")
    if any(first == second for (first, _), (second, _) in pairwise(steps)):
        yield Finding("same-day", "give each transition a day of its own")
    for rule in rules:
        days = dig(rule, "expiration", "days")
        if days is UNKNOWN:
            yield unknown("expiration.days")
        elif isinstance(days, int) and days > 0 and steps and days <= steps[-1][0]:
            yield Finding("expiry-too-early", "set expiration.days beyond the days of the last transition")
