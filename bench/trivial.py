"""The program to compare with: as many resources, with nothing in them to compute, nested or wait for."""

from collections.abc import Iterable
from pathlib import Path

MANIFEST = """\
name: {name}
runtime: python
description: {count} resources that do nothing
"""
PROGRAM = """\
{imports}
for index in range({count}):
    pulumi_random.RandomId(f"id-{{index}}", byte_length=8)
"""


def write(folder: Path, stack: str, count: int, packages: Iterable[str] = ()) -> Path:
    """Write a Pulumi project with that many resources besides its stack; return its folder.

    `packages` are loaded and not used: what a program pays for its SDKs before it makes anything.
    """
    imports = "import importlib\n\nimport pulumi_random\n\n"
    imports += "".join(f"getattr(importlib.import_module({name!r}), '__all__', None)\n" for name in packages)
    folder.mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(MANIFEST.format(count=count, name=folder.name))
    (folder / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    (folder / "__main__.py").write_text(PROGRAM.format(count=count, imports=imports))
    return folder
