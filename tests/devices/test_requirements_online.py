# SPDX-License-Identifier: Apache-2.0
"""A card that wants its issuer asked, at terminals without a line to it (JR/T 0025.12 §7.8.3)."""

from firmware.kernel import tags
from tests.small_card import SmallCard, bend
from tests.stand import Stand

GONE_WITHOUT_TC = (tags.AFL, tags.SDAD)


def asks_online():
    """A card that answers every GPO with an ARQC and keeps its money."""
    card = SmallCard()

    def arqc(pairs):
        card.balance_fen, card.restore = card.restore, None
        kept = [pair for pair in pairs if pair[0] not in GONE_WITHOUT_TC]
        iad = bytes.fromhex("07010103A0000001")
        return [(tag, iad if tag == tags.IAD else value) for tag, value in kept]

    card.edit = bend("80A8", arqc)
    return card


def test_card_that_wants_online_should_be_declined_where_there_is_none():
    """QT-115, QT-255: offline only, or capable by its TTQ but with no line; nothing charged."""
    for ttq, reason in (("28000080", "online_required"), ("20000080", "card_requested_online")):
        stand, card = Stand(), asks_online()
        stand.terminal.sale.qualify = lambda amount_fen, aid=None: (bytes.fromhex(ttq), "")  # noqa: B023
        event = stand.tap(card)
        assert (event["message"], event["taken"], event["cryptogram"]) == (reason, False, "ARQC")
        assert stand.shown() == "red" and ("beep", "no", 0) in stand.log
        assert card.debits == [] and card.balance_fen == 10000
        assert [command[1] for command in card.sent].count(0xB2) == 0
        assert "approved" not in stand.kinds()
        assert stand.tap(SmallCard("6228000100000028"))["message"] == "ok"
