#!/bin/sh
# Make .venv with the locked packages: `setup.sh run` for the bot alone, `setup.sh dev` for work on it.
# `setup.sh synapse` makes .venv-synapse, with the homeserver of the Matrix tests and `make synapse`.
# `setup.sh js` makes tests/js/node_modules, with the Matrix client that is not nio.
# Works again after a change of the locks, without ensurepip, and after a change of Python.
set -eu
cd "$(dirname "$0")/.."

kind=${1:-run}
case $kind in
    run) venv=.venv lock=requirements.lock made_from="requirements.lock pyproject.toml" ;;
    dev) venv=.venv lock=requirements-dev.lock made_from="requirements-dev.lock pyproject.toml" ;;
    synapse) venv=.venv-synapse lock=tests/synapse.lock made_from=tests/synapse.lock ;;
    js) made_from="tests/js/package.json tests/js/package-lock.json" ;;
    *) echo "usage: setup.sh run|dev|synapse|js" >&2; exit 2 ;;
esac
wanted=$(cat $made_from | cksum)

if [ "$kind" = js ]; then
    stamp=tests/js/node_modules/.stamp
    if [ -e $stamp ] && [ "$(cat $stamp)" = "$wanted" ]; then
        exit 0
    fi
    rm -f $stamp
    if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || ! npm --version >/dev/null 2>&1; then
        echo "node 20 or newer and npm are needed for it, and are not here." >&2
        exit 2
    fi
    echo "Installing the packages of tests/js/package-lock.json …"
    (cd tests/js && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 >/dev/null)
    echo "$wanted" > $stamp
    exit 0
fi

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Actiebot needs Python 3.11 or newer; '$python' is not. Set PYTHON to one that is." >&2
    exit 2
fi
version=$("$python" -c 'import sys; print(sys.version, sys.base_prefix)')
stamp="$venv/.stamp-$kind"

# A .venv of another Python, or one whose folder was moved, is of no use.
if [ "$(cat $venv/.python 2>/dev/null)" != "$version $PWD" ] || ! $venv/bin/python -c '' 2>/dev/null; then
    rm -rf $venv
fi
if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi
rm -f "$stamp"

if [ ! -e $venv ]; then
    echo "Making $venv …"
    if ! "$python" -m venv $venv >/dev/null 2>&1; then
        # Debian leaves ensurepip out of python3; the pip outside can install into the .venv as well.
        rm -rf $venv
        "$python" -m venv --without-pip $venv
    fi
    echo "$version $PWD" > $venv/.python
fi
if $venv/bin/python -m pip --version >/dev/null 2>&1; then
    pip="$venv/bin/python -m pip"
elif "$python" -m pip --version >/dev/null 2>&1; then
    pip="$python -m pip --python $venv/bin/python"
else
    echo "pip is missing. Install it (on Debian: apt-get install python3-pip) and try again." >&2
    exit 2
fi

echo "Installing the packages of $lock …"
# Of atomicwrites, which matrix-nio needs, there is no wheel.
$pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-binary atomicwrites -r "$lock" ||
    $pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
if [ $venv = .venv ]; then
    $pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    .venv/bin/actiebot check >/dev/null 2>&1 || true  # indexes the example's answers, so that the first start is quick
fi
echo "$wanted" > "$stamp"
