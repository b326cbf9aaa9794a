# SPDX-License-Identifier: Apache-2.0
"""Where the two values come from that a terminal makes for each amount and each GPO: TTQ and 9F37.

Handed to the terminal as parts, so that a replay can bring the recorded ones.
"""

from firmware.kernel.preprocess import preprocess


class UnpredictableNumbers:
    """9F37: four bytes, new for every GPO (QT-030, QT-097)."""

    def __init__(self, random_bytes):
        self.random_bytes = random_bytes
        self.last = b""

    def draw(self):
        """Four bytes, or b"" when the source repeats itself: then nothing may be sold."""
        un = self.random_bytes(4)
        if un == self.last:
            return b""
        self.last = un
        return un


class Qualifiers:
    """The TTQ for an amount by the parameters (JR/T 0025.12 §6.2.2)."""

    def __init__(self, parameters):
        self.parameters = parameters

    def qualify(self, amount_fen):
        """(TTQ, "") or (None, reason): pre-processing, and the ceiling (TD-006)."""
        if amount_fen > self.parameters.ceiling_fen:
            return None, "over_ceiling"
        return preprocess(amount_fen, self.parameters.limits, self.parameters.ttq)
