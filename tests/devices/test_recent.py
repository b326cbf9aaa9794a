# SPDX-License-Identifier: Apache-2.0
"""What a start reads of the journal: newest first, a block at a time, and who has paid."""

from tests.small_card import SmallCard
from tests.stand import Stand

TAPS = 8  # more than a block of the journal holds


def test_the_past_should_be_read_block_by_block():
    """A gate reads thousands of records back: all at once they are more than a board's memory."""
    stand = Stand("same_card_s: 0")
    for _ in range(TAPS):
        stand.tap(SmallCard())
    ring = stand.terminal.parts.journal.record_ring
    entries, read = ring.entries, []

    def watched(generation):
        read.append(generation)
        return entries(generation)

    ring.entries = watched
    recent = stand.terminal._recent(4096)
    newest, _ = next(recent)
    assert newest == TAPS and read == [ring.generation]
    assert [sequence for sequence, _ in recent] == list(range(TAPS - 1, 0, -1))
    assert len(read) > 1
    assert [sequence for sequence, _ in stand.terminal._recent(2)] == [TAPS, TAPS - 1]
    # a shift whose checkpoint is the newest record has nothing to add: not all there is, again
    assert list(stand.terminal._recent(0)) == []


def test_who_paid_before_a_cut_should_not_pay_again():
    """TD-012: the same card within its window, whatever was written behind it."""
    stand = Stand("same_card_s: 60")
    card = SmallCard()
    assert stand.tap(card)["message"] == "ok"
    stand.tap(SmallCard("6228000100000028"))
    stand.restart()
    assert stand.tap(card)["message"] == "already_paid"
