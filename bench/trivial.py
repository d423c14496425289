"""The program to compare with: as many resources, with nothing in them to compute, nested or wait for."""

from pathlib import Path

MANIFEST = """\
name: trivial
runtime: python
description: {count} resources that do nothing
"""
PROGRAM = """\
import pulumi_random

for index in range({count}):
    pulumi_random.RandomId(f"id-{{index}}", byte_length=8)
"""


def write(folder: Path, stack: str, count: int) -> Path:
    """Write a Pulumi project with that many resources besides its stack; return its folder."""
    folder.mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(MANIFEST.format(count=count))
    (folder / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    (folder / "__main__.py").write_text(PROGRAM.format(count=count))
    return folder
