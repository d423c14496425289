"""What is wrong with how a part of the room reaches its bucket, and with who signs its certificates."""

from collections.abc import Mapping
from typing import Any

from ..foundation.checks import dns_label_faults
from ..foundation.object_store import object_store_faults
from ..validation import Fault


def bucket_access_faults(args: Mapping[str, Any]) -> list[Fault]:
    """Neither a role nor another S3, or another S3 that can't be one."""
    if "role_arn" not in args and "object_store" not in args:
        return [Fault("role_arn", None, "be given, unless object_store is: without either nothing reaches the bucket")]
    return object_store_faults("object_store", args.get("object_store"))


def certificate_issuer_faults(args: Mapping[str, Any]) -> list[Fault]:
    """An issuer's name that Kubernetes would refuse."""
    return dns_label_faults("certificate_issuer", args["certificate_issuer"]) if "certificate_issuer" in args else []
