"""Names and ports that the parts of this room know each other by; fixed, since links and dashboards build on them."""

GRAFANA = "grafana"
"""Release, full name, service account and label of Grafana."""
PORT = 3000
SERVICE_PORT, SERVICE_TLS_PORT = 80, 443
DATABASE_PORT = 5432

ADMIN_SECRET = "grafana-admin"
"""Kubernetes Secret of the first administrator, and of the key that encrypts what the database keeps."""
ADMIN_USER_KEY, ADMIN_PASSWORD_KEY, ENCRYPTION_KEY = "admin-user", "admin-password", "encryption"
TLS_SECRET = "grafana-tls"
DATABASE_SECRET = "grafana-database"
OIDC_SECRET = "grafana-oidc"
LDAP_SECRET = "grafana-ldap"
SAML_SECRET = "grafana-saml"
LICENSE_SECRET = "grafana-license"
DASHBOARDS_ROLE = "grafana-dashboards"

DASHBOARD_LABEL, FOLDER_ANNOTATION = "grafana_dashboard", "grafana_folder"
"""Label of ConfigMaps with dashboards, and the annotation that names their folder; any room's ConfigMaps count."""
FOLDERS = ("Metrics", "Logs", "Traces", "Profiles", "Platform")

THANOS, PROMETHEUS, ALERTMANAGER = "thanos", "prometheus", "alertmanager"
LOKI, TEMPO, PYROSCOPE = "loki", "tempo", "pyroscope"
"""Uids of the datasources. Links and dashboards name them, and they NEVER change."""

PODS = {"app.kubernetes.io/name": GRAFANA, "app.kubernetes.io/instance": GRAFANA}


def host(namespace: str) -> str:
    """Full name of the Service."""
    return f"{GRAFANA}.{namespace}.svc.cluster.local"


def url(namespace: str, tls: bool = False) -> str:
    """Address inside the cluster; HTTP and HTTPS have their usual ports."""
    return f"{'https' if tls else 'http'}://{host(namespace)}"


def secret_path(platform_name: str, what: str) -> str:
    """Full name of a secret of this room in Secrets Manager."""
    return f"/{platform_name}/{what}"


def of_tenant(uid: str, tenant: str) -> str:
    """Uid of a further tenant's datasource."""
    return f"{uid}-{tenant}"
