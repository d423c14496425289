"""All rules, in the order of the catalogue. One module per subject."""

from ..model import Rule
from . import (
    data,
    eks,
    exposure,
    helm,
    helm_values,
    hygiene,
    iam,
    iam_escalation,
    iam_trust,
    kms,
    literals,
    namespaces,
    network,
    nodes,
    pods,
    rbac,
    s3,
    s3_access,
    s3_lifecycle,
    storage,
)

_SUBJECTS = (
    *(s3, s3_access, s3_lifecycle, kms),
    *(iam, iam_escalation, iam_trust, eks, nodes),
    *(network, storage, data),
    *(rbac, pods, namespaces, exposure, literals),
    *(helm, helm_values, hygiene),
)

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (rule for module in _SUBJECTS for rule in vars(module).values() if isinstance(rule, Rule)),
        key=lambda rule: rule.number,
    )
)
"""Every rule. A test pins their names and levels."""
