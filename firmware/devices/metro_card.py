# SPDX-License-Identifier: Apache-2.0
"""A metro gate whose trips lie in the card's own record (JR/T 0025.14 E.1.1).

All that can refuse a card is decided from its record before the GPO (QX-016); the stamp and what
is paid become final together (card_records.py). An entry costs nothing and may ask for a least
balance, an exit is priced by the record's entry (metro_rules.py). A card that was stamped here a
moment ago and did not pass is let through and not stamped again (QX-042). One that does not tell
its number freely is sent to the service desk.

The layout is the own profile's, T-Union's metro record names no stations. Settings beside those of
metro.py, of which store, store_blocks, twin and allow are not used:

| setting | value |
|---|---|
| trips | card |
| module | security module (firmware/module/opening.py) |
| record_key | KEY_USE/VERSION in hex of the key of the trip's record |
| key_factor | pan:NN: the right 16 digits of card number and sequence number NN, which all cards |
| | of the city have: the card tells its own behind the GPO, where no key is derived any more |
| city, operator | as they are stamped |
| least_fen | balance that an entry asks for |
"""

from firmware.capp import layouts
from firmware.capp import trip as rules_of_trips
from firmware.devices import metro_rules, options
from firmware.devices.card_words import ROWS
from firmware.devices.metro_rules import priced, rules_from
from firmware.devices.trade import OWN, Charge, Offer, Trade, Trip
from firmware.errors import FormatError
from firmware.formats import lines
from firmware.kernel.capp import DEDUCTION, Change

ENTERED = Charge(0, 0, "", "entry", 1)
LET = ("re_entry", "free_exit")  # of a card that is not debited
WORDS = """entry_missing|red|no|无进站记录 请到服务台|No entry: service desk|152
exit_missing|red|no|未出站 请到服务台|No exit before: service desk|152
record_foreign|red|no|非本系统 请到服务台|Foreign record: service desk|152
"""


class MetroCard(Trade):
    """One gate. key: (key use, version) of the record's key; factor_of(page, pan): bytes that
    derive it, both by configuration of the city.
    """

    name, code, needs_number = "metro", 1, True
    uses_records = True
    words = metro_rules.WORDS + WORDS + ROWS

    def __init__(self, settings, parameters, tariff, relay, clock, key, factor_of):
        """FormatError for settings that mean nothing."""
        Trade.__init__(self, settings, parameters)
        if parameters.extended != "require":  # a plain debit has no trip that prices it
            raise FormatError("parameters: `extended` has to be require, where trips are on cards")
        more = settings.more
        self.leaves = options.word(more, "lane", "", ("entry", "exit")) == "exit"
        self.sfi, self.area_id, _, self.layout = layouts.OWN["metro"]
        self.city = options.number(more, "city", 0, 0, 9999)
        self.operator = options.number(more, "operator", 0, 0, 65535)
        self.least_fen = options.number(more, "least_fen", 0, 0, 100000)
        self.product, self.rules = more.get("product", ""), rules_from(more)
        self.charges = more.get("degraded") != "exit_free"
        self.tariff, self.relay, self.clock = tariff, relay, clock
        self.key, self.factor_of = key, factor_of
        self.now = clock.local_now()

    def here(self):
        """Here of the tap at work: this terminal, and the number that its record will have."""
        settings, number = self.settings, self.house.journal.next
        return rules_of_trips.Here(
            self.city, self.operator, settings.line, settings.stop, settings.terminal, number
        )

    def turn(self):
        self.relay.turn()

    def offer(self):
        fault = "door_fault" if self.relay.fault else ""
        return Offer(fault or ("lane_exit" if self.leaves else "lane_entry"), None, not fault)

    def reads_first(self):
        return True  # whom a gate lets through again stands in a record by his number

    def begin(self):
        self.now = self.clock.local_now()

    def wants(self, selected):
        return ((self.sfi, self.area_id),)

    def key_of(self, page, pages, pan):
        return (self.key[0], self.key[1], self.factor_of(page, pan))

    def trip_of(self, pages, pan):
        """Trip, or the word of what stops this card (QX-012, QX-043..046)."""
        try:
            values = layouts.read(self.layout, pages[0].data)
            fault = rules_of_trips.head_fault(values)
            if fault:
                return fault
            if self.leaves:
                return self._leave(values, pages[0], pan)
            return self._enter(values, pages[0])
        except FormatError:
            return "stamp_bad"

    def _enter(self, values, page):
        now = tuple(self.now[:6])
        word = rules_of_trips.entry(values, self.here(), now, self.rules)
        if word:
            return word
        fields = rules_of_trips.entered(self.here(), now)
        return self._trip(ENTERED, page, fields, self.least_fen or None)

    def _leave(self, values, page, pan):
        word, fare = priced(self, values, pan)
        if fare is None:
            return "re_entry" if word == "re_exit" else word or "no_tariff"
        charge = Charge(fare.amount_fen, fare.full_fen, fare.fare_class, fare.rule, 1)
        fields = rules_of_trips.left(self.here(), tuple(self.now[:6]), fare.amount_fen)
        return self._trip(charge, page, fields, None)

    def _trip(self, charge, page, fields, least_fen):
        after = layouts.write(self.layout, page.data, layouts.known(self.layout, fields))
        change = Change(page.sfi, page.following, page.data, after, None)
        return Trip(charge, DEDUCTION, (change,), least_fen, OWN)

    def onto(self, values):
        Trade.onto(self, values)
        values["direction"] = 2 if self.leaves else 1

    def thanks(self, charge, balance_fen=None):
        if charge.amount_fen:
            return Trade.thanks(self, charge, balance_fen)
        return "free_exit" if self.leaves else "entered"

    def after(self, sold):
        passed = sold.outcome.outcome in ("approved", "recovered") or sold.message in LET
        if passed and sold.sequence and not self.relay.pulse():
            self.house.show("door_fault")

    def close(self):
        self.relay.close()


def make(settings, parameters, hal, clock, report):
    """Trade of a gate. FormatError for settings or tables that cannot be used."""
    from firmware.devices.access import open_relay  # when a unit is put together
    from firmware.devices.tariff import open_tables  # likewise

    more = settings.more
    if more.get("module", "none") == "none":
        raise FormatError("settings: `trips: card` wants a `module`")
    key = key_named(more.get("record_key", ""))
    factor_of = factor_by(more.get("key_factor", ""))
    tariff = open_tables(settings, parameters, hal, report)
    relay = open_relay(settings, hal, clock)
    return MetroCard(settings, parameters, tariff, relay, clock, key, factor_of)


def key_named(text):
    """(key use, version) of the setting `record_key`. FormatError."""
    parts = [lines.octets("settings", "record_key", one, 1) for one in text.split("/")]
    if len(parts) != 2:
        raise FormatError("settings: `record_key: %s` is not USE/VERSION" % text)
    return parts[0][0], parts[1][0]


def factor_by(text):
    """factor_of(page, pan) of the setting `key_factor`. FormatError."""
    rule, _, psn = text.partition(":")
    if rule != "pan" or len(psn) != 2 or [sign for sign in psn if not "0" <= sign <= "9"]:
        raise FormatError("settings: `key_factor: %s` is not pan:NN" % text)

    def factor_of(page, pan):
        """The right 16 digits of number and sequence number, b"" without a number."""
        return bytes.fromhex(("0" * 16 + pan + psn)[-16:]) if pan else b""

    return factor_of
