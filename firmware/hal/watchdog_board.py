# SPDX-License-Identifier: Apache-2.0
"""The watchdog of a board: machine.WDT. Not run on hardware.

Once begun it cannot be ended, not by a soft reset either. Who works at the board's console has
stopped the program by hand, and a reset in the middle of a file would harm: `hold` feeds from a
timer until the next real start.
"""

import sys

import machine

from firmware.hal.watchdog import Watchdog

RP2_MOST_MS = 8388  # 24 bits of half microseconds
HELD_MS = 1000
# CTRL of the watchdog and its bit ENABLE: RP2040 datasheet 4.7.6, RP2350 datasheet 12.9.7
CTRL_AT = 0x400D8000 if "RP2350" in getattr(sys.implementation, "_machine", "") else 0x40058000
ENABLE = 1 << 30
REASON_AT, TIMER = CTRL_AT + 8, 1  # why the watchdog reset the chip: its time was over

holders = []  # the timer that feeds, while somebody works at the console


def watchdog(timeout_ms):
    """Begin it, or give one that runs a new time-out."""
    release()
    dog = machine.WDT(timeout=min(timeout_ms, RP2_MOST_MS))
    return Watchdog("machine", begin, dog.feed).limit(timeout_ms)


def begin(timeout_ms):
    """The time-out in force: an RP2 knows none over 8388 ms."""
    if sys.platform == "rp2":
        timeout_ms = min(timeout_ms, RP2_MOST_MS)
    machine.WDT(timeout=timeout_ms)
    return timeout_ms


def is_running():
    """True when a watchdog was begun before, by this program or the one before a soft reset."""
    return sys.platform == "rp2" and bool(machine.mem32[CTRL_AT] & ENABLE)


def was_asked():
    """Whether the last reset was asked for: an RP2 resets itself by its watchdog, and MicroPython
    calls that a time-out too.
    """
    return sys.platform == "rp2" and not machine.mem32[REASON_AT] & TIMER


def hold():
    """Feed it from a timer, if it runs: nothing guards the program from here on."""
    if is_running() and not holders:
        dog = machine.WDT(timeout=RP2_MOST_MS)
        timer = machine.Timer(-1)
        timer.init(period=HELD_MS, callback=lambda _: dog.feed())
        holders.append(timer)


def release():
    """The program feeds by itself again."""
    while holders:
        holders.pop().deinit()
