"""The centre's alert about clusters that write here and have stopped.

Nobody else can tell: an agent evaluates no rules, and what it no longer sends is no `up` of 0 but nothing at all.
"""

import hashlib
import re

LOOK_BACK_DAYS = 7
"""How long a silent cluster is remembered, and the alert goes on."""

_ACCEPTED = 'sum by (tenant) (rate(thanos_receive_write_samples_count{{code="200"}}[{window}]))'

WORKLOAD_CLUSTER_RULES = f"""\
groups:
- name: workload-clusters
  rules:
  - alert: WorkloadClusterSilent
    expr: |
      max_over_time(({_ACCEPTED.format(window="10m")})[{LOOK_BACK_DAYS}d:10m]) > 0
      unless
      {_ACCEPTED.format(window="10m")} > 0
    for: 10m
    labels:
      severity: critical
    annotations:
      summary: A workload cluster sends no metrics any more.
      description: >-
        Tenant {{{{ $labels.tenant }}}} has written to Thanos receive in the last {LOOK_BACK_DAYS} days, and nothing for
        20 minutes. Its agents keep two hours; what is older is lost.
"""


def rules_as_template() -> str:
    """The rules as the chart wants them: it reads the text as a template of its own, and Prometheus does after it."""
    return re.sub(r"\{\{.*?\}\}", lambda found: "{{`" + found.group() + "`}}", WORKLOAD_CLUSTER_RULES)


def rules_checksum() -> str:
    """Changes with the rules: the ruler reads them only when it starts."""
    return hashlib.sha256(WORKLOAD_CLUSTER_RULES.encode()).hexdigest()
