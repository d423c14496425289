"""The same components for every Pulumi language: `pulumi package add <this repository>/components`.

Pulumi runs this folder as a program, which puts the folder itself on the path: there `platform.py` would
stand in the way of Python's own module, and the package could not be imported by its name.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from pulumi.provider.experimental import component_provider_host  # noqa: E402

import components  # noqa: E402

if __name__ == "__main__":
    component_provider_host(
        name="eks-observability",
        components=[getattr(components, name) for name in components.COMPONENTS],
        namespace="eks-observability",
    )
