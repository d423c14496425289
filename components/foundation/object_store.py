"""Another S3 than AWS': an address and keys, where there are no IAM roles."""

import re
from typing import Any, NotRequired, TypedDict

from ..validation import Fault
from .checks import dns_label_faults

ACCESS_KEY, SECRET_KEY = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
"""Keys of the Secret, and the environment variables that every S3 client reads."""

NEEDED_ON_AWS = ("account_id", "kms_key_arn", "oidc_provider_arn", "oidc_issuer")
"""Arguments of a room that make its IAM role, and have no meaning with another S3."""


class ObjectStoreArgs(TypedDict):
    """An S3 that is not AWS'. With it a room makes no IAM role."""

    endpoint: str
    """Host and port, without a scheme, such as `seaweedfs-s3.observability.svc.cluster.local:8333`."""
    credentials_secret_name: str
    """Secret in the backends' namespace with the keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`."""
    insecure: NotRequired[bool]
    """Speak plain HTTP. Default false."""


def object_store_faults(path: str, store: ObjectStoreArgs | None) -> list[Fault]:
    """Everything wrong with the address and the Secret's name; nothing without a store."""
    if store is None:
        return []
    faults = dns_label_faults(f"{path}.credentials_secret_name", store["credentials_secret_name"])
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?", store["endpoint"]):
        faults.append(Fault(f"{path}.endpoint", store["endpoint"], "be a host, with a port if need be, and no scheme"))
    return faults


def aws_only_faults(args: Any) -> list[Fault]:
    """What a room on AWS can't do without (`NEEDED_ON_AWS`), where `object_store` is not given."""
    if "object_store" in args:
        return []
    return [
        Fault(key, None, "be given, unless object_store is: the room's IAM role is made of it")
        for key in NEEDED_ON_AWS
        if key not in args
    ]


def credentials_environment(store: ObjectStoreArgs | None) -> list[dict[str, Any]]:
    """Environment variables of a container, read from the Secret; none on AWS, where the role gives credentials."""
    if store is None:
        return []
    secret = store["credentials_secret_name"]
    return [
        {"name": key, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}} for key in (ACCESS_KEY, SECRET_KEY)
    ]
