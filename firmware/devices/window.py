# SPDX-License-Identifier: Apache-2.0
"""Spans of time that no step of the wall clock opens or closes: counted by the ticks of the clock.

A window is (ticks_ms when it was opened, ms it lasts from then). What comes out of the journal
after a start is dated by the wall clock and becomes a window once, by opened_before().
"""


def opened(clock, length_s):
    """Window of `length_s` from now on."""
    return (clock.ticks_ms(), length_s * 1000)


def opened_before(clock, length_s, time_utc_s, dated):
    """What is left of a window opened at `time_utc_s`; dated: Stamp.ages().

    All of it when the clock cannot tell or shows an earlier time: too long is a rider who is
    asked for the same card, too short is a rider who pays twice.
    """
    age_s = clock.time_utc_s() - time_utc_s if dated else 0
    return (clock.ticks_ms(), (length_s - max(0, age_s)) * 1000)


def left_ms(clock, window):
    """What is left of a window; 0 or less when it is over."""
    return window[1] - clock.ticks_diff(clock.ticks_ms(), window[0])
