# SPDX-License-Identifier: Apache-2.0
"""Before main.py: mounts the region `files` of firmware/boot/layout.py."""

import sys

import rp2
import vfs

from firmware.boot import layout

first, count = layout.region(layout.row("pico"), "files")
device = rp2.Flash(start=first * layout.BLOCK_BYTES, len=count * layout.BLOCK_BYTES)
try:
    files = vfs.VfsLfs2(device, progsize=256)
except OSError:
    vfs.VfsLfs2.mkfs(device, progsize=256)
    files = vfs.VfsLfs2(device, progsize=256)
vfs.mount(files, "/")

for name in ("firmware.boot.layout", "firmware.boot", "firmware"):
    del sys.modules[name]  # of the frozen release: another one may be started
del count, device, files, first, layout, name, rp2, sys, vfs
