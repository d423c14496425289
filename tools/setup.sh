#!/bin/sh
# Makes a clone ready: sh tools/setup.sh runtime|dev
#
# runtime is what `pulumi` and the offline cloud need, dev adds what tests and checks need. Finds a Python for the
# work (PYTHON=... names one); when everything is in place already, it costs a few milliseconds and starts nothing.
set -eu
cd "$(dirname "$0")/.."

tier=${1:-runtime}
case $tier in
    runtime) lock=requirements.txt ;;
    dev) lock=requirements-dev.txt ;;
    *) echo "usage: sh tools/setup.sh runtime|dev" >&2; exit 2 ;;
esac

# The lock that was installed is kept in the environment: same text, same packages.
if ! { [ -x .venv/bin/python ] && cmp -s "$lock" ".venv/$lock"; }; then
    found=
    bare=
    for python in ${PYTHON:-python3.13 python3.12 python3.11 python3 python python3.14}; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
        if "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            found=$python
            break
        fi
        bare=$python
    done
    if [ -z "$found" ] && [ -n "$bare" ]; then
        echo "error: $bare can't make virtual environments: install its venv package (Debian and Ubuntu:" \
            "apt install python3-venv) and run this again." >&2
        exit 1
    elif [ -z "$found" ]; then
        echo "error: no Python 3.11 or newer was found: install one, or name it as PYTHON=/path/to/python, and run" \
            "this again." >&2
        exit 1
    fi
    "$found" tools/setup.py "$tier"
fi

# The Pulumi CLI: the one named by PULUMI_CLI, the one in the cache, else the one on PATH or a new one.
if [ -z "${PULUMI_CLI:-}" ]; then
    version=$(sed -n 's,.*github.com/pulumi/pulumi/pkg/v3 v\([^ ]*\).*,\1,p' tools/pulumi/go.mod)
    cache=${EKS_OBSERVABILITY_CACHE:-$HOME/.cache/eks-observability}
    [ -x "$cache/pulumi-$version/bin/pulumi" ] || .venv/bin/python tools/build.py pulumi >/dev/null
fi
