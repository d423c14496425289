"""Turns the rules into policies: one policy per rule, so that each has its own level and its own name.

from eks_observability.policies import pack
PolicyPack("mine", pack.build(exemptions) + my_own_policies)
"""

import sys
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

from . import configuration, server
from . import exemptions as excuses
from .facts import Resource, canonical
from .model import Finding, Rule, Stack
from .rules import RULES
from .unjudged import Unjudged
from .views import views, written_otherwise

NAME = "eks-observability"


class _CannotJudge(UnknownValueError):
    """How a policy says something at the advisory level where the server offers no other way."""

    def __init__(self, notes: Iterable[str]) -> None:
        Exception.__init__(self)
        self.message = "; ".join(notes)


class _RulePolicy(Policy):
    """What policies on resources and on stacks have in common."""

    def __init__(self, rule: Rule, exemptions: "excuses.Exemptions", unjudged: Unjudged) -> None:
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
        self.closer = unjudged
        self._memory: dict[str, dict[str, Any]] = {}
        """Properties of remembered types by URN, from before their creation."""

    def has_validation(self) -> bool:
        """Always: asked by the server before each call."""
        return True

    def has_remediation(self) -> bool:
        """Whether the rule can put something right: tags only."""
        return bool(self.rule.remedies)

    def remediate(self, args: ResourceValidationArgs) -> Any:
        """The resource's properties put right, or None."""
        try:
            for mend in self.rule.remedies:
                return mend(args.resource_type, args.props, args.provider, args.get_config())
        except Exception:  # whatever it is, it must not end the deployment: the rule itself then says what is wrong
            return None
        return None

    def validate(self, args: Any, report_violation: Any) -> None:
        """Run the rule; whatever happens, the verdict on other resources and rules stands."""
        if isinstance(args, StackValidationArgs):
            self._on_stack(args, report_violation)
        else:
            self._on_resource(args, report_violation)

    def _on_resource(self, args: ResourceValidationArgs, report: Any) -> None:
        kind = canonical(args.resource_type)
        if kind in self.rule.remembered:
            self._memory[args.urn] = Resource(args.resource_type, args.name, args.props, args.urn).props
        if self.rule.check(kind) is None and not written_otherwise(args.resource_type):
            return
        provider = args.provider.props if args.provider is not None else None
        resource = Resource(args.resource_type, args.name, args.props, args.urn, provider=provider)
        config = args.get_config()
        for view in views(resource):
            check = self.rule.check(view.type)
            if check is not None:
                self._publish(self.rule.judge(check, view, config), {args.urn: view}, args.urn, report)

    def _on_stack(self, args: StackValidationArgs, report: Any) -> None:
        stack = Stack(
            view
            for each in args.resources
            for view in views(
                Resource(
                    each.resource_type,
                    each.name,
                    each.props if len(each.props) else self._memory.get(each.urn, each.props),
                    each.urn,
                    {key: [other.urn for other in others] for key, others in each.property_dependencies.items()},
                )
            )
        )
        by_urn: dict[str, Resource] = {}
        for resource in stack.resources:
            by_urn.setdefault(resource.urn, resource)
        config = args.get_config()
        for check in self.rule.on_stack:
            self._publish(self.rule.judge(check, stack, config), by_urn, "", report)

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
            elif advise is None:
                notes.append(f"{resource.name}: {text}" if resource is not None and not urn else text)
            elif finding.path:
                self.closer.add(report.response, finding.urn or urn, finding.path, self)
            else:
                advise(text, finding.urn or urn or None)
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


def _policy(rule: Rule, exemptions: "excuses.Exemptions", unjudged: Unjudged) -> Policy:
    if rule.on_resource and rule.on_stack:
        return _OnBoth(rule, exemptions, unjudged)
    return _OnStack(rule, exemptions, unjudged) if rule.on_stack else _OnResource(rule, exemptions, unjudged)


def build(exemptions: Iterable[Mapping[str, Any]] = ()) -> list[Policy]:
    """The policies, in the order of the catalogue.

    `exemptions` are mappings as described in `exemptions`; an invalid one raises `ExemptionError` naming all faults.
    """
    hooked = server.install()
    excused = excuses.Exemptions(exemptions, RULES)
    unjudged = Unjudged()
    policies: list[Policy] = [_policy(rule, excused, unjudged) for rule in RULES]
    if excused.entries:
        policies.append(excuses.InUse(excused) if hooked else excuses.InUseUnhooked(excused))
    return policies


def main() -> None:
    """Serve the pack to the engine, or carry out a command of `python -m policies`."""
    from . import commands

    if sys.argv[1:2] and sys.argv[1] in commands.NAMES:
        sys.exit(commands.run(sys.argv[1:]))
    try:
        policies = build(excuses.beside_the_stack())
        config = configuration.from_environment()
    except (excuses.ExemptionError, configuration.ConfigError) as refused:
        sys.exit(f"{NAME}: {refused}")
    PolicyPack(NAME, policies, EnforcementLevel.MANDATORY, initial_config=config)
