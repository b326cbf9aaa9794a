# SPDX-License-Identifier: Apache-2.0
"""The fare adjustment kiosk of a metro whose trips lie on the cards (JR/T 0025.14 E.1.1).

The first tap says what is wrong and what is due, and touches nothing; the second one of the same
card takes it, and the record is put right in the same debit: both stand or neither. In the paid
area a new entry of this station is stamped, both sides with the number of this very record, by
which the exit gates of this station know who has paid (metro_rules.may_leave); outside the trip is
closed. With a console staff puts a record right for nothing, or for cash.

| setting | value |
|---|---|
| trips | card; store (default): adjust_store.py |
| area | paid (default): riders who want to leave; unpaid: who want to enter |
| adjust_min | minutes that are left for leaving, 20; the exit gates have the same |
| console | serial:PATH of the staff's keys, optional |

Others: product, fares, longest_min, overtime, turn_min, same_station, as at the gates (metro.py),
and those of card_trade.py.
"""

from firmware.capp import layouts
from firmware.capp import trip as rules_of_trips
from firmware.devices import adjust_rules, metro_rules, options, window
from firmware.devices.adjust_rules import CASH, COMMANDS, PAYABLE, STAFF
from firmware.devices.card_trade import CardTrade, changed, keys_from
from firmware.devices.card_words import ROWS
from firmware.devices.keypad import open_console, shift_key
from firmware.devices.shift import CASH as PAID_CASH
from firmware.devices.shift import RESTORED, Shift
from firmware.devices.trade import OWN, Charge, Offer, Trade, Trip
from firmware.errors import FormatError
from firmware.formats import record
from firmware.kernel.capp import DEDUCTION

ASKED_S = 60  # for so long the second tap of a card is its consent, and a key stands
NOBODY = ("", 0)
PUT_RIGHT = ("approved", "recovered")


class Adjust(CardTrade):
    """One kiosk. `told_fen`: what the first tap of the card at work was told."""

    name, code = "adjust", 1
    uses_records = True
    words = adjust_rules.WORDS + ROWS

    def __init__(self, settings, parameters, tariff, line, clock, keys):
        """line: Neighbour with Console(COMMANDS), None without staff. FormatError."""
        CardTrade.__init__(self, settings, parameters, clock, keys)
        more = settings.more
        self.sfi, self.area_id, _, self.layout = layouts.OWN["metro"]
        self.leaves = options.word(more, "area", "paid", adjust_rules.AREAS) == "paid"
        self.rules = metro_rules.rules_from(more)
        self.adjust_s = metro_rules.adjust_s_from(more)
        self.product, self.tariff, self.line = more.get("product", ""), tariff, line
        self.shift = Shift()
        over = window.opened(clock, 0)
        self.asked, self.asked_until = NOBODY, over  # (PAN, fen) of who may pay by tapping again
        self.keyed, self.keyed_until = ("", 0), over  # (rule, station) as staff has keyed
        self.consent, self.grant, self.station = NOBODY, "", 0  # of the tap at work

    def attach(self, house):
        Trade.attach(self, house)
        self.shift.attach(house)

    def restore(self, recent):
        """A record that was put right for cash has its note, however the power went."""
        self.shift.restore(recent)
        noted, missing = [], []
        for sequence, values in recent(RESTORED):  # newest first
            if values["reason"] == PAID_CASH:
                noted.append(values["reference"])
            elif values["kind"] != record.STAMPED or sequence in noted:
                continue
            elif is_for_cash(values):
                missing.append((sequence, values["full_fare_fen"]))
        for sequence, fen in missing:
            self.shift.cash(fen, sequence)

    def turn(self):
        self.shift.turn()
        for command in self.line.turn() if self.line else ():
            fault, lines = self._obey(command.name, command.values)
            if fault:
                self.line.protocol.error(fault)
            else:
                self.line.protocol.ok("", lines)

    def offer(self):
        keyed = self.keyed[0] and window.left_ms(self.clock, self.keyed_until) > 0
        return Offer("adjust_next" if keyed else "adjust_ready", None, True)

    def begin(self):
        CardTrade.begin(self)
        self.told_fen = 0
        tapped = window.left_ms(self.clock, self.asked_until) > 0
        self.consent = self.asked if tapped else NOBODY
        stands = window.left_ms(self.clock, self.keyed_until) > 0
        self.grant, self.station = self.keyed if stands else ("", 0)

    def wants(self, selected):
        return ((self.sfi, self.area_id),)

    def trip_of(self, pages, pan):
        """Trip of a record that is put right now, or what is wrong with it (QX-012, QX-016)."""
        try:
            values = self._fields(pages[0].data)
            fault = rules_of_trips.head_fault(values)
            if fault:
                return fault
            word, fare = adjust_rules.judged(self, values, pan)
            charge = self._charge(word, fare, pan)
            return self._trip(charge, pages[0]) if charge else self._stop(word, fare)
        except FormatError:
            return "record_unread"

    def _fields(self, data):
        """Fields of the record; one whose digits are none has a stamp that nobody believes."""
        try:
            return layouts.read(self.layout, data)
        except FormatError:
            values = layouts.read(layouts.HEAD, data)
            values.update({"state": layouts.INSIDE, "entry_time": None})
            return values

    def _charge(self, word, fare, pan):
        """Charge of a card whose record is put right by this tap, None where it is not."""
        if word == "adjust_done" or (word == "adjust_none" and not fare):
            return None
        due_fen = fare.amount_fen if fare else 0
        if self.grant:
            full_fen = due_fen if self.grant == CASH else 0
            return Charge(0, full_fen, "", self.grant, 1)
        if word not in PAYABLE or fare is None:
            return None
        if due_fen and self.consent != (pan, due_fen):
            return None
        return Charge(due_fen, fare.full_fen, fare.fare_class, word, 1)

    def _stop(self, word, fare):
        """The word that a card is sent away with; what is due stands beside it."""
        if word not in PAYABLE:
            return word
        if fare is None:
            return "no_tariff"
        self.told_fen = fare.amount_fen
        return word

    def _trip(self, charge, page):
        here, now = self.here(), self.moment()
        fields = rules_of_trips.left(here, now, charge.amount_fen)
        if self.leaves:
            fields.update(rules_of_trips.entered(here, now))
        change = changed(page, self.layout, fields)
        return Trip(charge, DEDUCTION, (change,), None, OWN)

    def onto(self, values):
        Trade.onto(self, values)
        self.shift.onto(values)
        values["direction"] = 1 if self.leaves else 2

    def thanks(self, charge, balance_fen=None):
        if not charge.amount_fen:
            return "adjusted_free"
        return "adjusted" if self.leaves else "adjusted_in"

    def after(self, sold):
        self.shift.after(sold)
        if sold.outcome.outcome in PUT_RIGHT:
            self.asked, self.keyed = NOBODY, ("", 0)
            if is_for_cash(sold.values):
                self.shift.cash(sold.values["full_fare_fen"], sold.sequence)
            self._note("%s, record %d" % (sold.message, sold.sequence))
        elif sold.message in PAYABLE:
            self.asked = (sold.pan, sold.amount_fen)
            self.asked_until = window.opened(self.clock, ASKED_S)
            self._note("%s %d fen" % (sold.message, sold.amount_fen))

    def close(self):
        if self.line:
            self.line.close()

    def _note(self, text):
        if self.line:
            self.line.protocol.note(text)
            self.line.flush()

    def _obey(self, name, values):
        """("", lines to show) or (what to do, ())."""
        said = shift_key(self.shift, self.house.busy(), name, values, "STAFF")
        if said:
            if name == "off" and not self.shift.is_open:
                self.keyed = ("", 0)
            return said
        rule, station = self.keyed if window.left_ms(self.clock, self.keyed_until) > 0 else ("", 0)
        rule = {"free": STAFF, "cash": CASH, "cancel": ""}.get(name, rule)
        self.keyed = (rule, values[0] if name == "station" else station * (name != "cancel"))
        self.keyed_until = window.opened(self.clock, ASKED_S)
        return "", ()


def is_for_cash(values):
    """True for what staff puts right for cash: `full_fare_fen` says how much."""
    return values["rule"] == CASH


def make(settings, parameters, hal, clock, report):
    """Trade of a kiosk. FormatError for settings or tables that cannot be used."""
    from firmware.devices.tariff import open_tables  # when a unit is put together

    if options.word(settings.more, "trips", "store", ("store", "card")) == "store":
        try:
            from firmware.devices import adjust_store  # where settings ask for it
        except ImportError:
            raise FormatError("settings: `trips: store` of a kiosk: this image has no room for it")
        return adjust_store.make(settings, parameters, hal, clock, report)
    keys = keys_from(settings.more)
    tariff = open_tables(settings, parameters, hal, report)
    line = open_console(settings, hal, clock, COMMANDS) if "console" in settings.more else None
    return Adjust(settings, parameters, tariff, line, clock, keys)
