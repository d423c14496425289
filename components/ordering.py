"""Waiting: a component told to wait makes its children wait, for no more than they need.

Pulumi lets a resource that depends on a component wait for all of the component's children, but not the
other way round: `depends_on` of a component reaches none of its children. Without
this a Helm release would not wait for the CRDs, buckets and namespaces that its component was told to.

Edges are few on purpose. After a failed delete the CLI walks every path from what failed to the stack's roots
(`TransitiveDependenciesOf` in pkg/v3/resource/graph), and paths multiply with every level: where each child
waits for each child of the level below, a stack of 350 resources has 10^11 of them, and the CLI never comes back.
"""

import copy
from collections.abc import Iterable
from typing import Any

import pulumi

_PLACES = (
    "eks-observability:index:Namespace",
    "kubernetes:core/v1:Namespace",
    # A namespace made here ends with its default deny, which waits for it.
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
)
_ISSUERS = ("kubernetes:cert-manager.io/v1:ClusterIssuer", "kubernetes:cert-manager.io/v1:Issuer")


def child_of(
    parent: pulumi.Resource,
    opts: pulumi.ResourceOptions | None,
    after: Iterable[pulumi.Resource] = (),
    *,
    protect: bool | None = None,
    retain_on_delete: bool | None = None,
) -> pulumi.ResourceOptions:
    """Options of a component's child: it waits for `after`, and for what the component's `opts` name."""
    return pulumi.ResourceOptions(
        parent=parent,
        depends_on=last([*after, *waits_for(opts)]),
        protect=protect,
        retain_on_delete=retain_on_delete,
    )


def placed_in(parent: pulumi.Resource, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Options of a child that needs its namespace to be there, and nothing that runs in it.

    Of what the component's `opts` name it waits for the namespaces; for all, if none of it is a namespace.
    """
    waits = last(waits_for(opts))
    places = [each for each in waits if _type(each) in _PLACES]
    return pulumi.ResourceOptions(parent=parent, depends_on=places or waits)


def issued_by(parent: pulumi.Resource, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Options of a certificate: of what the component's `opts` name it waits for namespaces and issuers.

    For all, if none of it is an issuer.
    """
    waits = last(waits_for(opts))
    issuers = [each for each in waits if _type(each) in _ISSUERS]
    needed = [each for each in waits if _type(each) in (*_PLACES, *_ISSUERS)]
    return pulumi.ResourceOptions(parent=parent, depends_on=needed if issuers else waits)


def _type(resource: Any) -> str:
    return resource.pulumi_resource_type if isinstance(resource, pulumi.Resource) else ""


def without_waiting(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions | None:
    """Options of a component whose only child waits in its place."""
    if opts is None or opts.depends_on is None:
        return opts
    own = copy.copy(opts)
    own.depends_on = None
    return own


def waits_for(opts: pulumi.ResourceOptions | None) -> list[Any]:
    """What `depends_on` holds, as a list."""
    given = None if opts is None else opts.depends_on
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def last(resources: Iterable[Any]) -> list[Any]:
    """The same with each component replaced by its `gates`, if it has any: those of its children that come last.

    Whoever waits for the gates has waited for all that they wait for themselves.
    """
    found: dict[int, Any] = {}
    for each in resources:
        gates = getattr(each, "gates", None) if isinstance(each, pulumi.Resource) else None
        for resource in last(gates) if gates else [each]:
            found[id(resource)] = resource
    return list(found.values())
