# SPDX-License-Identifier: Apache-2.0
"""Words for what stands in a journal: {reason of a record: (Chinese, English)}.

The messages are those of the panel's tables, without amounts, a device's own before those of the
others; events of the devices are below.
"""

import importlib
import re

from firmware.devices import (
    adjust_rules,
    bus_words,
    duty,
    gate_words,
    metro_rules,
    panel,
    stage_words,
    toll_card,
    trip_card,
    utilities_meter,
)
from firmware.devices.trade import Trade

EVENTS = """
shift_opened|开班|Shift opened
shift_open|签到|Signed in
shift_totals|当班小计|Shift so far
shift_closed|收班|Shift closed
shift_forced|到点收班|Shift closed by the day cut
paid_cash|现金|Paid in cash
refund_cash|现金退款|Refunded in cash
trip_due|行程待付|Trip to be paid
trip_cash|现金已付|Trip paid in cash
trip_left|乘客已离开|Trip left unpaid
trip_resumed|仍是原乘客|Trip due again
trip_late|补传行程|Trip delivered late
opened|闸门已开|Gate opened
passed|已通过|Passed
not_passed|未通过|Not passed
unknown|是否通过不明|Not known whether passed
tailgating|尾随|Tailgating
reverse|反向闯入|Wrong way in
intrusion|闯入|Intrusion
lane_blocked|通道堵塞|Lane blocked
stray|无票通过|Through without a ticket
fire|火警|Fire
fire_over|火警解除|Fire is over
gate_fault|闸机故障|Gate fault
day_count|人数核对|Counts compared
opened_by_hand|手动放行|Let through by hand
run_through|冲卡|Broke through
bike_not_given|车未取走|Bike stayed in its dock
bike_untapped|车已还 未刷卡|Bike brought, nobody tapped
fuel_filled|加油量已记下|Filled, written down
last_record_lost|超时未补刷|Never presented again
torn_recovered|已补完|Settled by the same card
not_debited|查明未扣款|Proven not debited
ok||
"""
# An amount, and the word before it that means nothing without
AMOUNT = re.compile(
    r"[,: ]*(balance|余额|list|名单|fare|票价|left|top up|请充值|共|pay)?[: ]*\{.*$"
)


# Of trades whose words are put together when they are opened
PUT_TOGETHER = {
    "adjust": (adjust_rules.WORDS, metro_rules.WORDS, trip_card.WORDS),
    "metro": (metro_rules.WORDS, trip_card.WORDS),
    "stage": (stage_words.WORDS,),
    "toll": (toll_card.WORDS,),
    "utilities": (utilities_meter.WORDS,),
}


def messages(device):
    """{reason: [Chinese, English]} of a device of firmware/settings.py."""
    found = {}
    for table in tables(device):
        for row in table.strip().split("\n"):
            name, _, _, chinese, english = row.split("|")[:5]
            found.setdefault(name, [AMOUNT.sub("", chinese), AMOUNT.sub("", english)])
    for row in EVENTS.strip().split("\n"):
        name, chinese, english = row.split("|")
        found[name] = [chinese, english]
    return found


def tables(device):
    """The rows of a device, those of its own trade first."""
    yield from PUT_TOGETHER.get(device, ())
    module = importlib.import_module("firmware.devices." + device)
    for one in vars(module).values():
        if isinstance(one, type) and issubclass(one, Trade) and one.name == device and one.words:
            yield one.words
    yield from (bus_words.WORDS, gate_words.WORDS, duty.ROWS, panel.TABLE)
