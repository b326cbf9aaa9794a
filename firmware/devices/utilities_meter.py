# SPDX-License-Identifier: Apache-2.0
"""Water, power or gas bought onto a card that the meter at home reads (docs/utilities.md).

A till (shop.py) whose goods are units in the card's own record: `buy 5` asks for five packs, the
card pays, and its record counts them together with the debit: both become final, or neither
(card_records.py). Nobody's billing is asked; what the card carries is what was paid. A torn
purchase whose card comes back later is complete, units and all, and nothing is given back for it.

| setting | value |
|---|---|
| sells | units |
| bill_kind | water, power or gas: the only meters whose cards are served |
| unit_pack | 1..10000: m3 or kWh of a pack; 1 |
| unit_price_fen | what a pack costs |
| console | serial:PATH of the keys |
| module, record_key, key_factor, city, operator | of card_trade.py |
"""

from firmware.capp import layouts, meter
from firmware.devices import options
from firmware.devices.card_trade import CardTrade, changed, keys_from
from firmware.devices.card_words import ROWS
from firmware.devices.panel import yuan
from firmware.devices.shop import PAID, Shop, open_console
from firmware.devices.trade import OWN, Charge, Offer, Trip
from firmware.errors import FormatError
from firmware.kernel.capp import DEDUCTION

COMMANDS = """
buy|PACKS:1..9999|so much onto the card of a meter
cancel||buy nothing
on|STAFF:1..999999|open the kiosk
off||close it, with its report
report||the day so far
"""
HUNDREDTHS = 100  # units in the record of 1 m3 or 1 kWh
WORDS = """key_units|blue||请输入购买数量|Key how much|
pay_water|blue||购水{fare}元 请刷卡|Water {fare}, tap card|
pay_power|blue||购电{fare}元 请刷卡|Power {fare}, tap card|
pay_gas|blue||购气{fare}元 请刷卡|Gas {fare}, tap card|
units_written|green|ok|已购{fare}元 请在表上刷卡|Bought {fare}, hold at meter|220
meter_missing|red|no|卡未绑定表具 未扣款|No meter on card not charged|221
meter_other|red|no|表具类型不符 未扣款|Other meter kind not charged|222
meter_full|red|no|表内余量已满 未扣款|Meter is full, not charged|223
stamp_ahead|red|no|时间不符 未扣款|Time is wrong, not charged|224
stamp_bad|red|no|卡内记录有误 未扣款|Record is bad, not charged|224
record_foreign|red|no|非本系统 未扣款|Foreign record, not charged|224
"""


class Records(CardTrade):
    """Keys and moments of a kiosk's tap."""

    name = "utilities"


class MeterKiosk(Shop):
    """One kiosk that writes units onto cards; a shift is a day of it."""

    name, code = "utilities", 0
    uses_records = True
    needs_number = True
    words = Shop.words + WORDS + ROWS

    def __init__(self, settings, parameters, clock, line, keys):
        """line: Neighbour with Console(COMMANDS); keys: card_trade.Keys. FormatError."""
        Shop.__init__(self, settings, parameters, clock, line)
        more = settings.more
        self.kind = options.word(more, "bill_kind", meter.METERS[0], meter.METERS)
        self.pack = options.number(more, "unit_pack", 1, 1, 10000) * HUNDREDTHS
        self.pack_fen = options.number(more, "unit_price_fen", 0, 1, parameters.ceiling_fen)
        if not self.pack_fen:
            raise FormatError("settings: `unit_price_fen` is missing: what a pack costs")
        self.sfi, self.area_id, _, self.layout = layouts.OWN["meter"]
        self.card = Records(settings, parameters, clock, keys)

    def attach(self, house):
        Shop.attach(self, house)
        self.card.attach(house)

    def offer(self):
        if not self.shift.is_open:
            return Offer("sign_on", None, False)
        if not self.asked_fen:
            return Offer("key_units", None, False)
        return Offer("pay_" + self.kind, self.asked_fen, True)

    def reads_first(self):
        return True  # the number derives the key

    def begin(self):
        Shop.begin(self)
        self.card.begin()

    def charge(self, pan):
        """Units have one price, whoever buys them."""
        return Charge(self.frozen[0], self.frozen[0], "", self.frozen[1], 1)

    def wants(self, selected):
        return ((self.sfi, self.area_id),)

    def key_of(self, page, pages, pan):
        return self.card.key_of(page, pages, pan)

    def trip_of(self, pages, pan):
        """Trip of the purchase that is asked for, or why this card cannot carry it (QX-016)."""
        charge, now = self.charge(pan), self.card.moment()
        units = charge.amount_fen // self.pack_fen * self.pack
        try:
            values = layouts.read(self.layout, pages[0].data)
            word = meter.refusal(values, self.kind, units, now)
            if word:
                return word
            fields = meter.bought(values, self.card.here(), now, units, charge.amount_fen)
            change = changed(pages[0], self.layout, fields)
        except FormatError:
            return "stamp_bad"
        return Trip(charge, DEDUCTION, (change,), None, OWN)

    def thanks(self, charge, balance_fen=None):
        return "units_written"

    def after(self, sold):
        self.shift.after(sold)
        self._note("%s %s" % (sold.message, yuan(sold.amount_fen)))
        if sold.outcome.outcome in PAID and sold.values["reference"] == self.reference:
            self._ask(0, "fixed")

    def _buy(self, packs):
        if packs * self.pack_fen > self.parameters.ceiling_fen:
            return "at most %s in one purchase" % yuan(self.parameters.ceiling_fen), ()
        self._ask(packs * self.pack_fen, self.kind)
        return "", ()


def make(settings, parameters, hal, clock, report):
    """Trade of such a kiosk. FormatError for settings that cannot be used."""
    keys = keys_from(settings.more)
    line = open_console(settings, hal, clock, COMMANDS)
    return MeterKiosk(settings, parameters, clock, line, keys)
