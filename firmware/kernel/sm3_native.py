# SPDX-License-Identifier: Apache-2.0
"""SM3 by the C module of the image (tools/micropython/native), a twin of sm3_plain.py."""

from faretap_sm import compress

WORD = "c"
BLOCK = 64
AT_ONCE = 6 * BLOCK  # bytes of a slice: a millisecond on an RP2040


def steps(state, data, whole):
    """Generator: take data[:whole], whole blocks, into `state`. A slice: 6 blocks."""
    for at in range(0, whole, AT_ONCE):
        compress(state, data, at, (min(AT_ONCE, whole - at)) // BLOCK)
        yield
