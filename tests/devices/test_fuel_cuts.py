# SPDX-License-Identifier: Apache-2.0
"""Power cuts of a pump's terminal, from the freeze to the completion; the pump goes on alone."""

from firmware.capp import layouts
from firmware.neighbours import pump
from sim.flash import PowerCut
from tests.devices.fuel_stand import FREEZE_FEN, FuelStand, fields, new_card

OPERATIONS = 40  # more than a fill takes; the loop ends with the first story that needs fewer
POURED_ML, POURED_FEN = 3000, 2400


def live(stand, card):
    """A driver who does what comes next, until his card has paid."""
    wire = stand.wire
    for _ in range(12):
        state = fields(card)["state"]
        if state == layouts.COMPLETED and not stand.journal.pending():
            return
        if wire.state == pump.RELEASED:
            assert card.frozen and wire.limit_fen == FREEZE_FEN
            wire.state, wire.quantity = pump.FILLED, POURED_ML
            stand.says(wire.state, POURED_ML)
        elif wire.state == pump.IDLE and state == layouts.FROZEN:
            stand.tap(card)
        elif wire.state == pump.IDLE and not state:
            stand.says(pump.LIFTED)
        elif wire.state == pump.FILLED:
            stand.says(wire.state, POURED_ML)
        else:
            stand.tap(card)
            stand.says(wire.state, wire.quantity, 6)
    raise AssertionError((wire.state, fields(card), stand.kinds()))


def test_power_cut_anywhere_should_freeze_once_and_take_what_was_poured():
    """QX-033, QX-052: at every write between freeze and completion; nothing pours that is not
    frozen, nothing that was poured is forgotten.
    """
    stories = 0
    stand = FuelStand()
    for at in range(OPERATIONS):
        stand.fresh()
        card, before = new_card(), stand.flash.operations
        stand.flash.cut(at, at % 4)
        try:
            live(stand, card)
        except PowerCut:
            stand.flash.restart()
            stand.restart()
            stand.says(stand.wire.state, stand.wire.quantity)
            live(stand, card)
        used = stand.flash.operations - before
        assert card.balance_fen == 10000 - POURED_FEN and not card.frozen, at
        assert [fen for _, fen in set(stand.notes())] == [POURED_FEN], at
        assert stand.kinds().count("approved") == 1, (at, stand.kinds())
        assert not stand.trade.fills.by_order
        stories += 1
        if used < at:
            break
    assert stories > 10
