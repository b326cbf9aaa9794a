# SPDX-License-Identifier: Apache-2.0
"""The keyed chain over the packed records of a journal (archive.py).

A link is the first 8 bytes of HMAC(key, link before || for each record: sequence (4), length (2),
record), with SHA-256 or SM3 (RFC 2104; both take blocks of 64 bytes). Who has the key finds a
record that was changed, taken out, put in or moved; records cut off at the end are found by their
numbers. With an empty key it finds accidents alone. Made while the terminal is idle: no tap waits
for it.
"""

import hashlib

LINK_BYTES = 8
FIRST = bytes(LINK_BYTES)  # before the first link of a journal
BLOCK_BYTES = 64
KEY_MOST_BYTES = 64


class Chain:
    """begin() a link, add() its records, link(). make_hash() -> an object with update, digest."""

    def __init__(self, key=b"", make_hash=hashlib.sha256):
        """ValueError for a key of more than 64 bytes."""
        if len(key) > KEY_MOST_BYTES:
            raise ValueError("a key of %d bytes" % len(key))
        self.key = key + bytes(BLOCK_BYTES - len(key))
        self.make_hash = make_hash
        self.inner = None

    def begin(self, before):
        """A link behind the link `before`."""
        self.inner = self._keyed(0x36)
        self.inner.update(before)

    def add(self, sequence, record):
        """One record of it."""
        self.inner.update(sequence.to_bytes(4, "big") + len(record).to_bytes(2, "big"))
        self.inner.update(record)

    def link(self):
        """The 8 bytes; the link is closed by it."""
        outer = self._keyed(0x5C)
        outer.update(self.inner.digest())
        self.inner = None
        return outer.digest()[:LINK_BYTES]

    def _keyed(self, pad):
        begun = self.make_hash()
        begun.update(bytes([one ^ pad for one in self.key]))
        return begun
