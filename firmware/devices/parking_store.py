# SPDX-License-Identifier: Apache-2.0
"""A lane of a car park whose entries lie in the lanes' shared store (parking.py)."""

from firmware.devices import options, parking_rules, window
from firmware.devices.lane_store import Entry, LaneStore, key_of, pack_entry
from firmware.devices.trade import PASSES, Charge, Offer, Trade
from firmware.errors import FormatError
from firmware.formats import record

LANES = ("entry", "exit")
FREE = ("free_exit", "pass_valid", "prepaid")
PAID = ("ok", "concession", "torn_recovered")
MOST_LEAVING = 64
NOTHING = Charge(0, 0, "", "time", 1)


class Parking(Trade):
    """One lane."""

    name, code, needs_number = "parking", 7, True
    words = parking_rules.WORDS + parking_rules.STORE_ROWS

    def __init__(self, settings, parameters, store, tariff, passes, relay, clock):
        """tariff: Cutover; passes: AllowList or None; others as the modules of their names say."""
        Trade.__init__(self, settings, parameters)
        self.store, self.tariff, self.passes = store, tariff, passes
        self.relay, self.clock = relay, clock
        more = settings.more
        self.pays = options.word(more, "lane", "", LANES) == "exit"
        store.is_held = self._is_held
        self.product = more.get("product", "")
        self.lost = options.word(more, "missing_entry", "maximum", ("maximum", "refuse"))
        self.vehicle_class = options.number(more, "vehicle_class", 0, 0, 255)
        self.lane = settings.stop
        if not 1 <= self.lane <= 255:
            raise FormatError("`stop`: the number of the lane is 1..255")
        self.leaving = []  # (key, window, moment of paying) of who may leave, oldest first
        self.now, self.entry = clock.local_now(), None
        self.attendant, self.keyed = None, None  # of parking_attendant.py, what he has keyed

    def attach(self, house):
        Trade.attach(self, house)
        if self.attendant:
            self.attendant.attach(house)

    def restore(self, recent):
        """Whoever has paid may leave, however the power went; no entry outlives its payment."""
        if self.attendant:
            self.attendant.shift.restore(recent)
        length_s, dated = parking_rules.leave_s(self), self.house.stamp.ages()
        found = []
        for _, values in recent(MOST_LEAVING) if self.pays else ():
            free = values["kind"] == record.EVENT and values["reason"] in FREE
            if values["direction"] == 2 and (free or values["kind"] == record.APPROVED):
                since = window.opened_before(self.clock, length_s, values["time_utc_s"], dated)
                digits = values["date"] + values["time"]
                when = [int(digits[at : at + 2]) for at in range(0, 12, 2)]
                when[0] += 2000
                found.append((record.pan_digits(values["pan"]), since, tuple(when)))
        for pan, since, paid in reversed(found):  # records would fill a board's memory
            self._leave(pan, since, paid)

    def turn(self):
        self.relay.turn()
        if self.attendant:
            self.attendant.turn()
        for entry, verdict in self.store.turn():
            if verdict == "stored" and entry.lane == self.lane:
                self._open("entered")
            else:
                word = {"inside": "inside_already", "full": "park_full"}.get(verdict)
                self.house.show(word or self.store.fault or "store_lost")

    def offer(self):
        fault = "door_fault" if self.relay.fault else self.store.fault
        if self.pays and fault == "park_full":
            fault = ""  # a store that keeps nothing closes the exit, too: it would charge again
        return Offer(fault or ("lane_exit" if self.pays else "lane_entry"), None, not fault)

    def reads_first(self):
        return True

    def begin(self):
        self.now, self.entry = self.clock.local_now(), None
        self.keyed = self.attendant.keyed if self.attendant else None

    def charge(self, pan):
        fare = self._fare(pan) if pan and self.pays else None
        if fare is None:
            return NOTHING
        return Charge(fare.amount_fen, fare.full_fen, fare.fare_class, fare.rule, 1)

    def refuse(self, pan, psn):
        if not self.pays:
            return "entry_noted"
        self.entry = entry = self.store.find(key_of(pan))
        if self._may_leave(key_of(pan), entry):
            return "re_entry"
        if self.keyed:
            return self._priced(pan)
        if parking_rules.has_pass(self.passes, pan, self.now):
            return "pass_valid"
        payment = self.store.payment(key_of(pan)) if entry else None
        if payment and payment.asked_by:
            return "pay_open"  # he may have paid there: nobody pays twice for what is on its way
        if parking_rules.may_leave(self, payment):
            return "prepaid"
        if entry is None and not self.store.linked:
            return "store_lost"  # no price of a lost entry while entries may be on their way
        if entry is None and self.lost == "refuse":
            return "no_entry"
        return self._priced(pan)

    def _priced(self, pan):
        fare = self._fare(pan)
        if fare is None:
            return "no_tariff"
        return "" if fare.amount_fen else "free_exit"

    def pays_again(self, pan, psn):
        return self.store.find(key_of(pan)) is not None  # refuse() knows who has paid for it

    def onto(self, values):
        Trade.onto(self, values)
        values["direction"] = 2 if self.pays else 1
        if self.entry:
            values["trade_data"] = pack_entry(1, self.entry)
        if self.attendant:
            self.attendant.shift.onto(values)
        if self.keyed and self.keyed[1]:
            from firmware.devices.parking_attendant import reference_of  # where one is beside it

            values["reference"] = reference_of(self.keyed[1])

    def after(self, sold):
        self.entry = None
        if self.attendant:
            self.attendant.after(sold, bool(sold.sequence) and sold.message in PAID + FREE)
        if sold.message == "entry_noted" and sold.sequence:
            now = self.clock.local_now()
            entry = Entry(key_of(sold.pan), self.lane, tuple(now[:6]), self.vehicle_class)
            self.store.enter(entry)
            self.turn()
        elif self.pays and sold.sequence and (sold.message in PAID or sold.message in PASSES):
            since = window.opened(self.clock, parking_rules.leave_s(self))
            if sold.message != "re_entry":  # a free tap does not lengthen the time to leave
                self._leave(sold.pan, since, tuple(self.clock.local_now()[:6]))
            self._open("")

    def close(self):
        self.relay.close()
        self.store.close()
        if self.attendant:
            self.attendant.close()

    def _fare(self, pan):
        """Fare of who leaves now, None where it cannot be told."""
        if self.keyed:
            rule, began = self.keyed
            return parking_rules.by_rule(parking_rules.stay(self, began, pan), rule)
        entry, payment = self.store.find(key_of(pan)), self.store.payment(key_of(pan))
        if entry is None:
            return parking_rules.by_rule(parking_rules.stay(self, None, pan), "lost")
        fare = parking_rules.stay(self, entry.moment, pan)
        return parking_rules.rest_of(fare, payment.paid_fen if payment else 0)

    def _is_held(self, key):
        """True while nobody knows whether a card has paid here."""
        taps = self.house.torn_taps.open if self.house else ()
        return any(key_of(one.pan) == key for one in taps)

    def _may_leave(self, key, entry):
        """True for a card that has paid and did not go: its entry is gone, or older than that."""
        return any(
            one == key
            and window.left_ms(self.clock, since) > 0
            and (entry is None or entry.moment <= paid)
            for one, since, paid in self.leaving
        )

    def _leave(self, pan, since, when):
        """The entry is done with, its car may go."""
        key = key_of(pan)
        entry = self.store.find(key)
        self.leaving = self.leaving[1 - MOST_LEAVING :] + [(key, since, when)]
        if entry and entry.moment <= when:
            self.store.leave(key)

    def _open(self, word):
        if not self.relay.pulse():
            word = "door_fault"
        if word:
            self.house.show(word)


def make(settings, parameters, hal, clock, report):
    """Trade of a lane. FormatError for settings, tables or lists that cannot be used."""
    if "store" not in settings.more:
        raise FormatError("settings: `store` is missing: where the entries are kept")
    if settings.more["lane"] == "pay":
        from firmware.devices import parking_pay  # where settings ask for it

        return parking_pay.make(settings, parameters, hal, clock, report)
    trade = assembled(Parking, settings, parameters, hal, clock, report)
    if "console" in settings.more and trade.pays:
        from firmware.devices.keypad import open_console  # likewise
        from firmware.devices.parking_attendant import COMMANDS, Attendant  # likewise

        line = open_console(settings, hal, clock, COMMANDS)
        trade.attendant = Attendant(line, clock)
    return trade


def assembled(kind, settings, parameters, hal, clock, report):
    """The lane of class `kind` with all that it talks to; FormatError as make()."""
    from firmware.devices.access import open_list  # when a unit is put together
    from firmware.devices.tariff import open_tables  # likewise

    store = open_store(settings, hal, clock)
    tariff = open_tables(settings, parameters, hal, report)
    passes = open_list(settings, hal) if "allow" in settings.more else None
    relay = parking_rules.open_barrier(settings, hal, clock)
    return kind(settings, parameters, store, tariff, passes, relay, clock)


def open_store(settings, hal, clock):
    """The store that the settings name; its lines to the other lane and to pay stations."""
    more = settings.more
    kind, _, where = more["store"].partition(":")
    if kind == "serial":
        from firmware.devices.far_store import FarStore, line_to  # likewise

        return FarStore(line_to(more["store"], hal, clock))
    if kind not in ("file", "flash"):
        raise FormatError("`store: %s` is not file:, flash: or serial:" % more["store"])
    storage, twin = hal.open_flash(where, options.number(more, "store_blocks", 8, 4, 256)), None
    if more.get("twin", "").startswith("hub:"):
        from firmware.devices.far_store import line_to  # where many lanes share their entries
        from firmware.devices.hub_store import HubStore  # likewise

        if "pay_lines" in more:
            raise FormatError("`pay_lines` and `twin: hub:` do not go together")
        return HubStore(storage, line_to(more["twin"], hal, clock))
    if "twin" in more:
        from firmware.devices.far_store import LaneTwin, line_to  # likewise

        twin = LaneTwin(line_to(more["twin"], hal, clock))
    pays = ()
    if "pay_lines" in more:
        from firmware.devices.far_store import PayTwin, line_to  # likewise

        pays = [PayTwin(line_to(one, hal, clock)) for one in more["pay_lines"].split()]
    replace = options.word(more, "missing_exit", "refuse", ("refuse", "replace")) == "replace"
    return LaneStore(storage, replace, twin, pays)
