#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds MicroPython from source with our code frozen into it, as the image of a product has it:
#   unix32   build/micropython/micropython32: the unix port with 32 bits, single precision floats and
#            firmware/ frozen, for the heap of a Pico W (docs/porting.md)
#   pico     build/micropython/pico.uf2 and pico.bin: the image of a Raspberry Pi Pico, firmware/ frozen
#   pico DEVICE  build/micropython/pico_DEVICE.uf2 and .bin: the same with what this device needs frozen, and no other
#   stock_pico  build/micropython/stock_pico.uf2: MicroPython of a Pico with nothing of ours in it, for tests
#   qemu     build/micropython/qemu.elf: QEMU's board mps2-an385 (Cortex-M3) with 600 KB of heap; firmware, kernel, formats
#            and their tests frozen; installs qemu-system-arm
#   natmod ARCHITECTURE   build/micropython/natmod/ARCHITECTURE/faretap_sm.mpy: the C code of native/ for
#            an interpreter as others ship it: armv6m (Pico), armv7emsp (Pico 2), x64 ..
#   fresh    builds nothing, status 1 when unix32 would
#   packages only installs the compilers and QEMU
#   source   only fetches what all of them are made of
# Without a word: unix32. Nothing is done when nothing has changed; where only our code has, it is
# compiled and linked again (seconds). Status 3 and a sentence when sources or compiler
# cannot be had, 1 when they are not what they should be or do not build.
# Sources come from the Debian mirror that this machine's apt is set to, out of the suite trixie, by an
# apt configuration in build/: the system's apt sources stay as they are, nothing of trixie is installed.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
home=$root/build/micropython
log=$home/log.txt
version=1.25.0+ds
epoch=1744675200 # 2025-04-15, the day of this MicroPython: the date of every image, whenever it is built
tree=$home/micropython-$version
mkdir -p "$home"
exec 9>"$home/.lock"
flock 9 # one build at a time

# name, sha256. MicroPython is pinned. mbedtls moves with Debian's security updates: of it only the two
# hashes are compiled, and apt has checked it against the signed index, so another one is said and used.
micropython_sha256=7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea
mbedtls_sha256=8fb65fae8dcae5840f793c0a334860a411f884cc537ea290ce1c52bb64ca007a

sdk_version=2.1.1-1
sdk_sha256=507a3ca37636641bc90239d7c04dc9dc28c5008087a8162102ea94d2273153d3
tinyusb_version=0.18.0+dfsg-1
tinyusb_sha256=01ce2c645df68f14a8a7dcfc8fb355713152543757955820479a87949a61154e

packages="gcc gcc-multilib libc6-dev make python3 xz-utils bzip2" # of this machine's own Debian
arm_packages="cmake gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

cannot() { echo "micropython: $*" >&2; exit 3; }

run() { # status, what, command ...: its output into the log, the end of it shown when it fails
    status=$1; what=$2; shift 2
    echo "== $*" >>"$log"
    "$@" >>"$log" 2>&1 || { tail -n 12 "$log" >&2; echo "micropython: $what failed, see $log" >&2; exit "$status"; }
}

install_packages() { # names
    missing=$(for name in "$@"; do
        dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null | grep -q '^installed$' || echo "$name"
    done)
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086
    tools/clients.sh packages $missing || cannot "the compiler is not complete: see above what to install"
}

mirror() { # its address, from what apt here is set to
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2>/dev/null | sort -u | head -n 1
}

apt_of_its_own() { # address: the apt configuration in build/ through which sources come
    rm -rf "$home/apt"
    mkdir -p "$home/apt/lists/partial" "$home/apt/cache/archives/partial"
    printf '%s\n' "deb-src [signed-by=$keyring] $1 trixie main" "deb [signed-by=$keyring] $1 trixie main" \
        >"$home/apt/sources.list"
    cat >"$home/apt/apt.conf" <<END
Dir::Etc::sourcelist "$home/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::Lists "$home/apt/lists";
Dir::Cache "$home/apt/cache";
APT::Sandbox::User "$(id -un)";
END
    (
        cd "$home"
        APT_CONFIG=$home/apt/apt.conf run 3 "fetching the index" apt-get -q update
    )
}

reach_mirror() { # fills `address`
    command -v apt-get >/dev/null || cannot "its sources are fetched by apt-get, which is not here"
    address=$(mirror)
    if [ -z "$address" ]; then
        tools/clients.sh update || true
        address=$(mirror)
    fi
    [ -n "$address" ] || cannot "apt knows no Debian mirror: 'sudo apt-get update' first"
    echo "micropython: fetching the sources from $address"
    apt_of_its_own "$address"
}

fetch() {
    [ ! -f "$home/.fetched-$version" ] || return 0
    rm -rf "$tree" "$home"/mbedtls* "$home"/*.orig.tar.*
    reach_mirror
    (
        cd "$home"
        export APT_CONFIG=$home/apt/apt.conf
        run 3 "fetching the sources" apt-get -q source --download-only "micropython=$version-1" mbedtls
    )
    check "$micropython_sha256" "$home/micropython_$version.orig.tar.xz" || {
        echo "micropython: the source of $version is not the one that is pinned" >&2
        exit 1
    }
    check "$mbedtls_sha256" "$home"/mbedtls_*.orig.tar.* ||
        echo "micropython: another mbedtls than usual:" "$home"/mbedtls_*.orig.tar.*
    mkdir "$tree" "$home/mbedtls"
    tar -xf "$home/micropython_$version.orig.tar.xz" -C "$tree" --strip-components=1
    tar -xf "$home"/mbedtls_*.orig.tar.* -C "$home/mbedtls" --strip-components=1
    rm -rf "$tree/lib/mbedtls"
    ln -s ../../mbedtls "$tree/lib/mbedtls"
    touch "$tree/lib/micropython-lib/README.md" # what was stripped is not missed
    rm -rf "$home/apt"
    touch "$home/.fetched-$version"
}

fetch_sdk() { # what an RP2040 takes beside MicroPython: two packages, unpacked and not installed
    [ ! -f "$home/.fetched-sdk-$sdk_version" ] || return 0
    reach_mirror
    (
        cd "$home"
        export APT_CONFIG=$home/apt/apt.conf
        run 3 "fetching the SDK" apt-get -q download "pico-sdk-source=$sdk_version" "tinyusb-source=$tinyusb_version"
    )
    for one in "$sdk_sha256 pico-sdk-source" "$tinyusb_sha256 tinyusb-source"; do
        check "${one% *}" "$home/${one#* }"_*.deb || {
            echo "micropython: the package ${one#* } is not the one that is pinned" >&2
            exit 1
        }
        dpkg-deb -x "$home/${one#* }"_*.deb "$home/sdk"
    done
    for part in pico-sdk tinyusb; do
        rm -rf "$tree/lib/$part"
        ln -s "$home/sdk/usr/src/$part" "$tree/lib/$part"
    done
    rm -rf "$home/apt"
    touch "$home/.fetched-sdk-$sdk_version"
}

check() { echo "$1  $2" | sha256sum --check --status; }

frozen_files() { # what is frozen: what a board needs of the firmware; into the unix port all, and what plays days and soaks in it
    case "$1" in
        pico | pico_*) python3 -m host_tools.image.modules ${1#pico} ;;
        stock_pico) ;;
        qemu) # has no time, no files and no tasks: what needs none of them, and its tests
            find firmware sim/__init__.py sim/flash.py sim/textbook_*.py tests/kernel tests/formats -name '*.py' ! -path 'firmware/hal/*' | sort
            find tests -maxdepth 1 -name '*.py' ! -name 'test_*' ! -name 'conftest.py' | sort
            ;;
        *) find firmware -name '*.py' | sort; echo sim/__init__.py sim/stage.py sim/soak.py | tr ' ' '\n' ;;
    esac
}

write_manifest() { # target: the manifest, and whether anything has changed since the last image of it
    manifest=$home/manifest-$1.py
    {
        case "$1" in
            pico | pico_*) printf '%s\n' "freeze('\$(PORT_DIR)/modules', 'rp2.py')" "freeze('$root/tools/micropython/modules')" ;;
            stock_pico) echo "freeze('\$(PORT_DIR)/modules')" ;;
        esac
        [ "$1" = qemu ] || echo "include('\$(MPY_DIR)/extmod/asyncio')"
        frozen_files "$1" | sed "s|.*|freeze('$root', '&')|"
    } >"$manifest.fresh"
    mv "$manifest.fresh" "$manifest"
    { frozen_files "$1" | xargs --no-run-if-empty sha256sum; find tools/micropython -type f | sort | xargs sha256sum "$manifest" tools/micropython.sh; } >"$manifest.sums.fresh"
}

unchanged() { cmp -s "$manifest.sums" "$manifest.sums.fresh" && [ -e "$1" ]; }

unix32() {
    write_manifest unix32
    ! unchanged "$home/micropython32" || return 0
    # shellcheck disable=SC2086
    install_packages $packages
    fetch
    port=$tree/ports/unix
    : >"$log"
    began=$(date +%s)
    jobs=-j$(nproc)
    run 1 "mpy-cross" make "$jobs" -C "$tree/mpy-cross"
    rm -f "$port/build-32/frozen_content.c" # make does not see a changed manifest
    run 1 "the unix port" make "$jobs" -C "$port" VARIANT_DIR="$root/tools/micropython" BUILD=build-32 \
        FROZEN_MANIFEST="$manifest" USER_C_MODULES="$root/tools/micropython" MPY_CROSS_FLAGS=-march=x86
    cp "$port/build-32/micropython" "$home/micropython32.fresh"
    mv "$home/micropython32.fresh" "$home/micropython32"
    mv "$manifest.sums.fresh" "$manifest.sums"
    echo "micropython: build/micropython/micropython32 built in $(($(date +%s) - began)) s"
}

pico() {
    rp2 "pico${1:+_$1}" -DMICROPY_BOARD=FARETAP_PICO -DMICROPY_BOARD_DIR="$root/tools/micropython/FARETAP_PICO" \
        -DUSER_C_MODULES="$root/tools/micropython/native/micropython.cmake"
}

stock_pico() { rp2 stock_pico -DMICROPY_BOARD=RPI_PICO; }

rp2() { # name of the image, options of cmake: the same bytes from any folder on any day
    name=$1; shift
    write_manifest "$name"
    ! unchanged "$home/$name.uf2" || return 0
    # shellcheck disable=SC2086
    install_packages $packages $arm_packages
    : >"$log"
    fetch
    fetch_sdk
    port=$tree/ports/rp2
    build=$port/build-$name
    began=$(date +%s)
    jobs=-j$(nproc)
    run 1 "mpy-cross" make "$jobs" -C "$tree/mpy-cross"
    rm -f "$build/frozen_content.c" "$build/genhdr/mpversion.h"
    # no folder, date or commit of this machine gets in; cmake asks for flags once in the life of a folder
    grep -qs -e "-ffile-prefix-map" "$build/CMakeCache.txt" || rm -rf "$build"
    export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$epoch}" MICROPY_GIT_TAG="v${version%+*}" MICROPY_GIT_HASH=debian
    same="-ffile-prefix-map=$home=. -ffile-prefix-map=$root=."
    run 1 "the port" env CFLAGS="$same" CXXFLAGS="$same" ASMFLAGS="$same" \
        cmake -S "$port" -B "$build" "$@" -DMICROPY_FROZEN_MANIFEST="$manifest" -DPICO_NO_PICOTOOL=1
    run 1 "the image" make "$jobs" -C "$build"
    cp "$build/firmware.bin" "$home/$name.bin"
    cp "$build/firmware.elf" "$home/$name.elf" # for who looks into its memory (sim/pico_heap.py)
    run 1 "the UF2" python3 "$tree/tools/uf2conv.py" -b 0x10000000 -f 0xe48bff56 -c -o "$home/$name.uf2" "$home/$name.bin"
    made_of >"$home/$name.sources"
    mv "$manifest.sums.fresh" "$manifest.sums"
    echo "micropython: build/micropython/$name.uf2, $(stat -c %s "$home/$name.bin") bytes of flash, built in $(($(date +%s) - began)) s"
}

made_of() { # name, version, SHA-256 of each source that was used; then the compiler: for the image's manifest
    for one in "$home"/micropython_*.orig.tar.* "$home"/mbedtls_*.orig.tar.* "$home"/*-source_*.deb; do
        file=${one##*/}
        rest=${file#*_}
        rest=${rest%_all.deb}
        printf '%s %s %s\n' "${file%%_*}" "${rest%.orig.tar.*}" "$(sha256sum <"$one" | cut -d ' ' -f 1)"
    done
    printf 'compiler %s\n' "$(arm-none-eabi-gcc --version | head -n 1)"
}

qemu() {
    write_manifest qemu
    ! unchanged "$home/qemu.elf" || return 0
    # shellcheck disable=SC2086
    install_packages $packages $arm_packages qemu-system-arm
    : >"$log"
    fetch
    port=$tree/ports/qemu
    began=$(date +%s)
    jobs=-j$(nproc)
    run 1 "mpy-cross" make "$jobs" -C "$tree/mpy-cross"
    rm -f "$port/build-qemu/frozen_content.c" "$port/build-qemu/main.o" # nor a changed heap
    run 1 "the port" make "$jobs" -C "$port" BOARD_DIR="$root/tools/micropython/FARETAP_QEMU" BUILD=build-qemu \
        FROZEN_MANIFEST="$manifest" USER_C_MODULES="$root/tools/micropython" MICROPY_HEAP_SIZE=614400
    cp "$port/build-qemu/firmware.elf" "$home/qemu.elf"
    mv "$manifest.sums.fresh" "$manifest.sums"
    echo "micropython: build/micropython/qemu.elf built in $(($(date +%s) - began)) s"
}

natmod() { # architecture
    # shellcheck disable=SC2086
    install_packages $packages $arm_packages
    fetch
    : >"$log"
    run 1 "mpy-cross" make -C "$tree/mpy-cross"
    mkdir -p "$home/natmod/$1"
    run 1 "the native module" make -C "$root/tools/micropython/native" MPY_DIR="$tree" PYTHON="$root/.venv/bin/python" \
        ARCH="$1" BUILD="$home/natmod/$1/build"
    mv "$root/tools/micropython/native/faretap_sm.mpy" "$home/natmod/$1/"
    ls -l "$home/natmod/$1/faretap_sm.mpy"
}

fresh() { # status 1 when unix32 would have something to do
    write_manifest unix32
    unchanged "$home/micropython32" || { echo "micropython: build/micropython/micropython32 is stale" >&2; exit 1; }
}

set -- "${1:-unix32}" "${2:-}"
case "$1" in
    fresh) fresh ;;
    source) fetch ;;
    packages) install_packages $packages $arm_packages qemu-system-arm ;; # shellcheck disable=SC2086
    pico) pico "$2" ;;
    unix32 | stock_pico | qemu) "$1" ;;
    natmod) natmod "${2:?an architecture, e.g. armv6m}" ;;
    *) sed -n '3,20s/^# \?//p' "$0" >&2; exit 2 ;;
esac
