# SPDX-License-Identifier: Apache-2.0
"""Bus reader: one flat fare, classes less (trade.py)."""

from firmware.devices.trade import Trade


def make(settings, parameters, hal, clock, report):
    """Trade of a bus."""
    return Trade(settings, parameters)
