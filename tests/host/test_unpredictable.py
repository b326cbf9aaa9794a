# SPDX-License-Identifier: Apache-2.0
"""9F37 over a million taps."""

import os

from firmware.devices.sources import UnpredictableNumbers


def test_no_number_should_come_twice_in_a_million():
    """QT-030."""
    numbers = UnpredictableNumbers(os.urandom)
    assert len({numbers.draw() for _ in range(1_000_000)}) == 1_000_000
