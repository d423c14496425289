"""Amazon Managed Grafana: the workspace, who signs in, and the job that pushes datasources and dashboards."""

import json
import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from components.grafana.managed import ManagedGrafana, managed_grafana_faults
from components.grafana.managed_provisioning import provisioning_files, provisioning_job, provisioning_network
from components.security.network_policy import network_policy_faults
from tests.components import recorder
from tests.components.recorder import Registrations, Runner

ARGS: Any = {
    "platform_name": "obs",
    "account_id": "123456789012",
    "region": "eu-west-1",
    "kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1",
    "signals": {
        "thanos_url": "https://metrics.obs.internal",
        "loki_url": "https://logs.obs.internal:8443",
        "tempo_url": "https://traces.obs.internal",
    },
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "backend_cidr_blocks": ["10.64.0.0/16"],
    "secret_store_name": "secrets-manager",
    "admin_group_ids": ["group-1"],
}


@pytest.fixture(autouse=True)
def _decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only AWS decides."""
    more = {
        "aws:grafana/workspace:Workspace": {"endpoint": "g-1.grafana-workspace.eu-west-1.amazonaws.com"},
        "aws:grafana/workspaceServiceAccount:WorkspaceServiceAccount": {"serviceAccountId": "2"},
        "aws:grafana/workspaceServiceAccountToken:WorkspaceServiceAccountToken": {"key": "glsa-drawn"},
    }
    monkeypatch.setattr(recorder, "_DECIDED", {**recorder._DECIDED, **more})


def made(run: Runner, **changed: Any) -> Registrations:
    return run(lambda: ManagedGrafana("managed", {**ARGS, **changed}) and None)


def test_the_workspace_reaches_the_backends_through_the_vpc_and_has_no_rights_in_aws(run: Runner) -> None:
    registered = made(run)
    (workspace,) = registered.of_type("grafana/workspace:Workspace")
    assert workspace.inputs["permissionType"] == "CUSTOMER_MANAGED"
    assert workspace.inputs["authenticationProviders"] == ["AWS_SSO"]
    assert workspace.inputs["vpcConfiguration"]["subnetIds"] == ["subnet-1", "subnet-2"]
    assert workspace.request.protect is True
    rules = registered.of_type(":SecurityGroupEgressRule")
    assert {(rule.inputs["cidrIpv4"], rule.inputs["toPort"]) for rule in rules} == {
        ("10.64.0.0/16", 443),
        ("10.64.0.0/16", 8443),
    }
    assert not registered.of_type(":SecurityGroupIngressRule", ":RolePolicy", ":RolePolicyAttachment")
    (role,) = registered.of_type("iam/role:Role")
    trust = json.loads(role.inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_people_come_by_group_from_identity_center_or_by_saml(run: Runner) -> None:
    (association,) = made(run).of_type(":RoleAssociation")
    assert (association.inputs["role"], association.inputs["groupIds"]) == ("ADMIN", ["group-1"])
    saml = {"idp_metadata_url": "https://id.example.com/metadata", "admin_groups": ["platform"]}
    registered = run(
        lambda: (
            ManagedGrafana("managed", {**{k: v for k, v in ARGS.items() if k != "admin_group_ids"}, "saml": saml})
            and None
        )
    )
    assert not registered.of_type(":RoleAssociation")
    (configuration,) = registered.of_type(":WorkspaceSamlConfiguration")
    assert configuration.inputs["adminRoleValues"] == ["platform"]


def test_the_token_goes_through_secrets_manager_and_is_in_no_manifest(run: Runner) -> None:
    registered = made(run)
    (token,) = registered.of_type(":WorkspaceServiceAccountToken")
    assert token.inputs["secondsToLive"] == 30 * 24 * 3600, "AWS gives no longer one"
    (secret,) = registered.of_type("secretsmanager/secret:Secret")
    assert secret.inputs["name"] == "/obs/grafana/managed"
    (job,) = registered.of_type(":CronJob")
    (external,) = [each for each in registered.of_type(":ExternalSecret") if "spec" in each.inputs]
    assert registered.waits_for(job.name, external.name)
    volumes = job.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "workspace", "secret": {"secretName": "grafana-managed", "defaultMode": 288}} in [
        {**volume, "secret": dict(volume["secret"])} for volume in volumes if "secret" in volume
    ]
    (later,) = made(run, token_period="2026-12").of_type(":WorkspaceServiceAccountToken")
    assert later.inputs["name"] != token.inputs["name"], "a new name is a new token"


def test_the_job_is_restricted_and_calls_the_workspace_alone() -> None:
    pod = provisioning_job(ARGS, "sum")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]
    assert pod["automountServiceAccountToken"] is False
    network: Any = provisioning_network("observability")
    assert network_policy_faults(network) == []
    assert {each["target"] for each in network["flows"]} == {"dns", "everywhere"}
    assert {each["target"] for each in network["flows"] if each["source"] != "grafana-managed"} == set()


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"admin_group_ids": []}, "admin_group_ids"),
        ({"signals": {"loki_url": "http://loki-gateway.observability.svc.cluster.local"}}, "signals.loki_url"),
        ({"backend_cidr_blocks": []}, "backend_cidr_blocks"),
        ({"backend_cidr_blocks": ["0.0.0.0/0"]}, "backend_cidr_blocks[0]"),
        ({"subnet_ids": ["subnet-1"]}, "subnet_ids"),
        ({"token_period": "a b"}, "token_period"),
        ({"saml": {"idp_metadata_url": "https://id/m", "admin_groups": ["a"]}}, "admin_group_ids"),
    ],
)
def test_bad_arguments_are_refused_with_their_name(changed: dict[str, Any], path: str) -> None:
    assert managed_grafana_faults(ARGS) == []
    assert [fault.path for fault in managed_grafana_faults({**ARGS, **changed})] == [path]


# --- the script, against something that answers as Grafana does -------------------------------------


class Workspace:
    """Keeps what is pushed, as Grafana's API does."""

    def __init__(self) -> None:
        self.datasources: dict[str, Any] = {}
        self.folders: dict[str, Any] = {}
        self.dashboards: dict[str, Any] = {}
        self.tokens: set[str] = set()
        self.broken = False

    def answer(self, method: str, path: str, body: Any, token: str) -> int:
        self.tokens.add(token)
        if self.broken:
            return 401
        if path == "/api/folders":
            known = body["uid"] in self.folders
            self.folders[body["uid"]] = body
            return 412 if known else 200
        if path == "/api/dashboards/db":
            assert body["folderUid"] in self.folders
            self.dashboards[body["dashboard"]["uid"]] = body
            return 200
        if method == "PUT" and path.rpartition("/")[2] not in self.datasources:
            return 404
        self.datasources[body["uid"]] = body
        return 200


@pytest.fixture
def pushed(tmp_path: Path) -> Any:
    """Runs the job's script against a workspace; gives back what arrived, and how it ended."""
    if not shutil.which("curl"):
        pytest.skip("no curl")
    workspace = Workspace()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(workspace.answer(self.command, self.path, body, self.headers["Authorization"]))
            self.end_headers()

        do_POST = do_PUT = _do

        def log_message(self, *arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folders = {key: tmp_path / key.lower() for key in ("TOKEN_FOLDER", "FILES_FOLDER", "CA_FOLDER", "WORK")}
    for folder in folders.values():
        folder.mkdir()
    (folders["TOKEN_FOLDER"] / "endpoint").write_text(f"127.0.0.1:{server.server_port}")
    (folders["TOKEN_FOLDER"] / "token").write_text("glsa")
    (folders["CA_FOLDER"] / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\nab+/=\n-----END CERTIFICATE-----\n")

    def push(args: Any) -> tuple[Workspace, int]:
        for name, content in provisioning_files(args).items():
            (folders["FILES_FOLDER"] / name).write_text(content)
        environment = {**os.environ, **{key: str(path) for key, path in folders.items()}, "SCHEME": "http"}
        environment["no_proxy"] = "127.0.0.1"
        script = folders["FILES_FOLDER"] / "provision.sh"
        return workspace, subprocess.run(["sh", str(script)], env=environment, capture_output=True).returncode

    yield push
    server.shutdown()


def test_the_job_pushes_everything_and_a_second_time_changes_nothing(pushed: Any) -> None:
    args = {**ARGS, "ca_config_map_name": "authority"}
    workspace, code = pushed(args)
    assert code == 0
    assert set(workspace.datasources) == {"thanos", "loki", "tempo"}
    assert set(workspace.folders) == {"platform-platform"}
    assert set(workspace.dashboards) == {"platform-overview"}
    assert workspace.tokens == {"Bearer glsa"}
    before = json.dumps([workspace.datasources, workspace.dashboards], sort_keys=True)
    workspace, code = pushed(args)
    assert code == 0
    assert json.dumps([workspace.datasources, workspace.dashboards], sort_keys=True) == before


def test_links_and_certificates_arrive_as_grafana_reads_them(pushed: Any) -> None:
    workspace, _ = pushed({**ARGS, "ca_config_map_name": "authority"})
    link = workspace.datasources["tempo"]["jsonData"]["tracesToLogsV2"]
    assert link["query"] == '{${__tags}} | trace_id="${__span.traceId}"', "single dollars: nothing expands them here"
    authority = workspace.datasources["loki"]["secureJsonData"]["tlsCACert"]
    assert authority == "-----BEGIN CERTIFICATE-----\nab+/=\n-----END CERTIFICATE-----\n"


def test_the_job_fails_when_the_token_has_run_out(pushed: Any) -> None:
    workspace, _ = pushed(ARGS)
    workspace.broken = True
    assert pushed(ARGS)[1] != 0
