# SPDX-License-Identifier: Apache-2.0
"""SM3 by the textbook, words of 32 bits as they stand in GB/T 32905: what the kernel's is measured
against. Runs on CPython and MicroPython; shares no code with firmware/kernel/sm3.py.
"""

WORD = 0xFFFFFFFF
START = (
    0x7380166F,
    0x4914B2B9,
    0x172442D7,
    0xDA8A0600,
    0xA96F30BC,
    0x163138AA,
    0xE38DEE4D,
    0xB0FB0E4E,
)


def turned(word, count):
    """The word rotated to the left."""
    count %= 32
    return (word << count | word >> 32 - count) & WORD


def sm3(data):
    """The 32 bytes of `data`."""
    padded = data + b"\x80" + bytes((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "big")
    state = START
    for at in range(0, len(padded), 64):
        state = compressed(state, padded[at : at + 64])
    return b"".join([word.to_bytes(4, "big") for word in state])


def expanded(block):
    """The 68 words of a block (§5.3.2)."""
    words = [int.from_bytes(block[at : at + 4], "big") for at in range(0, 64, 4)]
    for j in range(16, 68):
        x = words[j - 16] ^ words[j - 9] ^ turned(words[j - 3], 15)
        x ^= turned(x, 15) ^ turned(x, 23)
        words.append(x ^ turned(words[j - 13], 7) ^ words[j - 6])
    return words


def compressed(state, block):
    """The state behind a block (§5.3.3)."""
    words = expanded(block)
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        ss1 = turned(turned(a, 12) + e + turned(0x79CC4519 if j < 16 else 0x7A879D8A, j) & WORD, 7)
        ss2 = ss1 ^ turned(a, 12)
        ff = a ^ b ^ c if j < 16 else a & b | a & c | b & c
        gg = e ^ f ^ g if j < 16 else e & f | ~e & g
        tt1 = ff + d + ss2 + (words[j] ^ words[j + 4]) & WORD
        tt2 = gg + h + ss1 + words[j] & WORD
        a, b, c, d = tt1, a, turned(b, 9), c
        e, f, g, h = tt2 ^ turned(tt2, 9) ^ turned(tt2, 17), e, turned(f, 19), g
    return [x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h))]
