# SPDX-License-Identifier: Apache-2.0
"""Trips and frozen sums as the ledger reads them out of records, against what the cards say."""

from firmware.capp import layouts
from host_tools.ledger import stamps
from tests.adversary.cards import image_of

RECORDS = {"metro": "metro", "toll": "toll", "parking": "parking", "doors": "bus",
           "bike": "bike", "fuel": "fuel"}  # fmt: skip
UNDER_WAY = (layouts.INSIDE, layouts.PAID)


def faults(family, card, mine):
    """A trip that is open on the card is open in the ledger, and no other one is; what may have
    been ended by a tap that is still unknown may be either.
    """
    if family not in RECORDS:
        return []
    sfi, _, _, layout = layouts.OWN[RECORDS[family]]
    opened, doubtful = {}, set()
    for one in mine:
        made = None if one.is_open else stamps.memory_of(one.values)
        if made is None:
            continue
        unknown = one.kind in stamps.DOUBTFUL
        if made.closes in opened and made.side != stamps.PAYMENT:
            if unknown:
                doubtful.add(made.closes)
            else:
                opened.pop(made.closes)
        if made.side in stamps.OPENING:
            opened[one.unit.number, one.number] = one
            if unknown:
                doubtful.add((one.unit.number, one.number))
    values = layouts.read(layout, image_of(card, sfi))
    frozen = layout is layouts.FREEZE
    states = (layouts.FROZEN,) if frozen else UNDER_WAY
    on_card = (values["entry_gate"], values["entry_number"])
    if values["state"] not in states:
        on_card = None
    elif on_card not in opened:
        return [f"trip: {on_card} is open on the card, the ledger has {sorted(opened)}"]
    left = [name for name in opened if name != on_card and name not in doubtful]
    return [f"trip: {left} open in the ledger, {on_card} on the card"] if left else []
