#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what `make test-clients` puts before the virtual chip and the virtual card:
#   env     Python drivers, build/clients/python, pinned by tools/clients.lock
#   node    Node drivers, build/clients/node, pinned by tools/clients/package-lock.json
#   debian  libnfc, pcscd with vpcd, pyscard, opensc, tshark
#   database PostgreSQL: the ledger of a city
#   broker  mosquitto: uploads by MQTT
#   browser Chromium and its driver, a font with Chinese signs: the page of `faretap panel`
#   packages NAME ..  Debian packages that another script needs; update: what apt knows of its mirror
# Without a word the first six; what cannot be had is said, and its tests are skipped. With a word that part alone, and
# the status says whether it is there.
set -eu
cd "$(dirname "$0")/.."
home=build/clients
mkdir -p "$home"

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"

debian_packages() { # names: installs those that are missing, or prints the command
    missing=
    for name in "$@"; do
        dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null | grep -q '^installed$' ||
            missing="$missing $name"
    done
    [ -n "$missing" ] || return 0
    echo "clients: installing the Debian packages$missing"
    # RUNLEVEL: daemons that the packages bring need not be started, the tests start their own.
    install() {
        # shellcheck disable=SC2086
        $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
            apt-get install -y -qq --no-install-recommends $missing >>"$home/debian.txt" 2>&1
    }
    if command -v apt-get >/dev/null && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
        install || { $sudo apt-get update -qq >>"$home/debian.txt" 2>&1 && install; } && return 0
        tail -n 3 "$home/debian.txt" >&2
    fi
    echo "clients: please run:  sudo apt-get install -y --no-install-recommends$missing" >&2
    return 1
}

debian() { # in one go, which is quicker; by parts where that fails, so that one does not keep the others away
    libnfc="libnfc-bin libnfc-examples libnfc-pn53x-examples"
    pcsc="pcscd vsmartcard-vpcd python3-pyscard"
    # shellcheck disable=SC2086
    debian_packages $libnfc $pcsc opensc tshark 2>/dev/null && return 0
    status=0
    for part in "$libnfc" "$pcsc" opensc tshark; do
        # shellcheck disable=SC2086
        debian_packages $part || status=1
    done
    return $status
}

python_env() {
    env=$home/python
    [ ! -f "$env/.ready" ] || [ tools/clients.lock -nt "$env/.ready" ] || return 0
    echo "clients: installing Python drivers into $env"
    python=${PYTHON:-python3}
    # One of them brings its C source only.
    command -v cc >/dev/null || debian_packages gcc libc6-dev || true
    "$python" -c 'import os, sysconfig
raise SystemExit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
        debian_packages python3-dev || true
    "$python" -m venv --clear "$env"
    pip="$env/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps"
    # setuptools first: it builds the others, without fetching a second one of its own choice.
    sed -n '/^setuptools==/,/^ *# via/p' tools/clients.lock >"$home/setuptools.lock"
    $pip -r "$home/setuptools.lock"
    $pip --no-build-isolation -r tools/clients.lock >"$home/python.txt" 2>&1 || one_by_one
    touch "$env/.ready"
}

one_by_one() { # what one package refuses must not keep the others away
    echo "clients: not all of tools/clients.lock can be installed; one by one" >&2
    rm -rf "$home/locks" && mkdir "$home/locks"
    awk -v home="$home/locks" '/^[a-z]/ {split($1, part, "=="); file = home "/" part[1]} file {print > file}' \
        tools/clients.lock
    for lock in "$home"/locks/*; do
        $pip --no-build-isolation -r "$lock" >>"$home/python.txt" 2>&1 ||
            echo "clients: $(basename "$lock") cannot be installed, see $home/python.txt" >&2
    done
}

node_env() {
    env=$home/node
    command -v npm >/dev/null || debian_packages nodejs npm || return 1
    [ ! -f "$env/.ready" ] || [ tools/clients/package-lock.json -nt "$env/.ready" ] || return 0
    echo "clients: installing Node drivers into $env"
    mkdir -p "$env"
    cp tools/clients/package.json tools/clients/package-lock.json "$env"
    if ! npm ci --prefix "$env" --ignore-scripts --no-audit --no-fund >"$home/node.txt" 2>&1; then
        tail -n 3 "$home/node.txt" >&2
        return 1
    fi
    touch "$env/.ready"
}

browser() { debian_packages chromium chromium-driver fonts-wqy-microhei; }

database() { # the server alone: no cluster is made, tests make their own in a temporary folder
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && return 0
    if [ ! -e /etc/postgresql-common/createcluster.conf ] && [ "$(id -u)" = 0 ]; then
        mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    fi
    debian_packages postgresql
}

broker() { debian_packages mosquitto; }

case "${1:-all}" in
    env) python_env ;;
    node) node_env ;;
    debian) debian ;;
    browser) browser ;;
    database) database ;;
    broker) broker ;;
    packages) shift; debian_packages "$@" ;;
    update) $sudo apt-get update -qq >>"$home/debian.txt" 2>&1 ;;
    all)
        # as commands, since a function behind || goes on after a failure
        tools/clients.sh debian || true
        tools/clients.sh browser || echo "clients: no Chromium: its tests will be shown as skipped" >&2
        tools/clients.sh database ||
            echo "clients: no PostgreSQL: its tests will be shown as skipped" >&2
        tools/clients.sh broker || echo "clients: no mosquitto: its tests will be shown as skipped" >&2
        tools/clients.sh env || echo "clients: no Python drivers, see $home/python.txt" >&2
        tools/clients.sh node || echo "clients: no Node drivers: their tests will be shown as skipped" >&2
        ;;
    *) sed -n '3,12s/^# \?//p' "$0" >&2; exit 2 ;;
esac
