# SPDX-License-Identifier: Apache-2.0
"""Track 2 equivalent data: where the card number ends and what follows it (JR/T 0025.6 §8.1)."""

from firmware.kernel import bcd
from tests.refusal import refusal


def test_card_number_should_end_at_the_first_separator():
    track = bytes.fromhex("6228000100000010d351220d1234567f")
    assert bcd.pan_of_57(track) == ("6228000100000010", "3512")


def test_track_may_end_behind_its_expiry():
    """QT-132: 17 digits, D and YYMM fill eleven bytes."""
    assert bcd.pan_of_57(bytes.fromhex("62280001000000102d3512")) == ("62280001000000102", "3512")
    assert "expiry" in refusal(bcd.pan_of_57, bytes.fromhex("622800010000001023d351"))
