#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the image of a Pico again in another folder, from nothing but the sources that were fetched,
# and compares it with the one of this checkout. Status 1 when a byte differs, 3 when the sources were
# changed meanwhile.
set -eu
cd "$(dirname "$0")/.."
other=$(mktemp -d)/a-folder-with-a-longer-name/faretap
trap 'rm -rf "${other%/a-folder*}"' EXIT
mkdir -p "$other/build/micropython"
cp -a firmware host_tools sim tools "$other/"
tools/micropython.sh pico
for one in build/micropython/micropython-* build/micropython/mbedtls build/micropython/sdk \
    build/micropython/.fetched-* build/micropython/*.orig.tar.* build/micropython/*.deb; do
    cp -a "$one" "$other/build/micropython/"
done
home=$other/build/micropython
rm -rf "$home"/micropython-*/ports/*/build-* "$home"/micropython-*/mpy-cross/build
for name in pico-sdk tinyusb; do
    ln -sfn "$home/sdk/usr/src/$name" "$(echo "$home"/micropython-*+ds)/lib/$name"
done
"$other/tools/micropython.sh" pico
for one in firmware host_tools sim tools; do
    diff -rq --exclude __pycache__ "$one" "$other/$one" || {
        echo "image: the sources were changed while it was built: start again" >&2
        exit 3
    }
done
sha256sum build/micropython/pico.bin build/micropython/pico.uf2
(cd "$other" && sha256sum build/micropython/pico.bin build/micropython/pico.uf2)
cmp build/micropython/pico.uf2 "$home/pico.uf2"
echo "image: the same, byte for byte"
