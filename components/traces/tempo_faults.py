"""What is wrong with Tempo's arguments. Pure."""

import re

from .. import defaults
from ..foundation.lifecycle import bucket_name_faults
from ..foundation.object_store import object_store_faults
from ..validation import Fault
from ..versions import CHARTS, TEMPO_VERSION
from .tempo_args import TempoArgs

NO_KAFKA = "be of the 2.10 line: from Tempo 3 on every span goes through Kafka, which this platform doesn't run"


def tempo_faults(args: TempoArgs) -> list[Fault]:
    """Everything wrong with the arguments but sampling and sizing."""
    return [
        *bucket_name_faults("bucket_name", args["bucket_name"]),
        *retention_faults(args.get("retention_days", defaults.TRACES_DAYS)),
        *version_faults(args.get("image_tag", TEMPO_VERSION)),
        *object_store_faults("object_store", args.get("object_store")),
        *_access_faults(args),
    ]


def _access_faults(args: TempoArgs) -> list[Fault]:
    """A bucket that Tempo couldn't use."""
    if ("role_arn" in args) != ("object_store" in args):
        return []
    return [Fault("role_arn", args.get("role_arn"), "be given on AWS, and left out with object_store, which has keys")]


def version_faults(image_tag: str, chart_version: str | None = None) -> list[Fault]:
    """A Tempo that needs Kafka, by its image or by its chart."""
    chart_version = chart_version or CHARTS["tempo-distributed"].version
    faults = []
    if not re.fullmatch(r"v?2\.10\.\d+(-.+)?", image_tag):
        faults.append(Fault("image_tag", image_tag, NO_KAFKA))
    if not chart_version.startswith("2."):
        faults.append(Fault("chart tempo-distributed", chart_version, NO_KAFKA))
    return faults


def retention_faults(
    retention_days: float, bucket_expire_after_days: float | None = None, path: str = "retention_days"
) -> list[Fault]:
    """Days that can't be kept: not whole, or cut short by the bucket.

    S3 counts from an object's own age and rounds up to midnight, Tempo from a block's last span: a day apart they
    never meet, and `defaults.TRACES_EXPIRY_MARGIN_DAYS` leaves time to repair a compactor that stands still.
    """
    if isinstance(retention_days, bool) or retention_days != int(retention_days) or not 1 <= retention_days <= 3650:
        return [Fault(path, retention_days, "be a whole number from 1 to 3650 (days)")]
    if bucket_expire_after_days is None or bucket_expire_after_days > retention_days:
        return []
    bound = f"be less than the days after which the bucket deletes ({bucket_expire_after_days:g}): Tempo deletes first"
    return [Fault(path, retention_days, bound)]
