# SPDX-License-Identifier: Apache-2.0
"""Waits for what a terminal process reports (sim/process.py)."""

import time


def wait_for(firmware, found, timeout_s=40):
    """Events up to the one for which found(event)."""
    seen, end = [], time.monotonic() + timeout_s
    while time.monotonic() < end:
        event = firmware.next_event(0.2)
        if event:
            seen.append(event)
            if found(event):
                return seen
    raise AssertionError(seen[-5:])
