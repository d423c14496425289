"""Loki's schema periods: from which day on data is laid out how. A day once in use never moves.

Loki finds old data by the period it fell in: a changed start hides everything stored under the old one.
"""

import datetime
from collections.abc import Sequence
from typing import Any, TypedDict

from .. import defaults
from ..validation import Fault


class SchemaPeriodArgs(TypedDict):
    """A layout of data, from a day on."""

    from_date: str
    """First day, `YYYY-MM-DD`, UTC. Never changed afterwards; a new period's lies in the future."""
    version: str
    """Version of the schema. `v13`: older ones have no structured metadata."""


DEFAULT_PERIODS: list[SchemaPeriodArgs] = [{"from_date": defaults.LOKI_SCHEMA_FROM, "version": "v13"}]

VERSIONS = ("v13",)


def schema_periods(given: Sequence[SchemaPeriodArgs] | None) -> list[SchemaPeriodArgs]:
    """The periods given, or the one that every installation begins with."""
    return list(given) if given else list(DEFAULT_PERIODS)


def schema_config(given: Sequence[SchemaPeriodArgs] | None) -> dict[str, Any]:
    """Loki's `schema_config`."""
    return {
        "configs": [
            {
                "from": period["from_date"],
                "store": "tsdb",
                "object_store": "s3",
                "schema": period["version"],
                # One index a day: what Loki's retention asks for.
                "index": {"prefix": "loki_index_", "period": "24h"},
            }
            for period in schema_periods(given)
        ]
    }


def schema_faults(
    given: Sequence[SchemaPeriodArgs] | None, today: datetime.date, path: str = "schema_periods"
) -> list[Fault]:
    """Periods that Loki would refuse or that would hide data. That none has moved, only the stack's state knows:
    the component pins each in a resource of its own.
    """
    faults: list[Fault] = []
    days: list[datetime.date] = []
    for index, period in enumerate(schema_periods(given)):
        where = f"{path}[{index}]"
        if period["version"] not in VERSIONS:
            bound = f"be {' or '.join(VERSIONS)}: older schemas have no structured metadata"
            faults.append(Fault(f"{where}.version", period["version"], bound))
        try:
            day = datetime.date.fromisoformat(period["from_date"])
        except ValueError:
            faults.append(Fault(f"{where}.from_date", period["from_date"], "be a day such as 2024-04-01"))
            continue
        if not days and day > today:
            bound = f"not lie in the future (today is {today}): what is written before it would have no place"
            faults.append(Fault(f"{where}.from_date", period["from_date"], bound))
        if days and day <= days[-1]:
            bound = f"be later than the period before it ({days[-1]})"
            faults.append(Fault(f"{where}.from_date", period["from_date"], bound))
        days.append(day)
    return faults
