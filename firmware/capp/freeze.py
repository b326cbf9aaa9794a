# SPDX-License-Identifier: Apache-2.0
"""Rules of a sum that a card holds frozen, for a bike or a pump (QX-049..051)."""

from firmware.capp.layouts import COMPLETED, FROZEN
from firmware.capp.trip import DEFAULT, seconds_since, stamp_fault

COMPLETION, PREAUTHORISATION = 3, 2  # DF60


def due(values, now, rules=DEFAULT):
    """(DF60 that this card is at, word) by state, amount and date (QX-049).

    | state     | stamp      | then                                                          |
    |-----------|------------|---------------------------------------------------------------|
    | not FROZEN| any        | a new pre-authorisation                                       |
    | FROZEN    | believable | its completion; word `overdue` where its minutes have passed  |
    | FROZEN    | impossible | 0 and why: nobody knows what to charge                        |
    """
    if values["state"] != FROZEN:
        return PREAUTHORISATION, ""
    fault = stamp_fault(values["entry_time"], now, rules)
    if fault or not values["frozen_fen"]:
        return 0, fault or "stamp_bad"
    late_s = seconds_since(values["entry_time"], now) - 60 * values["valid_minutes"]
    return COMPLETION, "overdue" if values["valid_minutes"] and late_s > 0 else ""


def frozen(here, now, amount_fen, valid_minutes, terminal, merchant):
    """Fields of a pre-authorisation; terminal, merchant: as sent in 9F1E and 9F16 (QX-054)."""
    return {
        "state": FROZEN, "city": here.city, "operator": here.operator, "layout": 1,
        "frozen_fen": amount_fen, "entry_time": now, "entry_place": here.place,
        "entry_gate": here.gate, "entry_number": here.number, "valid_minutes": valid_minutes,
        "terminal": terminal, "merchant": merchant,
    }  # fmt: skip


def completed(here, now, amount_fen):
    """Fields of a completion: the real sum, below, at or above the frozen one (QX-055)."""
    return {
        "state": COMPLETED, "exit_time": now, "exit_place": here.place, "amount_fen": amount_fen,
    }  # fmt: skip
