# SPDX-License-Identifier: Apache-2.0
"""A ticket kiosk on the stage: its keys, its printer, and customers who take what is printed.

Settings that go with it: console: serial:console, printer: serial:printer
"""

from collections import Counter

from firmware.formats import record, ticket
from sim.beside import KEYED_MS, Beside, shift_balance
from sim.printer import VirtualPrinter

WAIT_MS, LOOK_MS = 6000, 250  # for a slip
PAID = ("ok", "concession", "torn_recovered")


class BesideKiosk(Beside):
    """`tickets`: {name of a customer: text of the code in his hand}."""

    def __init__(self, play):
        super().__init__(play)
        self.printer = VirtualPrinter()
        self.world.lines.peers["printer"] = self
        self.tickets = {}
        self.taken = 0  # slips that somebody has taken
        self.keys_file = play.scenario.settings["kiosk_key"].rpartition("/")[2]

    def verbs(self):
        return {**super().verbs(), "reprint": self.reprint, "paper": self.paper}

    def reprint(self, card, note="", **how):
        """Somebody asks for the ticket of his card once more."""
        self.play.do_tap(card, first=(lambda: self.keys.key("again"), KEYED_MS), note=note, **how)

    def paper(self, slips):
        """So many slips are left on the roll."""
        self.printer.paper = slips
        self.tell("printer", f"paper for {slips} slips")

    def feed(self, data, now_ms):
        """To the printer."""
        for slip in self.printer.feed(data, now_ms):
            self.tell("printer", f"{' / '.join(slip.lines)}  {slip.code[:24]}..")

    def outgoing(self, now_ms):
        """Of the printer."""
        return self.printer.outgoing(now_ms)

    def visited(self, name, message, after):
        """Whoever has paid waits for his ticket."""
        if message not in (*PAID, "ticket_again"):
            return
        end_ms = self.world.now_ms + WAIT_MS
        while len(self.printer.slips) <= self.taken and self.world.now_ms < end_ms:
            yield LOOK_MS
        if len(self.printer.slips) > self.taken:
            self.tickets[name] = self.printer.slips[-1].code
            self.taken = len(self.printer.slips)
        elif self.printer.paper and not self.world.cuts:
            self.play.wrong.append(f"{self.play.when()}: {name} got no ticket")

    def handed(self):
        """{name: text}: what customers carry to a gate."""
        return self.tickets

    def balance(self, records):
        """A ticket for each sale, of its own number; none for anything else."""
        sold = Counter(one["reference"] for one in records if one["kind"] == record.APPROVED)
        missing = sum(one["reason"] == "not_printed" for one in records)
        text = (self.play.folder / self.keys_file).read_text(encoding="utf-8")
        lines = [line for line in text.split("\n") if line.startswith("key:")]
        keys = ticket.read_keys("\n".join(lines))
        printed: Counter = Counter()
        faults = [f"ticket {number} was sold twice" for number in sold if sold[number] > 1]
        for slip in self.printer.slips:
            found = ticket.read(slip.code, keys)
            ticket.verify(found, keys)
            printed[found.values["id"]] += 1
        faults += [f"ticket {one} was printed and not paid" for one in printed if one not in sold]
        lost = [one for one in sold if one not in printed]
        if len(lost) > missing and not self.world.cuts:
            faults.append(f"paid and never printed: {lost}")
        facts, more = shift_balance(records)
        facts = {
            "tickets sold": len(sold),
            "slips printed": sum(printed.values()),
            "tickets that did not come out at first": missing,
            **facts,
        }
        return facts, faults + more
