#!/bin/sh
# Writes the locks anew from pyproject.toml and tools/go-toolchain.in: sh tools/lock.sh [--upgrade]
#
# The locks hold for every platform and Python that the project supports, name no package index and no path of the
# machine they were made on; tests/components/test_packaging.py checks that.
set -eu
cd "$(dirname "$0")/.."

uv=${UV:-uv}
if ! command -v "$uv" >/dev/null 2>&1; then
    cache=${EKS_OBSERVABILITY_CACHE:-$HOME/.cache/eks-observability}
    uv=$cache/uv/bin/uv
    if [ ! -x "$uv" ]; then
        .venv/bin/python -m venv "$cache/uv"
        "$cache/uv/bin/python" -m pip install --quiet --disable-pip-version-check uv
    fi
fi

compile() {
    UV_FIND_LINKS='' "$uv" pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" "$@"
}
compile "$@" --extra policies -o requirements.txt pyproject.toml
compile "$@" --extra policies --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml
compile "$@" -o tools/go-toolchain.txt tools/go-toolchain.in
