"""Alerts on certificates and secrets, judged by Prometheus' own tool."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.security.alerts import groups
from components.security.cert_manager_values import CERT_MANAGER_ALERTS
from components.security.external_secrets_values import EXTERNAL_SECRETS_ALERTS

CERTIFICATE = 'namespace="cert-manager",exported_namespace="observability",name="grafana-tls"'
SECRET = 'namespace="external-secrets",exported_namespace="observability",name="grafana-oauth"'
UP = (
    'up{namespace="cert-manager",job="cert-manager"}',
    'up{namespace="external-secrets",service="external-secrets-metrics"}',
)
DAY = 86400
LABELS = {"exported_namespace": "observability"}


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if not found:
        pytest.skip("no promtool: see tools/")
    return found


def firing(
    promtool: str, folder: Path, series: dict[str, str], at: str, expected: dict[str, list[dict[str, str]]]
) -> None:
    """Hold which alerts fire, with which labels, against what is expected."""
    rules = [*groups("cert-manager", CERT_MANAGER_ALERTS), *groups("external-secrets", EXTERNAL_SECRETS_ALERTS)]
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": rules}))
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)',
                "eval_time": at,
                "exp_samples": [{"value": len(labels), "labels": "{}"}],
            }
            for alert, labels in expected.items()
        ]
        + [
            {
                "expr": f'ALERTS{{alertname="{alert}",alertstate="firing"}}',
                "eval_time": at,
                "exp_samples": [{"value": 1, "labels": _text(alert, each)} for each in labels],
            }
            for alert, labels in expected.items()
            if labels
        ],
    }
    (folder / "test.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "tests": [test]}))
    done = subprocess.run([promtool, "test", "rules", "test.yaml"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _text(alert: str, labels: dict[str, str]) -> str:
    every = {"__name__": "ALERTS", "alertname": alert, "alertstate": "firing", **labels}
    return "{" + ",".join(f'{key}="{value}"' for key, value in every.items()) + "}"


def test_a_certificate_in_its_last_two_weeks_and_one_not_ready_are_told(promtool: str, tmp_path: Path) -> None:
    healthy = 'namespace="cert-manager",exported_namespace="observability",name="loki-tls"'
    series: dict[str, Any] = {
        **dict.fromkeys(UP, "1x120"),
        f"certmanager_certificate_expiration_timestamp_seconds{{{CERTIFICATE}}}": f"{10 * DAY}x120",
        f"certmanager_certificate_expiration_timestamp_seconds{{{healthy}}}": f"{50 * DAY}x120",
        f'certmanager_certificate_ready_status{{{CERTIFICATE},condition="False"}}': "1x120",
        f'certmanager_certificate_ready_status{{{healthy},condition="False"}}': "0x120",
        f'certmanager_certificate_ready_status{{{healthy},condition="True"}}': "1x120",
    }
    expected = {
        "CertificateExpiresSoon": [{**LABELS, "name": "grafana-tls", "severity": "critical"}],
        "CertificateNotReady": [{**LABELS, "name": "grafana-tls", "severity": "warning"}],
        "CertManagerAbsent": [],
        "ExternalSecretsAbsent": [],
    }
    firing(promtool, tmp_path, series, "100m", expected)


def test_a_certificate_that_was_never_issued_does_not_seem_expired(promtool: str, tmp_path: Path) -> None:
    series = {f"certmanager_certificate_expiration_timestamp_seconds{{{CERTIFICATE}}}": "0x120"}
    firing(promtool, tmp_path, series, "100m", {"CertificateExpiresSoon": []})


def test_a_secret_out_of_step_and_a_store_out_of_order_are_told(promtool: str, tmp_path: Path) -> None:
    store = 'namespace="external-secrets",name="secrets-manager"'
    series = {
        f'externalsecret_status_condition{{{SECRET},condition="Ready",status="False"}}': "1x60",
        f'clustersecretstore_status_condition{{{store},condition="Ready",status="False"}}': "1x60",
        f'clustersecretstore_status_condition{{{store},condition="Ready",status="True"}}': "0x60",
    }
    expected = {
        "ExternalSecretNotSynced": [{**LABELS, "name": "grafana-oauth", "severity": "warning"}],
        "SecretStoreNotReady": [{"name": "secrets-manager", "severity": "critical"}],
    }
    firing(promtool, tmp_path, series, "40m", expected)


def test_controllers_that_answer_nothing_are_told(promtool: str, tmp_path: Path) -> None:
    series = dict.fromkeys(UP, "1x10 0x60")
    severity = {"severity": "critical"}
    expected = {"CertManagerAbsent": [severity], "ExternalSecretsAbsent": [severity]}
    firing(promtool, tmp_path, series, "40m", expected)
