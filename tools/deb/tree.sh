#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes build/deb/bookworm: a minimal clean Debian bookworm with what the package of a terminal depends on or
# recommends and nothing else, in which tests/deb installs it. Made once; made anew when that has changed.
# Packages come from the mirror that this machine's apt is set to. Status 3 and a sentence where that cannot be
# had: not root, no network, no mount.
set -eu
cd "$(dirname "$0")/../.."
home=build/deb
tree=$home/bookworm
log=$home/tree.txt
mkdir -p "$home"
exec 9>"$home/.lock"
flock 9 # one at a time

cannot() { echo "deb: $*" >&2; exit 3; }

depends=$(sed -n 's/^Depends: //p; s/^Recommends: //p' tools/deb/files/control | sed 's/([^)]*)//g; s/ //g' | paste -sd,)
key="$depends $(sha256sum tools/deb/tree.sh)"
[ "$(cat "$home/.tree" 2>/dev/null)" != "$key" ] || exit 0

[ "$(id -u)" = 0 ] || cannot "a clean Debian is made and entered by root alone"
unshare --mount true 2>/dev/null || cannot "mounting is not allowed here"
tools/clients.sh packages mmdebstrap || cannot "mmdebstrap is not here"

mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 'Codename: bookworm' 2>/dev/null |
        sort -u | head -n 1
}
address=$(mirror)
[ -n "$address" ] || { tools/clients.sh update || true; address=$(mirror); }
[ -n "$address" ] || cannot "apt knows no mirror of bookworm: 'sudo apt-get update' first"

echo "deb: making a clean bookworm from $address (the first time takes a minute)"
rm -rf "$tree" "$tree.new" "$home/.tree"
# What only people read stays out: a third of the bytes.
mmdebstrap --variant=essential --mode=root --include="$depends" --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/zoneinfo/*' \
    bookworm "$tree.new" "deb $address bookworm main" >"$log" 2>&1 ||
    { tail -n 4 "$log" >&2; rm -rf "$tree.new"; cannot "no clean bookworm, see $log"; }
mv "$tree.new" "$tree"
echo "$key" >"$home/.tree"
