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
        Chart(
            "loki",
            "https://grafana-community.github.io/helm-charts",
            # renovate: datasource=helm depName=loki registryUrl=https://grafana-community.github.io/helm-charts
            "18.11.0",
        ),
        Chart(
            "rollout-operator",
            "https://grafana.github.io/helm-charts",
            # renovate: datasource=helm depName=rollout-operator registryUrl=https://grafana.github.io/helm-charts
            "0.51.1",
        ),
        Chart(
            "fluent-bit",
            "https://fluent.github.io/helm-charts",
            # renovate: datasource=helm depName=fluent-bit registryUrl=https://fluent.github.io/helm-charts
            "0.58.1",
        ),
        Chart(
            "opentelemetry-collector",
            "https://open-telemetry.github.io/opentelemetry-helm-charts",
            # renovate: datasource=helm depName=opentelemetry-collector registryUrl=https://open-telemetry.github.io/opentelemetry-helm-charts
            "0.170.0",
        ),
        Chart(
            "tempo-distributed",
            "https://grafana-community.github.io/helm-charts",
            # The last line without Kafka (docs/traces.md): stay below 3.
            # renovate: datasource=helm depName=tempo-distributed registryUrl=https://grafana-community.github.io/helm-charts
            "2.26.2",
        ),
        Chart(
            "pyroscope",
            "https://grafana.github.io/helm-charts",
            # renovate: datasource=helm depName=pyroscope registryUrl=https://grafana.github.io/helm-charts
            "2.2.1",
        ),
        Chart(
            "alloy",
            "https://grafana.github.io/helm-charts",
            # renovate: datasource=helm depName=alloy registryUrl=https://grafana.github.io/helm-charts
            "1.11.1",
        ),
        Chart(
            "grafana",
            "https://grafana-community.github.io/helm-charts",
            # renovate: datasource=helm depName=grafana registryUrl=https://grafana-community.github.io/helm-charts
            "12.11.1",
        ),
        Chart(
            "cert-manager",
            "oci://quay.io/jetstack/charts",
            # renovate: datasource=docker depName=quay.io/jetstack/charts/cert-manager
            "v1.21.1",
        ),
        Chart(
            "external-secrets",
            "https://charts.external-secrets.io",
            # renovate: datasource=helm depName=external-secrets registryUrl=https://charts.external-secrets.io
            "2.9.0",
        ),
        Chart(
            "aws-load-balancer-controller",
            "https://aws.github.io/eks-charts",
            # renovate: datasource=helm depName=aws-load-balancer-controller registryUrl=https://aws.github.io/eks-charts
            "3.5.0",
        ),
        Chart(
            "metrics-server",
            "https://kubernetes-sigs.github.io/metrics-server",
            # renovate: datasource=helm depName=metrics-server registryUrl=https://kubernetes-sigs.github.io/metrics-server
            "3.13.1",
        ),
        Chart(
            "karpenter-crd",
            "oci://public.ecr.aws/karpenter",
            # renovate: datasource=docker depName=public.ecr.aws/karpenter/karpenter-crd
            "1.14.1",
        ),
        Chart(
            "karpenter",
            "oci://public.ecr.aws/karpenter",
            # renovate: datasource=docker depName=public.ecr.aws/karpenter/karpenter
            "1.14.1",
        ),
        Chart(
            "cluster-autoscaler",
            "https://kubernetes.github.io/autoscaler",
            # renovate: datasource=helm depName=cluster-autoscaler registryUrl=https://kubernetes.github.io/autoscaler
            "9.59.0",
        ),
        Chart(
            "seaweedfs",
            "https://seaweedfs.github.io/seaweedfs/helm",
            # renovate: datasource=helm depName=seaweedfs registryUrl=https://seaweedfs.github.io/seaweedfs/helm
            "4.44.0",
        ),
    )
}
"""By chart name. The keys that each of them knows are recorded, and tests hold our values against them."""

# renovate: datasource=docker depName=quay.io/thanos/thanos
THANOS_VERSION = "v0.42.4"
"""The sidecar's image; the chart of Thanos at the version above runs the same one."""

_ADDONS_OF_EVERY_MINOR = {
    # renovate: datasource=aws-eks-addon packageName={"addonName":"vpc-cni","kubernetesVersion":"1.35"}
    "vpc-cni": "v1.22.4-eksbuild.3",
    # renovate: datasource=aws-eks-addon packageName={"addonName":"eks-pod-identity-agent","kubernetesVersion":"1.35"}
    "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
    # renovate: datasource=aws-eks-addon packageName={"addonName":"aws-ebs-csi-driver","kubernetesVersion":"1.35"}
    "aws-ebs-csi-driver": "v1.66.0-eksbuild.1",
    # renovate: datasource=aws-eks-addon packageName={"addonName":"metrics-server","kubernetesVersion":"1.35"}
    "metrics-server": "v0.9.0-eksbuild.11",
}

EKS_ADDONS: dict[str, dict[str, str]] = {
    "1.34": {
        **_ADDONS_OF_EVERY_MINOR,
        # renovate: datasource=aws-eks-addon packageName={"addonName":"kube-proxy","kubernetesVersion":"1.34"}
        "kube-proxy": "v1.34.6-eksbuild.29",
        # renovate: datasource=aws-eks-addon packageName={"addonName":"coredns","kubernetesVersion":"1.34"}
        "coredns": "v1.12.4-eksbuild.38",
    },
    "1.35": {
        **_ADDONS_OF_EVERY_MINOR,
        # renovate: datasource=aws-eks-addon packageName={"addonName":"kube-proxy","kubernetesVersion":"1.35"}
        "kube-proxy": "v1.35.3-eksbuild.29",
        # renovate: datasource=aws-eks-addon packageName={"addonName":"coredns","kubernetesVersion":"1.35"}
        "coredns": "v1.13.2-eksbuild.31",
    },
    "1.36": {
        **_ADDONS_OF_EVERY_MINOR,
        # renovate: datasource=aws-eks-addon packageName={"addonName":"kube-proxy","kubernetesVersion":"1.36"}
        "kube-proxy": "v1.36.0-eksbuild.25",
        # renovate: datasource=aws-eks-addon packageName={"addonName":"coredns","kubernetesVersion":"1.36"}
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

# renovate: datasource=docker depName=docker.io/grafana/tempo
TEMPO_VERSION = "2.10.8"
"""Newest of the 2.10 line, which is patched until 2027-04-26; the chart alone would run 2.10.7. Tempo 3 needs Kafka
(docs/traces.md): stay below 3."""

# renovate: datasource=docker depName=docker.io/otel/opentelemetry-collector-contrib
OTEL_COLLECTOR_VERSION = "0.158.0"
"""Agent and gateway. The contrib image: the smaller one for Kubernetes has no Prometheus remote write."""

# renovate: datasource=docker depName=docker.io/nginxinc/nginx-unprivileged versioning=docker
NGINX_VERSION = "1.30.4-alpine"
"""The stable line; the entrance for other clusters (`security/entrance.py`). Runs as a user of its own; has a shell."""

CLUSTER_AUTOSCALER_VERSIONS: dict[str, str] = {
    # renovate: datasource=docker depName=registry.k8s.io/autoscaling/cluster-autoscaler versioning=regex:^v(?<compatibility>1\.34)\.(?<patch>\d+)$
    "1.34": "v1.34.5",
    # renovate: datasource=docker depName=registry.k8s.io/autoscaling/cluster-autoscaler versioning=regex:^v(?<compatibility>1\.35)\.(?<patch>\d+)$
    "1.35": "v1.35.2",
    # renovate: datasource=docker depName=registry.k8s.io/autoscaling/cluster-autoscaler versioning=regex:^v(?<compatibility>1\.36)\.(?<patch>\d+)$
    "1.36": "v1.36.1",
}
"""Image tags by Kubernetes minor version: it simulates that version's scheduler."""

# renovate: datasource=github-releases depName=awslabs/amazon-eks-ami versioning=loose
NODE_AMI_VERSION = "v20260724"
"""Release of the EKS images of Amazon Linux 2023 that Karpenter starts nodes from."""

# renovate: datasource=endoflife-date depName=amazon-rds-postgresql versioning=loose
GRAFANA_POSTGRES_VERSION = "17"
"""Major version of Grafana's database; AWS chooses the minor one, and takes newer ones in the maintenance window."""

# renovate: datasource=docker depName=docker.io/curlimages/curl
CURL_VERSION = "8.21.0"
"""What pushes datasources and dashboards into a managed Grafana."""

MANAGED_GRAFANA_VERSION = "13.2"
"""Of Amazon Managed Grafana, whose versions AWS announces (`aws grafana list-versions`); the chart runs the same."""
