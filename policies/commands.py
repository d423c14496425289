"""What `python -m policies` does besides serving the engine."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from . import configuration, exemptions, manifests, reports
from .rules import RULES

OK, VIOLATIONS, UNUSABLE = 0, 1, 2
"""Exit status: nothing mandatory, something mandatory, input that can't be judged."""


def check_manifests(arguments: argparse.Namespace) -> int:
    """Hold Kubernetes manifests against the rules."""
    config = None
    if arguments.profile:
        config = configuration.profile(arguments.profile)
    if arguments.config:
        config = {**(config or {}), **configuration.load(Path(arguments.config))}
    excused = exemptions.Exemptions(
        [entry for path in arguments.exemptions for entry in exemptions.load(Path(path))], RULES
    )
    found = manifests.judge(manifests.read_all(arguments.files), config, excused, arguments.namespace)
    print(reports.FORMATS[arguments.format](found))
    unused = excused.unused(())
    for entry in unused:
        print(f"the exemption from {entry.label()}{entry.place()} excuses nothing: delete it", file=sys.stderr)
    return VIOLATIONS if unused or any(each.level == "mandatory" for each in found) else OK


def check_config(arguments: argparse.Namespace) -> int:
    """Hold a configuration against the rules' settings: names, keys, types."""
    for path in arguments.files:
        configuration.load(Path(path))
        print(f"{path}: in order")
    return OK


def list_exemptions(arguments: argparse.Namespace) -> int:
    """Print the exemptions in force, those of the stack's files unless others are named."""
    paths = [Path(path) for path in arguments.files] or exemptions.files_of(arguments.project, arguments.stack)
    excused = exemptions.Exemptions([entry for path in paths for entry in exemptions.load(path)], RULES)
    for entry in excused.entries:
        print(f"{entry.file}:{entry.line}: {entry.card()}")
    print(f"{len(excused.entries)} exemptions in force")
    return OK


def print_profile(arguments: argparse.Namespace) -> int:
    """Print a profile as a configuration file."""
    print(json.dumps(configuration.profile(arguments.name), indent=2))
    return OK


def print_schema(_arguments: argparse.Namespace) -> int:
    """Print the JSON schema of configuration files."""
    print(json.dumps(configuration.schema(), indent=2))
    return OK


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "check-manifests": check_manifests,
    "check-config": check_config,
    "exemptions": list_exemptions,
    "profile": print_profile,
    "schema": print_schema,
}
NAMES = tuple(_COMMANDS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m policies")
    found = parser.add_subparsers(dest="command", required=True)
    each = {name: found.add_parser(name, help=run.__doc__, description=run.__doc__) for name, run in _COMMANDS.items()}
    check = each["check-manifests"]
    check.add_argument("files", nargs="+", metavar="FILE", help="a file, a folder, or - for the standard input")
    check.add_argument("--format", choices=list(reports.FORMATS), default="table")
    check.add_argument("--config", metavar="FILE", help="levels and settings, as for --policy-pack-config")
    check.add_argument("--profile", choices=configuration.PROFILES, help="levels; --config comes on top")
    check.add_argument("--exemptions", metavar="FILE", action="append", default=[], help="may be given more than once")
    check.add_argument("--namespace", metavar="NAME", help="namespace of manifests that name none")
    each["check-config"].add_argument("files", nargs="+", metavar="FILE")
    each["exemptions"].add_argument("files", nargs="*", metavar="FILE")
    each["exemptions"].add_argument("--stack", default="")
    each["exemptions"].add_argument("--project", default="")
    each["profile"].add_argument("name", choices=configuration.PROFILES)
    return parser


def run(words: list[str]) -> int:
    """Carry out a command; what is unusable is said in one line each, on the standard error."""
    arguments = _parser().parse_args(words)
    try:
        return _COMMANDS[arguments.command](arguments)
    except (manifests.ManifestError, configuration.ConfigError, exemptions.ExemptionError, OSError) as refused:
        print(refused, file=sys.stderr)
        return UNUSABLE
