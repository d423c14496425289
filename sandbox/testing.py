"""For tests of whole programs: run a stack on the real engine and look at what it did.

stack = Stack(project, "dev", home=tmp_path)
assert stack.up().changes == {"create": 3}
assert stack.preview().changes == {"same": 3}
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .place import locate
from .store import Item, Store

ROOT = Path(__file__).parent.parent


class Step(NamedTuple):
    """What the engine did, or would do, with one resource."""

    op: str
    """`create`, `update`, `same`, `delete`, `create-replacement`, `replace`, `delete-replaced`, `refresh`..."""
    type: str
    name: str
    urn: str
    diffs: tuple[str, ...] = ()
    """Inputs that changed."""
    replaces: tuple[str, ...] = ()
    """Inputs because of which the resource is replaced."""
    inputs: Mapping[str, Any] = {}


class Diagnostic(NamedTuple):
    """Something that the engine, the program or a provider said."""

    severity: str
    """`info`, `warning` or `error`; `info#err` too."""
    message: str
    urn: str = ""


class Violation(NamedTuple):
    """A finding of the policy pack."""

    policy: str
    urn: str
    message: str
    level: str
    """`mandatory` or `advisory`."""


@dataclass
class Result:
    """One run of the CLI."""

    exit_code: int
    output: str
    """What it printed, both streams."""
    stdout: str
    steps: list[Step] = field(default_factory=list)
    changes: dict[str, int] = field(default_factory=dict)
    """How many resources of each operation, as in the CLI's summary."""
    diagnostics: list[Diagnostic] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    @property
    def errors(self) -> list[str]:
        """Texts of all errors."""
        return [each.message for each in self.diagnostics if each.severity == "error"]

    def of(self, op: str) -> list[Step]:
        """The steps of one operation."""
        return [step for step in self.steps if step.op == op]

    def changed(self) -> list[Step]:
        """Every step but `same` and `read`."""
        return [step for step in self.steps if step.op not in ("same", "read", "refresh")]

    def step(self, name: str) -> Step:
        """The step of the resource of that logical name; the last one if there are several."""
        found = [step for step in self.steps if step.name == name]
        assert found, f"no step for {name}; there are {sorted({step.name for step in self.steps})}"
        return found[-1]


class Stack:
    """A stack of a project, run in the sandbox with its own state."""

    def __init__(
        self,
        project: Path,
        stack: str = "dev",
        *,
        home: Path,
        library: Path | None = None,
        timeout_seconds: float = 300,
    ) -> None:
        """`library` is a folder of packages that the program can import, besides what is installed."""
        self.library = library
        self.place = locate(project, stack, home)
        self.timeout_seconds = timeout_seconds

    def preview(self, *arguments: str, **options: Any) -> Result:
        """Run `preview`."""
        return self.run("preview", *arguments, **options)

    def up(self, *arguments: str, **options: Any) -> Result:
        """Run `up`."""
        return self.run("up", *arguments, **options)

    def refresh(self, *arguments: str, **options: Any) -> Result:
        """Run `refresh`."""
        return self.run("refresh", *arguments, **options)

    def destroy(self, *arguments: str, **options: Any) -> Result:
        """Run `destroy`."""
        return self.run("destroy", *arguments, **options)

    def export(self) -> dict[str, Any]:
        """The deployment."""
        return dict(json.loads(self.run("export").stdout)["deployment"])

    def resources(self) -> list[dict[str, Any]]:
        """What the state records, read without a start of the CLI."""
        return list(self.place.state().get("resources") or [])

    def cloud(self) -> list[Item]:
        """What the simulated account and cluster hold."""
        return list(Store(self.place.cloud))

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets left as their envelope."""
        stacks = [each for each in self.resources() if each["type"] == "pulumi:pulumi:Stack"]
        return dict(stacks[0].get("outputs") or {}) if stacks else {}

    def command(
        self,
        operation: str,
        *arguments: str,
        policies: bool = False,
        checkpoints: bool = False,
        set: Mapping[str, str] | None = None,
    ) -> list[str]:
        """The command line of an operation."""
        command = [sys.executable, "-m", "sandbox", operation, "--stack", self.place.stack]
        command += ["--project", str(self.place.project), "--state", str(self.place.home)]
        command += [f"--set={key}={value}" for key, value in (set or {}).items()]
        if operation == "export":
            return [*command, *arguments]
        if not policies:
            command.append("--no-policies")
        if not checkpoints:
            command.append("--no-checkpoints")
        return [*command, *arguments]

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a run: this checkout's sandbox, whatever else is installed."""
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, filter(None, (ROOT, self.library)))),
            **(env or {}),
        }

    def run(
        self,
        operation: str,
        *arguments: str,
        policies: bool = False,
        set: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Run an operation to its end and collect what the engine reported."""
        log = self.place.folder / "events.json"
        log.unlink(missing_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        extra = [] if operation in ("export", "reset") else ["--event-log", str(log)]
        done = subprocess.run(
            self.command(operation, *arguments, *extra, policies=policies, set=set),
            env=self.environment(env),
            capture_output=True,
            text=True,
            timeout=self.timeout_seconds,
            check=False,
        )
        result = Result(done.returncode, done.stdout + done.stderr, done.stdout)
        if log.exists():
            _collect(result, log)
        return result


def _collect(result: Result, log: Path) -> None:
    for line in log.read_text().splitlines():
        event = json.loads(line)
        if "resourcePreEvent" in event:
            result.steps.append(_step(event["resourcePreEvent"]["metadata"]))
        elif "diagnosticEvent" in event and not event["diagnosticEvent"].get("ephemeral"):
            said = event["diagnosticEvent"]
            result.diagnostics.append(Diagnostic(said["severity"], said["message"], said.get("urn", "")))
        elif "policyEvent" in event:
            found = event["policyEvent"]
            result.violations.append(
                Violation(
                    found["policyName"], found.get("resourceUrn", ""), found["message"], found["enforcementLevel"]
                )
            )
        elif "summaryEvent" in event:
            result.changes = dict(event["summaryEvent"].get("resourceChanges") or {})


def _step(metadata: Mapping[str, Any]) -> Step:
    urn = str(metadata["urn"])
    state = metadata.get("new") or metadata.get("old") or {}
    return Step(
        str(metadata["op"]),
        str(metadata["type"]),
        urn.rpartition("::")[2],
        urn,
        tuple(metadata.get("diffs") or ()),
        tuple(metadata.get("keys") or ()),
        state.get("inputs") or {},
    )
