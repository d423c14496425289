"""The one place where Helm releases are made: exact version, atomic, a timeout, a charts source.

Never `helm.v3.Chart` or `helm.v4.Chart`: they render on the client, lose hooks, and preview nothing as soon
as one input is unknown.
"""

import difflib
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ..ordering import child_of, without_waiting
from ..validation import Fault, known, refuse
from ..versions import CHARTS
from .checks import dns_label_faults
from .outputs import after


class HelmReleaseArgs(TypedDict):
    """A chart of the versions file, and how to install it."""

    chart: str
    """Chart's name in the versions file, which fixes its version and where it comes from."""
    namespace: pulumi.Input[str]
    """Namespace, which exists already."""
    release_name: str
    """Helm's name for the release, 53 characters at most; given, so that names derived from it are known."""
    values: dict[str, Any]
    """Helm values. Never secrets: they would lie in Pulumi's state and in Helm's."""
    charts_source: NotRequired[str]
    """Where charts come from: empty for upstream (the default), `oci://registry/prefix`, or a folder that
    holds `<chart>-<version>.tgz`."""
    timeout_seconds: NotRequired[int]
    """Seconds that Helm waits for everything to be ready before it rolls back, 30 to 3600. Default 600."""
    skip_crds: NotRequired[bool]
    """Whether to leave out the chart's `crds/` folder, which Helm never upgrades. Default True: CRDs have
    releases of their own."""


class ChartLocation(NamedTuple):
    """A chart as Helm's client wants it."""

    chart: str
    version: str
    repository: str
    """Address of the chart repository, or empty for OCI references and files."""


def chart_location(chart: str, source: str = "") -> ChartLocation:
    """Where the pinned version of a known chart lies, in upstream, a registry or a folder."""
    pin = CHARTS[chart]
    if source.startswith("oci://"):
        return ChartLocation(f"{source.rstrip('/')}/{chart}", pin.version, "")
    if source:
        return ChartLocation(str(chart_file(chart, source)), pin.version, "")
    if pin.repository.startswith("oci://"):
        return ChartLocation(f"{pin.repository.rstrip('/')}/{chart}", pin.version, "")
    return ChartLocation(chart, pin.version, pin.repository)


def chart_file(chart: str, folder: str) -> Path:
    """The file that a folder of charts must hold for a chart."""
    return Path(folder).expanduser() / f"{chart}-{CHARTS[chart].version}.tgz"


def chart_faults(chart: str, source: str = "") -> list[Fault]:
    """A chart that is not pinned, or that the charts source lacks."""
    if chart not in CHARTS:
        near = difflib.get_close_matches(chart, CHARTS, n=1, cutoff=0.0)
        return [Fault("chart", chart, f"be a chart of the versions file; the nearest is {near[0]}")]
    if source.startswith(("http://", "https://")):
        return [Fault("charts_source", source, "be empty, an oci:// prefix or a folder of charts")]
    if source and not source.startswith("oci://") and not (path := chart_file(chart, source)).is_file():
        return [Fault("charts_source", source, f"hold {path.name}; there is no file {path}")]
    return []


def helm_release_faults(args: HelmReleaseArgs) -> list[Fault]:
    """Everything wrong with the arguments."""
    faults = chart_faults(args["chart"], args.get("charts_source", ""))
    release = args["release_name"]
    faults += dns_label_faults("release_name", release)
    if len(release) > 53:
        faults.append(Fault("release_name", release, f"have at most 53 characters, Helm's bound (has {len(release)})"))
    namespace = args["namespace"]
    if known(namespace):
        faults += dns_label_faults("namespace", str(namespace))
    timeout = args.get("timeout_seconds", 600)
    if not 30 <= timeout <= 3600:
        faults.append(Fault("timeout_seconds", timeout, "be 30 to 3600 (seconds)"))
    return faults


class HelmRelease(pulumi.ComponentResource):
    """Helm release of a pinned chart, all or nothing."""

    release_name: pulumi.Output[str]
    """Helm's name for the release."""
    status: pulumi.Output[str]
    """Helm's status of the release: `deployed` when all is well."""

    def __init__(self, name: str, args: HelmReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse("HelmRelease", name, helm_release_faults(args))
        super().__init__("eks-observability:index:HelmRelease", name, dict(args), without_waiting(opts))
        where = chart_location(args["chart"], args.get("charts_source", ""))
        release = kubernetes.helm.v3.Release(
            f"{name}-release",
            name=args["release_name"],
            namespace=args["namespace"],
            chart=where.chart,
            version=where.version,
            repository_opts={"repo": where.repository} if where.repository else None,
            values=args["values"],
            # A half-installed release blocks the next one: either all of it becomes ready or none is left.
            atomic=True,
            cleanup_on_fail=True,
            create_namespace=False,
            skip_crds=args.get("skip_crds", True),
            timeout=int(args.get("timeout_seconds", 600)),
            # Helm keeps each revision in a Secret of up to 1 MiB; ten are history enough to roll back.
            max_history=10,
            opts=child_of(self, opts),
        )
        self.gates: list[pulumi.Resource] = [release]
        self.release_name = after(args["release_name"], [release])
        self.status = release.status.apply(lambda status: status.status if status else "unknown")
        self.register_outputs({"release_name": self.release_name, "status": self.status})
