# SPDX-License-Identifier: Apache-2.0
"""Small cards (small_card.py) that refuse, or are refused, each in one way."""

from firmware.kernel import apdu, tags
from tests.small_card import SmallCard, bend, replaced


def declining():
    """A card that answers AAC, and what it holds stays."""
    card = SmallCard()
    iad, balance = bytes.fromhex("0701010380000001"), bytes.fromhex("000000010000")

    def aac(pairs):
        card.balance_fen, card.restore = 10000, None
        kept = replaced(replaced(pairs, tags.IAD, iad), tags.AVAILABLE_OFFLINE_AMOUNT, balance)
        return [pair for pair in kept if pair[0] not in (tags.AFL, tags.SDAD)]

    card.edit = bend("80A8", aac)
    return card


def forged_late():
    """A card whose signature fails behind the last record."""
    card = SmallCard()
    wrong = b"\x01\x05" + bytes(6)
    card.edit = bend("00B2031C", lambda pairs: replaced(pairs, 0x9F69, wrong))
    return card


def expired():
    return SmallCard(expiry="261120")


def forged():
    card = SmallCard()
    card.edit = bend("80A8", lambda pairs: replaced(pairs, tags.SDAD, bytes(64)))
    return card


def torn(which):
    card = SmallCard()
    card.tear = (apdu.INS_READ_RECORD, which, True)
    return card
