"""`python -m bench`: times previews of a stack and of as many trivial resources, in turns, and compares minima.

Minima, because everything that disturbs a run makes it slower; in turns, so that a slow minute of the machine
meets all of them. Both programs run on the same engine and the same simulated providers.
"""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.place import locate

from . import memory, trivial

ROOT = Path(__file__).resolve().parent.parent
PROGRAM_LIMIT = 1.5
"""Times the preview that the stack's may take without policies, of a trivial program that loads the same SDKs.
The SDKs' classes take three quarters of a second to define, which nothing in this repository can shorten: the
figure against a program that loads next to none is printed, and not held against a limit."""
POLICIES_LIMIT = 1.5
"""Times its own preview without policies that the stack's may take with them."""


@dataclass
class Variant:
    """One kind of preview, and what its runs showed."""

    name: str
    project: Path
    flags: tuple[str, ...]
    seconds: list[float] = field(default_factory=list)
    peaks: dict[str, int] = field(default_factory=dict)
    """KiB by process."""

    @property
    def best(self) -> float:
        """Seconds of the fastest run."""
        return min(self.seconds)


class PreviewFailed(Exception):
    """A preview that should succeed did not; the text is what it printed."""


def preview(variant: Variant, stack: str, state: Path) -> dict[str, Any]:
    """Preview once, note time and memory, and return the engine's JSON."""
    command = [sys.executable, "-m", "sandbox", "preview", "--stack", stack, "--json"]
    command += ["--project", str(variant.project), "--state", str(state), *variant.flags]
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        while process.poll() is None:
            memory.sample(process.pid, variant.peaks)
            time.sleep(0.02)
        variant.seconds.append(time.perf_counter() - started)
        output.seek(0)
        errors.seek(0)
        text = output.read()
        if process.returncode:
            raise PreviewFailed(f"{' '.join(command)}\n{text[-3000:]}{errors.read()[-3000:]}")
    result: dict[str, Any] = json.loads(text)
    return result


def measure(stack: str, runs: int, folder: Path) -> tuple[int, list[Variant]]:
    """Run the four kinds of preview in turns; return the number of resources and the kinds, trivial first."""
    bare = Variant(stack, ROOT, ("--no-policies",))
    judged = Variant(f"{stack} with policies", ROOT, ())
    first = preview(bare, stack, folder / "state")
    count = int(first["changeSummary"]["create"]) - 1  # the stack itself is in both
    floor = Variant("trivial", trivial.write(folder / "trivial", stack, count), ("--no-policies",))
    packages = locate(ROOT, stack, folder / "state").imports.read_text().split()
    loaded = trivial.write(folder / "loaded", stack, count, packages)
    variants = [floor, Variant("trivial, same SDKs", loaded, ("--no-policies",)), bare, judged]
    for variant in variants:  # once unmeasured: bytecode and files are in their caches then
        preview(variant, stack, folder / "state")
        variant.seconds.clear()
    for turn in range(runs):
        for variant in variants:
            preview(variant, stack, folder / "state")
        if sys.stderr.isatty():
            print(f"\r\033[Kturn {turn + 1} of {runs}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return count, variants


def report(count: int, variants: list[Variant]) -> tuple[float, float]:
    """Print the comparison; return the program's ratio and the policies'."""
    floor, loaded, bare, judged = variants
    program, policies = bare.best / loaded.best, judged.best / bare.best
    print(f"preview of {count} resources, the fastest of {len(bare.seconds)} runs each, in turns")
    print(f"  {floor.name:<20} {floor.best:6.2f} s")
    print(f"  {loaded.name:<20} {loaded.best:6.2f} s")
    print(
        f"  {bare.name:<20} {bare.best:6.2f} s   {program:.2f} times the same SDKs (at most {PROGRAM_LIMIT}), "
        f"{bare.best / floor.best:.2f} times trivial"
    )
    print(f"  {judged.name:<20} {judged.best:6.2f} s   {policies:.2f} times without (at most {POLICIES_LIMIT})")
    for role, peak in judged.peaks.items():
        compared = f"   (trivial: {floor.peaks[role] / 1024:.0f} MiB)" if role in floor.peaks else ""
        print(f"  peak memory, {role}: {peak / 1024:.0f} MiB{compared}")
    return program, policies


def main() -> int:
    """Measure and report; with --check, fail when a limit is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--stack", default="prod", help="default: prod")
    parser.add_argument("--runs", type=int, default=5, help="of each kind; default: 5")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a limit is exceeded")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        try:
            count, variants = measure(options.stack, options.runs, Path(folder))
        except PreviewFailed as error:
            print(f"bench: a preview failed: {error}", file=sys.stderr)
            return 2
    program, policies = report(count, variants)
    # Late, and from the tests: the thousand resources are theirs, and a preview that fails needs none.
    thousand = importlib.import_module("tests.policies.test_other_ways").seconds_for_a_thousand
    print(f"  policy pack, 1,000 resources: {min(thousand() for _ in range(3)):.2f} s")
    exceeded = program > PROGRAM_LIMIT or policies > POLICIES_LIMIT
    return 1 if options.check and exceeded else 0


if __name__ == "__main__":
    sys.exit(main())
