# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
# ruff: noqa: F821 - viper's own types
"""SM3 in viper, for MicroPython as others ship it: a twin of sm3_plain.py.

A word of viper is one of the machine: right where that has 32 bits and wrong where it has 64. That
is found out before anything is hashed with it (twins.py).
"""

from array import array

import micropython

WORD = "viper"
BLOCK = 64
AT_ONCE = 4 * BLOCK


def _constant(j):
    word = 0x79CC4519 if j < 16 else 0x7A879D8A
    return (word << j % 32 | word >> 32 - j % 32) & 0xFFFFFFFF


ROUNDS = array("I", [_constant(j) for j in range(64)])
WORDS = array("I", bytes(272))  # of one block, 68: no slice ends inside of a block


@micropython.viper
def _compress(halves: ptr16, block: ptr8, at: int):
    w = ptr32(WORDS)
    constants = ptr32(ROUNDS)
    j = 0
    while j < 16:
        w[j] = block[at] << 24 | block[at + 1] << 16 | block[at + 2] << 8 | block[at + 3]
        at += 4
        j += 1
    while j < 68:
        y = uint(w[j - 3])
        x = uint(w[j - 16]) ^ uint(w[j - 9]) ^ (y << 15 | y >> 17)
        y = uint(w[j - 13])
        x ^= (x << 15 | x >> 17) ^ (x << 23 | x >> 9)
        w[j] = int(x ^ (y << 7 | y >> 25)) ^ w[j - 6]
        j += 1
    a = uint(halves[0] << 16 | halves[1])
    b = uint(halves[2] << 16 | halves[3])
    c = uint(halves[4] << 16 | halves[5])
    d = uint(halves[6] << 16 | halves[7])
    e = uint(halves[8] << 16 | halves[9])
    f = uint(halves[10] << 16 | halves[11])
    g = uint(halves[12] << 16 | halves[13])
    h = uint(halves[14] << 16 | halves[15])
    j = 0
    while j < 64:
        turned = a << 12 | a >> 20
        x = turned + e + uint(constants[j])
        x = x << 7 | x >> 25  # SS1
        y = h + x + uint(w[j])  # TT2
        x = d + (x ^ turned) + uint(w[j] ^ w[j + 4])  # TT1
        if j < 16:
            x += a ^ b ^ c
            y += e ^ f ^ g
        else:
            x += a & b | c & (a | b)
            y += g ^ e & (f ^ g)
        d = c
        c = b << 9 | b >> 23
        b = a
        a = x
        h = g
        g = f << 19 | f >> 13
        f = e
        e = y ^ (y << 9 | y >> 23) ^ (y << 17 | y >> 15)
        j += 1
    w[0] = int(a)
    w[1] = int(b)
    w[2] = int(c)
    w[3] = int(d)
    w[4] = int(e)
    w[5] = int(f)
    w[6] = int(g)
    w[7] = int(h)
    j = 0
    while j < 8:
        halves[2 * j] ^= w[j] >> 16
        halves[2 * j + 1] ^= w[j]
        j += 1


def steps(state, data, whole):
    """Generator: take data[:whole], whole blocks, into `state`. A slice: four blocks."""
    for first in range(0, whole, AT_ONCE):
        for at in range(first, min(first + AT_ONCE, whole), BLOCK):
            _compress(state, data, at)
        yield
