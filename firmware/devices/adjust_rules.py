# SPDX-License-Identifier: Apache-2.0
"""Fare adjustment (补票): what is wrong with a trip, and what is due for putting it right.

Pure: values of a trip in, a word and a Fare out. A kiosk in the paid area lets out who is stuck
inside: no entry, overtime, a stamp that nobody can believe, or one of another city. One outside
lets in again who never left. Nobody is asked for what a gate would take by itself.
"""

from firmware.capp import trip as rules_of_trips
from firmware.capp.layouts import INSIDE
from firmware.devices.metro_rules import LET_OUT, dearest, may_leave
from firmware.fares import trip

AREAS = ("paid", "unpaid")
# words of what is wrong, which the kiosk can take money for
PAYABLE = ("adjust_entry", "adjust_exit", "adjust_overtime", "adjust_time", "adjust_foreign")
STAFF, CASH = "adjust_staff", "adjust_cash"  # rules of what staff has put right
COMMANDS = """
on|STAFF:1..999999|sign on
off||sign off, with the report
free||the next card is put right for nothing
cash||what the next card owes was paid in cash
station|PLACE:1..255|where the rider says he came in, or went out
cancel||forget what was keyed
report||the shift so far
"""
WORDS = """
adjust_ready|blue||补票 请刷卡|Adjust fare: present card|
adjust_next|blue||更正记录 请刷卡|Put right: present card|
adjust_entry|amber|again|无进站补{fare}元 请再刷卡|No entry {fare}: tap again|230
adjust_exit|amber|again|未出站补{fare}元 请再刷卡|No exit {fare}: tap again|231
adjust_overtime|amber|again|超时 补{fare}元 请再刷卡|Overtime {fare}: tap again|232
adjust_time|amber|again|记录有误 补{fare}元 再刷|Bad time {fare}: tap again|233
adjust_foreign|amber|again|异地补{fare}元 请再刷卡|Foreign {fare}: tap again|234
adjust_none|blue|known|无需补票 请走闸机|All right: go to the gate|235
adjust_done|blue|known|已补票 请尽快出站|Adjusted: please leave|236
adjust_desk|red|no|请找工作人员|Ask the staff|92
adjusted|green|double|已补{fare}元 请尽快出站|Paid {fare}: please leave|236
adjusted_in|green|double|已补{fare}元 可以进站|Paid {fare}: you may enter|237
adjusted_free|green|double|已更正 未扣款|Put right, not charged|238
record_foreign|red|no|非本系统 请到服务台|Foreign record: service desk|152
no_tariff|red|no|无法计费 请到服务台|No fare: service desk|134
"""


def judged(desk, values, pan):
    """(word, Fare) of a card with these fields of a trip. The Fare is None where nothing is due by
    any table; the word is one of PAYABLE, or `adjust_none`, `adjust_done`, `adjust_desk`.

    desk: with rules, adjust_s, leaves (whether it stands in the paid area), station (as keyed, 0
    without), tariff, product, now, house and here().
    """
    here, now = desk.here(), tuple(desk.now[:6])
    inside = values["state"] == INSIDE
    if not desk.leaves and not inside:
        return "adjust_none", None
    if rules_of_trips.is_foreign(values, here):
        return ("adjust_foreign", _unknown(desk, pan)) if desk.leaves else ("adjust_desk", None)
    if rules_of_trips.has_left(values, now, desk.rules):
        return "adjust_none", None  # paid a moment ago: the gate that did it lets him out
    if not inside:
        return "adjust_entry", _unknown(desk, pan)
    if rules_of_trips.stamp_fault(values["entry_time"], now, desk.rules):
        return "adjust_time", _unknown(desk, pan)
    return (_inside if desk.leaves else _outside)(desk, values, here, now, pan)


def _inside(desk, values, here, now, pan):
    """Who wants to leave, and came in as his card says."""
    if may_leave(values, here, now, desk.rules, desk.adjust_s):
        return "adjust_done", None
    if _turned(desk, values, here, now):
        return "adjust_none", LET_OUT
    passed_s = rules_of_trips.seconds_since(values["entry_time"], now)
    if passed_s > desk.rules.longest_s and desk.rules.overtime != "fare":
        return "adjust_overtime", _price(desk, 0, here.place, pan)
    return "adjust_none", _price(desk, values["entry_place"], here.place, pan)


def _outside(desk, values, here, now, pan):
    """Who stands outside, and whose card says that he is inside: he has left somewhere."""
    if rules_of_trips.is_adjusted(values) or _turned(desk, values, here, now):
        return "adjust_exit", LET_OUT
    origin = values["entry_place"] if desk.station else 0
    return "adjust_exit", _price(desk, origin, desk.station, pan)


def _turned(desk, values, here, now):
    """True for who came in here a moment ago, where that costs nothing."""
    passed_s = rules_of_trips.seconds_since(values["entry_time"], now)
    at_once = values["entry_place"] == here.place and passed_s <= desk.rules.turn_s
    return at_once and desk.rules.same_place == "free"


def _unknown(desk, pan):
    """Fare of a trip whose other end only the rider knows."""
    return _price(desk, desk.station, desk.here().place, pan)


def _price(desk, origin, destination, pan):
    """Fare of the table; where an end is 0, of an unknown station."""
    if not origin:
        return dearest(desk, pan)
    trusted = desk.house.stamp.trusted()
    asked = trip.new(desk.product, desk.now, trusted, origin, destination, 2, pan)
    return desk.tariff.price(asked)
