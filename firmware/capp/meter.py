# SPDX-License-Identifier: Apache-2.0
"""Rules of what a card carries home to a water, power or gas meter (industry record, E.1.1).

The record is a counter, not a coupon: `total_units` is all that was ever bought with this card, so
a purchase is not lost where the meter has not read the one before it, and none is taken twice.
Units are hundredths of 1 m3 or 1 kWh.
"""

from firmware.capp.trip import DEFAULT, head_fault, stamp_fault

METERS = ("water", "power", "gas")  # `meter_kind` 1, 2, 3
BOUGHT = 1  # `state` of a record that has carried something
MOST_UNITS = 0xFFFFFFFF


def refusal(values, kind, units, now, rules=DEFAULT):
    """Why nothing can be bought on this card, "" where it can (QX-012, QX-016); kind: of METERS.

    The number of the meter is written when the card is given out; a card without one would carry
    what no meter takes.
    """
    fault = head_fault(values)
    if fault:
        return fault
    if not values["meter"]:
        return "meter_missing"
    if values["meter_kind"] != METERS.index(kind) + 1:
        return "meter_other"
    if values["purchase"] and stamp_fault(values["bought_time"], now, rules):
        return stamp_fault(values["bought_time"], now, rules)
    if values["purchase"] >= MOST_UNITS or values["total_units"] + units > MOST_UNITS:
        return "meter_full"
    return ""


def bought(values, here, now, units, amount_fen):
    """Fields of one more purchase."""
    return {
        "state": BOUGHT, "city": here.city, "operator": here.operator, "layout": 1,
        "purchase": values["purchase"] + 1, "units": units,
        "total_units": values["total_units"] + units, "bought_time": now,
        "entry_gate": here.gate, "entry_number": here.number, "amount_fen": amount_fen,
    }  # fmt: skip
