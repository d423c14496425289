"""Turns the rules into policies: one policy per rule, so that each has its own level and its own name.

from eks_observability.policies import pack
PolicyPack("mine", pack.build(exemptions) + my_own_policies)
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    PolicyPack,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from . import exemptions as excuses
from . import server
from .facts import Resource, canonical
from .model import Finding, Rule, Stack
from .rules import RULES

NAME = "eks-observability"


class _CannotJudge(UnknownValueError):
    """How a policy says something at the advisory level where the server offers no other way."""

    def __init__(self, notes: Iterable[str]) -> None:
        Exception.__init__(self)
        self.message = "; ".join(notes)


class _RulePolicy(Policy):
    """What policies on resources and on stacks have in common."""

    def __init__(self, rule: Rule, exemptions: "excuses.Exemptions") -> None:
        Policy.__init__(
            self,
            rule.id,
            rule.cause,
            EnforcementLevel(rule.level),
            PolicyConfigSchema({key: dict(schema) for key, schema in rule.config.items()}) if rule.config else None,
            display_name=rule.id,
            severity=Severity(rule.severity),
            framework=_framework(rule),
            tags=list(rule.frameworks) or None,
            remediation_steps=rule.fix,
        )
        self.rule = rule
        self._exemptions = exemptions

    def has_validation(self) -> bool:
        """Always: asked by the server before each call."""
        return True

    def has_remediation(self) -> bool:
        """Never: no rule rewrites a resource."""
        return False

    def validate(self, args: Any, report_violation: Any) -> None:
        """Run the rule; whatever happens, the verdict on other resources and rules stands."""
        if isinstance(args, StackValidationArgs):
            self._on_stack(args, report_violation)
        else:
            self._on_resource(args, report_violation)

    def _on_resource(self, args: ResourceValidationArgs, report: Any) -> None:
        check = self.rule.on_resource.get(canonical(args.resource_type))
        if check is None:
            return
        resource = Resource(args.resource_type, args.name, args.props, args.urn)
        self._publish(self._judge(check, resource, args), {args.urn: resource}, resource.urn, report)

    def _on_stack(self, args: StackValidationArgs, report: Any) -> None:
        stack = Stack(
            Resource(
                each.resource_type,
                each.name,
                each.props,
                each.urn,
                {key: [other.urn for other in others] for key, others in each.property_dependencies.items()},
            )
            for each in args.resources
        )
        by_urn = {resource.urn: resource for resource in stack.resources}
        for check in self.rule.on_stack:
            self._publish(self._judge(check, stack, args), by_urn, "", report)

    def _judge(self, check: Any, subject: Any, args: Any) -> list[Finding]:
        """The findings up to a rule's own failure, and the failure as a note: an exception ends the deployment."""
        found: dict[Finding, None] = {}
        try:
            for finding in check(subject, args.get_config()) if self.rule.config else check(subject):
                found[finding] = None
        except Exception as failure:  # whatever it is, it must not end the deployment
            where = f"{type(failure).__name__} in {check.__name__}"
            note = Finding("rule-failed", f"the rule itself failed ({where}) and judged only in part", "unknown")
            found[note] = None
        return list(found)

    def _publish(self, found: list[Finding], by_urn: Mapping[str, Resource], urn: str, report: Any) -> None:
        advise = getattr(report, "advise", None)
        notes = []
        for finding in found:
            resource = by_urn.get(finding.urn or urn)
            if resource is not None and self._exemptions.excuse(self.rule.id, resource, finding.word):
                continue
            text = f"{finding.message} [{finding.word}]"
            if not finding.level:
                report(text, finding.urn or urn or None)
            elif advise is not None:
                advise(text, finding.urn or urn or None)
            else:
                notes.append(f"{resource.name}: {text}" if resource is not None and not urn else text)
        if notes:
            raise _CannotJudge(notes)


def _framework(rule: Rule) -> PolicyComplianceFramework | None:
    if not rule.frameworks:
        return None
    name, _, reference = rule.frameworks[0].rpartition(" ")
    return PolicyComplianceFramework(name=name, reference=reference)


class _OnResource(_RulePolicy, ResourceValidationPolicy):
    """Judges one resource, before it is created."""


class _OnStack(_RulePolicy, StackValidationPolicy):
    """Judges the whole stack."""


class _OnBoth(_RulePolicy, ResourceValidationPolicy, StackValidationPolicy):
    """Judges what a resource says, then what is missing beside it."""


def _policy(rule: Rule, exemptions: "excuses.Exemptions") -> Policy:
    if rule.on_resource and rule.on_stack:
        return _OnBoth(rule, exemptions)
    return _OnStack(rule, exemptions) if rule.on_stack else _OnResource(rule, exemptions)


def build(exemptions: Iterable[Mapping[str, Any]] = ()) -> list[Policy]:
    """The policies, in the order of the catalogue.

    `exemptions` are mappings as described in `exemptions`; an invalid one raises `ExemptionError` naming all faults.
    """
    server.install()
    excused = excuses.Exemptions(exemptions, RULES)
    policies: list[Policy] = [_policy(rule, excused) for rule in RULES]
    if excused.entries:
        policies.append(excuses.UnusedExemptions(excused))
    return policies


def main() -> None:
    """Serve the pack to the engine; returns only when the engine ends the process."""
    PolicyPack(NAME, build(excuses.beside_the_stack()), EnforcementLevel.MANDATORY)
