# SPDX-License-Identifier: Apache-2.0
"""SM3, the hash of the SM2 certificates and signatures (GB/T 32905-2016; JR/T 0025.17 §8.2).

The state is an array of 16 halves of words, the upper half of each first. What takes blocks into
it is one of the twins of twins.py: C, viper or plain Python.
"""

from array import array

from firmware.kernel import twins

BLOCK = 64  # bytes taken in at a time
START = twins.START  # GB/T 32905 §4.1
twin = next(twins.each_sm3())


class Sm3:
    """A hash in the making: update() or steps() as often as wanted, then digest()."""

    def __init__(self, state=START, length=0):
        """state: what the first `length` bytes, whole blocks, have made of START."""
        self.state = twins.halves_of(state)
        self.tail = b""
        self.length = length

    def steps(self, data):
        """Generator: take in more bytes. A slice is a quarter of a block at most in plain Python,
        a millisecond of blocks where the twin is compiled.
        """
        self.length += len(data)
        data = self.tail + data
        whole = len(data) // BLOCK * BLOCK
        self.tail = data[whole:]
        if whole:
            yield from twin.steps(self.state, data, whole)

    def update(self, data):
        """Take in more bytes at once."""
        for _ in self.steps(data):
            pass

    def digest(self):
        """The 32 bytes of what was taken in; more may follow."""
        state = array("H", self.state)
        rest = self.tail + b"\x80" + bytes((55 - self.length) % BLOCK)
        rest += (8 * self.length).to_bytes(8, "big")
        for _ in twin.steps(state, rest, len(rest)):
            pass
        return b"".join([half.to_bytes(2, "big") for half in state])


def sm3(data):
    """The 32 bytes of `data`."""
    made = Sm3()
    made.update(data)
    return made.digest()
