"""What the rules about buckets share."""

from collections.abc import Iterator

from .facts import UNKNOWN
from .linking import linked
from .model import Finding, Stack, unknown

BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"


def missing(stack: Stack, kind: str, inline: str, word: str, message: str) -> Iterator[Finding]:
    """A finding for each bucket that has no setting of a kind, neither beside it nor in it."""
    for bucket in stack.of(BUCKET):
        settings = linked(stack, bucket, kind)
        if settings is UNKNOWN:
            yield unknown(f"which bucket a {kind.rpartition(':')[2]} belongs to", bucket.urn)
        elif not settings and bucket.get(inline) in (None, [], ""):
            yield Finding(word, message, urn=bucket.urn)
