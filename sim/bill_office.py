# SPDX-License-Identifier: Apache-2.0
"""Who writes the bills, at the wire: what customers owe, what is held, what is paid.

office = BillOffice({100234: [(5001, 4250)]})
office.bills[5001].state     open, held, paid or pending
"""

from dataclasses import dataclass

from firmware.neighbours.bills import packed, words_of

MOST_HELD = 256


@dataclass
class Bill:
    """One bill; told: how often a terminal has said that it is paid."""

    customer: int
    fen: int
    state: str = "open"
    sequence: int = 0
    held_elsewhere: bool = False


def read(rows):
    """Bills of texts `CUSTOMER BILL FEN`."""
    bills = {}
    for row in rows:
        customer, bill, fen = (int(one) for one in row.split())
        bills[bill] = Bill(customer, fen)
    return bills


class BillOffice:
    """Machine at a line; `bills`: {number: Bill}; `wrong`: what a terminal should never say."""

    def __init__(self, bills):
        self.bills = bills
        self.held = b""
        self.out = b""
        self.wrong: list[str] = []

    def feed(self, data, now_ms):
        """Requests of the terminal; what has become of bills, in words."""
        told = []
        *lines, rest = (self.held + data).split(b"\n")
        self.held = rest[-MOST_HELD:]
        for line in lines:
            words = words_of(line.strip())
            if words and words[0] == "A":
                self._asked(int(words[1]), int(words[2]))
            elif words and words[0] == "S":
                told += self._told(int(words[2]), words[3], int(words[4]), int(words[5]))
                self.out += packed(f"O {words[1]}")
        return told

    def outgoing(self, now_ms):
        """Answers."""
        data, self.out = self.out, b""
        return data

    def _asked(self, request, customer):
        mine = [(number, one) for number, one in self.bills.items() if one.customer == customer]
        for number, one in mine:
            if one.state in ("open", "held") and not one.held_elsewhere:
                one.state = "held"
                self.out += packed(f"B {request} {number} {one.fen}")
                return
        held = [one for _, one in mine if one.state == "pending" or one.held_elsewhere]
        word = "held" if held else "paid" if mine else "none"
        self.out += packed(f"N {request} {word}")

    def _told(self, number, state, sequence, fen):
        """What changes, in words."""
        if not number:
            for one in self.bills.values():
                if one.state == "held" and not one.held_elsewhere:
                    one.state = "open"
            return []
        one = self.bills[number]
        state = "open" if state == "free" else state
        if one.state == state:
            return []
        if one.state == "paid":
            self.wrong.append(f"bill {number} was paid and is said to be {state}")
            return []
        if state == "paid" and fen != one.fen:
            self.wrong.append(f"bill {number} of {one.fen} fen is paid with {fen}")
        one.state, one.sequence = state, sequence
        return [f"bill {number}: {state}"]
