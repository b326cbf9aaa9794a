# SPDX-License-Identifier: Apache-2.0
"""Before main.py: mounts the file system in the first FILE_BLOCKS of the storage; what lies behind
belongs to the journal (firmware/hal/board.py, open_flash).
"""

import rp2
import vfs

FILE_BLOCKS = 64  # of 4 KB

device = rp2.Flash(start=0, len=FILE_BLOCKS * 4096)
try:
    files = vfs.VfsLfs2(device, progsize=256)
except OSError:
    vfs.VfsLfs2.mkfs(device, progsize=256)
    files = vfs.VfsLfs2(device, progsize=256)
vfs.mount(files, "/")

del device, files, rp2, vfs
