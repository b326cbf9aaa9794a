# SPDX-License-Identifier: Apache-2.0
"""The money of the extended application: frozen sums and deposit offset (JR/T 0025.14 5.2.7, 6.2).

`more` is state["extended"] of a card, all amounts in fen: `frozen` [[SFI, ID, fen, ATC]],
`offset_limit_fen` (DF62, None without offset), `offset_used_fen` (DF63). An offset is used only
when the balance is empty: offset_used_fen > 0 means balance 0 at all times.
"""

from collections import namedtuple

DEDUCTION, PRE_AUTHORISATION, COMPLETION = 1, 2, 3  # DF60
MOST_FROZEN = 3
# balance after it, DF63 after it
After = namedtuple("After", "balance_fen offset_used_fen")


def frozen_fen(more):
    """The sum of all open pre-authorisations."""
    return sum(row[2] for row in more["frozen"])


def frozen_on(more, record):
    """The row of the open pre-authorisation of `record` (SFI, ID), None when there is none."""
    return next((row for row in more["frozen"] if tuple(row[:2]) == record), None)


def funds_fen(more, mode, balance_fen, record):
    """What stands in for 9F79 in the card's low-value check (5.2.7 (2), 6.2.2 (1))."""
    if mode == DEDUCTION and more["offset_limit_fen"] is not None:
        return balance_fen + more["offset_limit_fen"] - more["offset_used_fen"]
    if mode == COMPLETION:
        row = frozen_on(more, record)
        return balance_fen + (row[2] if row else 0)
    return balance_fen


def refusal(more, mode, record):
    """Status word of a GPO that the card will not do, "" when it will (6.2.2 (2))."""
    open_one = frozen_on(more, record)
    if mode == COMPLETION:
        return "" if open_one else "6973"
    if mode == PRE_AUTHORISATION:
        return "6972" if open_one else "6971" if len(more["frozen"]) >= MOST_FROZEN else ""
    return ""


def after(more, mode, balance_fen, amount_fen, record):
    """What balance and DF63 are after an approved transaction of `amount_fen`."""
    used = more["offset_used_fen"]
    if mode != COMPLETION:  # a deduction above the balance takes the rest as offset
        beyond = max(0, amount_fen - balance_fen)
        return After(balance_fen - amount_fen + beyond, used + beyond)
    rest = frozen_on(more, record)[2] - amount_fen
    return paid_back(used, balance_fen, rest) if rest > 0 else After(balance_fen + rest, used)


def paid_back(used_fen, balance_fen, added_fen):
    """What comes in pays the offset first (5.2.7 (4), 6.2.7)."""
    paid = min(used_fen, added_fen)
    return After(balance_fen + added_fen - paid, used_fen - paid)


def book(more, mode, amount_fen, record, atc):
    """Freeze a sum, or free it."""
    if mode == PRE_AUTHORISATION:
        more["frozen"].append([*record, amount_fen, atc])
    elif mode == COMPLETION:
        more["frozen"].remove(frozen_on(more, record))
