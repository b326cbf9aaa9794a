# SPDX-License-Identifier: Apache-2.0
"""What all lanes of a car park share, wherever its stays lie: prices, time to leave, words.

Settings: docs/devices.md, car park.
"""

from firmware.capp.trip import seconds_since
from firmware.devices.card_words import ROWS
from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.fares.trip import Fare

LEAVE_MIN = 15  # where the tariff names no time to leave
PREPAID = Fare(0, 0, "", "prepaid", 1, 0)
LANES = ("entry", "exit", "pay")
WORDS = """
lane_entry|blue||入口 请刷卡|Entry: present card|
lane_exit|blue||出口 请刷卡|Exit: present card|
lane_pay|blue||缴费 请刷卡|Pay here: present card|
entered|green|double|请进|Please drive in|130
free_exit|green|double|请通行 未扣款|Drive out, not charged|131
pass_valid|green|double|月卡有效 请通行|Pass valid, drive out|131
prepaid|green|double|已缴费 请通行|Paid before, drive out|131
no_entry|red|no|无入场记录 请询问|No entry: ask attendant|133
no_tariff|red|no|无法计费 请询问|No tariff: ask attendant|134
door_fault|red|no|道闸故障|Barrier out of order|136
"""
STORE_ROWS = """entry_noted|blue||请稍候|Please wait|
stay_asked|blue||请稍候|Please wait|
stay_due|blue||请再刷卡 {fare}元|Pay {fare}: card again|
re_entry|green|double|已付款 请通行|Paid, drive out|131
inside_already|red|no|此卡已入场 请询问|Is inside: ask attendant|132
pay_open|red|no|缴费未完成 请询问|Pay station: not settled|180
park_full|red|no|车位已满|Car park is full|135
store_lost|red|no|暂停服务 线路中断|Closed: lane link is lost|21
store_fault|red|no|暂停服务 存储故障|Closed: storage fault|21
"""
CARD_ROWS = (
    ROWS
    + """re_entry|green|double|请通行 未再扣款|Drive on, not charged|181
entered_pays|green|double|月卡无效 请进|Drive in, pass not valid|130
pass_ride|green|double|月卡有效 付{fare}元|Pass valid, paid {fare}|131
exit_missing|red|no|此卡已入场 请询问|Is inside: ask attendant|132
entry_missing|red|no|无入场记录 请询问|No entry: ask attendant|133
record_foreign|red|no|非本系统 请询问|Foreign record: ask|133
stamp_ahead|red|no|时间不符 请询问|Time is wrong: ask|134
stamp_bad|red|no|记录有误 请询问|Record is bad: ask|134
"""
)


class NoBarrier:
    """The relay of a pay station: nothing opens there."""

    fault = ""

    def turn(self):
        """Nothing to end."""

    def pulse(self):
        """Nobody waits for it."""
        return True

    def close(self):
        """No output."""


def open_barrier(settings, hal, clock):
    """Relay of the barrier; NoBarrier at a pay station. FormatError where `door` is missing."""
    if settings.more["lane"] == "pay":
        return NoBarrier()
    if "door" not in settings.more:
        raise FormatError("settings: `door` is missing: the output of the barrier")
    from firmware.devices.access import open_relay  # when a lane is put together

    return open_relay(settings, hal, clock)


def has_pass(passes, pan, now):
    """True for a number whose hours hold at a local moment; passes: AllowList or None."""
    if passes is None or not pan:
        return False
    day = calendar.day_number(now[0], now[1], now[2])
    try:
        zone = passes.zone_of(pan)
    except (FormatError, OSError):
        return False
    return bool(zone) and passes.is_open(zone, day, 60 * now[3] + now[4])


def stay(lane, began, pan):
    """Fare of who leaves now and came at `began`, None: nobody knows when; None where it cannot be
    told (QX-047). lane: with tariff, product, now and house.
    """
    stamp = lane.house.stamp
    trusted = stamp.trusted()
    fare = lane.tariff.stay(lane.product, began, lane.now, pan, trusted)
    doubt_s, at = stamp.doubt_s(), calendar.moment(lane.now)
    if fare and doubt_s and at:  # TD-008: he may have stayed for so much less
        day, second = calendar.shifted(at, -doubt_s)
        ended = calendar.date_of(day) + (second // 3600, second // 60 % 60, second % 60)
        shorter = lane.tariff.stay(lane.product, began, ended, pan, trusted)
        if shorter and shorter.amount_fen < fare.amount_fen:
            return shorter
    return fare


def by_rule(fare, rule):
    """The same Fare with another word for the record; None stays None."""
    if fare is None:
        return None
    return Fare(fare.amount_fen, fare.full_fen, fare.fare_class, rule, fare.riders, fare.version)


def rest_of(fare, paid_fen):
    """Fare of what is due beyond `paid_fen`; None stays None."""
    if fare is None or not paid_fen:
        return fare
    amount_fen, full_fen = [max(0, fen - paid_fen) for fen in (fare.amount_fen, fare.full_fen)]
    return Fare(amount_fen, full_fen, fare.fare_class, "rest", fare.riders, fare.version)


def may_leave(lane, payment):
    """True for who has paid at a pay station and is within the time to leave; where the clock does
    not say how long ago that was, it is the driver's.
    """
    if payment is None or payment.moment is None:
        return False
    passed_s = seconds_since(payment.moment, tuple(lane.now[:6]))
    if passed_s is None or not lane.house.stamp.trusted():
        return True
    return passed_s <= leave_s(lane) + lane.house.stamp.doubt_s()


def leave_s(lane):
    """Seconds to leave after a payment, by the tariff of this moment."""
    fares = lane.tariff.at(lane.clock.local_now())
    return 60 * ((fares.leave_minutes(lane.product) if fares else 0) or LEAVE_MIN)
