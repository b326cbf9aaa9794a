# SPDX-License-Identifier: Apache-2.0
"""What is printed for a rider, and for a driver at the end of a shift: lines, Chinese and English.

No printer is driven here: the lines leave as an event. A receipt says in its heading and in its
last line how the trip was paid, and one that was not says so twice (TD-056).
"""

from firmware.devices.panel import yuan
from firmware.formats import record

WAYS = (
    ("paid", "刷卡", "CARD", "已付 PAID"),
    ("cash", "现金", "CASH", "已付 PAID"),
    ("declined", "拒绝", "CARD DECLINED", "未付 NOT PAID"),
    ("cancelled", "取消", "CANCELLED", "未付 NOT PAID"),
    ("unclear", "待核实", "CARD, PENDING", "待核实 NOT CERTAIN"),
)


def lines(number, amount_fen, details, way, values):
    """Lines of one receipt.

    details: dict by the names of jtt905.TRIP, {} for an amount that was keyed; way: first word of
    a row of WAYS; values: record or entry of the sale, None without a card.
    """
    _, chinese, english, verdict = [row for row in WAYS if row[0] == way][0]
    found = ["出租车 TAXI  %s" % verdict, "单号 Trip %d" % number]
    if details:
        found += _of_meter(details)
    else:
        found.append("手工金额 Amount keyed by hand")
    found.append("金额 Amount %s" % yuan(amount_fen))
    found.append("支付 Paid by %s %s" % (chinese, english))
    if values and values["pan"]:
        found.append("卡号 Card %s" % record.mask_pan(values["pan"]))  # TD-023
        if values.get("balance_fen", record.UNKNOWN_FEN) != record.UNKNOWN_FEN and way == "paid":
            found.append("余额 Balance %s" % yuan(values["balance_fen"]))
    found.append(verdict)
    return found


def _of_meter(details):
    on = details["on"]
    found = []
    if details.get("plate"):
        found.append("车号 Plate %s" % _text(details["plate"]))
    day = "20%s-%s-%s" % (on[:2], on[2:4], on[4:6])
    found.append("上车 On %s %s" % (day, _clock(on[6:])))
    found.append("下车 Off %s" % _clock(details["off"]))
    found.append("里程 km %s" % _tenths(details["distance_hm"]))
    found.append("等候 Waiting %s" % _clock(details["waiting"]))
    found.append("附加 Surcharge %s" % yuan(10 * int(details["surcharge_jiao"])))
    return found


def report(shift, meter):
    """Lines of a shift: ours beside the meter's, what differs, and every unpaid trip (TD-054)."""
    totals = shift.totals
    found = ["当班报告 SHIFT REPORT"]
    for chinese, english, name in (
        ("营运", "Trips", ""),
        ("刷卡", "Card", "card_"),
        ("现金", "Cash", "cash_"),
        ("未付", "Unpaid", "unpaid_"),
        ("手工", "Keyed", "keyed_"),
    ):
        fen = totals[name + "fen"] if name else totals["amount_fen"]
        found.append("%s %s %d  %s" % (chinese, english, totals[name + "trips"], yuan(fen)))
    for number, amount_fen, state in shift.unpaid:
        found.append("单号 Trip %d  %s  %s" % (number, yuan(amount_fen), state))
    if not shift.complete:
        found.append("不完整 Incomplete: the journal begins later")
    if meter is None:
        found.append("计价器合计未知 Meter totals unknown")
        return found
    found.append("计价器 Meter %d  %s" % (meter.trips, yuan(meter.amount_fen)))
    found.append("其中刷卡 by card %d  %s" % (meter.card_trips, yuan(meter.card_fen)))
    differs = shift.differences(meter)
    for name in sorted(differs):
        found.append("不符 DIFFERS %s: meter %+d" % (name, differs[name]))
    if not differs:
        found.append("相符 Agrees")
    return found


def _text(data):
    """Printable ASCII of a field; Chinese in GBK, which boards cannot read, becomes dots."""
    shown = ["%c" % byte if 0x20 <= byte < 0x7F else "." for byte in bytes(data).rstrip(b"\0 ")]
    return "".join(shown)


def _clock(digits):
    return "%s:%s" % (digits[:2], digits[2:])


def _tenths(digits):
    return "%d.%s" % (int(digits[:-1]), digits[-1])
