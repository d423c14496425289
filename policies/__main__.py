"""Starts the pack: the engine runs this folder as a program, people run `python -m policies`.

As a program the folder is no package, so it is loaded here under a name of its own: relative imports then
work, whatever the folder is called, and nothing of the surrounding project gets onto the import path.
"""

import importlib
import importlib.util
import sys
from pathlib import Path

_PACKAGE = "eks_observability_policy_pack"


def _package() -> str:
    """The name under which this folder's modules can be imported."""
    if __package__:
        return __package__
    folder = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        _PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"can't load the policy pack from {folder}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = module
    spec.loader.exec_module(module)
    return _PACKAGE


if __name__ == "__main__":
    importlib.import_module(".pack", _package()).main()
