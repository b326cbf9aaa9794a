#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `python -m tests.fuzz` with atheris beside it, which is installed into build/fuzz/packages the first time.
# Where there is no wheel of it the command says so and ends with status 2.
set -eu
cd "$(dirname "$0")/.."
packages=build/fuzz/packages

if [ ! -d "$packages/atheris" ] || [ tools/fuzz.lock -nt "$packages" ]; then
    rm -rf "$packages"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --only-binary :all: --no-deps \
        --require-hashes --target "$packages" -r tools/fuzz.lock 2>build/fuzz.txt || true
fi
PYTHONPATH=$packages exec .venv/bin/python -m tests.fuzz "$@"
