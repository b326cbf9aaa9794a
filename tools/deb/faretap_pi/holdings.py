# SPDX-License-Identifier: Apache-2.0
"""What the journal of this machine still holds: read only, beside a terminal at work as well.

What cannot be read is never taken for nothing: its count is None.
"""

import os
from collections import namedtuple

from firmware.assemble import make_chain
from firmware.errors import FormatError
from firmware.journal import open_journal
from firmware.settings import parse

BLOCK_BYTES = 4096
DEFAULT = "/var/lib/faretap/journal.bin"

# count: records without an acknowledgement, None when nobody knows; path: of the journal, words:
# a sentence for people
Holdings = namedtuple("Holdings", ("count", "path", "words"))


class Image:
    """A flash of bytes in memory: what a start writes into it is lost with it."""

    def __init__(self, data):
        self.data = bytearray(data)

    def readblocks(self, block, buf, offset=0):
        """MicroPython's protocol (firmware/hal/__init__.py)."""
        at = block * BLOCK_BYTES + offset
        buf[:] = self.data[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        """Likewise."""
        at = block * BLOCK_BYTES + offset
        self.data[at : at + len(buf)] = buf

    def ioctl(self, op, arg=0):
        """Likewise: 4 counts blocks, 5 tells their size, 6 erases one."""
        if op == 6:
            self.writeblocks(arg, b"\xff" * BLOCK_BYTES)
        return {4: len(self.data) // BLOCK_BYTES, 5: BLOCK_BYTES}.get(op, 0)


def holdings(settings):
    """Holdings of the terminal of a settings file."""
    try:
        path, more = where(settings)
    except (FormatError, OSError) as wrong:
        path, more = DEFAULT, None
        if os.path.exists(path):
            return Holdings(None, path, "%s: nobody knows what it holds: %s" % (path, wrong))
    if not os.path.exists(path):
        return Holdings(0, path, "%s: there is no journal" % path)
    try:
        with open(path, "rb") as file:
            journal = open_journal(Image(file.read()), lambda: make_chain(more or {}))
    except (FormatError, OSError, ValueError) as wrong:
        return Holdings(None, path, "%s: cannot be read: %s" % (path, wrong))
    count = journal.next - 1 - journal.acknowledged
    words = "%s: %d records that the collector does not have" % (path, count)
    return Holdings(count, path, words)


def where(settings):
    """(path of the journal, what it is opened with) of a settings file. FormatError, OSError."""
    with open(settings, encoding="utf-8", errors="replace") as file:
        unit = parse(file.read(), settings)
    if unit.journal is None:
        return DEFAULT, unit.more
    return unit.journal[1], unit.more
