# SPDX-License-Identifier: Apache-2.0
"""What a card has seen of a terminal that only reads its number (TD-022)."""

from sim.replay import INS_GPO


def gpos(log):
    """The cards in a part of Field.log that were sent a GPO, each once."""
    asked = [one.card for one in log if one.command[1:2] == bytes([INS_GPO])]
    return list(dict.fromkeys(asked))


def asked_to_pay(log, cards):
    """Sentences on cards that saw a GPO, or lost money, where nothing is sold."""
    faults = [f"card ..{card.pan[-4:]} was sent a GPO" for card in gpos(log)]
    return faults + [f"card ..{card.pan[-4:]} lost money" for card in cards if card.debits]
