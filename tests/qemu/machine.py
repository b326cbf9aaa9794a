# SPDX-License-Identifier: Apache-2.0
"""MicroPython in QEMU: a Cortex-M3 with 600 KB of heap, spoken to at its prompt.

with Machine(IMAGE) as machine:
    said = machine.run("print(1 + 1)")       b"2"
"""

import os
import select
import subprocess
import time

ARGUMENTS = (
    "qemu-system-arm", "-machine", "mps2-an385", "-nographic", "-monitor", "null",
    "-semihosting", "-serial", "stdio", "-kernel",
)  # fmt: skip
STARTED_S = 600  # a second, where `make test` leaves it a processor
RAW, END = b"\x01", b"\x04"  # into the raw prompt; the end of a program, and of what it says


class Machine:
    """One run of QEMU. It takes bytes only where it waits for them, so each prompt is awaited."""

    def __init__(self, image):
        self.process = subprocess.Popen(
            [*ARGUMENTS, str(image)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.heard = b""

    def __enter__(self):
        self._await(b">>> ", STARTED_S)
        self._say(RAW)
        self._await(b"CTRL-B to exit\r\n>", STARTED_S)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def run(self, program, limit_s):
        """What a program prints; AssertionError with the trace when it ends in an exception."""
        self._say(program.encode() + END)
        self._await(b"OK", STARTED_S)
        printed = self._await(END, limit_s)
        trace = self._await(END + b">", STARTED_S)
        assert not trace, trace.decode()
        return printed.decode()

    def _say(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def _await(self, mark, limit_s):
        """Bytes in front of a mark; AssertionError when it does not come."""
        output, end_s = self.process.stdout.fileno(), time.monotonic() + limit_s
        while mark not in self.heard:
            left_s = end_s - time.monotonic()
            assert left_s > 0 and select.select([output], [], [], left_s)[0], self.heard[-500:]
            more = os.read(output, 4096)
            assert more, self.heard[-500:]
            self.heard += more
        before, _, self.heard = self.heard.partition(mark)
        return before
