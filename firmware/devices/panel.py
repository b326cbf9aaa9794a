# SPDX-License-Identifier: Apache-2.0
"""Panel: lamp, buzzer and two lines of text, as a seam and as a table of messages (TD-002,
TD-003).

A panel has `lamp(colour)`, `beep(kind)` and `show(line1, line2)`. Line 1 is Chinese, line 2
English. Three results can never be taken for each other: green with one tone is paid, amber with
three is present the same card again, red with one long tone is refused; blue is nothing happened.
"""

LAMPS = ("blue", "green", "amber", "red")

OK, REDUCED = ("green", "ok"), ("green", "double")
AGAIN, NO = ("amber", "again"), ("red", "no")

# message -> (lamp, beep), Chinese, English. {fare}, {balance}: yuan with two decimals.
MESSAGES = {
    "ready": (("blue", ""), "请刷卡 票价{fare}元", "Tap card, fare {fare}"),
    "ok": (OK, "已付{fare}元 余额{balance}元", "Paid {fare}, balance {balance}"),
    "concession": (REDUCED, "优惠{fare}元 余额{balance}元", "Reduced {fare}, balance {balance}"),
    "torn_recovered": (OK, "已补完{fare}元 余额{balance}元", "Completed {fare}, left {balance}"),
    "last_record_lost": (AGAIN, "未完成 请再刷同一张卡", "Not done: same card again"),
    "torn_suspect": (AGAIN, "待核实 请询问司机", "Unclear: ask the driver"),
    "card_lost": (AGAIN, "请再刷一次 未扣款", "Tap again, not charged"),
    "fare_changed": (AGAIN, "请再刷一次 未扣款", "Tap again, not charged"),
    "several_cards": (AGAIN, "请只刷一张卡", "One card only"),
    "already_paid": (("blue", "known"), "此卡已付", "Already paid"),
    "card_declined": (NO, "卡已拒绝 余额{balance}元", "Declined, balance {balance}"),
    "expired": (NO, "卡已过期 未扣款", "Card expired, not charged"),
    "not_yet_valid": (NO, "卡未生效 未扣款", "Card not yet valid, not charged"),
    "deny_list": (NO, "此卡停用 未扣款 名单{list}", "Card on list {list}, not charged"),
    "oda_failed": (NO, "卡验证失败 未扣款", "Card not verified, not charged"),
    "debited_refused": (NO, "未通过 已扣{fare}元将退还", "Refused: {fare} will be refunded"),
    "debited_unproven": (NO, "扣款待核实 请询问司机", "Debit unclear: ask the driver"),
    "refund_due": (NO, "已扣款待退还 勿再刷", "Was debited: refund is due"),
    "card_requested_online": (NO, "须联机 未扣款", "Needs online, not charged"),
    "online_required": (NO, "须联机 未扣款", "Needs online, not charged"),
    "no_common_app": (NO, "不支持此卡", "Card not supported"),
    "no_ppse": (NO, "非支付卡", "Not a payment card"),
    "app_blocked": (NO, "卡应用已锁 未扣款", "Card blocked, not charged"),
    "card_blocked": (NO, "卡已锁 未扣款", "Card locked, not charged"),
    "app_missing": (NO, "卡无此应用 未扣款", "No such application on card"),
    "app_refused": (NO, "卡拒绝选择 未扣款", "Card refuses, not charged"),
    "no_pdol_ttq": (NO, "卡不支持闪付", "Card not contactless cash"),
    "not_qpboc": (NO, "卡不支持闪付 未扣款", "Card not usable, not charged"),
    "gpo_refused": (NO, "卡不能交易 未扣款", "Card refuses, not charged"),
    "card_data": (NO, "卡数据错误 未扣款", "Card error, not charged"),
    "amount_zero": (NO, "暂停服务 票价为零", "Out of service: no fare"),
    "over_ceiling": (NO, "暂停服务 票价超限", "Out of service: fare too high"),
    "over_transaction_limit": (NO, "暂停服务 票价超限", "Out of service: over limit"),
    "needs_online_or_cvm": (NO, "暂停服务 须联机", "Out of service: needs online"),
    "journal_full": (NO, "暂停服务 存储已满", "Out of service: storage full"),
    "storage_fault": (NO, "暂停服务 存储故障", "Out of service: storage fault"),
    "clock_not_set": (NO, "暂停服务 时钟未设", "Out of service: clock not set"),
    "random_stuck": (NO, "暂停服务", "Out of service: random source"),
    "closed": (NO, "停止服务", "Out of service: closed"),
    "reader_fault": (NO, "读卡器故障", "Reader out of order"),
}  # fmt: skip
OTHERWISE = (NO, "不能用此卡 未扣款", "Card cannot be used, not charged")


def yuan(amount_fen):
    """Fen as yuan with two decimals; -- when not known (QT-244: 9800 -> 98.00)."""
    return "--" if amount_fen is None else "%d.%02d" % (amount_fen // 100, amount_fen % 100)


def present(panel, message, fare_fen=None, balance_fen=None, deny_list_version=0):
    """Show a message on all three parts of a panel; returns (lamp, line1, line2)."""
    (lamp, beep), chinese, english = MESSAGES.get(message, OTHERWISE)
    words = (
        ("{fare}", yuan(fare_fen)),
        ("{balance}", yuan(balance_fen)),
        ("{list}", str(deny_list_version)),
    )
    for mark, value in words:
        chinese = chinese.replace(mark, value)
        english = english.replace(mark, value)
    panel.show(chinese, english)
    panel.lamp(lamp)
    if beep:
        panel.beep(beep)
    return lamp, chinese, english


class ReportPanel:
    """A panel on a screen elsewhere: every change is a report event."""

    def __init__(self, report):
        self.report = report

    def lamp(self, colour):
        """Colour: one of LAMPS."""
        self.report({"event": "lamp", "lamp": colour})

    def beep(self, kind):
        """Kind: ok, double, again, known, no."""
        self.report({"event": "beep", "beep": kind})

    def show(self, line1, line2):
        """Two lines of text."""
        self.report({"event": "show", "line1": line1, "line2": line2})
