# SPDX-License-Identifier: Apache-2.0
"""What a second tap has shown about a torn one: the words of torn.py and capp_torn.py."""

from collections import namedtuple

from firmware.kernel import outcome

RECOVERED = "recovered"
UNPROVEN = "unproven"
NOT_DEBITED = "not_debited"
SUSPECT = "suspect"
DEBITED_BEFORE = "debited_before"
MOVED_ON = "moved_on"
OTHER = "other"
LOST = "lost"

# verdict: a word above; outcome: the Outcome of RECOVERED and UNPROVEN, else None; detail for
# people
Verdict = namedtuple("Verdict", ("verdict", "outcome", "detail"))


def is_signed_anew(verdict):
    """True when what was read now was needed for the signature: the number in 9F69 is the card's
    alone. Version 00 verifies with nothing but what the entry holds.
    """
    return verdict.verdict == RECOVERED and verdict.outcome.oda == outcome.FDDA_01
