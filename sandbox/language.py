"""Runs the project's `__main__.py` for the engine, in place of Pulumi's language host."""

import asyncio
import contextvars
import gc
import importlib
import io
import logging
import os
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from .place import SandboxError

_OPTIONS = [("grpc.max_receive_message_length", 400 * 1024 * 1024)]  # as in Pulumi's SDKs


class Language(language_pb2_grpc.LanguageRuntimeServicer):
    """A language host with one program, run in this process."""

    def __init__(self, project: Path, debug: bool = False, imports: Path | None = None) -> None:
        self.project = project
        self.debug = debug
        self.imports = imports
        """Where the SDK modules that the program loads are noted for the next run."""
        self.loaded = threading.Event()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.LanguageHandshakeResponse()

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.partition(" ")[0])

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.GetRequiredPluginsResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Run the program in a context of its own, so that a second run starts from nothing."""
        self.loaded.wait()  # the SDKs load themselves lazily, and not from two threads at once
        return contextvars.copy_context().run(self._run, request)

    def _run(self, request: Any) -> Any:
        pulumi.runtime.reset_options(
            project=request.project,
            stack=request.stack,
            monitor_address=request.monitor_address,
            engine_address=request.args[0] if request.args else "",
            parallel=request.parallel,
            preview=request.dryRun,
            organization=request.organization or "organization",
        )
        pulumi.runtime.set_all_config(dict(request.config), list(request.configSecretKeys))
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        if not self.debug:
            pulumi.log.debug = _nothing  # each message is a call of the engine, which would drop it
        loop = asyncio.new_event_loop()
        loop.set_default_executor(futures.ThreadPoolExecutor(max_workers=64))
        try:
            loop.run_until_complete(pulumi.runtime.run_in_stack(self._program))
        except pulumi.RunError as error:
            pulumi.log.error(str(error))
            return language_pb2.RunResponse(bail=True)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:  # the engine is shutting down
                pulumi.log.error(f"RPC error: {error.details()}")
            return language_pb2.RunResponse(bail=True)
        except Exception as error:
            pulumi.log.error(_explain(error))
            return language_pb2.RunResponse(bail=True)
        finally:
            _drain(loop)
            self._note_imports()
        return language_pb2.RunResponse()

    def preload(self) -> None:
        """Load the SDK modules that the last run loaded, while the CLI is still starting.

        Only Pulumi's own packages: they do nothing but define classes, which is most of a program's start.
        """
        try:
            for name in self.imports.read_text().split() if self.imports and self.imports.exists() else ():
                with suppress(ImportError):  # another environment: the program will say what it misses
                    getattr(importlib.import_module(name), "__all__", None)  # asking is what loads a lazy module
        finally:
            self.loaded.set()

    def _note_imports(self) -> None:
        if self.imports is not None:
            # Packages, and those that something was taken from: the type of the others is a lazy one.
            sdk = [(name, it) for name, it in sys.modules.items() if name.startswith("pulumi_")]
            loaded = [name for name, it in sdk if type(it) is ModuleType and hasattr(it, "__path__")]
            self.imports.write_text("\n".join(loaded))

    def _program(self) -> None:
        os.chdir(self.project)
        sys.path.insert(0, str(self.project))
        sys.stdout = sys.stderr = EngineStream()
        runpy.run_path(str(self.project / "__main__.py"), run_name="__main__")


def _nothing(*_: Any, **__: Any) -> None:
    """Stand in for `pulumi.log.debug`."""


def _explain(error: Exception) -> str:
    """What Pulumi's own Python host prints, without the frames of this one."""
    trace = error.__traceback__
    while trace is not None and not trace.tb_frame.f_code.co_filename.endswith("__main__.py"):
        trace = trace.tb_next
    text = "".join(traceback.format_exception(type(error), error, trace or error.__traceback__))
    return f"Program failed with an unhandled exception:\n{text}"


def _drain(loop: asyncio.AbstractEventLoop) -> None:
    """Let tasks that an exception left behind end in silence."""
    for task in asyncio.all_tasks(loop):
        task.cancel()
        with suppress(BaseException):
            loop.run_until_complete(task)
    loop.close()


class EngineStream(io.TextIOBase):
    """What the program prints, shown by the engine among its diagnostics."""

    def __init__(self) -> None:
        self.line = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self.line = (self.line + text).split("\n")
        for line in lines:
            pulumi.log.info(line)
        return len(text)


@contextmanager
def host(project: Path, debug: bool = False, imports: Path | None = None) -> Iterator[Callable[[], int]]:
    """Run the language host in a process of its own, so that program and providers use a core each.

    The process is forked, before gRPC starts anything, because it then shares the imports that are
    most of a start's time. Gives a function that waits for the host's port.
    """
    reading, writing = os.pipe()
    watched, alive = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.close(alive)
        _serve(Language(project, debug, imports), writing, watched)
    os.close(writing)
    os.close(watched)
    port = 0

    def wait() -> int:
        nonlocal port
        if not port:
            text = os.read(reading, 16)
            if not text:
                raise SandboxError("the program's process ended before it began: see above.")
            port = int(text)
        return port

    try:
        yield wait
    finally:
        os.close(alive)
        os.close(reading)
        os.waitpid(child, 0)


def _serve(language: Language, writing: int, watched: int) -> None:
    """Serve until the parent closes its end of the `watched` pipe, by intent or by dying."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the engine cancels by itself
    gc.disable()  # a run of seconds, and SDKs of a hundred thousand objects that live as long as it
    os.dup2(2, 1)  # nothing but the CLI writes to the output, which may be JSON
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=_OPTIONS)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(language, server)
    os.write(writing, str(server.add_insecure_port("127.0.0.1:0")).encode())
    server.start()
    os.close(writing)
    language.preload()
    os.read(watched, 1)
    os._exit(0)
