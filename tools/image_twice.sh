#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the image of a Pico again in another folder, from nothing but the sources that were fetched,
# and compares it with the one of this checkout; prints size and SHA-256 of both. Status 1 when a byte
# differs, 3 when the sources were changed meanwhile or cannot be had.
set -eu
cd "$(dirname "$0")/.."
other=$(mktemp -d)/a-folder-with-a-longer-name/faretap
trap 'rm -rf "${other%/a-folder*}"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
tools/micropython.sh pico
echo "image: the same once more in another folder, from nothing: minutes"
home=$other/build/micropython
mkdir -p "$home"
cp -a firmware host_tools sim tools "$other/"
for one in build/micropython/micropython-* build/micropython/mbedtls build/micropython/sdk \
    build/micropython/.fetched-* build/micropython/*.orig.tar.* build/micropython/*.deb; do
    cp -a "$one" "$home/"
done
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
for folder in build/micropython "$home"; do
    for name in pico.bin pico.uf2; do
        printf '%9d bytes  SHA-256 %s  %s\n' "$(stat -c %s "$folder/$name")" \
            "$(sha256sum <"$folder/$name" | cut -d ' ' -f 1)" "$folder/$name"
    done
done
for name in pico.bin pico.uf2 pico.sources; do
    cmp "build/micropython/$name" "$home/$name"
done
echo "image: the same, byte for byte"
