"""Makes `.venv` and installs one of the two locks into it: `python tools/setup.py runtime|dev`.

Run by `tools/setup.sh`, which finds the Python and knows when there is nothing to do.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tools.progress import CommandFailed, Progress, run  # noqa: E402

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"runtime": ["requirements.txt"], "dev": ["requirements.txt", "requirements-dev.txt"]}
"""What each tier fulfils; the last one is the one that is installed, and holds all of those before it."""


def usable() -> bool:
    """Whether `.venv` is there, whole, and of a Python that is new enough."""
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([PYTHON, "-c", check], capture_output=True).returncode == 0
    except OSError:
        return False


def make_environment() -> None:
    """Make `.venv` with the Python that runs this."""
    version = ".".join(map(str, sys.version_info[:3]))
    progress = Progress(f"virtual environment .venv, Python {version}")
    try:
        run(progress, [sys.executable, "-m", "venv", "--clear", VENV], lambda line: None)
    except CommandFailed:
        shutil.rmtree(VENV, ignore_errors=True)
        raise
    progress.done("made")


def install(lock: Path) -> None:
    """Install exactly what a lock lists, each file checked against its hashes."""
    total = len(re.findall(r"^\S+==", lock.read_text(), re.M))
    count = 0

    def seen(line: str) -> str:
        nonlocal count
        count += line.startswith(("Collecting ", "Requirement already satisfied"))
        return "installing" if line.startswith("Installing") else f"{count} of {total} packages"

    progress = Progress(f"Python packages of {lock.name}")
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    # Bytecode is written when a module is first imported: of the AWS SDK's thousands that is a handful.
    run(progress, [*pip, "--no-compile", "--require-hashes", "-r", str(lock)], seen)
    progress.done(f"{total} packages")


def main(tier: str) -> int:
    """Bring `.venv` to what the tier's lock says."""
    try:
        if not usable():
            make_environment()
        install(ROOT / LOCKS[tier][-1])
    except CommandFailed as error:
        print(error, file=sys.stderr)
        print(
            "error: the Python packages could not be installed: see the lines above, and make sure that pip can"
            " download packages (PIP_INDEX_URL, proxies), then run this again.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    for name in LOCKS[tier]:
        shutil.copyfile(ROOT / name, VENV / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
