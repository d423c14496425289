"""Runs the real Pulumi CLI, attached to the simulated providers."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from . import language, recovery
from .aws_types import PROTECTION
from .place import Place, SandboxError, write_config
from .providers import servicers
from .store import Store

PULUMI_VERSION = "3.255.0"
"""The CLI that `tools/` builds."""
OLDEST_PULUMI = (3, 249)
"""The oldest CLI on PATH that is used in preference to the built one."""
_MESSAGE_BYTES = 400 * 1024 * 1024
"""Largest gRPC message, as in Pulumi's SDKs."""
_CHANGING = ("up", "refresh", "destroy")
_WITH_POLICIES = ("preview", "up")


@dataclass(frozen=True)
class Run:
    """One operation on one stack."""

    place: Place
    operation: str
    """`preview`, `up`, `refresh` or `destroy`."""
    arguments: tuple[str, ...] = ()
    """Passed on to the CLI as they are."""
    overrides: tuple[str, ...] = ()
    """Config values, as `key=value`."""
    policies: bool = True
    kubeconfig: Path | None = None
    """A real cluster for the Kubernetes resources; AWS stays simulated."""
    unprotect: bool = False
    """Before a destroy, lift the protection of every resource, Pulumi's and AWS' own."""
    checkpoints: bool = True
    """Save the state after every step, as Pulumi does. Saving it once, at the end, halves the time of an `up`."""
    existing: tuple[str, ...] = ()
    """Ids, names and ARNs of what the account and the cluster hold besides the stack."""


def run(request: Run) -> int:
    """Carry out an operation and return the CLI's own exit code."""
    place = request.place
    pulumi = find_pulumi()
    place.prepare()
    with _locked(place) as lock, ExitStack() as stack:
        write_config(place, list(request.overrides))
        _without_logs(place.home / "home")
        program = stack.enter_context(language.host(place.project, _debug(request.arguments), place.imports))
        store = Store(place.cloud, request.existing)
        ports = {
            package: stack.enter_context(_serve(servicer))
            for package, servicer in servicers(store, request.kubeconfig).items()
        }
        env = environment(place, ports, request.kubeconfig)
        if not request.checkpoints:
            env["PULUMI_SKIP_CHECKPOINTS"] = "true"

        def cli(operation: str, *arguments: str, **options: Any) -> int:
            command = [pulumi, operation, "-C", str(place.project), "--stack", place.stack]
            command += ["--config-file", str(place.config), *arguments]
            command += ["--client", f"127.0.0.1:{program()}"]
            return _supervise(command, env, lock, **options)

        recovery.repair(place, store, cli)
        if request.operation == "destroy" and request.unprotect:
            subprocess.run(
                [pulumi, "state", "unprotect", "--all", "--yes", "-C", str(place.project), "--stack", place.stack],
                env=env,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            _lift_guards(store)
        if request.operation in _CHANGING:
            place.unfinished.touch()
        code = cli(request.operation, *_arguments(request, env), *request.arguments)
        recovery.settle(place, store)
        if request.operation == "destroy" and code == 0:
            recovery.report_leftovers(store)
        return code


def _lift_guards(store: Store) -> None:
    """Switch off by hand, as with the AWS CLI, what makes AWS itself refuse a deletion."""
    for item in list(store):
        guard, _ = PROTECTION.get(item.type, ("", ""))
        if item.outputs.get(guard) is True:
            store.put(item._replace(outputs={**item.outputs, guard: False}))


def export(place: Place, arguments: tuple[str, ...] = ()) -> int:
    """Print the deployment, as `pulumi stack export` does."""
    if not place.checkpoint.exists():
        raise SandboxError(f"There is no stack {place.stack} in {place.home}: run `up` or `preview` first.")
    command = [find_pulumi(), "stack", "export", "-C", str(place.project), "--stack", place.stack, *arguments]
    return subprocess.call(command, env=environment(place, {}))


def _arguments(request: Run, env: dict[str, str]) -> list[str]:
    """What the CLI needs to hear so that it neither asks nor chats."""
    arguments = ["--yes"] if request.operation in _CHANGING else []
    if request.operation != "destroy":
        # The preview before a destroy is what refuses as a whole when something is protected: without it
        # everything that stands on the protected resource is deleted first.
        arguments += ["--skip-preview"] if arguments else []
    pack = request.place.project / "policies"
    if request.policies and request.operation in _WITH_POLICIES and (pack / "PulumiPolicy.yaml").is_file():
        _install_analyzer(Path(env["PULUMI_HOME"]))
        arguments += ["--policy-pack", str(pack)]
    return arguments


def _debug(arguments: tuple[str, ...]) -> bool:
    return any(argument in ("-d", "--debug") or argument.startswith(("-v", "--verbose")) for argument in arguments)


def _without_logs(home: Path) -> None:
    """Keep the CLI from logging every run to disk: where it wants a folder it finds a file, and does without.

    That is a megabyte a run, and a fifteenth of the CLI's time.
    """
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "logs").exists():
        (home / "logs").touch()


def find_pulumi() -> str:
    """The CLI: $PULUMI_CLI, else one on PATH that is new enough, else the one that `tools/` has built."""
    if given := os.environ.get("PULUMI_CLI"):
        return given
    on_path = shutil.which("pulumi")
    if on_path and _version(on_path) >= OLDEST_PULUMI:
        return on_path
    cache = os.environ.get("EKS_OBSERVABILITY_CACHE") or Path.home() / ".cache" / "eks-observability"
    built = Path(cache) / f"pulumi-{PULUMI_VERSION}" / "bin" / "pulumi"
    if built.exists():
        return str(built)
    oldest = ".".join(str(part) for part in OLDEST_PULUMI)
    raise SandboxError(
        f"No Pulumi CLI of version {oldest} or newer: put `pulumi` on PATH, name it in $PULUMI_CLI, "
        "or run `make preview`, which builds one."
    )


def _version(pulumi: str) -> tuple[int, ...]:
    printed = subprocess.run([pulumi, "version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in printed.strip().removeprefix("v").split("-")[0].split(".") if part.isdigit())


def environment(place: Place, ports: dict[str, int], kubeconfig: Path | None = None) -> dict[str, str]:
    """The CLI's environment: nothing of the user's own Pulumi and AWS settings reaches it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "AWS_"))}
    path = [*_plugin_folders(kubeconfig), os.environ.get("PATH", "")]
    return {
        **kept,
        "PATH": os.pathsep.join(path),
        "PULUMI_HOME": str(place.home / "home"),
        # Without sidecar files: one that a killed run leaves half written makes the state unreadable.
        "PULUMI_BACKEND_URL": (place.home / "state").as_uri() + "?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": "sandbox",  # protects nothing: the stack has no secrets of its own
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        "PULUMI_DEBUG_COMMANDS": "true",  # makes --event-log available
        "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package, port in ports.items()),
    }


def _plugin_folders(kubeconfig: Path | None) -> list[str]:
    """Where the real Kubernetes plugin is, when a real cluster is asked for."""
    if kubeconfig is None:
        return []
    if not kubeconfig.is_file():
        raise SandboxError(f"--kubeconfig: there is no file {kubeconfig}.")
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    installed = sorted((home / "plugins").glob("resource-kubernetes-v*/pulumi-resource-kubernetes"))
    if installed:
        return [str(installed[-1].parent)]
    if shutil.which("pulumi-resource-kubernetes"):
        return []
    raise SandboxError(
        "--kubeconfig needs Pulumi's real Kubernetes plugin: `pulumi plugin install resource kubernetes`, "
        "or put `pulumi-resource-kubernetes` on PATH."
    )


def _install_analyzer(home: Path) -> None:
    """Start Python policy packs with this interpreter, for want of Pulumi's Python language host.

    Installed as a plugin and not put on PATH, of which the CLI would warn.
    """
    folder = home / "plugins" / "analyzer-policy-python-v1.0.0"
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "pulumi-analyzer-policy-python"
    text = f'#!/bin/sh\nexec "{sys.executable}" -u -m pulumi.policy "$@"\n'
    if not script.exists() or script.read_text() != text:
        fresh = folder / f"analyzer.{os.getpid()}"
        fresh.write_text(text)
        fresh.chmod(0o755)
        fresh.replace(script)


@contextmanager
def _serve(servicer: provider_pb2_grpc.ResourceProviderServicer) -> Iterator[int]:
    """A provider on a free local port."""
    options = [("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", _MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None)


@contextmanager
def _locked(place: Place) -> Iterator[IO[str]]:
    """Keep a second run off the stack for as long as this process or its CLI lives."""
    with (place.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            recovery.say(f"waiting for another run on stack {place.stack} to end...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _supervise(command: list[str], env: dict[str, str], lock: IO[str], **options: Any) -> int:
    """Run the CLI on the user's terminal. Ctrl-C reaches it by itself: it cancels, then this process ends."""
    handlers: dict[signal.Signals, Callable[..., None]] = {signal.SIGINT: lambda *_: None}
    with subprocess.Popen(command, env=env, pass_fds=[lock.fileno()], **options) as process:
        handlers[signal.SIGTERM] = lambda *_: process.send_signal(signal.SIGINT)
        previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            return process.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
