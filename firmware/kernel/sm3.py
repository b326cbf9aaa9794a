# SPDX-License-Identifier: Apache-2.0
"""SM3, the hash of the SM2 certificates and signatures (GB/T 32905-2016; JR/T 0025.17 §8.2).

Plain Python, right on words of 32 and of 64 bits: every value is cut to 32 bits before it is
turned.
"""

from array import array

BLOCK = 64  # bytes that are taken in at a time
M = 0xFFFFFFFF
START = (  # GB/T 32905 §4.1
    0x7380166F,
    0x4914B2B9,
    0x172442D7,
    0xDA8A0600,
    0xA96F30BC,
    0x163138AA,
    0xE38DEE4D,
    0xB0FB0E4E,
)


def _turned(word, count):
    return (word << count | word >> 32 - count) & M


# T of GB/T 32905 §4.2, turned by the number of its round
ROUNDS = array("I", [_turned(0x79CC4519 if j < 16 else 0x7A879D8A, j % 32) for j in range(64)])


class Sm3:
    """A hash in the making: update() as often as wanted, then digest()."""

    def __init__(self):
        self.state = array("I", START)
        self.tail = b""
        self.length = 0  # bytes taken

    def update(self, data):
        """Take in more bytes."""
        self.length += len(data)
        data = self.tail + data
        whole = len(data) // BLOCK * BLOCK
        for at in range(0, whole, BLOCK):
            _compress(self.state, data, at)
        self.tail = data[whole:]

    def digest(self):
        """The 32 bytes of what was taken in; more may follow."""
        state = array("I", self.state)
        rest = self.tail + b"\x80" + bytes((55 - len(self.tail)) % BLOCK)
        rest += (8 * self.length).to_bytes(8, "big")
        for at in range(0, len(rest), BLOCK):
            _compress(state, rest, at)
        return b"".join([word.to_bytes(4, "big") for word in state])


def sm3(data):
    """The 32 bytes of `data`."""
    made = Sm3()
    made.update(data)
    return made.digest()


def _expanded(data, at):
    """The 68 words of the block at `at` (GB/T 32905 §5.3.2)."""
    words = array("I", [0] * 68)
    for j in range(16):
        words[j] = int.from_bytes(data[at + 4 * j : at + 4 * j + 4], "big")
    for j in range(16, 68):
        x = words[j - 3]
        x = words[j - 16] ^ words[j - 9] ^ (x << 15 | x >> 17) & M
        y = words[j - 13]
        x ^= (x << 15 | x >> 17) & M ^ (x << 23 | x >> 9) & M
        words[j] = x ^ (y << 7 | y >> 25) & M ^ words[j - 6]
    return words


def _compress(state, data, at):
    """Take one block into `state` (GB/T 32905 §5.3.3)."""
    words = _expanded(data, at)
    rounds = ROUNDS
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        turned = (a << 12 | a >> 20) & M
        x = (turned + e + rounds[j]) & M
        x = (x << 7 | x >> 25) & M
        word = words[j]
        if j < 16:
            y = h + (e ^ f ^ g) + x + word
            x = (a ^ b ^ c) + d + (x ^ turned) + (word ^ words[j + 4])
        else:
            y = h + (e & f | ~e & g) + x + word
            x = (a & b | a & c | b & c) + d + (x ^ turned) + (word ^ words[j + 4])
        d, c, b, a = c, (b << 9 | b >> 23) & M, a, x & M
        y &= M
        h, g, f = g, (f << 19 | f >> 13) & M, e
        e = y ^ (y << 9 | y >> 23) & M ^ (y << 17 | y >> 15) & M
    for j, word in enumerate((a, b, c, d, e, f, g, h)):
        state[j] ^= word
