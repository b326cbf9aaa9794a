# SPDX-License-Identifier: Apache-2.0
"""To the fen: what was put on the cards, what is left, what journals and ledger say of it.

    issued - now on the cards = final debits = journals (approved, owed back, unproven, pending)
    journals                  = ledger + what a journal still holds, each with its reason

Every final debit of a card must stand in exactly one entry of a journal, under its ATC and amount;
every entry that says money was taken must be a debit. A pending entry may be one or not: that is
the word's meaning, and both are counted. Every record that a journal gave up must be in the
ledger, byte for byte; one that it holds on to has a reason, and every row of the ledger is a
record of a journal. What breaks this is a sentence in `faults`; what is explained is a Deviation.
"""

from collections import Counter, namedtuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import record
from host_tools.ledger.schema import COUNTS, RECORDS
from sim.city.unit import row_of

# a stamp takes nothing, and is a final debit of nothing on its card
TAKEN = (record.APPROVED, record.DEBITED_REFUSED, record.DEBITED_UNPROVEN, record.STAMPED)
FAULTS_SHOWN = 20  # of one district

# count of records and their sum; what: for people
Deviation = namedtuple("Deviation", ("name", "what", "count", "fen"))


class Balance:
    """Sums of a district, or of several: `a + b`. By kind: {kind: [count, fen]}."""

    def __init__(self):
        self.cards = self.issued_fen = self.now_fen = 0
        self.debits = [0, 0]
        self.journal, self.ledger = {}, {}
        self.pending_taken = [0, 0]
        self.marks = Counter()  # rows of the ledger that do not count, by mark
        self.rules = Counter()  # sales by what made the price
        self.deviations, self.faults = [], []

    def __add__(self, other):
        both = Balance()
        for name in ("cards", "issued_fen", "now_fen"):
            setattr(both, name, getattr(self, name) + getattr(other, name))
        for name in ("debits", "pending_taken"):
            setattr(both, name, _sum(getattr(self, name), getattr(other, name)))
        for name in ("journal", "ledger"):
            kinds = set(getattr(self, name)) | set(getattr(other, name))
            parts = (getattr(self, name), getattr(other, name))
            setattr(both, name, {k: _sum(*(p.get(k, [0, 0]) for p in parts)) for k in kinds})
        both.marks, both.rules = self.marks + other.marks, self.rules + other.rules
        both.deviations = self.deviations + other.deviations
        both.faults = self.faults + other.faults
        return both

    def sum_of(self, where, kind):
        """(count, fen) of a kind in "journal" or "ledger"."""
        return tuple(getattr(self, where).get(kind, (0, 0)))

    def check(self):
        """The sums against each other; a district whose rows all fit cannot fail here."""
        lost_fen = self.issued_fen - self.now_fen
        taken_fen = sum(self.sum_of("journal", kind)[1] for kind in TAKEN)
        said_fen = taken_fen + self.pending_taken[1]
        if lost_fen != self.debits[1]:
            self.faults.append(f"cards have lost {lost_fen} fen and name {self.debits[1]}")
        if lost_fen != said_fen:
            self.faults.append(f"cards have lost {lost_fen} fen, journals say {said_fen}")
        for kind, name in record.KINDS:
            here, there = self.sum_of("journal", kind), self.sum_of("ledger", kind)
            held = [one for one in self.deviations if one.name == name]
            kept = (sum(one.count for one in held), sum(one.fen for one in held))
            if here != tuple(_sum(there, kept)):
                self.faults.append(
                    f"{name}: journals {here[0]} records, {here[1]} fen; ledger {there[0]},"
                    f" {there[1]}; held back with a reason {kept[0]}, {kept[1]}"
                )
        return self


def of_district(district, ledger):
    """Balance of a district that is closed; `ledger` is open."""
    balance = Balance()
    balance.faults += district.faults + district.net.broken_rules
    units = [*district.units, *district.retired]
    left = _cards(balance, district.purses.values())
    stored = _stored(ledger, sorted({unit.number for unit in units}))
    for unit in units:
        _unit(balance, unit, left, stored)
    for (pan, _, fen), count in left.items():
        if count > 0:
            balance.faults.append(f"card ..{pan[-4:]} lost {fen} fen and no journal knows of it")
    for (number, sequence), row in stored.items():
        balance.faults.append(f"ledger: {number}/{sequence} is of no journal, {row[1]}")
    balance.check()
    more = len(balance.faults) - FAULTS_SHOWN
    if more > 0:
        balance.faults[FAULTS_SHOWN:] = [f"and {more} more in district {district.share.number}"]
    return balance


def _cards(balance, purses):
    """Counter of (PAN, ATC, fen) of the final debits."""
    left = Counter()
    for purse in purses:
        balance.cards += 1
        balance.issued_fen += purse.issued_fen
        balance.now_fen += purse.now_fen
        for atc, fen in purse.finals:
            left[purse.card.pan, atc, fen] += 1
            balance.debits = _sum(balance.debits, (1, fen))
    return left


def _unit(balance, unit, left, stored):
    kept, opened = unit.kept()
    if opened:
        balance.faults.append(f"terminal {unit.name}: {len(opened)} entries are still open")
    rows = {**unit.tally, **kept}
    if sorted(rows) != list(range(1, len(rows) + 1)):
        balance.faults.append(f"terminal {unit.name}: a number is missing in its journal")
    for sequence, row in sorted(rows.items()):
        _debit(balance, unit, sequence, row, left)
        balance.journal[row.kind] = _sum(
            balance.journal.get(row.kind, [0, 0]), (1, row.amount_fen)
        )
        if row.kind == record.APPROVED:
            balance.rules[row.rule] += 1
    held = {}
    for sequence, row in rows.items():
        there = stored.get((unit.number, sequence))
        if there and there[0] == row.digest:
            del stored[unit.number, sequence]
            _row(balance, unit, sequence, row, there)
        elif sequence in kept and unit.stuck.startswith("refused") and unit.has_twin:
            held[row.kind] = _sum(held.get(row.kind, [0, 0]), (1, row.amount_fen))
        else:
            what = "with other bytes" if there else "not"
            balance.faults.append(
                f"terminal {unit.name}: record {sequence} is {what} in the ledger"
            )
    for kind, (count, fen) in sorted(held.items()):
        what = f"terminal {unit.name} ({unit.stuck}), still in its journal"
        balance.deviations.append(Deviation(record.kind_name(kind), what, count, fen))


def _debit(balance, unit, sequence, row, left):
    """One entry of a journal against the debits of the cards."""
    if row.kind is None:
        balance.faults.append(f"terminal {unit.name}: record {sequence} is lost")
        return
    key = row.key and (*row.key, row.amount_fen)
    took = left[key] > 0 if key else False
    place = f"terminal {unit.name}, record {sequence}"
    if row.kind in TAKEN and not took:
        balance.faults.append(f"{place} says {row.amount_fen} fen were taken, the card does not")
    elif row.kind not in (*TAKEN, record.PENDING) and took:
        balance.faults.append(f"{place} says nothing was taken, the card lost {row.amount_fen}")
    if took:
        left[key] -= 1
        if row.kind == record.PENDING:
            balance.pending_taken = _sum(balance.pending_taken, (1, row.amount_fen))


def _row(balance, unit, sequence, row, there):
    """A row of the ledger that is a journal's record: do its columns say the same?"""
    _, _, mark, kind, fen = there
    if mark != COUNTS:
        balance.marks[mark] += 1
    if (kind, fen) != (row.kind, row.amount_fen):
        balance.faults.append(
            f"ledger: {unit.number}/{sequence} has {record.kind_name(kind)} of {fen} fen in its"
            f" columns, the record {row.amount_fen}"
        )
    balance.ledger[kind] = _sum(balance.ledger.get(kind, [0, 0]), (1, fen))


def _stored(ledger, numbers):
    """{(terminal, sequence): (digest of the bytes, text, mark, kind, fen)} of the ledger."""
    columns = [RECORDS.c[name] for name in ("terminal", "sequence", "mark", "kind", "amount_fen")]
    asked = sa.select(*columns, RECORDS.c.sealed).where(RECORDS.c.terminal.in_(numbers))
    found = {}
    with ledger.engine.connect() as connection:
        for number, sequence, mark, kind, fen, sealed in connection.execute(asked):
            try:
                raw = ledger.vault.open(number, sequence, bytes(sealed))
                digest = row_of(raw).digest
            except FormatError:
                digest = b""
            text = f"{record.kind_name(kind)} of {fen} fen"
            found[number, sequence] = (digest, text, mark, kind, fen)
    return found


def _sum(one, other):
    return [one[0] + other[0], one[1] + other[1]]
