# SPDX-License-Identifier: Apache-2.0
"""The power fails at every write of one passage: one debit, and the gate opens for that card.

Between 'paid' and 'opened', between 'opened' and 'passed', inside a record: at the next start the
card comes again, and is let in without a second debit unless it was written down as through.
"""

from sim.flash import PowerCut
from tests.gate_stand import GateStand, open_card

LONGEST = 40  # operations of the flash in one passage, and some more


def passage(stand, card):
    """Tap, walk, done; False where the power failed on the way."""
    try:
        stand.tap(card)
        stand.people("entered cleared")
    except PowerCut:
        return False
    return True


def cut_story(operation, seed):
    """(did the power fail, debits before and after, facts) of a passage cut there."""
    stand, card = GateStand("", "same_card_s: 60"), open_card()
    stand.flash.cut(operation, seed)
    whole = passage(stand, card)
    before = len(card.debits)
    stand.flash.restart()
    stand.clock.advance(20)
    stand.reader.field = []
    stand.restart()
    return stand, card, whole, before


def test_cut_anywhere_should_debit_once_and_let_in():
    """TD-012, TD-063: what is paid is let in, what is not paid pays; nobody pays twice."""
    ended = 0
    for operation in range(LONGEST):
        stand = card = None  # a board has no room for two
        stand, card, whole, before = cut_story(operation, operation)
        through = "passed" in stand.words()
        if before:
            assert "approved" in stand.words() or stand.journal.pending(), operation
        event = stand.tap(card)
        message = event["message"]
        if through:
            assert message == "already_paid", (operation, message)
        elif before:
            assert message in ("re_entry", "torn_recovered"), (operation, message, stand.words())
        else:
            assert message == "ok", (operation, message, stand.words())
        assert len(card.debits) == 1, operation
        if not through:
            stand.people("entered cleared")
            assert stand.words().endswith("passed"), operation
            assert stand.lane.orders.count("open") == 1
        ended += whole
    assert 1 <= ended < LONGEST - 5  # the last cuts lie behind the passage


def test_facts_should_name_one_sale():
    """TD-060: whatever was cut, each fact belongs to the one sale."""
    for operation in (4, 6, 8, 10):
        stand = card = None
        stand, card, whole, before = cut_story(operation, 3)
        if stand.tap(card)["message"] == "re_entry":
            stand.people("entered cleared")
        sales = [sequence for sequence, _ in stand.journal.records()][:1]
        for word, reference in stand.facts():
            assert not reference or reference == sales[0], (operation, word)
