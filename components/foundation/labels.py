"""Labels of the Kubernetes objects that are made here and not by a chart."""


def labels(name: str, instance: str, component: str) -> dict[str, str]:
    """The labels that Kubernetes recommends for every object of an application."""
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/instance": instance,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/part-of": "eks-observability",
        "app.kubernetes.io/managed-by": "pulumi",
    }
