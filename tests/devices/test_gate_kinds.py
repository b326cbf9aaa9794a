# SPDX-License-Identifier: Apache-2.0
"""Ticket kinds of a gate by the fare table."""

from firmware.devices.gate_price import TablePrice
from firmware.fares import layout
from firmware.fares.cutover import Cutover
from tests.fares.tables import flat, product
from tests.gate_stand import OTHER, GateStand, open_card
from tests.small_card import SmallCard


def a_table(stand):
    """The prices of a park: adults, children, groups."""
    rows = [
        product("park", layout.FLAT, fen=4000, most_riders=1),
        product("park-child", layout.FLAT, fen=3000, most_riders=1),
        product("park-group", layout.FLAT, fen=500, most_riders=10),
    ]
    tables = Cutover([flat(sections={"products": rows}, ceiling_fen=10000)])
    gate = stand.gate
    gate.price = TablePrice(tables, "park", gate.lane.kind, lambda: True)


def test_kinds_should_cost_what_the_table_says():
    """TD-071: adult, child, group of n; a kind that is not sold is said, and no gift."""
    stand = GateStand()
    a_table(stand)
    stand.turns()
    for kind, persons, amount_fen in (("", 1, 4000), ("child", 1, 3000), ("group", 4, 2000)):
        if kind:
            stand.gate.key("kind_" + kind)
            stand.gate.key("persons", persons)
            stand.turns()
        card = open_card()
        assert stand.tap(card)["amount_fen"] == amount_fen, kind
        values = [one for kind_word, one in stand.records() if kind_word == "approved"][-1]
        assert (values["riders"], values["fares_version"]) == (persons, 1)
        assert (kind or "adult").encode() in values["trade_data"]
        stand.people("entered cleared " * persons)
        stand.clock.advance(61)
    stand.gate.key("kind_emperor")
    stand.turns()
    card = SmallCard(OTHER)
    assert stand.tap(card) is None and card.sent == []
