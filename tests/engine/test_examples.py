"""Every program in examples/ runs as a user would run it, with the library installed from its wheel."""

import shutil
from pathlib import Path

import pytest
import yaml

from sandbox.testing import Stack

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(scope="module")
def exemptions() -> list[dict[str, str]]:
    """What our own stacks are excused from: agents of the node need the node, wherever they run."""
    return list(yaml.safe_load((ROOT / "policies" / "policy-exemptions.eks-observability.yaml").read_text()))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_previews_and_breaks_no_policy(
    example: Path, installed_library: Path, repository: Path, tmp_path: Path, exemptions: list[dict[str, str]]
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: example\nruntime: python\n")
    (project / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    shutil.copy(example, project / "__main__.py")
    shutil.copytree(repository / "policies", project / "policies", ignore=shutil.ignore_patterns("__pycache__"))
    stack = Stack(project, "dev", home=tmp_path / "sandbox", library=installed_library)
    result = stack.preview(policies=True)
    excused = {(entry["policy"], entry["finding"]) for entry in exemptions}
    mandatory = [v for v in result.violations if v.level == "mandatory"]
    assert [
        v.message for v in mandatory if (v.policy, v.message.rsplit("[", 1)[-1].rstrip("]\n ")) not in excused
    ] == []
    assert result.exit_code == 0 or mandatory, result.output
    assert len(result.of("create")) > 2


def test_a_centre_and_two_workload_clusters_go_up_stay_and_go(
    installed_library: Path, repository: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: example\nruntime: python\n")
    (project / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    program = (repository / "examples" / "central_and_workloads.py").read_text()
    kubeconfig = tmp_path / "games"
    kubeconfig.write_text(
        "apiVersion: v1\nkind: Config\nclusters: [{name: games, cluster: {server: 'https://games.example.com'}}]\n"
        "contexts: [{name: games, context: {cluster: games, user: me}}]\ncurrent-context: games\n"
        "users: [{name: me, user: {}}]\n"
    )
    receiving = '"metrics": {"receive_enabled": True}'
    unprotected = f'{receiving}, "protection": {{"enabled": False}}'
    program = program.replace("~/.kube/games", str(kubeconfig)).replace(receiving, unprotected)
    (project / "__main__.py").write_text(program)
    stack = Stack(project, "dev", home=tmp_path / "sandbox", library=installed_library)
    there = [
        f"--existing={id_}"
        for id_ in (
            "vpc-0a1b2c3d4e5f60718",
            "subnet-0aaaaaaaaaaaaaaaa",
            "subnet-0bbbbbbbbbbbbbbbb",
            "sg-0cccccccccccccccc",
            "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E",
        )
    ]
    made = stack.up(*there)
    assert made.exit_code == 0, made.output
    clusters = [step.name for step in made.of("create") if step.type == "eks-observability:index:WorkloadCluster"]
    assert len(clusters) == 2
    again = stack.up("--expect-no-changes", *there)
    assert again.exit_code == 0, again.output
    gone = stack.destroy("--unprotect")
    assert gone.exit_code == 0, gone.output
    assert stack.resources() == []


def test_the_readme_shows_an_example_that_is_run(repository: Path) -> None:
    readme = (repository / "README.md").read_text()
    program = (repository / "examples" / "one_bucket.py").read_text()
    code = program.partition('"""\n\n')[2].strip()
    assert code in readme, "the README's component in ten lines is examples/one_bucket.py, word for word"
