# SPDX-License-Identifier: Apache-2.0
"""What a toll lane decides, wherever its trips lie: price by stations and vehicle class, U-turns,
journeys that are too short or too long (JR/T 0025.14 E.1.3).

| setting | value |
|---|---|
| product | word of a matrix in `fares`; a vehicle of class N pays by the product WORD-N |
| class_differs | dearer (default): entry and exit saw other classes, the dearer price counts; |
| | exit: the class seen at the exit; refuse: to the collector |
| turn_min, same_station | who leaves where he came in within 10 minutes has not used the road: |
| | free (default), or pays the fare |
| u_turn | who leaves there later: maximum (default), fare, refuse, free |
| least_min | STATION=MINUTES ..: no vehicle comes from there sooner; a number: from anywhere |
| too_fast | who does: refuse (default), maximum, fare |
| longest_min, overtime | minutes of a journey, 1440; what lasts longer: maximum (default), |
| | refuse, fare |
| missing_entry | maximum (default): the price of an unknown station; refuse |
| missing_exit | refuse (default), or replace: a card that is inside enters anew |
| degraded | none (default); entry_free, exit_free: as a metro's (metro.py) |
"""

from collections import namedtuple

from firmware.capp import trip as rules_of_trips
from firmware.capp.layouts import INSIDE
from firmware.devices import options
from firmware.errors import FormatError
from firmware.fares import trip
from firmware.fares.trip import Fare

SAYS = {"maximum": "most", "replace": "forget"}  # others are the same word in the rules
LET_OUT = Fare(0, 0, "", "free", 1, 0)
# trips: Rules of firmware/capp/trip.py; u_turn, too_fast: most, fare, refuse, free; least: dict
# station -> s, 0 every other one; class_differs: dearer, exit, refuse; charges: False where nobody
# pays for leaving
TollRules = namedtuple(
    "TollRules", ("trips", "u_turn", "too_fast", "least", "class_differs", "charges")
)

WORDS = """
lane_entry|blue||入口 请刷卡|Entry: present card|
lane_exit|blue||出口 请刷卡|Exit: present card|
class_wanted|blue||请稍候|Please wait|
entry_noted|blue||请稍候|Please wait|
entered|green|double|请驶入|Drive on|170
re_entry|green|double|请通行 未再扣款|Drive on, not charged again|170
free_exit|green|double|请通行 未扣款|Drive on, not charged|170
pass_valid|green|double|请通行 免费车辆|Drive on, free vehicle|170
inside_already|red|no|无出口记录 请询问|No exit before: ask collector|171
no_entry|red|no|无入口记录 请询问|No entry: ask collector|172
u_turn|red|no|掉头行驶 请询问|U-turn: ask collector|173
too_fast|red|no|用时过短 请询问|Too fast: ask collector|174
overtime|red|no|超时 请询问|Overtime: ask collector|175
class_differs|red|no|车型不符 请询问|Class differs: ask collector|176
stamp_ahead|red|no|时间不符 请询问|Time is wrong: ask collector|177
stamp_bad|red|no|记录有误 请询问|Record is bad: ask collector|177
no_tariff|red|no|无法计费 请询问|No toll: ask collector|134
park_full|red|no|暂停服务 存储已满|Closed: storage full|21
store_lost|red|no|暂停服务 线路中断|Closed: link is lost|21
store_fault|red|no|暂停服务 存储故障|Closed: storage fault|21
door_fault|red|no|栏杆故障|Barrier out of order|136
"""


def rules_from(more):
    """TollRules of the settings. FormatError."""
    plain = rules_of_trips.DEFAULT

    def word(key, default, *words):
        said = options.word(more, key, default, (default,) + words)  # noqa: RUF005
        return SAYS.get(said, said)

    degraded = options.word(more, "degraded", "none", ("none", "entry_free", "exit_free"))
    entry_missing = word("missing_entry", "maximum", "refuse")
    trips = rules_of_trips.Rules(
        plain.grace_s,
        plain.ahead_s,
        60 * options.number(more, "longest_min", 1440, 1, 10080),
        60 * options.number(more, "turn_min", 10, 0, 240),
        word("missing_exit", "refuse", "replace"),
        "free" if degraded == "entry_free" else entry_missing,
        word("overtime", "maximum", "refuse", "fare"),
        word("same_station", "free", "fare"),
    )
    return TollRules(
        trips,
        word("u_turn", "maximum", "fare", "refuse", "free"),
        word("too_fast", "refuse", "maximum", "fare"),
        least_from(more.get("least_min", "0")),
        word("class_differs", "dearer", "exit", "refuse"),
        degraded != "exit_free",
    )


def least_from(text):
    """{station: seconds, 0: of every other one} of `least_min`. FormatError."""
    least = {0: 0}
    for one in text.split():
        station, equals, minutes = one.rpartition("=")
        place = options.number({"least_min": station}, "least_min", 0, 1, 65535) if equals else 0
        least[place] = 60 * options.number({"least_min": minutes}, "least_min", 0, 0, 1440)
    return least


def priced(lane, values, pan):
    """(word, Fare) of who leaves with these fields of a trip; the Fare is None where a word keeps
    the card in, or where the table has none (QX-045, QX-047). lane: with toll (TollRules), rules
    (those of its trips that are in force), tariff, product, vehicle_class, now, house and here().
    """
    if not lane.toll.charges:
        return "", LET_OUT
    here, inside = lane.here(), values["state"] == INSIDE
    if rules_of_trips.is_foreign(values, here):
        return "record_foreign", None  # another network has stations of the same numbers
    word, how = rules_of_trips.leaving(values, here, tuple(lane.now[:6]), lane.rules)
    why = ""
    if how == rules_of_trips.AT_MOST:
        why = "overtime" if inside else "no_entry"
    elif how == rules_of_trips.BY_TRIP:
        word, how, why = _journey(lane, values, here)
    if word or how == rules_of_trips.FREE:
        return word, None if word else LET_OUT
    origin = values["entry_place"] if how == rules_of_trips.BY_TRIP else 0
    was, seen = values["vehicle_class"] if inside else 0, lane.vehicle_class
    if not was or not seen or was == seen or lane.toll.class_differs == "exit":
        return "", _told(_price(lane, origin, seen or was, pan), why)
    if lane.toll.class_differs == "refuse":
        return "class_differs", None
    both = _price(lane, origin, was, pan), _price(lane, origin, seen, pan)
    if None in both:
        return "", None
    dearer = both[0] if both[0].amount_fen > both[1].amount_fen else both[1]
    return "", _told(dearer, why or "class_differs")


def _journey(lane, values, here):
    """(word, how, why) of a journey that is neither free nor overtime."""
    passed_s = rules_of_trips.seconds_since(values["entry_time"], tuple(lane.now[:6]))
    toll, origin = lane.toll, values["entry_place"]
    if origin == here.place:
        rule, why = ("fare" if passed_s <= toll.trips.turn_s else toll.u_turn), "u_turn"
    elif passed_s + lane.house.stamp.doubt_s() < toll.least.get(origin, toll.least[0]):  # TD-008
        rule, why = toll.too_fast, "too_fast"
    else:
        return "", rules_of_trips.BY_TRIP, ""
    if rule == "refuse":
        return why, rules_of_trips.FREE, why
    how = {"most": rules_of_trips.AT_MOST, "free": rules_of_trips.FREE}
    return "", how.get(rule, rules_of_trips.BY_TRIP), why


def _price(lane, origin, vehicle_class, pan):
    """Fare of a vehicle of a class, 0 where nobody has said it; None: the table has none."""
    product = "%s-%d" % (lane.product, vehicle_class) if vehicle_class else lane.product
    trusted = lane.house.stamp.trusted()
    asked = trip.new(product, lane.now, trusted, origin, lane.here().place, 2, pan)
    return lane.tariff.price(asked)


def _told(fare, why):
    """The Fare with the word that made it, for the record."""
    if fare is None or not why:
        return fare
    return Fare(fare.amount_fen, fare.full_fen, fare.fare_class, why, fare.riders, fare.version)


def product_fits(product):
    """FormatError where no class can stand behind the word of a product."""
    if not 0 < len(product) <= 13:
        raise FormatError("`product: %s` has 1 to 13 letters: a class stands behind it" % product)
    return product
