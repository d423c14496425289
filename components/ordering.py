"""Waiting: a component told to wait makes its children wait.

Pulumi lets a resource that depends on a component wait for all of the component's children, but not the
other way round: `depends_on` of a component reaches none of its children. Without
this a Helm release would not wait for the CRDs, buckets and namespaces that its component was told to.
"""

from collections.abc import Iterable

import pulumi


def child_of(
    parent: pulumi.Resource,
    opts: pulumi.ResourceOptions | None,
    after: Iterable[pulumi.Resource] = (),
    *,
    protect: bool | None = None,
    retain_on_delete: bool | None = None,
) -> pulumi.ResourceOptions:
    """Options of a component's child: it waits for `after`, and for what the component's `opts` name."""
    own = pulumi.ResourceOptions(
        parent=parent, depends_on=list(after), protect=protect, retain_on_delete=retain_on_delete
    )
    if opts is None or opts.depends_on is None:
        return own
    return pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(depends_on=opts.depends_on))
