# SPDX-License-Identifier: Apache-2.0
"""The page of cards with memory: trips without an exit, sums still frozen, passes, offset.

None of it is money to clear; a frozen sum becomes money when its completion comes.
"""

from host_tools.ledger import stamp_sums
from host_tools.office.app import Office, Shown
from host_tools.office.asked import PAGE_ROWS, Asked

TODAY = ("offset drawn", "pass rides")  # lines of the running day that stand above


def open_trips(office: Office, asked: Asked) -> Shown:
    """What nothing has closed, the oldest first, with its age and what to do about it."""
    ledger = office.ledger
    rows = stamp_sums.still_open(ledger, asked.offset, PAGE_ROWS + 1)
    today = ledger.calendar.today(office.now())
    found = stamp_sums.lines(ledger, today)
    sums = [
        (what, sum(one.taps for one in found if one.what == what),
         sum(one.fen for one in found if one.what == what))
        for what in TODAY
    ]  # fmt: skip
    values = {
        "rows": rows[:PAGE_ROWS],
        "more": len(rows) > PAGE_ROWS,
        "offset": asked.offset,
        "step": PAGE_ROWS,
        "aged": stamp_sums.aged(ledger),
        "sums": sums,
    }
    return Shown("trips.html", values)
