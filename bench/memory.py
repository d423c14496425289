"""Peak memory of the processes of a run, read from /proc while it lasts. Linux only: elsewhere nothing is found."""

import re
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def sample(root: int, peaks: dict[str, int]) -> None:
    """Raise `peaks` (KiB by role) to what the processes at and below a process have reached so far.

    The kernel keeps each process's high-water mark, so only growth after the last sample is missed.
    """
    totals: dict[str, int] = {}
    for process in _tree(root):
        role, peak = _role(process, root), _peak(process)
        if role and peak:
            totals[role] = max(totals.get(role, 0), peak)
    for role, peak in totals.items():
        peaks[role] = max(peaks.get(role, 0), peak)


def _tree(root: int) -> list[int]:
    """A process and all its descendants that still run."""
    found = [root]
    for process in found:
        with suppress(OSError):  # it may end while it is looked at
            for children in (PROC / str(process) / "task").glob("*/children"):
                found += map(int, _read(children).split())
    return found


def _role(process: int, root: int) -> str | None:
    """What a process is in a run of the sandbox, which runs the program in a process of its own."""
    if process == root:
        return "simulated cloud"
    command = _read(PROC / str(process) / "cmdline").split("\0")
    if "pulumi.policy" in command:
        return "policy pack"
    if "sandbox" in command:
        return "program"
    return "engine" if Path(command[0]).name == "pulumi" else None


def _peak(process: int) -> int:
    match = re.search(r"^VmHWM:\s+(\d+) kB", _read(PROC / str(process) / "status"), re.M)
    return int(match.group(1)) if match else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended
        return ""
