# SPDX-License-Identifier: Apache-2.0
"""Whether a slot holds what was verified: asked at each start, so a hash and no signature."""

import hashlib

from firmware.formats.signed import HEAD, MAGIC

SLICE = 2048


def is_whole(opener, size, digest):
    """Whether opener() gives a signed file of so many bytes whose payload has this SHA-256."""
    try:
        blob = opener()
    except OSError:
        return False
    try:
        head = blob.read(0, HEAD)
        if blob.size != size or len(head) < HEAD or head[:4] != MAGIC or head[23:55] != digest:
            return False
        start = HEAD + (head[55] << 8 | head[56])
        if start + int.from_bytes(head[19:23], "big") != size:
            return False
        hashed = hashlib.sha256()
        for at in range(start, size, SLICE):
            hashed.update(blob.read(at, min(SLICE, size - at)))
        return hashed.digest() == digest
    except OSError:
        return False
    finally:
        blob.close()
