# SPDX-License-Identifier: Apache-2.0
"""The file system of a board of our own image: made where the flash is erased, never over damage.

A file system that cannot be mounted may still hold settings, parameters and keys; formatting it,
as the port's own start does, would turn a fault of a byte into a unit that has to be fetched. So
it is left as it is, and the start says so (code 92).
"""

PROGRAM_BYTES = 256
SUPERBLOCKS = (0, 1)  # of littlefs


def opened(vfs, device):
    """The VfsLfs2 on a block device, None where it is damaged."""
    try:
        return vfs.VfsLfs2(device, progsize=PROGRAM_BYTES)
    except OSError:
        pass
    head = bytearray(PROGRAM_BYTES)
    for block in SUPERBLOCKS:
        device.readblocks(block, head, 0)
        if bytes(head) != b"\xff" * len(head):
            return None
    vfs.VfsLfs2.mkfs(device, progsize=PROGRAM_BYTES)
    return vfs.VfsLfs2(device, progsize=PROGRAM_BYTES)
