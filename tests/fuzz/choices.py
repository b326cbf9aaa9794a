# SPDX-License-Identifier: Apache-2.0
"""Choices: decisions read off the bytes of a fuzzer, so that any bytes are a valid input.

When the bytes are used up everything is zero; a shorter input is a simpler case.
"""


class Choices:
    """Reads `data` from the front."""

    def __init__(self, data):
        self.data = bytes(data)
        self.at = 0

    def left(self):
        """Bytes not yet read."""
        return len(self.data) - self.at

    def take(self, count):
        """The next `count` bytes, filled with zeros behind the end."""
        taken = self.data[self.at : self.at + count]
        self.at += count
        return taken + bytes(count - len(taken))

    def byte(self):
        """0..255."""
        return self.take(1)[0]

    def below(self, count):
        """0..count-1, of one byte; `count` is at most 256."""
        return self.byte() % count

    def one_of(self, options):
        """One of a sequence of at most 256."""
        return options[self.below(len(options))]

    def rest(self):
        """All that is left."""
        rest = self.data[self.at :]
        self.at = len(self.data)
        return rest
