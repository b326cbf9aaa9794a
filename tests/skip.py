# SPDX-License-Identifier: Apache-2.0
"""SkipTest("why"): raised by a shared test that cannot run here; both runners show it."""

try:
    from unittest import SkipTest
except ImportError:  # MicroPython has no unittest

    class SkipTest(Exception):
        """The same by name."""


__all__ = ["SkipTest"]
