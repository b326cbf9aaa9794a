# SPDX-License-Identifier: Apache-2.0
"""A kiosk for bills on the stage: its keys, and who writes the bills at the other end of a line.

Settings that go with it: console: serial:console, bills: serial:bills; the scenario's `[beside]`
has `bills = ["CUSTOMER BILL FEN", ..]`.
"""

from collections import Counter

from firmware.formats import record
from sim.beside import Beside, shift_balance
from sim.bill_office import BillOffice, read
from sim.world import Until

KEYED_MS = 1500  # the number is keyed, the bill comes
SOME = [f"{1001 + number} {5001 + number} 200" for number in range(20)]


class BesideUtilities(Beside):
    """`office`: what it believes is held against the journal at the end."""

    def __init__(self, play):
        super().__init__(play)
        told = play.scenario.beside.get("bills", SOME)
        self.customers = iter([int(row.split()[0]) for row in told])
        self.office = BillOffice(read([play.files.placed(one) for one in told]))
        self.world.lines.peers["bills"] = self

    def verbs(self):
        return {**super().verbs(), "pay": self.pay, "other": self.other}

    def pay(self, card, customer=None, **how):
        """Somebody keys a customer's number, the next one's where none is given, and pays the bill
        with a card.
        """
        customer = customer or next(self.customers)
        first = (lambda: self.keys.key(f"bill {customer}"), KEYED_MS)
        self.play.do_tap(card, first=first, **how)

    def other(self, bill, holds):
        """Another terminal shows this bill, or lets go of it."""
        self.office.bills[bill].held_elsewhere = holds

    def feed(self, data, now_ms):
        """To the office."""
        for words in self.office.feed(data, now_ms):
            self.tell("billing", words)

    def outgoing(self, now_ms):
        """Of the office."""
        return self.office.outgoing(now_ms)

    def evening(self):
        """Until the office knows what became of the last tap."""
        yield Until(("upload",), 5000)

    def balance(self, records):
        """Each bill is paid once or not at all, and the office knows which."""
        paid: Counter = Counter()
        pending: Counter = Counter()
        faults = list(self.office.wrong)
        for one in records:
            if one["kind"] == record.APPROVED:
                paid[one["reference"]] += 1
                if one["amount_fen"] != self.office.bills[one["reference"]].fen:
                    faults.append(f"bill {one['reference']} was paid with another amount")
            elif one["kind"] == record.PENDING:
                pending[one["reference"]] += 1
        faults += [f"bill {bill} was paid {paid[bill]} times" for bill in paid if paid[bill] > 1]
        faults += [f"bill {bill} is pending and paid" for bill in pending if bill in paid]
        for number, bill in self.office.bills.items():
            wanted = "paid" if number in paid else "pending" if number in pending else "open"
            if bill.state != wanted:
                faults.append(f"bill {number}: {bill.state} there, {wanted} by the journal")
        facts, more = shift_balance(records)
        facts = {
            "bills paid": len(paid),
            "bills pending": len(pending),
            "bills open": sum(one.state == "open" for one in self.office.bills.values()),
            **facts,
        }
        return facts, faults + more
