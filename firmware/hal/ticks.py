# SPDX-License-Identifier: Apache-2.0
"""Counters for time differences, and waiting, by MicroPython's names (micropython.md, 10)."""

try:
    from time import sleep_ms, ticks_diff, ticks_ms, ticks_us
except ImportError:  # CPython
    from time import monotonic_ns, sleep

    def ticks_ms():
        """Milliseconds of a counter that only differences are taken of."""
        return monotonic_ns() // 1000000

    def ticks_us():
        """Microseconds of the same counter."""
        return monotonic_ns() // 1000

    def ticks_diff(later, earlier):
        """The signed difference of two readings."""
        return later - earlier

    def sleep_ms(duration_ms):
        """Do nothing for so long."""
        sleep(duration_ms / 1000)


__all__ = ("sleep_ms", "ticks_diff", "ticks_ms", "ticks_us")
