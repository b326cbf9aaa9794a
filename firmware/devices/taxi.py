# SPDX-License-Identifier: Apache-2.0
"""Taxi: the meter names the amount, the rider taps, the meter is told (JT/T 905; terminals.md 4).

    meter: trip ends -> written as due -> locked -> card, cash key or cancel key -> meter: 90, FF
                                             `-> torn: pending until it is settled

The amount is the meter's and nobody's else (TD-050, TD-051); it stays until it is paid, paid in
cash or cancelled, over any power cut (trips.py). Nothing is sold while the meter is silent
(TD-055), while a torn debit of the trip is open, or once the next rider is in the car.

What the meter may say: taxi_meter.py. What the driver may press: taxi_keys.py.
"""

from firmware.devices import options, trips
from firmware.devices.taxi_meter import hear
from firmware.devices.taxi_words import WORDS
from firmware.devices.trade import Charge, Offer, Trade
from firmware.errors import FormatError, JournalFull
from firmware.formats import record
from firmware.kernel import outcome
from firmware.neighbours import meter
from firmware.neighbours.line import Neighbour

METERS = {"jtt905": 9600, "bf": 2400}  # meter_KIND.py and the speed of its line
CONSOLE_BAUD = 9600
SELDOM = ("firmware.devices.receipt", "firmware.devices.taxi_shift", "firmware.devices.taxi_keys")
STANDS = {  # state of a trip -> message
    trips.DUE: "trip_due",
    trips.TORN: "trip_torn",
    trips.UNCLEAR: "trip_unclear",
    trips.LEFT: "trip_left",
}
WAYS = {trips.PAID: "paid", trips.BY_CASH: "cash", trips.CANCELLED: "cancelled"}


def make(settings, parameters, hal, clock, report):
    """Taxi with its meter on a line. FormatError for settings that cannot be."""
    more = settings.more
    text = more.get("meter_kind", "jtt905")
    kind = text.split()[0]
    if kind not in METERS:
        raise FormatError("`meter_kind: %s` is none of %s" % (kind, ", ".join(sorted(METERS))))
    # by name, as memory has room for one framing alone
    module = __import__("firmware.neighbours.meter_" + kind, None, None, ("make",))
    where = options.serial_path(more, "meter")
    link = module.make(text)
    line = Neighbour(lambda: hal.open_serial(where, METERS[kind]), link, clock)
    taxi = Taxi(settings, parameters, link, line, report)
    taxi.unload = hal.unload
    if "console" in more:
        from firmware.neighbours.console import Console  # where settings ask for it

        path = options.serial_path(more, "console")
        taxi.console = Console(taxi.part("taxi_keys").COMMANDS)
        taxi.desk = Neighbour(lambda: hal.open_serial(path, CONSOLE_BAUD), taxi.console, clock)
    return taxi


class Taxi(Trade):
    """link: the meter as in meter.py; line: its Neighbour, or anything with turn(), flush() and
    close().
    """

    name = "taxi"
    code = 4
    words = WORDS

    def __init__(self, settings, parameters, link, line, report):
        Trade.__init__(self, settings, parameters)
        self.link = link
        self.line = line
        self.report = report
        self.trips = None
        self.subject = None  # Trip that onto() writes of
        self.frozen = None  # Trip that the card in the field pays (TD-050)
        self.met = None  # (pan, number and beginning of its trip) of the card served last
        self.signed_in = False
        self.driver = settings.driver
        self.hired = False
        self.last_receipt = []
        self.said = ""
        self.console = self.desk = None  # the driver's keys, and their line
        self.unload = None  # drops modules, where memory is short
        self.parted = False

    # --- the loop's questions

    def attach(self, house):
        self.house = house
        self.trips = trips.Trips(house, self._note)

    def restore(self, recent):
        """The trip that is not over, and whether a shift is open, from the journal."""
        self.trips.restore()
        for _, values in self.trips.records():
            if values["kind"] == record.EVENT and values["reason"] in (
                "shift_open",
                "shift_closed",
            ):
                self.signed_in = values["reason"] == "shift_open"
                break
        if self.trips.current:
            self.tell("trip %d is %s" % (self.trips.current.number, self.trips.state))

    def offer(self):
        trip = self.trips.current
        if trip and self.trips.has_moved():
            self.trips.refresh()
        if trip and self.trips.state in STANDS:
            keyed = trip.source == meter.KEYED
            if self.trips.state == trips.DUE and self.link.silent and not keyed:
                return Offer("meter_silent", None, False)  # TD-055
            message = STANDS[self.trips.state]
            return Offer(message, trip.amount_fen, self.trips.state == trips.DUE)
        if self.link.silent:
            return Offer("meter_silent", None, False)  # TD-055
        if not self.signed_in:
            return Offer("driver_sign_in", None, False)  # TD-054
        return Offer("taxi_hired" if self.hired else "taxi_vacant", None, False)

    def begin(self):
        due = self.trips.current if self.trips.state == trips.DUE else None
        self.frozen = self.subject = due

    def charge(self, pan):
        fen = self.frozen.amount_fen if self.frozen else 0
        rule = trips.rule_of(self.frozen) if self.frozen else ""
        return Charge(fen, fen, "", rule, 1)

    def refuse(self, pan, psn):
        return "" if self.frozen else "no_amount"  # nothing is free in a taxi

    def pays_again(self, pan, psn):
        """The guard is for held cards: a new trip of the same rider is a new debit (TD-005)."""
        met, due = self.met, self.frozen
        return bool(met and due and met[0] == pan and met[1:] != (due.number, due.on))

    def onto(self, values):
        Trade.onto(self, values)
        values["driver"] = self.driver
        if self.subject:
            values["reference"] = self.subject.number
            values["trade_data"] = trips.data_of(self.subject)

    def after(self, sold):
        trip = self.trips.current
        if not trip:
            return
        if sold.pan:
            self.met = (sold.pan, trip.number, trip.on)
        state = self.trips.refresh()
        if state in trips.OVER:
            self.over(trip)
        elif sold.outcome.outcome in (outcome.DECLINED, outcome.OTHER_INTERFACE):
            card = {"pan": record.pan_bytes(sold.pan)} if sold.pan else None
            self._print(trip, "declined", card)  # TD-056
            self.tell("trip %d NOT PAID: %s" % (trip.number, sold.message))
        else:
            self.tell("trip %d is %s: %s" % (trip.number, state, sold.message))

    def turn(self):
        if self.parted and self.unload:
            self.unload(SELDOM)
        self.parted = False
        for word, value in self.line.turn():
            hear(self, word, value)
        trip = self.trips.current
        if trip and self.trips.has_moved() and self.trips.refresh() in trips.OVER:
            self.over(trip)
        self.line.flush()
        if self.desk:
            for command in self.desk.turn():
                self._command(command)

    def close(self):
        self.line.close()
        if self.desk:
            self.desk.close()

    # --- what the driver says

    def key(self, word, number=0):
        """A key of taxi_keys.py: (True where it was done, text for the driver)."""
        done, text = self.part("taxi_keys").press(self, word, number)
        self.tell(text)
        self.line.flush()
        return done, text

    def _command(self, command):
        """A line of the console."""
        number = command.values[0] if command.values else 0
        done, text = self.key(command.name, number or 0)
        if done:
            self.console.ok(text)
        else:
            self.console.error(text)

    # --- what lasts

    def answered(self, trip):
        """True when the journal knows how this trip ended: the meter is told once more."""
        state, values = self.trips.find(trip)
        if state not in trips.OVER:
            return False
        if state == trips.CANCELLED:
            self.link.settle(trip, meter.UNPAID, None)
        else:
            paid = trips.payment_of(values) if state == trips.PAID else trips.cash()
            self.link.settle(trip, meter.SETTLED, paid)
        return True

    def part(self, name):
        """A module that is used once a trip or less: it leaves memory with the next turn."""
        self.parted = True
        return __import__("firmware.devices." + name, None, None, ("x",))

    def shift(self):
        """taxi_shift.Shift as the journal has it now."""
        return self.part("taxi_shift").Shift(self.trips.records())

    def over(self, trip):
        """The trip is paid, cancelled or free, durable: the meter is told, a receipt printed."""
        state, values = self.trips.find(trip)
        self.trips.current = None
        self.answered(trip)
        self._print(trip, WAYS.get(state, "cash"), values)
        self.tell("trip %d is %s" % (trip.number, state))
        self.line.flush()

    def open_shift(self):
        """A driver begins; False where it cannot be stored."""
        self.signed_in = self.event("shift_open", b"")
        return self.signed_in

    def close_shift(self, totals):
        """Ours beside the meter's, written down (TD-054); False where it cannot be stored."""
        done = self.part("taxi_shift").close(self, totals)
        self.signed_in = self.signed_in and not done
        return done

    def event(self, reason, data):
        """Write an event that is of no trip; False where it cannot be stored."""
        self.subject = None
        try:
            self._write(reason, 0, data)
        except JournalFull:
            return False
        return True

    def _note(self, reason, trip):
        self.subject = trip
        self._write(reason, trip.amount_fen, None, trips.rule_of(trip))

    def _write(self, reason, amount_fen, data, rule=""):
        values = self.house.stamp.onto(record.blank(record.EVENT))
        values["reason"], values["amount_fen"], values["rule"] = reason, amount_fen, rule
        if data is not None:
            values["trade_data"] = data
        self.house.journal.append(record.pack(values))

    def print_lines(self, event):
        """Lines for a printer: an event, and the console where there is one."""
        self.report(event)
        for one in event["lines"] if self.console else ():
            self.console.note(one)

    def _print(self, trip, way, values):
        details = self.link.details(trip) if trip.source != meter.KEYED else {}
        lines = self.part("receipt").lines(trip.number, trip.amount_fen, details, way, values)
        self.last_receipt = lines
        self.print_lines({"event": "receipt", "lines": lines, "copy": False})

    def tell(self, text):
        """A line for the driver's side (TD-003, TD-056)."""
        if text != self.said:
            self.said = text
            self.report({"event": "driver", "text": text})
            if self.console:
                self.console.note(text)
