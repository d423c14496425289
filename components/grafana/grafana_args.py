"""Arguments of Grafana, and what is wrong with them."""

import re
from typing import NotRequired, TypedDict

import pulumi

from ..foundation.checks import dns_label_faults
from ..storage import RetentionArgs
from ..validation import Fault
from .auth_args import GrafanaAuthArgs, auth_faults, secret_name_faults
from .given_secrets import given_secret_faults
from .ingress import GrafanaIngressArgs, ingress_faults
from .sizing import GrafanaSizingArgs, grafana_sizing_faults


class GrafanaSignalsArgs(TypedDict):
    """Addresses of the backends, as Grafana calls them. What is left out is off: no datasource, and no link to it."""

    thanos_url: NotRequired[str]
    """Thanos' query frontend: all metrics, as far back as they are kept."""
    prometheus_url: NotRequired[str]
    """Prometheus: the last hours, even while Thanos is down."""
    alertmanager_url: NotRequired[str]
    """Alertmanager."""
    loki_url: NotRequired[str]
    """Loki's gateway."""
    tempo_url: NotRequired[str]
    """Tempo's query frontend."""
    pyroscope_url: NotRequired[str]
    """Pyroscope's query frontend."""
    loki_tenants: NotRequired[list[str]]
    """Tenants of Loki, the platform's own first, each with a datasource. Default none: Loki without multi-tenancy."""
    tempo_tenants: NotRequired[list[str]]
    """The same of Tempo."""
    pyroscope_tenants: NotRequired[list[str]]
    """The same of Pyroscope."""
    span_metrics: NotRequired[bool]
    """Whether the traces' gateways write metrics of spans, to which traces then lead. Default true, with Thanos."""


class GrafanaDatabaseConnectionArgs(TypedDict):
    """A PostgreSQL that is there already, or made by `GrafanaDatabase`."""

    secret_name: str
    """Where host, name, user and password are: a JSON secret in Secrets Manager with AWS' own fields `host`, `dbname`,
    `username` and `password`, by its name below `/<platform>/` (`GrafanaDatabase` gives it); without a secret store
    a Kubernetes Secret in Grafana's namespace with these keys. The port is 5432 unless `host` ends with another."""
    ca_config_map_name: NotRequired[str]
    """ConfigMap in Grafana's namespace with `ca.crt`, the authority of the database (AWS: the region's bundle). Given,
    the certificate is verified; default: TLS is required, and whoever answers is believed."""


class GrafanaArgs(TypedDict):
    """What only the caller can decide, and what most leave alone."""

    platform_name: str
    """Name of the platform; secrets are `/<platform>/grafana/...`."""
    signals: GrafanaSignalsArgs
    """The backends."""
    namespace: NotRequired[str]
    """Namespace, that of the backends; Pod Security `restricted` suffices. Default observability."""
    secret_store_name: NotRequired[str]
    """ClusterSecretStore over AWS Secrets Manager; passwords then lie there. Default none: without AWS they are made
    into Kubernetes Secrets right away."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """Key that encrypts them in Secrets Manager; needed with `secret_store_name`."""
    storage_class_name: NotRequired[str]
    """Storage class of the volume that stands in for a database; it must encrypt. Default gp3."""
    charts_source: NotRequired[str]
    """Empty for upstream, or an `oci://` prefix or a folder of charts. Default empty."""
    certificate_issuer: NotRequired[str]
    """ClusterIssuer of cert-manager. Given, Grafana serves HTTPS, and checks backends that do against that issuer's
    authority. Default none: HTTP."""
    sizing: NotRequired[GrafanaSizingArgs]
    """Replicas and room. Default: two pods with a database, one without."""
    database: NotRequired[GrafanaDatabaseConnectionArgs]
    """PostgreSQL for users, preferences and dashboards made by hand; more than one replica needs it. Default none: a
    volume."""
    auth: NotRequired[GrafanaAuthArgs]
    """How people sign in. Default: the administrator alone."""
    ingress: NotRequired[GrafanaIngressArgs]
    """The way in from outside the cluster. Default none: `kubectl port-forward`."""
    root_url: NotRequired[str]
    """Address in browsers, if something other than `ingress` leads here. Default from `ingress`."""
    retention: NotRequired[RetentionArgs]
    """How long each signal is kept, shown on the first dashboard. Default the platform's own defaults."""
    enterprise: NotRequired[bool]
    """Run Grafana Enterprise, which SAML needs. Default false."""
    license_secret_name: NotRequired[str]
    """Where its license is: a secret in Secrets Manager by its name below `/<platform>/`; without a secret store a
    Kubernetes Secret, key `license.jwt`. Needed with `enterprise`."""
    protect: NotRequired[bool]
    """Keep deleted secrets for 30 days; false deletes them at once, so that their names are free again. Default
    true."""


def has_database(args: GrafanaArgs) -> bool:
    """Whether state is in a database, not on a volume."""
    return "database" in args


def serves_tls(args: GrafanaArgs) -> bool:
    """Whether Grafana itself speaks HTTPS."""
    return bool(args.get("certificate_issuer"))


def grafana_faults(args: GrafanaArgs) -> list[Fault]:
    """Everything wrong with the arguments that can be told without a cloud."""
    enterprise = bool(args.get("enterprise", False))
    faults = dns_label_faults("namespace", args.get("namespace", "observability"))
    faults += _platform_name_faults(args)
    faults += signals_faults(args["signals"])
    faults += grafana_sizing_faults(args.get("sizing"), has_database(args))
    faults += auth_faults(args.get("auth", {}), enterprise, bool(args.get("root_url") or "ingress" in args))
    if "ingress" in args:
        faults += ingress_faults(args["ingress"])
    if "database" in args:
        faults += secret_name_faults("database.secret_name", args["database"]["secret_name"])
    if enterprise != bool(args.get("license_secret_name")):
        bound = "be given with enterprise, and only with it"
        faults.append(Fault("license_secret_name", args.get("license_secret_name", ""), bound))
    elif enterprise:
        faults += secret_name_faults("license_secret_name", args["license_secret_name"])
    return faults + given_secret_faults(args)


def _platform_name_faults(args: GrafanaArgs) -> list[Fault]:
    faults = dns_label_faults("platform_name", args["platform_name"])
    if args.get("secret_store_name") and "kms_key_arn" not in args:
        faults.append(Fault("kms_key_arn", "", "be given with secret_store_name: it encrypts what lies there"))
    if "root_url" in args and not re.fullmatch(r"https?://[^\s#;$%{}]+", args["root_url"]):
        faults.append(Fault("root_url", args["root_url"], "be an http:// or https:// address"))
    if "root_url" in args and "ingress" in args:
        faults.append(Fault("root_url", args["root_url"], "be left out with ingress, whose host it is"))
    return faults


def signals_faults(signals: GrafanaSignalsArgs) -> list[Fault]:
    """What is no backend, and tenants of none."""
    faults = [
        Fault(f"signals.{key}", value, "be an http:// or https:// address")
        for key, value in signals.items()
        if key.endswith("_url") and not re.fullmatch(r"https?://[^\s/$]+(/[^\s$]*)?", str(value))
    ]
    if not any(key.endswith("_url") for key in signals):
        faults.append(Fault("signals", dict(signals), "name at least one backend"))
    tenants = {"loki": signals.get("loki_tenants"), "tempo": signals.get("tempo_tenants")}
    for backend, names in {**tenants, "pyroscope": signals.get("pyroscope_tenants")}.items():
        if names and f"{backend}_url" not in signals:
            faults.append(Fault(f"signals.{backend}_tenants", names, f"come with {backend}_url"))
        for index, name in enumerate(names or []):
            where = f"signals.{backend}_tenants[{index}]"
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,30}", name):
                # A datasource's uid has 40 characters at most, and `pyroscope-` is before it.
                faults.append(Fault(where, name, "be 1 to 30 letters, digits, underscores or hyphens"))
            elif name in (names or [])[:index]:
                faults.append(Fault(where, name, "appear once only"))
    return faults
