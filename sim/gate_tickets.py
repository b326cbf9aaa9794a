# SPDX-License-Identifier: Apache-2.0
"""E-tickets on the stage: the office that issues them, the scanner, and the next lane at the wire.

Issued by host_tools/tickets, so that a gate reads what it would read of a visitor's telephone.
"""

from firmware.formats import ticket
from firmware.neighbours.lanes import LaneLink
from host_tools import tickets
from sim.play_files import ticket_signer

FIRST_NUMBER = 1001


class Scanner:
    """A QR scanner: a line of text a code."""

    def __init__(self):
        self.out = b""

    def show(self, text):
        """A code is held in front of it."""
        self.out += text.encode() + b"\r"

    def feed(self, data, now_ms):
        """It is told nothing."""

    def outgoing(self, now_ms):
        data, self.out = self.out, b""
        return data


class OtherLane:
    """The gate at the other end of `twin`; `rows`: {ticket: (entries, day, last day)}."""

    def __init__(self):
        self.link = LaneLink()
        self.rows = {}

    def use(self, values):
        """A ticket lets somebody in there; values: a dict of ticket.TICKET."""
        row = (1, values["first_day"], values["last_day"])
        self.rows[values["id"]] = row
        self.link.tell(values["id"], *row)

    def feed(self, data, now_ms):
        """What the terminal tells of its own."""
        for event in self.link.feed(data, now_ms):
            if event[0] == "used":
                self.rows[event[1]] = event[2:]
            elif event[0] == "asked":
                for number, row in self.rows.items():
                    self.link.tell(number, *row)

    def outgoing(self, now_ms):
        return self.link.outgoing(now_ms)


class TicketOffice:
    """Issues each ticket once, by its name; `rows`: {name: dict of ticket.TICKET}."""

    def __init__(self, seed, local):
        """local() -> datetime of this moment: the day of a ticket that names none."""
        self.seed = seed
        self.local = local
        self.texts = {}
        self.rows = {}

    def issue(self, card, by=1, forged=False, **row):
        """(text of the code, persons) of the ticket of this name; row: of tickets.COLUMNS, by:
        number of the issuer's key, forged: signed by somebody else.
        """
        if card not in self.texts:
            self.texts[card] = self._issued(card, by, forged, row)
        return self.texts[card], self.rows[card]["persons"]

    def _issued(self, name, by, forged, row):
        kind = name.partition("#")[0]
        if kind in ticket.KINDS:
            row.setdefault("kind", kind)
        row.setdefault("id", FIRST_NUMBER + len(self.texts))
        row.setdefault("first", f"{self.local():%Y-%m-%d}")
        row = {key: str(value) for key, value in row.items()}
        self.rows[name] = tickets.values_of(row, by)
        seed = f"{self.seed} of somebody else" if forged else self.seed
        return tickets.issue(row, by, ticket_signer(seed, by))
