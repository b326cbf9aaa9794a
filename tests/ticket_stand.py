# SPDX-License-Identifier: Apache-2.0
"""A gate with a QR scanner on the test stand (gate_stand.py)."""

from firmware.devices.gate_tickets import TicketDesk
from firmware.devices.gate_used import UsedTickets
from firmware.devices.ticket_book import TicketBook
from tests.gate_stand import GateStand
from tests.tickets import KEYS


class HandScanner:
    """Codes that the test holds up."""

    def __init__(self):
        self.codes = []

    def turn(self):
        codes, self.codes = self.codes, []
        return codes

    def close(self):
        pass


class TicketStand(GateStand):
    """A gate with a scanner; its used list is new after each restart."""

    most = 64

    def __init__(self, lane="", lanes=None):
        self.lanes = lanes
        GateStand.__init__(self, lane)

    def make_gate(self, settings, parameters, clock, report):
        self.scanner = HandScanner()
        book = TicketBook(KEYS, UsedTickets(self.most))
        self.desk = TicketDesk(book, self.scanner, self.lanes)
        self.neighbours = (self.desk,)
        return GateStand.make_gate(self, settings, parameters, clock, report)

    def scan(self, text):
        """Message that stands behind a code."""
        self.terminal.screen.shown = ""
        self.scanner.codes.append(("code", text))
        self.terminal.turn()
        return self.terminal.screen.shown

    def walk(self):
        self.turns(1)
        self.people("entered cleared")
