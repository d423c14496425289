"""One line that tells how far a long command is: live on a terminal, every fifteen seconds elsewhere."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

LIVE_SECONDS = 0.2
QUIET_SECONDS = 15.0
"""Between two lines of a log: CI systems end a job that says nothing for some minutes."""
KEPT_LINES = 25
"""Of a failed command's output: the compiler's or pip's reason is in its last lines."""


class CommandFailed(Exception):
    """A command ended with an error; the text is the end of what it printed."""


class Progress:
    """A title, the time it has taken, and the last thing worth saying about it."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._started = time.monotonic()
        self._said = self._started
        self._live = sys.stderr.isatty()
        if not self._live:
            self._print(f"{title} ...")

    def _print(self, text: str, end: str = "\n") -> None:
        width = shutil.get_terminal_size().columns - 1 if self._live else None
        sys.stderr.write(("\r\033[K" if self._live else "") + text[:width] + end)
        sys.stderr.flush()

    def update(self, detail: str) -> None:
        """Say where things stand, if it is time to."""
        now = time.monotonic()
        if now - self._said >= (LIVE_SECONDS if self._live else QUIET_SECONDS):
            self._said = now
            self._print(f"{self._title}: {self._elapsed()}  {detail}", "" if self._live else "\n")

    def done(self, detail: str) -> None:
        """Close the line with how it ended."""
        self._print(f"{self._title}: {detail} ({self._elapsed()})")

    def _elapsed(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        return f"{minutes}:{seconds:02d}"


def run(
    progress: Progress,
    command: Sequence[str | Path],
    describe: Callable[[str], str | None],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> list[str]:
    """Run a command, passing each line it prints to `describe`, whose answer is shown; return its last lines.

    Raises CommandFailed with the end of the output.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **(env or {})},
        cwd=cwd,
    )
    tail: deque[str] = deque(maxlen=KEPT_LINES)
    state = {"detail": ""}
    assert process.stdout is not None
    reader = threading.Thread(target=_read, args=(process.stdout, describe, tail, state), daemon=True)
    reader.start()
    try:
        while process.poll() is None:
            progress.update(state["detail"])
            time.sleep(0.05)
        reader.join()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if process.returncode != 0:
        progress.done("failed")
        raise CommandFailed("\n".join(tail))
    return list(tail)


def _read(lines: Iterable[str], describe: Callable[[str], str | None], tail: deque[str], state: dict[str, str]) -> None:
    for line in lines:
        tail.append(line.rstrip())
        state["detail"] = describe(tail[-1]) or state["detail"]
