# SPDX-License-Identifier: Apache-2.0
"""Counters for time differences, by MicroPython's names (micropython.md, 10)."""

try:
    from time import ticks_diff, ticks_ms, ticks_us
except ImportError:  # CPython
    from time import monotonic_ns

    def ticks_ms():
        """Milliseconds of a counter that only differences are taken of."""
        return monotonic_ns() // 1000000

    def ticks_us():
        """Microseconds of the same counter."""
        return monotonic_ns() // 1000

    def ticks_diff(later, earlier):
        """The signed difference of two readings."""
        return later - earlier


__all__ = ("ticks_diff", "ticks_ms", "ticks_us")
