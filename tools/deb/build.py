# SPDX-License-Identifier: Apache-2.0
"""Builds the Debian package of a terminal: make deb, or python tools/deb/build.py --help.

The same sources, number and SOURCE_DATE_EPOCH give the same bytes. Without a number it is that of
the commits behind HEAD, without an epoch HEAD's time; a tree without git has to be told both.
"""

import argparse
import gzip
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools/deb")]

from faretap_pi import BOARD  # noqa: E402 - behind its place

from firmware.formats import release, signed  # noqa: E402
from host_tools import release_files  # noqa: E402
from host_tools.cli import VERSION  # noqa: E402

HERE = ROOT / "tools/deb"
FILES = HERE / "files"
NAME = "faretap-terminal"
LIBRARY = "usr/lib/faretap"
DOCS = f"usr/share/doc/{NAME}"
# where it goes, where it is from, mode
PLACES = (
    ("usr/bin/faretap-terminal", FILES / "faretap-terminal", 0o755),
    ("usr/bin/faretap-release", FILES / "faretap-release", 0o755),
    ("lib/systemd/system/faretap-terminal.service", FILES / "faretap-terminal.service", 0o644),
    ("lib/udev/rules.d/60-faretap-reader.rules", FILES / "60-faretap-reader.rules", 0o644),
    ("etc/faretap/settings.txt", FILES / "settings.txt", 0o640),
    (f"{DOCS}/realtime.conf.example", FILES / "realtime.conf.example", 0o644),
    (f"{DOCS}/raspberry-pi.md", ROOT / "docs/raspberry-pi.md", 0o644),
    (f"{DOCS}/operation.md", ROOT / "docs/operation.md", 0o644),
)
COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: faretap

Files: *
Copyright: 2026 the faretap authors
License: Apache-2.0
 On Debian systems the text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
"""
EXAMPLES = """Examples:
  make deb
  make deb RELEASE=12
  make deb RELEASE_FILE=release.signed     (as `faretap release` has signed it)
"""


def main():
    """Build it; --twice builds it again from nothing and compares."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--number", type=int, help="number of the release, grows")
    parser.add_argument("--release-file", type=Path, help="a signed release in place of ours")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/deb", help="where it goes")
    parser.add_argument("--twice", action="store_true", help="build it twice, compare")
    asked = parser.parse_args()
    number = asked.number or int(git("rev-list", "--count", "HEAD"))
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct"))
    data = release_of(asked, number)
    number = int.from_bytes(data[8:12], "big")
    built = build(asked.folder, number, epoch, data)
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    print(f"{digest}  {shown(built)}  {built.stat().st_size:,} bytes, release {number}")
    if asked.twice:
        other = build(asked.folder / "again", number, epoch, release_of(asked, number))
        if other.read_bytes() != built.read_bytes():
            raise SystemExit(f"deb: {shown(built)} and {shown(other)} differ: not reproducible")
        print("built twice, the same bytes")


def release_of(asked, number):
    """The release's file: the one that is named, or ours, made anew."""
    return asked.release_file.read_bytes() if asked.release_file else release_file(number)


def shown(path):
    """A path as people type it."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def git(*words):
    """What git says of this checkout."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit("deb: no git here: give --number and SOURCE_DATE_EPOCH")
    return done.stdout.strip()


def release_file(number, body=None):
    """A release as host_tools/release_files.py makes it, unsigned: root vouches for a package.

    body: another zip than that of firmware/ as it is here.
    """
    body = body or release_files.zip_body(ROOT)
    values = {
        "board": BOARD,
        "number": number,
        "version": VERSION,
        "loader": release.LOADER,
        "body": release.ZIP,
        "digest": hashlib.sha256(body).digest(),
    }
    payload = release.pack(values, body, 0)
    digest = hashlib.sha256(payload).digest()
    head = signed.pack_head(
        signed.FIRMWARE, release.FORMAT, 0, number, "", len(payload), digest, 0
    )
    return head + payload


def sources(folder):
    """The Python files of a folder of the checkout, in order."""
    return sorted((ROOT / folder).rglob("*.py"))


def build(folder, number, epoch, packed, packing="xz"):
    """Path of the package built in `folder`; packing: of dpkg-deb, "none" for one that is not
    to be shipped.
    """
    version = f"{VERSION}+r{number}"
    tree = folder / "tree"
    subprocess.run(["rm", "-rf", str(tree)], check=True)
    for place, path, mode in places():
        put(tree, place, path.read_bytes(), mode)
    put(tree, f"{LIBRARY}/release", packed, 0o644)
    put(tree, f"{DOCS}/copyright", COPYRIGHT.encode(), 0o644)
    put(tree, f"{DOCS}/changelog.gz", changelog(version, epoch), 0o644)
    put_control(tree, version)
    for path in sorted(tree.rglob("*")):
        os.utime(path, (epoch, epoch))
        if path.is_dir():
            path.chmod(0o755)
    target = folder / f"{NAME}_{version}_all.deb"
    command = ["dpkg-deb", "--root-owner-group", f"-Z{packing}", "--threads-max=1", "--build"]
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    done = subprocess.run(
        [*command, str(tree), str(target)], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"deb: dpkg-deb: {done.stderr.strip()}")
    return target


def places():
    """PLACES and what Python takes: the installed release's firmware, and what is around it."""
    yield from PLACES
    for path in sources("firmware"):
        yield f"{LIBRARY}/installed/{path.relative_to(ROOT)}", path, 0o644
    for path in sources("tools/deb/faretap_pi"):
        yield f"{LIBRARY}/manager/{path.relative_to(HERE)}", path, 0o644


def put(tree, place, data, mode):
    """A file of the package."""
    path = tree / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)


def changelog(version, epoch):
    """Debian's, of one entry; what has changed stands in the project's own."""
    when = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(epoch))
    text = f"""{NAME} ({version}) stable; urgency=medium

  * See CHANGELOG.md of faretap {VERSION}.

 -- faretap maintainers <maintainers@faretap.invalid>  {when}
"""
    return gzip.compress(text.encode(), 9, mtime=0)


def put_control(tree, version):
    """DEBIAN/: control, conffiles, sums and scripts."""
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    kib = sum(-(-path.stat().st_size // 1024) for path in files)
    control = (FILES / "control").read_text()
    control = control.replace("@VERSION@", version).replace("@INSTALLED_KIB@", str(kib))
    names = [path.relative_to(tree).as_posix() for path in files]
    sums = "".join(
        f"{hashlib.md5((tree / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names
        if not name.startswith("etc/")
    )
    conffiles = "".join(f"/{name}\n" for name in names if name.startswith("etc/"))
    put(tree, "DEBIAN/control", control.encode(), 0o644)
    put(tree, "DEBIAN/md5sums", sums.encode(), 0o644)
    put(tree, "DEBIAN/conffiles", conffiles.encode(), 0o644)
    for script in ("postinst", "prerm", "postrm"):
        put(tree, f"DEBIAN/{script}", (FILES / script).read_bytes(), 0o755)


if __name__ == "__main__":
    main()
