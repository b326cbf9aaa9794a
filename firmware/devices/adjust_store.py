# SPDX-License-Identifier: Apache-2.0
"""The fare adjustment kiosk of a metro whose entries lie in the lanes' shared store: for overtime
and moments that nobody can believe, in the paid area.

It is a pay station (parking_pay.py) with the metro's rules: the first tap asks the exit gate that
keeps the store and says what is due, the second one pays it, and the gate then lets the card out
for the time to leave without charging it. Nobody pays twice for a line or a power that fails. A
card without an entry has no row that could be paid for: the gate takes the dearest fare itself.

| setting | value |
|---|---|
| trips | store |
| stop | number of the station, 1..255; one kiosk at a store |
| store | serial:PATH, the line to the exit gate with the store (`pay_lines` there) |

Others: product, fares, longest_min, overtime, turn_min, same_station, as at the gates (metro.py).
"""

from firmware.capp.trip import Here
from firmware.devices import adjust_rules, metro_rules, parking_rules, window
from firmware.devices.parking_pay import QUOTE_S, PayStation, Quote
from firmware.errors import FormatError
from firmware.fares.trip import Fare

WORDS = """
lane_pay|blue||补票 请刷卡|Adjust fare: present card|
stay_asked|blue||请稍候|Please wait|
stay_due|amber|again|应补{fare}元 请再刷卡|Overtime {fare}: tap again|232
no_entry|blue|known|无进站记录 请走闸机|No entry: the gate takes it|235
free_exit|blue|known|无需补票 请走闸机|All right: go to the gate|235
prepaid|blue|known|已补票 请尽快出站|Adjusted: please leave|236
no_tariff|red|no|无法计费 请到服务台|No fare: service desk|134
store_lost|red|no|暂停服务 线路中断|Out of service: link is lost|21
"""


class AdjustStore(PayStation):
    """One kiosk."""

    name, code = "adjust", 1
    words = WORDS
    leaves, station = True, 0  # of adjust_rules: in the paid area, nothing is keyed

    def __init__(self, settings, parameters, neighbour, tariff, clock):
        """As PayStation's."""
        PayStation.__init__(self, settings, parameters, neighbour, tariff, clock)
        self.rules = metro_rules.rules_from(settings.more)
        self.adjust_s = 0  # no entry of a store bears a kiosk's mark

    def here(self):
        """Here of the tap at work."""
        number = self.house.journal.next
        return Here(0, 0, 0, self.number, self.settings.terminal, number)

    def _priced(self, pan, entry, payment):
        self.now = self.clock.local_now()
        since = window.opened(self.clock, QUOTE_S)
        if parking_rules.may_leave(self, payment):
            return Quote(pan, entry, payment, parking_rules.PREPAID, since)
        word, fare = adjust_rules.judged(self, metro_rules.in_store(entry), pan)
        if word == "adjust_none":
            fare = metro_rules.LET_OUT  # by this kiosk nothing is taken
        elif fare:
            rest = parking_rules.rest_of(fare, payment.paid_fen)
            fare = Fare(rest.amount_fen, rest.full_fen, rest.fare_class, word, 1, rest.version)
        return Quote(pan, entry, payment, fare, since)


def make(settings, parameters, hal, clock, report):
    """Trade of a kiosk. FormatError for settings or tables that cannot be used."""
    from firmware.devices.far_store import line_to  # when a unit is put together
    from firmware.devices.tariff import open_tables  # likewise

    store = settings.more.get("store", "")
    if not store.startswith("serial:"):
        raise FormatError("settings: `store` of an adjustment kiosk is serial:PATH")
    tariff = open_tables(settings, parameters, hal, report)
    return AdjustStore(settings, parameters, line_to(store, hal, clock), tariff, clock)
