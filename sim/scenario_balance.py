# SPDX-License-Identifier: Apache-2.0
"""The end of a scenario: cards' loss = journal = ledger, and the totals of the machines beside.

The report of each day in the ledger adds up to the settlement of that day (report.py).
The journal of the terminal is read from its file after the terminal has ended; what the ring has
given free is held against the ledger alone (closing.py does the same on the rig).
"""

from firmware.formats import record
from host_tools.ledger import report, settlement
from sim.reconcile import journal_records, reconcile

MOST_DAYS = 400  # that a scenario may last


def balance_of(play):
    """(Balance, facts, faults) of a Play that is over; faults: sentences."""
    records, open_entries = journal_records(play.folder / "journal.bin", play.blocks)
    rows = [(number, record.unpack(data)) for number, data in play.ledger.raw(1)]
    faults = []
    kept = {number for number, _ in records}
    # acknowledged, then erased: what the ring no longer has is known by the ledger alone
    gone = [pair for pair in rows if pair[0] not in kept and pair[0] < max(kept, default=0)]
    records = sorted(gone + records, key=lambda pair: pair[0])
    balance = reconcile(play.crowd.cards.values(), records, open_entries, rows)
    faults += balance.faults
    # a torn tap is written when it is settled, behind records with higher numbers
    numbers = sorted(number for number, _ in records)
    if numbers != list(range(1, len(numbers) + 1)):
        faults.append("the numbers of the records have a gap")
    for day in settlement.overview(play.ledger, MOST_DAYS):
        lines = report.services(play.ledger, day.day)
        faults += report.disagreements(play.ledger, day.day, lines)
    facts, more = play.beside.balance([values for _, values in records])
    return balance, facts, faults + more
