# SPDX-License-Identifier: Apache-2.0
"""A card refused at the gate loses nothing and is not asked twice (JR/T 0025.12 §7.4.1)."""

from firmware.kernel import tags
from tests.small_card import SmallCard, bend
from tests.stand import Stand


def swap(tag, value):
    """An `edit`: another value wherever the card has `tag`; None takes it out."""
    head = "80A8" if tag in (tags.SDAD, tags.AIP) else "00B2"

    def change(pairs):
        swapped = [(one, value if one == tag else old) for one, old in pairs]
        return [pair for pair in swapped if pair[1] is not None]

    return bend(head, change)


FORGED = swap(tags.SDAD, bytes(64))
CANNOT_SIGN = swap(tags.AIP, b"\x40\x00")
NO_EXPIRY = swap(tags.EXPIRY, None)
NO_KEY = swap(tags.CAPK_INDEX, b"\xee")
LATER = swap(tags.EFFECTIVE, bytes.fromhex("261122"))


def presented(stand, card):
    """(event, commands of this presentation, field resets in its first turn)."""
    before, resets = len(card.sent), stand.reader.resets
    stand.events[:] = []
    stand.reader.field = [card]
    stand.terminal.turn()
    count = stand.reader.resets - resets
    event = [one for one in stand.events if one["event"] == "tap"][0]
    for _ in range(5):
        stand.terminal.turn()
    stand.reader.field = []
    for _ in range(4):
        stand.terminal.turn()
    return event, card.sent[before:], count


def test_failed_gate_should_cost_the_card_nothing():
    """QT-158: field reset at once, not charged, the reason kept, one GPO though the card stays;
    its next tap starts from the old balance.
    """
    for edit, reason in (
        (FORGED, "oda_failed"),
        (CANNOT_SIGN, "oda_failed"),
        (NO_KEY, "oda_failed"),
        (NO_EXPIRY, "oda_failed"),
        (LATER, "not_yet_valid"),
    ):
        stand, card = Stand(), SmallCard()
        card.edit = edit
        event, sent, resets = presented(stand, card)
        assert (event["message"], event["taken"]) == (reason, False)
        assert resets == 1 and [command[1] for command in sent].count(0xA8) == 1
        assert "not charged" in [one[1] for one in stand.log if one[0] == "show"][-1]
        kind, values = stand.records()[-1]
        assert (kind, values["reason"]) == ("refused", reason)
        assert card.debits == [] and card.balance_fen == 9800 and card.restore == 10000
        card.edit = None
        event, _, _ = presented(stand, card)
        assert (event["message"], event["balance_fen"]) == ("ok", 9800)
        assert len(card.debits) == 1 and stand.kinds() == ["refused", "approved"]


def test_torn_tap_should_never_be_a_sale_by_itself():
    """QT-159: without its last record a TC is neither sale nor refusal, whatever 9F6C allows."""
    for ttq in ("28000080", "20000080"):
        stand, card = Stand(), SmallCard()
        stand.terminal.sale.qualify = lambda amount_fen, aid=None: (bytes.fromhex(ttq), "")  # noqa: B023
        card.gpo_extra += bytes.fromhex("9F6C023000")
        card.tear = (0xB2, -1, False)  # the last READ RECORD never arrives
        event = stand.tap(card)
        assert event["outcome"] == "torn_pending" and stand.kinds() == []
        stand.clock.advance(100)
        stand.terminal.turn()
        assert stand.kinds() == ["pending"] and stand.records()[0][1]["oda"] == ""
