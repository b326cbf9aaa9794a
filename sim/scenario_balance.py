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
    records, open_entries, rows, faults = books_of(play)
    balance = reconcile(play.crowd.cards.values(), records, open_entries, rows)
    facts, more = play.beside.balance([values for _, values in records])
    return balance, facts, balance.faults + faults + reports_faults(play.ledger) + more


def books_of(play):
    """(records, numbers of open entries, rows of the ledger, faults) of one terminal."""
    records, open_entries = journal_records(play.folder / "journal.bin", play.blocks)
    rows = [(number, record.unpack(data)) for number, data in play.ledger.raw(play.terminal)]
    kept = {number for number, _ in records}
    # acknowledged, then erased: what the ring no longer has is known by the ledger alone
    gone = [pair for pair in rows if pair[0] not in kept and pair[0] < max(kept, default=0)]
    records = sorted(gone + records, key=lambda pair: pair[0])
    # a torn tap is written when it is settled, behind records with higher numbers
    numbers = sorted(number for number, _ in records)
    gap = numbers != list(range(1, len(numbers) + 1))
    return records, open_entries, rows, ["the numbers of the records have a gap"] if gap else []


def reports_faults(book):
    """Sentences: the reports of each day of a Ledger add up to its settlement."""
    faults = []
    for day in settlement.overview(book, MOST_DAYS):
        lines = report.services(book, day.day)
        faults += report.disagreements(book, day.day, lines)
    return faults
