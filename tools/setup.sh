#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes .venv in the checkout and installs what requirements.lock pins; the project itself as editable.
# System packages: installed when we are root on a Debian, otherwise the exact command is printed.
# PYTHON chooses the interpreter (3.11 or later). The Makefile calls this when lock or pyproject changed.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

debian_package() { # name: installs it, or says how and fails
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "setup: installing the Debian package $1"
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >/dev/null 2>&1 ||
            { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >/dev/null; }
    else
        echo "setup: please run:  sudo apt-get install -y $1" >&2
        return 1
    fi
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { echo "setup: Python 3.11 or later is needed; $python is $("$python" -V)" >&2; exit 1; }

if [ ! -x .venv/bin/pip ]; then
    "$python" -c 'import venv, ensurepip' 2>/dev/null || debian_package python3-venv
    "$python" -m venv .venv
fi
echo "setup: installing the pinned packages into .venv (the first time takes a minute)"
.venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .

if [ ! -f build/typings/machine.pyi ]; then
    .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes \
        --no-deps --target build/typings --upgrade -r tools/typings.lock
fi

touch .venv/.ready
