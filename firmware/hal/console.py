# SPDX-License-Identifier: Apache-2.0
"""Who sits at this program's own terminal: the USB line of a board, standard input elsewhere.

read(count, timeout_ms) takes what is there, as a byte stream does, and never waits; LinkLost at
its end, for a service has no such line.
"""

import os
import select
import sys

from firmware.errors import LinkLost


class Console:
    """Standard input and output as a byte stream."""

    def __init__(self):
        self.waiting = select.poll()
        self.waiting.register(sys.stdin, select.POLLIN)

    def read(self, count, timeout_ms=0):
        """What was typed, up to `count` bytes."""
        data = b""
        while len(data) < count and self.waiting.poll(0):
            one = read_some(count - len(data))
            if not one:
                raise LinkLost("nobody is at the console")
            data += one
        return data

    def write(self, data):
        """Show bytes of text."""
        sys.stdout.write(bytes(data).decode())
        if hasattr(sys.stdout, "flush"):
            sys.stdout.flush()


def read_some(count):
    """At least a byte, b"" at the end."""
    if hasattr(os, "read"):
        return os.read(0, count)
    return sys.stdin.buffer.read(1)  # MicroPython's waits for as many as it is asked for


def open_console():
    """The Console."""
    return Console()
