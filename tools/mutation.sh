#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Mutation testing with mutmut in an environment of its own, build/mutation/env. Arguments: see tools/mutation.py.
set -eu
cd "$(dirname "$0")/.."
env=build/mutation/env

if [ ! -x "$env/bin/mutmut" ] || [ tools/mutation.lock -nt "$env/pyvenv.cfg" ]; then
    "${PYTHON:-python3}" -m venv --clear "$env"
    "$env/bin/pip" install -qq --disable-pip-version-check --require-hashes -r tools/mutation.lock
fi
exec "$env/bin/python" tools/mutation.py "$@"
