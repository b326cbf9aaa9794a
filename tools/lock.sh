#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes requirements.lock (pyproject.toml and requirements.in) and the locks of tools/, hash-pinned; the
# lock of the Node drivers too.
# pip-tools lives in an environment of its own; no index, host or folder of this machine gets into the locks.
# UPGRADE=1 takes the newest versions instead of keeping what is locked.
set -eu
cd "$(dirname "$0")/.."

home=build/pip-tools
mkdir -p build
compile=${LOCK_WITH:-$home/bin/pip-compile}
if [ ! -x "$compile" ]; then
    "${PYTHON:-python3}" -m venv "$home"
    "$home/bin/pip" install --quiet pip-tools
    compile=$home/bin/pip-compile
fi

lock() { # output, then the inputs and their options
    output=$1
    shift
    CUSTOM_COMPILE_COMMAND="make lock" "$compile" --quiet --generate-hashes --strip-extras \
        --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
        ${UPGRADE:+--upgrade} --output-file "$output" "$@"
    if grep -nE 'https?://|file://|^-|^--(index|extra|find|trusted)' "$output"; then
        echo "$output names an index or a host" >&2
        exit 1
    fi
}

lock requirements.lock pyproject.toml requirements.in
for tool in typings fuzz mutation clients; do
    lock "tools/$tool.lock" "tools/$tool.in"
done

# The Node drivers of `make test-clients`; without npm their lock stays as it is.
if command -v npm >/dev/null; then
    npm "$([ -z "${UPGRADE:-}" ] && echo install || echo update)" --prefix tools/clients --package-lock-only \
        --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund >/dev/null
    .venv/bin/python - tools/clients/package-lock.json <<'END'
import json, pathlib, sys
path = pathlib.Path(sys.argv[1])
lock = json.loads(path.read_text())
for package in lock["packages"].values():
    package.pop("funding", None)  # addresses of hosts
path.write_text(json.dumps(lock, indent=2) + "\n")
END
    if grep -n '://' tools/clients/package-lock.json; then
        echo "tools/clients/package-lock.json names a host" >&2
        exit 1
    fi
fi
grep -c == requirements.lock tools/*.lock | sed 's/$/ packages/'
