"""Every version that the platform pins: charts, images, EKS add-ons. Nowhere else.

The `# renovate:` line above a version tells Renovate where newer ones are announced.
"""

from typing import NamedTuple


class Chart(NamedTuple):
    """A Helm chart at an exact version."""

    name: str
    repository: str
    """Upstream: an `https://` chart repository or an `oci://` prefix."""
    version: str


CHARTS: dict[str, Chart] = {
    chart.name: chart
    for chart in (
        Chart(
            "prometheus-operator-crds",
            "oci://ghcr.io/prometheus-community/charts",
            # renovate: datasource=docker depName=ghcr.io/prometheus-community/charts/prometheus-operator-crds
            "31.0.1",
        ),
        Chart(
            "kube-prometheus-stack",
            "oci://ghcr.io/prometheus-community/charts",
            # renovate: datasource=docker depName=ghcr.io/prometheus-community/charts/kube-prometheus-stack
            "88.5.3",
        ),
        Chart(
            "thanos",
            "oci://ghcr.io/thanos-community/helm-charts",
            # renovate: datasource=docker depName=ghcr.io/thanos-community/helm-charts/thanos
            "0.38.0",
        ),
        Chart(
            "prometheus-blackbox-exporter",
            "https://prometheus-community.github.io/helm-charts",
            # renovate: datasource=helm depName=prometheus-blackbox-exporter registryUrl=https://prometheus-community.github.io/helm-charts
            "11.17.2",
        ),
        Chart(
            "prometheus-pushgateway",
            "https://prometheus-community.github.io/helm-charts",
            # renovate: datasource=helm depName=prometheus-pushgateway registryUrl=https://prometheus-community.github.io/helm-charts
            "3.8.0",
        ),
    )
}
"""By chart name. The keys that each of them knows are recorded, and tests hold our values against them."""

# renovate: datasource=docker depName=quay.io/thanos/thanos
THANOS_VERSION = "v0.42.4"
"""The sidecar's image; the chart of Thanos at the version above runs the same one."""

_ADDONS_OF_EVERY_MINOR = {
    # renovate: datasource=custom.eks-addons depName=vpc-cni
    "vpc-cni": "v1.22.4-eksbuild.3",
    # renovate: datasource=custom.eks-addons depName=eks-pod-identity-agent
    "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
    # renovate: datasource=custom.eks-addons depName=aws-ebs-csi-driver
    "aws-ebs-csi-driver": "v1.66.0-eksbuild.1",
    # renovate: datasource=custom.eks-addons depName=metrics-server
    "metrics-server": "v0.9.0-eksbuild.11",
}

EKS_ADDONS: dict[str, dict[str, str]] = {
    "1.34": {
        **_ADDONS_OF_EVERY_MINOR,
        # renovate: datasource=custom.eks-addons depName=kube-proxy
        "kube-proxy": "v1.34.6-eksbuild.29",
        # renovate: datasource=custom.eks-addons depName=coredns
        "coredns": "v1.12.4-eksbuild.38",
    },
    "1.35": {
        **_ADDONS_OF_EVERY_MINOR,
        # renovate: datasource=custom.eks-addons depName=kube-proxy
        "kube-proxy": "v1.35.3-eksbuild.29",
        # renovate: datasource=custom.eks-addons depName=coredns
        "coredns": "v1.13.2-eksbuild.31",
    },
    "1.36": {
        **_ADDONS_OF_EVERY_MINOR,
        # renovate: datasource=custom.eks-addons depName=kube-proxy
        "kube-proxy": "v1.36.0-eksbuild.25",
        # renovate: datasource=custom.eks-addons depName=coredns
        "coredns": "v1.14.3-eksbuild.23",
    },
}
"""EKS add-ons by Kubernetes minor version: AWS' defaults of September 2026
(`aws eks describe-addon-versions --kubernetes-version 1.35 --addon-name coredns`). The keys are also the
list of Kubernetes versions that a cluster made here may run."""

# renovate: datasource=docker depName=docker.io/library/memcached versioning=docker
MEMCACHED_VERSION = "1.6.39-alpine"
"""Caches of the Thanos store gateway and query frontend."""

# renovate: datasource=docker depName=docker.io/prom/memcached-exporter
MEMCACHED_EXPORTER_VERSION = "v0.15.4"
"""Sidecar that turns Memcached's own statistics into metrics."""
