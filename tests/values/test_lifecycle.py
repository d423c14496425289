"""Lifecycles and bucket names: what S3 refuses is refused here first, and what it takes passes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.foundation.lifecycle import COLDNESS, bucket_name_faults, lifecycle_faults


def moves(*pairs: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"storage_class": cls, "after_days": days} for cls, days in pairs]


@pytest.mark.parametrize(
    ("transitions", "expire", "queryable"),
    [
        ([], 14, True),
        (moves(("STANDARD_IA", 30), ("GLACIER_IR", 90)), 365, True),
        (moves(("INTELLIGENT_TIERING", 7)), 30, True),
        (moves(("INTELLIGENT_TIERING", 7), ("GLACIER_IR", 30)), 31, True),
        (moves(("STANDARD_IA", 30.0), ("GLACIER_IR", 90.0)), 365.0, True),
        (moves(("GLACIER", 1), ("DEEP_ARCHIVE", 91)), 400, False),
    ],
)
def test_what_s3_accepts_passes(transitions: list[dict[str, Any]], expire: float, queryable: bool) -> None:
    assert lifecycle_faults(transitions, expire, queryable) == []


@pytest.mark.parametrize(
    ("transitions", "expire", "queryable", "message"),
    [
        (
            moves(("GLACIER_IR", 30), ("STANDARD_IA", 60)), 365, True,
            "transitions[1].storage_class: 'STANDARD_IA' must be colder than GLACIER_IR, which comes before it",
        ),
        (
            moves(("STANDARD_IA", 90), ("GLACIER_IR", 60)), 365, True,
            "transitions[1].after_days: 60 must be later than the transition before it (90 days)",
        ),
        (
            moves(("STANDARD_IA", 30), ("STANDARD_IA", 90)), 365, True,
            "transitions[1].storage_class: 'STANDARD_IA' must appear once only",
        ),
        (
            moves(("STANDARD_IA", 29)), 365, True,
            "transitions[0].after_days: 29 must be a whole number of days, at least 30",
        ),
        (
            moves(("STANDARD_IA", 30), ("GLACIER_IR", 59)), 365, True,
            "transitions[1].after_days: 59 must be at least 60 (days): 30 of them in STANDARD_IA",
        ),
        (
            moves(("GLACIER_IR", 90)), 90, True,
            "expire_after_days: 90 must be later than the last transition (90 days)",
        ),
        (
            moves(("GLACIER_IR", 90)), 30, True,
            "expire_after_days: 30 must be later than the last transition (90 days)",
        ),
        (
            moves(("GLACIER", 90)), 365, True,
            "transitions[0].storage_class: 'GLACIER' must stay queryable: GLACIER_IR is the coldest class "
            "that can be read at once",
        ),
        (
            moves(("ONEZONE_IA", 30)), 365, True,
            "transitions[0].storage_class: 'ONEZONE_IA' must be one of STANDARD_IA, INTELLIGENT_TIERING, "
            "GLACIER_IR, GLACIER, DEEP_ARCHIVE",
        ),
        (
            moves(("INTELLIGENT_TIERING", 0)), 365, True,
            "transitions[0].after_days: 0 must be a whole number of days, at least 1",
        ),
        (
            moves(("INTELLIGENT_TIERING", 7.5)), 365, True,
            "transitions[0].after_days: 7.5 must be a whole number of days, at least 1",
        ),
        ([], 0, True, "expire_after_days: 0 must be a whole number of days, at least 1"),
        ([], -3, True, "expire_after_days: -3 must be a whole number of days, at least 1"),
    ],
)  # fmt: skip
def test_what_s3_refuses_is_refused_with_the_bound(
    transitions: list[dict[str, Any]], expire: float, queryable: bool, message: str
) -> None:
    assert [str(fault) for fault in lifecycle_faults(transitions, expire, queryable)] == [message]


@given(
    st.lists(st.tuples(st.sampled_from([*COLDNESS, "STANDARD", ""]), st.integers(-5, 400)), max_size=5),
    st.integers(-5, 500),
    st.booleans(),
)
def test_whatever_passes_goes_from_warm_to_cold_and_then_expires(
    pairs: list[tuple[str, int]], expire: int, queryable: bool
) -> None:
    if lifecycle_faults(moves(*pairs), expire, queryable):
        return
    coldness = [COLDNESS[cls] for cls, _ in pairs]
    days = [after for _, after in pairs]
    assert coldness == sorted(set(coldness))
    assert days == sorted(set(days))
    assert expire > max(days, default=0)
    assert all(after >= 30 for cls, after in pairs if cls == "STANDARD_IA")
    assert not (queryable and {"GLACIER", "DEEP_ARCHIVE"} & {cls for cls, _ in pairs})


@pytest.mark.parametrize("name", ["abc", "obs-metrics-123456789012-eu-west-1", "a" * 63, "1-2"])
def test_names_that_s3_takes_pass(name: str) -> None:
    assert bucket_name_faults("bucket_name", name) == []


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("ab", "3 to 63"),
        ("a" * 64, "this one has 64"),
        ("Metrics", "lower-case"),
        ("under_score", "lower-case"),
        ("-lead", "beginning and ending"),
        ("trail-", "beginning and ending"),
        ("new\n", "lower-case"),
        ("a..b", "no dots"),
        ("a.b.c", "no dots"),
        ("10.0.0.1", "IP address"),
        ("xn--bucket", "not begin with xn--"),
        ("sthree-bucket", "not begin with sthree-"),
        ("amzn-s3-demo-bucket", "not begin with amzn-s3-demo-"),
        ("bucket-s3alias", "not end with -s3alias"),
        ("bucket--ol-s3", "not end with --ol-s3"),
        ("bucket--x-s3", "not end with --x-s3"),
        ("bucket--table-s3", "not end with --table-s3"),
    ],
)
def test_names_that_s3_forbids_are_refused(name: str, bound: str) -> None:
    (fault,) = bucket_name_faults("bucket_name", name)
    assert bound in str(fault)
