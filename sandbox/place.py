"""Where one stack of one project keeps what a run needs, and the settings that a run reads."""

import datetime
import json
import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml


class SandboxError(Exception):
    """Something that the user can put right; printed as a sentence, without a traceback."""


@dataclass(frozen=True)
class Place:
    """The files of one stack, all of them under one git-ignored folder."""

    home: Path
    project: Path
    """Folder of Pulumi.yaml."""
    name: str
    """The project's name."""
    stack: str

    @property
    def folder(self) -> Path:
        """What is this stack's alone."""
        return self.home / "stacks" / self.name / self.stack

    @property
    def cloud(self) -> Path:
        """The simulated account and cluster."""
        return self.folder / "cloud.jsonl"

    @property
    def config(self) -> Path:
        """The copy of the stack's configuration that the CLI reads, and may write to."""
        return self.folder / "config.yaml"

    @property
    def imports(self) -> Path:
        """The SDK modules that the program loaded last."""
        return self.folder / "imports.txt"

    @property
    def unfinished(self) -> Path:
        """Exists while a run may change things, and after one that was killed."""
        return self.folder / "unfinished"

    @property
    def checkpoint(self) -> Path:
        """Pulumi's state of the stack."""
        return self.home / "state" / ".pulumi" / "stacks" / self.name / f"{self.stack}.json"

    @property
    def locks(self) -> Path:
        """Pulumi's own locks on the stack."""
        return self.home / "state" / ".pulumi" / "locks" / "organization" / self.name / self.stack

    def prepare(self) -> None:
        """Make the folders and an empty stack, which saves a start of the CLI."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ignore = self.home / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        if not self.checkpoint.exists():
            stack = f"organization/{self.name}/{self.stack}"
            self.checkpoint.write_text(json.dumps({"version": 3, "checkpoint": {"stack": stack, "latest": None}}))

    def state(self) -> dict[str, Any]:
        """The deployment as Pulumi last saved it; empty before the first `up`."""
        if not self.checkpoint.exists():
            return {}
        return json.loads(self.checkpoint.read_text())["checkpoint"].get("latest") or {}


def locate(project: Path, stack: str, home: Path | None = None) -> Place:
    """Find a stack's place; `home` is $SANDBOX_HOME or the project's `.sandbox` unless given."""
    file = project / "Pulumi.yaml"
    if not file.is_file():
        raise SandboxError(f"{project} has no Pulumi.yaml: say with --project where the project is.")
    folder = home or Path(os.environ.get("SANDBOX_HOME") or project / ".sandbox")
    name = str(yaml.safe_load(file.read_text())["name"])
    return Place(folder.resolve(), project.resolve(), name, stack)


def write_config(place: Place, overrides: list[str]) -> None:
    """Copy the stack's configuration with `key=value` overrides; the user's own file is never written to."""
    source = place.project / f"Pulumi.{place.stack}.yaml"
    document: dict[str, Any] = (yaml.safe_load(source.read_text()) if source.exists() else None) or {}
    for key in ("encryptionsalt", "encryptedkey", "secretsprovider"):
        document.pop(key, None)
    config: dict[str, Any] = document.setdefault("config", {}) or {}
    document["config"] = config
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise SandboxError(f"--set {override}: expected key=value.")
        _override(config, place.name, key, _value(value))
    if '"secure"' in json.dumps(config):
        raise SandboxError(f"{source.name} holds secret values, which only their own key can read.")
    if place.config.exists():
        previous = yaml.safe_load(place.config.read_text()) or {}
        if "encryptionsalt" in previous:
            document = {"encryptionsalt": previous["encryptionsalt"], **document}
    place.config.write_text(yaml.safe_dump(document, sort_keys=False))


def _value(text: str) -> Any:
    """A value of `--set`, as YAML reads it: numbers, truth and lists. What is no YAML, such as `*`, is text.

    So are dates: configuration has no type for them.
    """
    try:
        value = yaml.safe_load(text) if text else ""
    except yaml.YAMLError:
        return text
    return text if isinstance(value, datetime.date) else value


def _override(config: dict[str, Any], project: str, path: str, value: Any) -> None:
    """Set a nested value, as `pulumi config set --path` does: `charts.source`, `nodes.zones[0]`."""
    namespace, colon, rest = path.partition(":")
    if not colon:
        namespace, rest = project, path
    first, *others = [part for part in rest.replace("[", ".[").split(".") if part]
    key = f"{namespace}:{first}"
    if not others:
        config[key] = value
        return
    target: Any = config
    steps: list[str | int] = [key, *(int(p[1:-1]) if p.startswith("[") else p for p in others)]
    for step, following in pairwise(steps):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(target, list):
            _grow(target, int(step), empty)
        elif not isinstance(target.get(step), dict | list):
            target[step] = empty
        target = target[step]
    if isinstance(target, list):
        _grow(target, int(steps[-1]), value)
    target[steps[-1]] = value


def _grow(values: list[Any], index: int, fill: Any) -> None:
    if index > len(values):
        raise SandboxError(f"--set: index {index} lies past the end of the list.")
    if index == len(values):
        values.append(fill)
