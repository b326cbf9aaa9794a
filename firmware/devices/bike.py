# SPDX-License-Identifier: Apache-2.0
"""A station of public bikes: hire by pre-authorisation, return by completion (JR/T 0025.14 §6;
holds.py).

    nothing open, a bike here      the deposit is frozen, then the dock opens
    deposit open, a bike brought   its hire is priced until the bike was locked, and completed
    deposit open, no bike brought  refused: first the bike, then the card
    deposit open, bike stuck here  another dock opens; where there is none, a completion of nothing

A dock opens when the frozen sum is durable. One whose lock does not move, or whose bike was not
taken, is known by its hire until the card comes back, also behind a restart: nobody pays for a
bike that he was not given. A hire never costs more than was frozen; one that outlasts `valid_min`
costs all of it. Bikes that were brought without a card may be hired after `return_min`: the
event names the bike, the frozen sum stays open on its card and in the ledger.

| setting | value |
|---|---|
| docks | serial:PATH of the docks (neighbours/dock.py) |
| product, fares | tariff, kind `time`: free minutes, steps, cap |
| return_min | minutes that a brought bike waits for its card, 1..60; 10 |
| transfer_min | a bus ride in the card's newest rides within so many minutes before the hire .. |
| transfer_free_min | .. makes so many minutes of the hire free (QX-062); 0, 0: no such rule |
| freeze_fen, valid_min | holds.py |

`reference` of a record is the bike, `trade_data` version 1 (1), dock (1).
"""

from firmware.capp import layouts
from firmware.capp import trip as rules_of_trips
from firmware.devices import options
from firmware.devices.bike_docks import Hire, Station
from firmware.devices.card_trade import keys_from
from firmware.devices.holds import AGAIN, WORDS, HoldTrade
from firmware.devices.trade import Offer, Trade
from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.fares.trip import Fare
from firmware.formats import extension, record
from firmware.kernel import capp
from firmware.neighbours import dock as docks

BUS = 2  # trade code of a ride
RIDES_READ = 2  # newest rides that a transfer is looked for in
MOST_READ = 16  # records read at a start
LOOK_BACK = 256  # records among which a hire is looked for that nobody here knows of
HELD = (docks.LOCKED, docks.FAULT)  # states of a dock that its bike has not left
UNOPENED = (record.PENDING, record.DEBITED_REFUSED)  # of a freeze behind which no lock has opened
OPENING_S = 60  # what was frozen longer ago is not being handed out any more
NOT_GIVEN, UNTAPPED = "bike_not_given", "bike_untapped"


class Bike(HoldTrade):
    """One station."""

    name, code, area = "bike", 6, "bike"
    uses_records = True
    words = (
        """
bike_ready|blue||租车还车 请刷卡|Hire or return: tap card|
re_entry|green|double|请取车 未重复冻结|Take the bike, held once|192
free_return|green|double|已解冻 未扣款|Released, not charged|193
bike_out|red|no|请先还车入桩 再刷卡|Lock the bike first, then tap|194
no_bikes|red|no|无车可租 请到其他站点|No bike here: other station|195
bike_stuck|amber|again|车锁未开 请再刷卡|Lock stuck: same card again|196
docks_lost|red|no|暂停服务 车桩离线|Out of service: docks lost|21
"""
        + WORDS
    )

    def __init__(self, settings, parameters, tariff, station, clock, keys):
        """tariff: Cutover; station: bike_docks.Station. FormatError."""
        HoldTrade.__init__(self, settings, parameters, clock, keys)
        more = settings.more
        self.tariff, self.station = tariff, station
        self.product = more.get("product", "")
        self.transfer_min = options.number(more, "transfer_min", 0, 0, 240)
        self.transfer_free_min = options.number(more, "transfer_free_min", 0, 0, 1440)
        self.chosen = self.brought = None  # of the card at work: (dock, bike), (.., seconds ago)

    def restore(self, recent):
        """Hires that the power went away from."""
        closed, dated = [], self.house.stamp.ages()
        for number, values in recent(MOST_READ):
            word, _, told = values["reason"].partition(" ")
            if word == NOT_GIVEN:
                closed.append(told)
            known = extension.of(values) if values["device"] == self.name else None
            if known and known["kind"] == extension.COMPLETION:
                closed.append(self._number_before(known))
            elif known and values["kind"] == record.PREAUTHORISED and str(number) not in closed:
                age_s = self.clock.time_utc_s() - values["time_utc_s"]
                if not dated or age_s <= OPENING_S:
                    pan, dock = record.pan_digits(values["pan"]), dock_of(values)
                    hire = Hire(number, pan, dock, values["reference"], opened=True)
                    self.station.handing.append(hire)

    def turn(self):
        for told in self.station.turn():
            if told[0] == "kept":
                self._note("%s %d" % (NOT_GIVEN, told[1].number), told[1].dock, told[1].bike)
                self.house.show("bike_stuck")
            else:
                self._note(UNTAPPED, told[1], told[2])

    def offer(self):
        lost = self.station.lost
        return Offer("docks_lost" if lost else "bike_ready", None, not lost)

    def begin(self):
        HoldTrade.begin(self)
        self.chosen, self.brought = self.station.pick(), self.station.back()

    def looks_at(self):
        return ((capp.CYCLIC_FILE, RIDES_READ),) if self.transfer_min else ()

    def sum_to_freeze(self, values, pan):
        return ("", self.freeze_fen) if self.chosen else ("no_bikes", 0)

    def waits(self, values):
        """QX-042: the lock is open still, or another dock can open."""
        said = self._state_of(values)
        return said == "handing" or said == "kept" and bool(self.chosen)

    def price(self, values, pan, word, others):
        if self._state_of(values) == "kept" or self._was_not_given(values, pan):
            return "", Fare(0, 0, "", "not_given", 1, 0)
        if not self.brought:
            return "bike_out", None
        held_fen = values["frozen_fen"]
        if word == "overdue":
            return "", Fare(held_fen, held_fen, "", word, 1, 0)
        free_min = self.transfer_free_min if self._from_bus(values, others) else 0
        stamp = self.house.stamp
        late_s = self.brought[2] + stamp.doubt_s() + 60 * free_min  # TD-008: in the rider's favour
        day, second = calendar.shifted(calendar.moment(self.moment()), -late_s)
        ended = calendar.date_of(day) + (second // 3600, second // 60 % 60, second % 60)
        fare = self.tariff.stay(self.product, values["entry_time"], ended, pan, stamp.trusted())
        if fare is None:
            return "no_tariff", None
        rule = "transfer" if free_min else fare.rule
        amount_fen, full_fen = min(held_fen, fare.amount_fen), min(held_fen, fare.full_fen)
        return "", Fare(amount_fen, full_fen, fare.fare_class, rule, 1, fare.version)

    def onto(self, values):
        Trade.onto(self, values)
        if self.at == extension.PREAUTHORISATION and self.chosen:
            _deal(values, 1, self.chosen)
        elif self.at == extension.COMPLETION and self.brought:
            _deal(values, 2, self.brought)

    def froze(self, sold, fields):
        values = sold.values
        hire = Hire(fields["entry_number"], sold.pan, dock_of(values), values["reference"])
        if not self.station.hand(hire):  # gone since: the tap was torn and settled later
            self.station.keep(hire)
            self._note("%s %d" % (NOT_GIVEN, hire.number), hire.dock, hire.bike)
            self.house.show("bike_stuck")

    def completed(self, sold, fields):
        self.station.forget(fields["entry_number"])
        if sold.values["reference"]:
            self.station.settle(sold.values["reference"])

    def again(self, sold):
        hire = self.station.hire_of(sold.pan)
        if hire:
            hire.tries += 1
            if not self.station.hand(hire):
                self.house.show("bike_stuck")

    def close(self):
        self.station.close()

    def _state_of(self, values):
        own = values["entry_gate"] == self.settings.terminal
        return self.station.state_of(values["entry_number"]) if own else ""

    def _was_not_given(self, values, pan):
        """True where journal or docks say that nobody got a bike for this freeze of ours: its tap
        was torn and never settled, or its bike stayed in the dock before a restart.
        """
        number, journal = values["entry_number"], self.house.journal
        if values["entry_gate"] != self.settings.terminal or self._state_of(values):
            return False
        told = "%s %d" % (NOT_GIVEN, number)
        for sequence, one in record.readable(journal.backwards()):
            if one["reason"] == told:
                return True
            if one["reason"] == AGAIN and record.pan_digits(one["pan"]) == pan:
                return False  # another dock has opened since
            if sequence == number:
                return self._never_opened(one)
            if sequence <= journal.next - LOOK_BACK:
                break
        return False

    def _never_opened(self, values):
        """True of a freeze's record where no lock has opened behind it, or where its bike is in
        the dock since, as the docks tell it: whoever has lost the power, or had no room to write.
        """
        if values["kind"] == record.DEBITED_UNPROVEN:
            return not self.parameters.stamp_lets_pass  # else a lock may have opened
        if values["kind"] != record.PREAUTHORISED:
            return values["kind"] in UNOPENED
        place = self.station.docks.found.get(dock_of(values))
        if place is None or place.bike != values["reference"] or place.state not in HELD:
            return False
        age_s = self.clock.time_utc_s() - values["time_utc_s"]
        return self.house.stamp.exact() and 0 <= age_s <= place.since_s + OPENING_S

    def _from_bus(self, values, pages):
        """True when a bus ride ended a short while before this hire (QX-062, QX-063)."""
        for page in pages:
            try:
                ride = layouts.read(layouts.RIDE, page.data)
            except FormatError:
                continue  # no ride of ours: the full price
            passed_s = rules_of_trips.seconds_since(ride["time"], values["entry_time"])
            near = passed_s is not None and 0 <= passed_s <= 60 * self.transfer_min
            if near and ride["trade"] == BUS:
                return True
        return False

    def _number_before(self, known):
        """Text of the record's number that a completion has closed; "" of another terminal's."""
        (before,) = [one[2] for one in known["changes"] if one[0] == self.sfi]
        values = layouts.read(self.layout, before)
        own = values["entry_gate"] == self.settings.terminal
        return str(values["entry_number"]) if own else ""

    def _note(self, reason, dock, bike):
        """Write what became of a bike; the last place in the journal is a sale's."""
        journal = self.house.journal
        if journal.room() > 1:
            self.at = 0
            values = self.house.stamp.onto(record.blank(record.EVENT))
            values["reason"] = reason
            _deal(values, 0, (dock, bike))
            journal.append(record.pack(values))


def _deal(values, direction, place):
    values["direction"], values["reference"] = direction, place[1]
    values["trade_data"] = bytes((1, place[0]))


def dock_of(values):
    """Number of the dock in a bike's record, 0 where it names none."""
    data = values["trade_data"]
    return data[1] if len(data) == 2 and data[0] == 1 else 0


def make(settings, parameters, hal, clock, report):
    """Trade of a station. FormatError for settings or tables that cannot be used."""
    from firmware.devices.tariff import open_tables  # when a unit is put together
    from firmware.neighbours.dock import Docks  # likewise
    from firmware.neighbours.line import Neighbour  # likewise

    keys = keys_from(settings.more)
    kind, _, path = settings.more["docks"].partition(":")
    if kind != "serial" or not path:
        raise FormatError("settings: `docks: %s` is not serial:PATH" % settings.more["docks"])
    line = Neighbour(lambda: hal.open_serial(path, 115200), Docks(), clock)
    return_s = 60 * options.number(settings.more, "return_min", 10, 1, 60)
    tariff = open_tables(settings, parameters, hal, report)
    return Bike(settings, parameters, tariff, Station(line, clock, return_s), clock, keys)
