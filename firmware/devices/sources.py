# SPDX-License-Identifier: Apache-2.0
"""Where the values come from that a terminal brings to a card: TTQ and 9F37, made for each amount
and each GPO, and what stays the same.

The first two are handed to the terminal as parts, so that a replay can bring the recorded ones.
"""

import hashlib

from firmware.errors import FormatError
from firmware.kernel import selection, tags
from firmware.kernel.preprocess import preprocess

ROUNDS = 6
KEY_BYTES = 16

CONFIGURATION = (  # what a terminal holds from its installation on, tag and bytes (QT-010)
    (tags.CAPABILITIES, 3),
    (tags.MORE_CAPABILITIES, 5),
    (tags.IFD_SERIAL, 8),
    (tags.COUNTRY, 2),
    (tags.TERMINAL_ID, 8),
    (tags.TERMINAL_TYPE, 1),
    (tags.CURRENCY, 2),
    (tags.CURRENCY_EXPONENT, 1),
)


class UnpredictableNumbers:
    """9F37: four bytes, new for every GPO (QT-030, QT-097).

    Among some 77,000 numbers of four random bytes two equal ones are likely. So a counter goes
    through a permutation of all 32-bit numbers, a Feistel network under a key drawn at the start:
    nobody without the key foretells the next number, and none comes twice before the next start.

    health: a random_health.Health that looks at every byte of the source, or None.
    """

    def __init__(self, random_bytes, health=None):
        self.random_bytes = random_bytes
        self.health = health
        self.last = b""
        self.key = b""
        self.count = 0

    def draw(self):
        """Four bytes, or b"" when the source repeats itself: then nothing may be sold (QT-030)."""
        sample = self.random_bytes(KEY_BYTES)
        stuck = len(sample) != KEY_BYTES or sample == self.last or sample == sample[:1] * KEY_BYTES
        self.last = sample
        if self.health and not self.health.take(sample):
            return b""
        if stuck:
            return b""
        self.key = self.key or sample
        self.count += 1
        left, right = self.count >> 16 & 0xFFFF, self.count & 0xFFFF
        for turn in range(ROUNDS):
            mixed = hashlib.sha1(self.key + bytes((turn, right >> 8, right & 0xFF))).digest()
            left, right = right, left ^ (mixed[0] << 8 | mixed[1])
        return bytes((left >> 8, left & 0xFF, right >> 8, right & 0xFF))


class Qualifiers:
    """The TTQ for an amount by the parameters (JR/T 0025.12 §6.2.2)."""

    def __init__(self, parameters):
        self.parameters = parameters

    def qualify(self, amount_fen, aid=None, extended=False):
        """(TTQ, "") or (None, reason): the ceiling (TD-006) and pre-processing.

        aid: the card's, once it is selected; None: before a card is there, when one listed
        application that may be used is enough (QT-026). extended: an amount of nothing is one.
        """
        known = self.parameters
        if amount_fen is not None and amount_fen > known.ceiling_fen:
            return None, "over_ceiling"
        one = selection.listed(aid, known.aids) if aid else None
        for listed in (one,) if one else known.aids:
            limits = known.aid_limits.get(listed.aid, known.limits)
            answer = preprocess(amount_fen, limits, known.ttq, known.status_check, extended)
            if answer[0]:
                break
        return answer


def standing_values(settings, parameters):
    """Dict tag -> bytes of what is the same for every card. FormatError when an item of the
    configuration is missing or of wrong length: such a terminal does not start (QT-010).
    """
    values = dict(parameters.standing)
    values[tags.TERMINAL_ID] = settings.terminal_id.encode()
    values[tags.IFD_SERIAL] = settings.ifd_serial.encode()
    for tag, count in CONFIGURATION:
        if len(values.get(tag, b"")) != count:
            raise FormatError("configuration: %X must have %d bytes" % (tag, count))
    return values
