# SPDX-License-Identifier: Apache-2.0
"""Base price of a trip by the kind of its product: flat, matrix, stage, distance, zone."""

from firmware.errors import FormatError
from firmware.fares import layout


def price_fen(table, product, origin, destination):
    """Fen for one adult; None where the table has no price for this trip (TD-034).

    table: Table; product: its row; FormatError for rows that contradict each other.
    """
    kind = product["kind"]
    if kind >= layout.TIME:
        return None  # what is paid by time has no price before its end: stay.py
    if kind == layout.FLAT:
        return _given(product["fen"])
    here, there = _place(table, product, origin), _place(table, product, destination)
    if here is None or there is None:
        return _given(product["fen"])
    if kind in (layout.MATRIX, layout.ZONE):
        return _given(_cell(table, product, here, there))
    return _given(_by_length(table, product, abs(here - there)))


def _given(fen):
    return None if fen == layout.NO_FEN else fen


def _place(table, product, stop):
    """Value of a stop, None where it is not known."""
    row = stop and table.find("places", "stop", stop, product["first_place"], product["places"])
    return row["value"] if row else None


def _cell(table, product, here, there):
    side = product["prices"]
    if here >= side or there >= side:
        raise FormatError("a stop outside its matrix of %d" % side)
    return table.row("cells", product["first_price"] + here * side + there)["fen"]


def _by_length(table, product, length):
    step = table.last_up_to(
        "steps", "over", max(0, length - 1), product["first_price"], product["prices"]
    )
    if step is None:
        return layout.NO_FEN
    beyond = max(0, length - step["over"])
    more = -(-beyond // step["every"]) * step["more_fen"] if step["every"] else 0
    return step["fen"] + more
