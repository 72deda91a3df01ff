#!/bin/sh
# Make .venv with the locked packages: `setup.sh run` for the bot alone, `setup.sh dev` for work on it.
# Works again after a change of the locks, without ensurepip, and after a change of Python.
set -eu
cd "$(dirname "$0")/.."

kind=${1:-run}
case $kind in
    run) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    *) echo "usage: setup.sh run|dev" >&2; exit 2 ;;
esac

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Actiebot needs Python 3.11 or newer; '$python' is not. Set PYTHON to one that is." >&2
    exit 2
fi
version=$("$python" -c 'import sys; print(sys.version, sys.base_prefix)')
wanted=$(cat "$lock" pyproject.toml | cksum)
stamp=".venv/.stamp-$kind"

# A .venv of another Python, or one whose folder was moved, is of no use.
if [ -e .venv ] && { [ "$(cat .venv/.python 2>/dev/null)" != "$version $PWD" ] || ! .venv/bin/python -c '' 2>/dev/null; }; then
    rm -rf .venv
fi
if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi

if [ ! -e .venv ]; then
    echo "Making .venv …"
    if ! "$python" -m venv .venv >/dev/null 2>&1; then
        # Debian leaves ensurepip out of python3; the pip outside can install into the .venv as well.
        rm -rf .venv
        "$python" -m venv --without-pip .venv
    fi
    echo "$version $PWD" > .venv/.python
fi
if .venv/bin/python -m pip --version >/dev/null 2>&1; then
    pip=".venv/bin/python -m pip"
elif "$python" -m pip --version >/dev/null 2>&1; then
    pip="$python -m pip --python .venv/bin/python"
else
    echo "pip is missing. Install it (on Debian: apt-get install python3-pip) and try again." >&2
    exit 2
fi

echo "Installing the packages of $lock …"
$pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$lock" ||
    $pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
$pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
.venv/bin/actiebot check >/dev/null 2>&1 || true  # indexes the example's answers, so that the first start is quick
echo "$wanted" > "$stamp"
