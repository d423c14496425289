"""`python -m policies check-manifests`: rendered manifests through the same rules."""

import io
import json
from pathlib import Path

import pytest

from policies import commands

GOOD = """\
# Source: chart/templates/service.yaml
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
spec: {type: ClusterIP}
"""
BAD = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
spec: {type: LoadBalancer}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: all}
rules:
  - {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
"""
EXEMPTION = """\
- type: kubernetes:core/v1:Service
  name: web
  namespace: apps
  policy: exposure
  finding: public-load-balancer
  reason: the public entrance of the shop
  owner: platform team
  expires: 2999-12-31
"""


def _run(*words: str) -> int:
    return commands.run(["check-manifests", *words])


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    return str(path)


def test_the_exit_status_tells(tmp_path: Path, bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    assert _run(str(tmp_path / "good.yaml")) == 0
    assert _run(bad) == 1
    assert _run(str(tmp_path / "gone.yaml")) == 2
    (tmp_path / "broken.yaml").write_text("a: [1\nb: hunter22\n")
    capsys.readouterr()
    assert _run(str(tmp_path / "broken.yaml")) == 2
    said = capsys.readouterr().err
    assert "line 2" in said
    assert "hunter22" not in said
    bomb = "a0: &a0 [1, 1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    (tmp_path / "bomb.yaml").write_text("kind: X\n" + bomb)
    assert _run(str(tmp_path / "bomb.yaml")) == 2
    (tmp_path / "values.yaml").write_text("replicas: 1\n")
    assert _run(str(tmp_path / "values.yaml")) == 2


def test_the_table_names_file_line_object_and_remedy(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    _run(bad)
    out = capsys.readouterr().out
    assert f"{bad}:1: [mandatory] exposure: Service apps/web" in out
    assert f"{bad}:6: [mandatory] rbac-least-privilege: ClusterRole all" in out
    assert "instead of * [wildcard]" in out
    assert "2 violations, 0 notes" in out


def test_sarif_and_json(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(bad, "--format", "sarif") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["version"] == "2.1.0"
    (run,) = report["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert ids == ["rbac-least-privilege", "exposure"]
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] == "error"
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] in (1, 6)
    assert _run(bad, "--format", "json") == 1
    found = json.loads(capsys.readouterr().out)
    assert {(each["policy"], each["finding"], each["line"]) for each in found} == {
        ("exposure", "public-load-balancer", 1),
        ("rbac-least-privilege", "wildcard", 6),
    }


def test_folders_lists_and_the_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "deep").mkdir()
    listed = {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {}}]}
    (tmp_path / "deep" / "list.json").write_text(json.dumps(listed))
    assert _run(str(tmp_path)) == 1
    assert "namespace-pss-default-deny" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO(GOOD))
    assert _run("-") == 0
    (tmp_path / "empty").mkdir()
    assert _run(str(tmp_path / "empty")) == 2


def test_namespaces_are_judged_with_the_policies_beside_them(tmp_path: Path) -> None:
    namespace = (
        "kind: Namespace\napiVersion: v1\nmetadata: {name: a, labels: {pod-security.kubernetes.io/enforce: %s}}\n"
    )
    deny = "---\nkind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata: {name: d, namespace: a}\n"
    path = tmp_path / "n.yaml"
    path.write_text(namespace % "restricted")
    assert _run(str(path)) == 1
    path.write_text(namespace % "restricted" + deny + "spec: {podSelector: {}, policyTypes: [Ingress]}\n")
    assert _run(str(path)) == 0
    path.write_text(namespace % "privileged" + deny + "spec: {podSelector: {}}\n")
    assert _run(str(path)) == 1


def test_exemptions_excuse_and_must_be_used(tmp_path: Path, bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "exemptions.yaml"
    path.write_text(EXEMPTION)
    assert _run(bad, "--exemptions", str(path)) == 1
    out = capsys.readouterr().out
    assert "exposure" not in out
    assert "rbac-least-privilege" in out
    (tmp_path / "good.yaml").write_text(GOOD)
    assert _run(str(tmp_path / "good.yaml"), "--exemptions", str(path)) == 1
    assert "excuses nothing" in capsys.readouterr().err
    path.write_text(EXEMPTION.replace("reason: the public entrance of the shop", "reason: legacy"))
    assert _run(bad, "--exemptions", str(path)) == 2
    assert "exemptions.yaml, line 1" in capsys.readouterr().err


def test_levels_come_from_a_profile_and_a_configuration(tmp_path: Path, bad: str) -> None:
    config = tmp_path / "c.json"
    config.write_text('{"exposure": "advisory", "rbac-least-privilege": {"enforcementLevel": "disabled"}}')
    assert _run(bad, "--profile", "dev") == 1
    assert _run(bad, "--profile", "prod", "--config", str(config)) == 0
    config.write_text('{"exposre": "advisory"}')
    assert _run(bad, "--config", str(config)) == 2


def test_a_rendered_secret_is_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text('apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {admin-password: "aHVudGVyMg=="}\n')
    assert _run(str(path)) == 1
    path.write_text('apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {objstore.yml: "dHlwZTogUzM="}\n')
    assert _run(str(path)) == 0


def test_the_exemptions_in_force_can_be_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(EXEMPTION)
    assert commands.run(["exemptions", str(path)]) == 0
    out = capsys.readouterr().out
    assert "e.yaml:1: exposure [public-load-balancer]" in out
    assert "until 2999-12-31, platform team: the public entrance of the shop" in out
    assert commands.run(["exemptions", "--project", "eks-observability", "--stack", "prod"]) == 0
    assert "namespace-pss-default-deny" in capsys.readouterr().out
