# SPDX-License-Identifier: Apache-2.0
"""A flash image in memory as a block device: recovering a journal from it changes no file."""

from firmware.errors import FormatError

PAGE_BYTES = 256


class FlashImage:
    """Blocks of `block_bytes` of a copy of `image`; FormatError when it is no whole number."""

    def __init__(self, image, block_bytes=4096):
        if not image or len(image) % block_bytes:
            raise FormatError("%d bytes are no blocks of %d" % (len(image), block_bytes))
        self.cells = bytearray(image)
        self.block_bytes = block_bytes

    def readblocks(self, block, buf, offset=0):
        at = block * self.block_bytes + offset
        buf[:] = self.cells[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * self.block_bytes + offset
        self.cells[at : at + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.cells) // self.block_bytes
        if op == 5:
            return self.block_bytes
        if op == 6:
            at = arg * self.block_bytes
            self.cells[at : at + self.block_bytes] = b"\xff" * self.block_bytes
        return 0
