# SPDX-License-Identifier: Apache-2.0
"""Before main.py: mounts the region `files` of firmware/boot/layout.py."""

import sys

import rp2
import vfs

from firmware.boot import files, layout

first, count = layout.region(layout.row("pico"), "files")
device = rp2.Flash(start=first * layout.BLOCK_BYTES, len=count * layout.BLOCK_BYTES)
found = files.opened(vfs, device)
if found:
    vfs.mount(found, "/")  # else code 92: safe mode (firmware/main.py)

for name in ("firmware.boot.files", "firmware.boot.layout", "firmware.boot", "firmware"):
    del sys.modules[name]  # of the frozen release: another one may be started
del count, device, files, first, found, layout, name, rp2, sys, vfs
