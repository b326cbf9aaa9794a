# SPDX-License-Identifier: Apache-2.0
"""SM3 in plain Python: the reference of its twins (twins.py).

A word of 32 bits is two halves of 16 here (names in h and l): on a 32-bit board integers of 2^30
and more are heap objects, and one block of whole words leaves 140 KB of garbage there
(docs/performance.md). Nothing on the way reaches 2^30.
"""

from array import array

WORD = "plain"
BLOCK = 64


def _turned(j):
    """T of GB/T 32905 §4.2, turned by the number of its round."""
    word = 0x79CC4519 if j < 16 else 0x7A879D8A
    word = (word << j % 32 | word >> 32 - j % 32) & 0xFFFFFFFF
    return word >> 16, word & 0xFFFF


ROUNDS = array("H", [half for j in range(64) for half in _turned(j)])


def steps(state, data, whole):
    """Generator: take data[:whole], whole blocks, into `state`. A slice: a quarter of a block."""
    w = array("H", bytes(272))  # the words of one block, 68
    for at in range(0, whole, BLOCK):
        yield from _compress(state, w, data, at)


def _expand(w, data, at):
    """The 68 words of the block at `at` (GB/T 32905 §5.3.2)."""
    for j in range(32):
        w[j] = data[at] << 8 | data[at + 1]
        at += 2
    for j in range(32, 136, 2):
        yh, yl = w[j - 6], w[j - 5]
        xh = w[j - 32] ^ w[j - 18] ^ ((yh & 1) << 15 | yl >> 1)
        xl = w[j - 31] ^ w[j - 17] ^ ((yl & 1) << 15 | yh >> 1)
        yh, yl = w[j - 26], w[j - 25]
        yh, yl = (yh << 7 | yl >> 9) & 0xFFFF, (yl << 7 | yh >> 9) & 0xFFFF
        yh ^= w[j - 12] ^ ((xh & 1) << 15 | xl >> 1) ^ (xl << 7 | xh >> 9) & 0xFFFF
        yl ^= w[j - 11] ^ ((xl & 1) << 15 | xh >> 1) ^ (xh << 7 | xl >> 9) & 0xFFFF
        w[j], w[j + 1] = xh ^ yh, xl ^ yl


def _compress(state, w, data, at):
    """Generator: take the block at `at` into `state` (GB/T 32905 §5.3.3). A slice: 16 rounds."""
    _expand(w, data, at)
    yield
    rounds = ROUNDS
    ah, al, bh, bl, ch, cl, dh, dl, eh, el, fh, fl, gh, gl, hh, hl = state
    for first in range(0, 128, 32):
        for j in range(first, first + 32, 2):
            th, tl = (ah << 12 | al >> 4) & 0xFFFF, (al << 12 | ah >> 4) & 0xFFFF
            yl = tl + el + rounds[j + 1]
            yh = th + eh + rounds[j] + (yl >> 16) & 0xFFFF
            yl &= 0xFFFF
            xh, xl = (yh << 7 | yl >> 9) & 0xFFFF, (yl << 7 | yh >> 9) & 0xFFFF  # SS1
            yh, yl = hh + xh + w[j], hl + xl + w[j + 1]  # TT2
            xh, xl = dh + (xh ^ th) + (w[j] ^ w[j + 8]), dl + (xl ^ tl) + (w[j + 1] ^ w[j + 9])
            if first:
                xh += ah & bh | ch & (ah | bh)  # FF, TT1
                xl += al & bl | cl & (al | bl)
                yh += gh ^ eh & (fh ^ gh)  # GG
                yl += gl ^ el & (fl ^ gl)
            else:
                xh += ah ^ bh ^ ch
                xl += al ^ bl ^ cl
                yh += eh ^ fh ^ gh
                yl += el ^ fl ^ gl
            dh, dl = ch, cl  # in pairs: MicroPython makes a tuple of more
            ch, cl = (bh << 9 | bl >> 7) & 0xFFFF, (bl << 9 | bh >> 7) & 0xFFFF
            bh, bl = ah, al
            ah, al = xh + (xl >> 16) & 0xFFFF, xl & 0xFFFF
            hh, hl = gh, gl
            gh, gl = (fl << 3 | fh >> 13) & 0xFFFF, (fh << 3 | fl >> 13) & 0xFFFF
            fh, fl = eh, el
            yh, yl = yh + (yl >> 16) & 0xFFFF, yl & 0xFFFF
            eh = yh ^ (yh << 9 | yl >> 7) & 0xFFFF ^ (yl << 1 | yh >> 15) & 0xFFFF
            el = yl ^ (yl << 9 | yh >> 7) & 0xFFFF ^ (yh << 1 | yl >> 15) & 0xFFFF
        yield
    for j, half in enumerate((ah, al, bh, bl, ch, cl, dh, dl, eh, el, fh, fl, gh, gl, hh, hl)):
        state[j] ^= half
