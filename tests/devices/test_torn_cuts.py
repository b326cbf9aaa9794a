# SPDX-License-Identifier: Apache-2.0
"""The link is cut at every exchange of a tap and of the next one, on both interpreters.

A thin cut of tests/host/test_torn_everywhere.py, which has more kinds of cards and stories.
"""

from firmware.errors import LinkLost
from tests.small_card import SmallCard
from tests.stand import Stand

PAID = ("approved", "recovered")
EXCHANGES = 8  # PPSE, SELECT, GPO, five records
AGAIN = 7  # of the re-tap of a debit that stands


class CutCard(SmallCard):
    """Cut at exchange `cut` of the presentations to come, each once, before or after it acted."""

    def __init__(self, *cuts):
        super().__init__()
        self.cuts = list(cuts)

    def power_up(self):
        super().power_up()
        self.count = 0
        self.cut = self.cuts.pop(0) if self.cuts else (0, False)

    def exchange(self, command, spare=None):
        self.count += 1
        at, acted = self.cut
        if self.count == at and not acted or self.count > at > 0:
            raise LinkLost("gone before it acted")
        answer = super().exchange(command)
        if self.count == at:
            raise LinkLost("gone when it had acted")
        return answer


def story(*cuts):
    """(outcomes, kinds of the records) of a card that comes until it has paid."""
    stand, card, seen = Stand("same_card_s: 0"), CutCard(*cuts), []
    while not seen or seen[-1] not in PAID:
        seen.append(stand.tap(card)["outcome"])
        assert len(seen) <= len(cuts) + 1, cuts
    kinds = stand.kinds()
    assert stand.journal.pending() == [] and len(card.debits) == 1, cuts
    assert kinds.count("approved") == 1 and card.balance_fen == 9800, cuts
    return seen, kinds


def test_cut_anywhere_should_debit_once():
    """QT-102, QT-124, QT-165, QT-184: before and after the card acted."""
    for at in range(1, EXCHANGES + 1):
        for acted in (False, True):
            seen, kinds = story((at, acted))
            last = at == EXCHANGES
            assert seen[0] == ("torn_pending" if last else "try_again"), at
            assert seen[1] == ("recovered" if last and acted else "approved"), at
            assert ("void" in kinds) is (last and not acted)


def test_cut_anywhere_on_the_next_tap_should_debit_once():
    """QT-165, QT-179, QT-184: the debit stands, and is asked for again."""
    for at in range(1, AGAIN + 1):
        for acted in (False, True):
            seen, kinds = story((EXCHANGES, True), (at, acted))
            assert seen == ["torn_pending", "torn_pending", "recovered"], at
            assert kinds == ["approved"]
