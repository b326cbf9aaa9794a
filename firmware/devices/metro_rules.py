# SPDX-License-Identifier: Apache-2.0
"""What both gates of a metro have in common, wherever its trips lie: rules, prices and words.

Settings: docs/devices.md, metro.
"""

from firmware.capp import trip as rules_of_trips
from firmware.capp.layouts import INSIDE, OUTSIDE
from firmware.devices import options
from firmware.fares import trip
from firmware.fares.trip import Fare

SAYS = {"maximum": "most", "replace": "forget"}  # others are the same word in the rules
LET_OUT = Fare(0, 0, "", "free", 1, 0)
DEGRADED = ("none", "entry_free", "exit_free")
WORDS = """
lane_entry|blue||进站 请刷卡|Entry: present card|
lane_exit|blue||出站 请刷卡|Exit: present card|
entry_noted|blue||请稍候|Please wait|
entered|green|double|请进站|Please enter|150
re_entry|green|double|请通行 未再扣款|Pass, not charged again|80
free_exit|green|double|请出站 未扣款|Leave, not charged|151
pass_valid|green|double|票有效 请通行|Pass valid|80
prepaid|green|double|已补票 请出站|Paid before, leave|151
pay_open|red|no|补票未完成 请到服务台|Adjustment open: service desk|152
inside_already|red|no|未出站 请到服务台|No exit before: service desk|152
no_entry|red|no|无进站记录 请到服务台|No entry: service desk|152
overtime|red|no|超时 请到服务台|Overtime: service desk|152
stamp_ahead|red|no|时间不符 请到服务台|Time is wrong: service desk|152
stamp_bad|red|no|记录有误 请到服务台|Record is bad: service desk|152
no_tariff|red|no|无法计费 请到服务台|No fare: service desk|134
park_full|red|no|暂停服务 存储已满|Out of service: storage full|21
store_lost|red|no|暂停服务 线路中断|Out of service: link is lost|21
store_fault|red|no|暂停服务 存储故障|Out of service: storage fault|21
door_fault|red|no|闸门故障|Gate out of order|136
"""


def priced(gate, values, pan):
    """(word, Fare) of who leaves with these fields of a trip; the Fare is None where a word keeps
    the card in, or where the table has none. gate: with rules, charges, adjust_s, tariff, product,
    now, house and here().
    """
    if not gate.charges:
        return "", LET_OUT
    here, now = gate.here(), tuple(gate.now[:6])
    if rules_of_trips.is_foreign(values, here):
        return "record_foreign", None
    if may_leave(values, here, now, gate.rules, gate.adjust_s):
        return "", LET_OUT
    word, how = rules_of_trips.leaving(values, here, now, gate.rules)
    if word:
        return word, None
    if how == rules_of_trips.FREE:
        return "", LET_OUT
    origin = values["entry_place"] if how == rules_of_trips.BY_TRIP else 0
    trusted = gate.house.stamp.trusted()
    asked = trip.new(gate.product, gate.now, trusted, origin, here.place, 2, pan)
    return "", gate.tariff.price(asked)


def dearest(lane, pan):
    """Fare of an unknown station, None where the table has none."""
    trusted = lane.house.stamp.trusted()
    asked = trip.new(lane.product, lane.now, trusted, 0, lane.here().place, 2, pan)
    return lane.tariff.price(asked)


def in_store(entry):
    """Fields of a trip whose entry lies in the lanes' shared store; entry: Entry or None."""
    if entry is None:
        return {"state": OUTSIDE, "exit_gate": 0, "exit_time": None}
    return {
        "state": INSIDE, "entry_time": entry.moment, "entry_place": entry.lane,
        "entry_gate": 0, "entry_number": 0, "exit_gate": 0, "exit_number": 0,
    }  # fmt: skip


def may_leave(values, here, now, rules, within_s):
    """True for who has paid at the kiosk of this station so many seconds ago, and not left yet."""
    if values["state"] != INSIDE or values["entry_place"] != here.place:
        return False
    passed_s = rules_of_trips.seconds_since(values["entry_time"], now)
    young = passed_s is not None and -rules.ahead_s <= passed_s <= within_s
    return young and rules_of_trips.is_adjusted(values)


def adjust_s_from(more):
    """Seconds that are left for leaving behind a fare adjustment. FormatError."""
    return 60 * options.number(more, "adjust_min", 20, 1, 240)


def rules_from(more):
    """Rules (firmware/capp/trip.py) of the settings. FormatError."""
    plain = rules_of_trips.DEFAULT

    def word(key, default, *words):
        said = options.word(more, key, default, (default,) + words)  # noqa: RUF005
        return SAYS.get(said, said)

    degraded = options.word(more, "degraded", "none", DEGRADED)
    entry_missing = word("missing_entry", "maximum", "refuse")
    return rules_of_trips.Rules(
        plain.grace_s,
        plain.ahead_s,
        60 * options.number(more, "longest_min", plain.longest_s // 60, 1, 1440),
        60 * options.number(more, "turn_min", plain.turn_s // 60, 0, 240),
        word("missing_exit", "refuse", "replace"),
        "free" if degraded == "entry_free" else entry_missing,
        word("overtime", "maximum", "refuse", "fare"),
        word("same_station", "free", "fare"),
    )
