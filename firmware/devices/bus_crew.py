# SPDX-License-Identifier: Apache-2.0
"""Bus with a crew: driver's console, announcer, second reader, fare table (terminals.md 3).

Each of the four stands for itself: a fare table needs no console, a console no announcer. Only
with a console is there a shift, and then nobody pays before a driver is signed on (TD-030). What
is keyed counts from the next card on: neighbours are heard between taps, never in one.

    console    serial:PATH, 115200 baud         announcer  serial:PATH, 9600 baud
    fares      path of a fare table             day_cut    HHMM at which a shift is closed
    twin       serial:PATH front, serial:PATH rear, or serial:PATH rear open: the rear reader then
               goes on with the last trip when the front one is silent; else it stops (TD-037)
"""

from firmware.devices import bus_console, bus_prices, bus_words, options
from firmware.devices.bus_trip import BusTrip
from firmware.devices.shift import Shift
from firmware.devices.trade import Charge, Offer, Trade
from firmware.errors import FormatError
from firmware.formats import fields
from firmware.formats.fields import U8, U16
from firmware.neighbours import announcer
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour

CONSOLE_BAUD = 115200
LOW_FARES = 3  # who has less than so many fares left is asked to top up
BUS_DATA = (  # trade_data of a bus's records
    ("version", U8),  # 1
    ("destination", U16),  # stop the rider paid to, 0: not keyed
    ("announced_line", U16),  # what the announcer said, zeros without one
    ("announced_direction", U8),
    ("announced_stop", U16),
)


class Bus(Trade):
    """The whole bus. console, announcer, twin: Neighbour or None; prices: of bus_prices.py."""

    words = bus_words.WORDS

    def __init__(self, settings, parameters, clock, prices, day_cut=400):
        Trade.__init__(self, settings, parameters)
        self.clock = clock
        self.prices = prices
        self.console = self.announcer = self.twin = None
        self.stays_open = False  # without a link the rear reader goes on (TD-037)
        self.shift = Shift(day_cut)
        self.trip = BusTrip(clock, settings.line, settings.stop)
        self.has_shift = False
        self.when = None  # (local time, whether trusted) a price is asked for
        self.asked = {}  # Fare or None of the card numbers of this presentation
        self.offered = None  # (what it was made of, Offer)
        self.fares_version = 0
        self.last = "no card yet"
        self.faults = {}  # of the lines, as told last

    def attach(self, house):
        """The terminal is there."""
        Trade.attach(self, house)
        self.has_shift = bool(self.console or self.is_rear())
        self.shift.attach(house)
        self.prices.attach(house)

    def restore(self, recent):
        """Shift, trip and boardings where the power was cut."""
        if self.has_shift:
            self.shift.restore(recent)
        for _, values in recent(1):
            if self.shift.is_open and values["line"]:
                self.trip.line, self.trip.stop = values["line"], values["stop"]
                self.trip.direction = values["direction"] or self.trip.direction
        self.prices.restore(recent)

    def is_rear(self):
        """True for the reader that is told its trip by another one."""
        return self.twin is not None and not self.twin.protocol.is_front

    # between taps

    def turn(self):
        """Hear the neighbours, let lapse what was keyed for nobody, keep the shift."""
        if self.announcer:
            for event in self.announcer.turn():
                self.note(self.trip.hear(event))
        if self.twin:
            bus_console.hear_twin(self, self.twin.turn())
        if self.console:
            for command in self.console.turn():
                bus_console.carry_out(self, command)
        self._report_faults()
        self.prices.turn()
        if self.trip.lapse():
            self.note("nobody paid: what was keyed is forgotten")
        if self.has_shift and self.shift.turn():
            self.note("the day is over, shift %d is closed: sign on" % self.shift.number)

    def _report_faults(self):
        """A line that is lost, or there again (text ""), is told once."""
        named = (("console", self.console), ("announcer", self.announcer), ("twin", self.twin))
        for name, one in named:
            if one and one.fault != self.faults.get(name, ""):
                self.faults[name] = one.fault
                self.house.report({"event": "neighbour", "name": name, "text": one.fault})

    def note(self, text):
        """Tell the driver; nothing for ""."""
        if text and self.console:
            self.console.protocol.note(text)

    # what is sold

    def offer(self):
        """Offer of this moment, made anew when trip, keys or minute have changed."""
        closed = self._closed_by()
        if closed:
            return Offer(closed, None, False)
        places = self.trip.places()
        made_of = (places, self.trip.riders, self.clock.local_now()[:5])
        if self.offered is None or self.offered[0] != made_of:
            found = self._price("", *self._now())
            if found is None:
                made = Offer("no_fare", None, False)
            else:
                made = Offer(self._ready(), found.amount_fen, True)
            self.offered = (made_of, made)
        return self.offered[1]

    def _closed_by(self):
        """Message of what forbids any fare, "" for nothing."""
        if self.is_rear():
            link = self.twin.protocol
            if link.is_lost and not self.stays_open:
                return "no_trip"
        if self.has_shift and not self.shift.is_open:
            return "sign_in"  # TD-030
        return ""

    def _ready(self):
        if self.trip.riders > 1:
            return "group"
        return "to_stop" if self.trip.destination else "ready"

    def reads_first(self):
        """True where classes, boardings or staff cards are known by their number."""
        return bool(self.parameters.classes) or self.prices.version > 0

    def begin(self):
        """A card is there: time and prices stay as they are until the next one."""
        self.asked = {}
        self.when = self._now()

    def _now(self):
        return self.clock.local_now(), self.house.stamp.exact()  # TD-008

    def _price(self, pan, when, trusted):
        trip = self.trip
        return self.prices.price(trip.places(), trip.riders, when, trusted, pan)

    def _fare(self, pan):
        """Fare of this presentation, asked for once, as a table is read in places."""
        if pan not in self.asked:
            found = self.asked[pan] = self._price(pan, *(self.when or self._now()))
            if found:
                self.fares_version = found.version
        return self.asked[pan]

    def charge(self, pan):
        """Charge of a card number for where the bus is and what was keyed (TD-034)."""
        if pan and self.prices.class_name(pan) in bus_words.STAFF:
            full_fen = self.parameters.fare_fen
            return Charge(full_fen, full_fen, self.prices.class_name(pan), "staff", 1)
        found = self._fare(pan)
        if found is None:
            return Trade.charge(self, pan)  # refuse() says no_fare
        return Charge(found.amount_fen, found.full_fen, found.fare_class, found.rule, found.riders)

    def refuse(self, pan, psn):
        """Staff need not pay (TD-031), who has boarded at the other reader neither (TD-037)."""
        name = self.prices.class_name(pan)
        if name in bus_words.STAFF:
            return "driver" if name == "driver" else "staff"
        if self._fare(pan) is None:
            return "no_fare"
        known = self.twin and self.trip.riders == 1
        if known and self.twin.protocol.has_boarded(pan, psn):
            return "already_paid"
        return ""

    def pays_again(self, pan, psn):
        """One card for several riders, as the driver has keyed it (TD-005)."""
        return self.trip.riders > 1

    def thanks(self, charge, balance_fen=None):
        """Concessions have their own words, and a card with little left is told (TD-040)."""
        reduced = charge.amount_fen < charge.full_fare_fen
        each_fen = charge.full_fare_fen // max(1, charge.riders)
        if balance_fen is not None and balance_fen < LOW_FARES * each_fen:
            return "low_reduced" if reduced else "low_balance"
        if reduced and "\n%s|" % charge.fare_class in bus_words.WORDS:
            return charge.fare_class
        return Trade.thanks(self, charge)

    def onto(self, values):
        """Who drives, where the bus is, what was keyed and announced (TD-021, TD-032)."""
        Trade.onto(self, values)
        trip = self.trip
        values["line"], values["stop"], values["direction"] = trip.line, trip.stop, trip.direction
        values["fares_version"] = self.fares_version
        if self.has_shift:
            self.shift.onto(values)
        said = trip.announced or (0, 0, 0)
        values["trade_data"] = fields.pack(
            BUS_DATA,
            {
                "version": 1,
                "destination": trip.destination,
                "announced_line": said[0],
                "announced_direction": said[1],
                "announced_stop": said[2],
            },
        )

    def after(self, sold):
        """Count, tell the other reader and the driver; what was keyed is used up by a debit."""
        result = sold.outcome
        if self.has_shift:
            self.shift.after(sold)
        if result.taken is not False and sold.values:  # also of a torn tap: it is paid or void
            self.trip.clear()
        if result.taken and sold.pan and result.outcome in ("approved", "recovered"):
            self.prices.boarded(sold)
            if self.twin:
                self.twin.protocol.board(sold.pan, sold.values["psn"])
        self.last = bus_console.verdict(self, sold)
        self.note(self.last)

    def close(self):
        """Give the lines back."""
        for one in (self.console, self.announcer, self.twin):
            if one:
                one.close()


def make(settings, parameters, hal, clock, report):
    """Bus of the settings. FormatError for what cannot be used."""
    more = settings.more
    prices = bus_prices.FlatPrices(parameters)
    if "fares" in more:
        prices = _table(settings, parameters, hal, report)
    bus = Bus(settings, parameters, clock, prices, options.number(more, "day_cut", 400, 0, 2359))
    if "console" in more:
        opener = _opener(hal, "console", more["console"], CONSOLE_BAUD)
        bus.console = Neighbour(opener, Console(bus_words.COMMANDS), clock)
    if "announcer" in more:
        opener = _opener(hal, "announcer", more["announcer"], announcer.BAUD)
        bus.announcer = Neighbour(opener, announcer.Announcer(), clock)
    if "twin" in more:
        _pair(bus, more["twin"], hal, clock)
    return bus


def _opener(hal, key, where, baud):
    """Opens `serial:PATH`; FormatError for anything else."""
    kind, _, path = where.partition(":")
    if kind != "serial" or not path:
        raise FormatError("`%s: %s` is not serial:PATH" % (key, where))
    return lambda: hal.open_serial(path, baud)


def _pair(bus, text, hal, clock):
    from firmware.neighbours import twin  # few buses have two readers

    words = text.split()
    if words[1:] not in (["front"], ["rear"], ["rear", "open"]):
        raise FormatError("`twin: %s` is not serial:PATH front|rear|rear open" % text)
    if words[1] == "rear" and bus.console:
        raise FormatError("`twin: %s`: the console belongs to the front reader" % text)
    if words[1] == "front" and not bus.console:
        raise FormatError("`twin: %s`: the front reader needs `console`" % text)
    opener = _opener(hal, "twin", words[0], twin.BAUD)
    bus.twin = Neighbour(opener, twin.Twin(words[1] == "front"), clock)
    bus.stays_open = len(words) > 2
    if words[1] == "rear":
        bus.shift.day_cut = None  # it follows the front reader's shift


def _table(settings, parameters, hal, report):
    """TablePrices; what can be wrong with a table is found here, before anything is sold."""
    from firmware.devices.riders import Riders  # only with a table
    from firmware.devices.tariff import open_tables  # likewise

    bank = host = None
    if "riders" in settings.more:
        from firmware.devices.ride_bank import open_bank  # where settings ask for it

        bank = open_bank(settings.more, hal)
    if "sums" in settings.more:
        from firmware.devices.host_sums import HostSums  # likewise

        host = HostSums(settings, hal, report)

    def make_riders(clock, trusted):
        return Riders(clock, trusted, bank=bank, host=host)

    return bus_prices.TablePrices(open_tables(settings, parameters, hal, report), make_riders)
