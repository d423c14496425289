"""`python -m sandbox`: Pulumi's operations on a simulated AWS and Kubernetes. See docs/offline-cloud.md."""

import argparse
import shutil
import sys
from pathlib import Path

from .place import Place, SandboxError, locate


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Run the real Pulumi engine against a simulated AWS and Kubernetes.",
        epilog="Other options are passed on to the Pulumi CLI as they are: --diff, --target, --expect-no-changes...",
    )
    parser.add_argument("operation", choices=["preview", "up", "refresh", "destroy", "export", "reset"])
    parser.add_argument("--stack", "-s", required=True, help="name of the stack: its settings are Pulumi.<stack>.yaml")
    parser.add_argument("--project", type=Path, default=Path(), help="folder of Pulumi.yaml (default: here)")
    parser.add_argument(
        "--state", type=Path, help="folder of the sandbox's files (default: $SANDBOX_HOME, or .sandbox in the project)"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override a config value: charts.source=DIR"
    )
    parser.add_argument("--no-checkpoints", action="store_true", help="save the state once, at the end: twice as fast")
    parser.add_argument("--no-policies", action="store_true", help="leave out the policy pack in policies/")
    parser.add_argument("--json", action="store_true", help="print JSON, in the CLI's own form")
    parser.add_argument("--kubeconfig", type=Path, metavar="FILE", help="a real cluster for the Kubernetes resources")
    parser.add_argument(
        "--existing",
        action="append",
        default=[],
        metavar="ID",
        help="something that the account holds already: an id, a name or an ARN",
    )
    parser.add_argument("--unprotect", action="store_true", help="destroy: lift every protection first, AWS' own too")
    return parser


def main() -> int:
    """Parse the command line and run the operation; the exit code is the CLI's."""
    options, passed = _parser().parse_known_args()
    try:
        place = locate(options.project, options.stack, options.state)
        if options.operation == "reset":
            return reset(place)
        from . import engine  # late: `--help` and mistakes need no gRPC

        if options.operation == "export":
            return engine.export(place, tuple(passed))
        arguments = (*passed, *(["--json"] if options.json else []))
        return engine.run(
            engine.Run(
                place,
                options.operation,
                arguments,
                overrides=tuple(options.set),
                policies=not options.no_policies,
                kubeconfig=options.kubeconfig,
                unprotect=options.unprotect,
                checkpoints=not options.no_checkpoints,
                existing=tuple(options.existing),
            )
        )
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2


def reset(place: Place) -> int:
    """Forget the stack and its simulated cloud."""
    shutil.rmtree(place.folder, ignore_errors=True)
    place.checkpoint.unlink(missing_ok=True)
    shutil.rmtree(place.locks, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
